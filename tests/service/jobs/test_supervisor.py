from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from job_service import Service, wait_for

from hinterland.jobs import supervisor as supervising
from hinterland.jobs.model import State
from hinterland.jobs.schema import workers
from hinterland.jobs.supervisor import Supervisor
from hinterland.settings import Settings


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    opened = Service(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def supervisor(service: Service) -> Iterator[Supervisor]:
    settings = Settings(data=service.folders.root, workers=1, backend="cpu", drain_s=20.0)
    made = Supervisor(settings, service.database)
    made.start()
    yield made
    made.stop()


def processes(service: Service) -> list[int]:
    """Of workers that have been seen, by their identifiers."""
    names = service.database.read(lambda c: c.execute(sa.select(workers.c.id)).scalars().all())
    return [int(name.split("-")[-2]) for name in names]


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_that_die_are_replaced_and_end_with_the_server(
    service: Service, supervisor: Supervisor
) -> None:
    (first,) = wait_for(lambda: processes(service), bool)
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: [p for p in processes(service) if p != first], bool)
    job = service.wait(service.submit(service.mosaic_spec()))
    assert job.state is State.SUCCEEDED, job.failure
    supervisor.stop()
    assert not any(is_alive(process) for process in (first, *second))


def test_a_worker_that_is_stuck_is_killed_and_replaced(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "_SILENCE_S", 15.0)  # a start takes some seconds
    settings = Settings(
        data=service.folders.root, workers=1, backend="cpu", drain_s=20.0, lease_s=1.5, heartbeat_s=0.4
    )
    made = Supervisor(settings, service.database)
    made.start()
    try:
        (first,) = wait_for(lambda: processes(service), bool)
        os.kill(first, signal.SIGSTOP)
        wait_for(lambda: [p for p in processes(service) if p != first], bool)
        wait_for(lambda: is_alive(first), lambda alive: not alive)
    finally:
        made.stop()


def test_a_worker_finishes_its_job_and_ends_when_the_server_has_died(service: Service) -> None:
    """The server is a process that starts a worker and is killed."""
    script = """
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-P", "-m", "hinterland.jobs.worker"], stdin=subprocess.PIPE)
worker.stdin.write(sys.argv[1].encode())
worker.stdin.close()
print(worker.pid, flush=True)
sys.stdin.read()
"""
    line = service.worker_settings().to_json() + "\n"
    server = subprocess.Popen(
        [sys.executable, "-c", script, line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        job = service.submit(service.mosaic_spec())
        service.wait(job, lambda job: job.state is State.RUNNING)
        server.kill()
    assert service.wait(job).state is State.SUCCEEDED
    wait_for(lambda: is_alive(worker), lambda alive: not alive)

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_run import CrashRun
from job_service import Service, wait_for

from hinterland.jobs.leases import LOST
from hinterland.jobs.model import Job, State
from hinterland.jobs.store import result_of
from hinterland.jobs.sweeper import Sweeper
from hinterland.reasons import Reason


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    opened = Service(tmp_path / "data")
    yield opened
    opened.close()


def expire(service: Service) -> None:
    Sweeper(service.database, service.folders, upload_retention_s=3600.0).take_back()


def digests(service: Service, job: Job) -> dict[str, str]:
    name, files = service.database.read(lambda c: result_of(c, job.owner, job.id))
    folder = service.folders.results / name
    for file in files:
        assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
    return {file.path: file.sha256 for file in files if not file.path.endswith(".json")}


def test_a_worker_killed_at_any_stage_is_replaced_and_the_result_is_the_same(service: Service) -> None:
    """One job for each stage; each worker is killed at its stage, and one that is not killed does the rest."""
    spec = service.mosaic_spec()
    stages = ("worker.inspected", "worker.made", "publish.rename", "worker.published", "worker.finish")
    broken = []
    for stage in stages:
        job = service.submit(spec, title=stage)
        broken.append(job)
        with service.worker({"HINTERLAND_FAILPOINTS": f"{stage}=kill"}, lease_s=1e-3) as worker:
            assert worker.wait(timeout=120) == -signal.SIGKILL
        expire(service)
        assert service.job(job).state is State.PENDING
        assert service.job(job).attempt == 1
        # the next worker shall meet its own job only
        with service.worker():
            ended = service.wait(job)
        assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
    Sweeper(service.database, service.folders, upload_retention_s=3600.0).sweep()
    results = [digests(service, job) for job in broken]
    assert all(result == results[0] for result in results)
    assert len(list(service.folders.results.iterdir())) == len(stages)  # what the killed ones left is gone


def test_an_engine_that_is_killed_from_outside_three_times_was_short_of_memory(service: Service) -> None:
    job = service.submit(service.mosaic_spec())
    with service.worker({"HINTERLAND_FAILPOINTS": "attempt.mosaicking=kill"}) as worker:
        ended = service.wait(job)
        assert worker.poll() is None
    assert (ended.state, ended.attempt) == (State.FAILED, 3)
    assert ended.failure is not None
    assert ended.failure.reason is Reason.OUT_OF_MEMORY


def test_three_lost_workers_end_a_job(service: Service) -> None:
    job = service.submit(service.mosaic_spec())
    for _ in range(3):
        with service.worker({"HINTERLAND_FAILPOINTS": "worker.begin=kill"}, lease_s=1e-3) as worker:
            assert worker.wait(timeout=120) == -signal.SIGKILL
        expire(service)
    ended = service.job(job)
    assert (ended.state, ended.failure) == (State.FAILED, LOST)
    assert ended.failure is not None
    assert ended.failure.reason is Reason.WORKER_LOST


def test_a_worker_that_slept_past_its_lease_publishes_nothing(service: Service) -> None:
    job = service.submit(service.mosaic_spec())
    with service.worker({"HINTERLAND_FAILPOINTS": "worker.published=stop"}, lease_s=1e-3) as sleeper:
        wait_for(lambda: list(service.folders.results.glob(f"{job.id}.*")), bool)
        expire(service)
        with service.worker():
            ended = service.wait(job)
        assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
        kept = digests(service, job)
        sleeper.send_signal(signal.SIGCONT)
        wait_for(lambda: len(list(service.folders.results.glob(f"{job.id}.*"))), lambda count: count == 1)
        assert digests(service, job) == kept
        assert service.job(job) == ended


def test_verdicts_of_a_lost_attempt_are_used_by_the_next(service: Service) -> None:
    job = service.submit(service.mosaic_spec())
    with service.worker({"HINTERLAND_FAILPOINTS": "worker.inspected=kill"}, lease_s=1e-3) as worker:
        worker.wait(timeout=120)
    expire(service)
    # an ingest child of this worker would crash: none is asked
    with service.worker({"HINTERLAND_FAILPOINTS": "ingest.file=segfault"}):
        assert service.wait(job).state is State.SUCCEEDED


def test_no_promise_is_broken_in_a_short_run_of_random_crashes(service: Service) -> None:
    seed = time.time_ns() & 0xFFFF
    run = CrashRun(service, seed)
    assert run.run(crashes=6) == [], f"seed {seed}"
    assert sum(run.crashes.values()) >= 6

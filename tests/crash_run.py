"""A service under load whose processes are killed, halted and made to fail at random; its history is checked."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from job_history import violations
from job_service import Service, wait_for
from job_store import LIMITS
from sqlalchemy.engine import Connection

from hinterland.jobs.changes import changes_since
from hinterland.jobs.model import Change, Job, State
from hinterland.jobs.specs import Spec, to_json
from hinterland.jobs.store import cancel_job, list_jobs, result_of, retry_job
from hinterland.jobs.sweeper import Sweeper
from hinterland.reasons import Reason, RefusedError

LEASE_S, HEARTBEAT_S = 6.0, 1.0
PLACES = (
    "worker.claimed",
    "worker.begin",
    "ingest.file",
    "worker.inspected",
    "attempt.start",
    "attempt.inspecting",
    "attempt.seams",
    "attempt.mosaicking",
    "attempt.end",
    "worker.made",
    "publish.open",
    "publish.fsync",
    "publish.fsync_folder",
    "publish.rename",
    "publish.fsync_results",
    "worker.published",
    "worker.finish",
    "database.commit",
    "checkpoint.fsync",
)
"""Failpoints at which workers and their children are made to fail."""
_MOST_WAITING = 4
_ENDS_WITHIN_S = 900.0


class CrashRun:
    """One run.

    Parameters
    ----------
    service : Service
        Empty.
    seed : int
        Of all chance.
    workers : int
        That work at a time.
    """

    def __init__(self, service: Service, seed: int, workers: int = 2) -> None:
        self.service = service
        self.crashes: Counter[str] = Counter()
        self.acknowledged: dict[str, set[str]] = defaultdict(set)
        self.watched: list[Change] = []
        self.torn: list[str] = []
        self.busy = 0
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._spec: Spec = service.mosaic_spec()
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * workers
        self._submitter: subprocess.Popen[str] | None = None
        self._submitters = 0
        self._has_answered = False
        self._answers = 0
        self._seen = 0
        self._next_s = 0.0
        self._stack = contextlib.ExitStack()
        self._sweeper = Sweeper(service.database, service.folders, upload_retention_s=3600.0)
        self._ending = threading.Event()

    def run(self, crashes: int) -> list[str]:
        """Crash so often, let all jobs end, and check; what was violated."""
        watcher = threading.Thread(target=self._watch)
        reader = threading.Thread(target=self._read)
        watcher.start()
        reader.start()
        try:
            with self._stack:
                self._undisturbed()
                while sum(self.crashes.values()) < crashes:
                    self._step()
                self._let_end()
        finally:
            self._ending.set()
            watcher.join()
            reader.join()
        self._see_changes()
        self._sweeper.sweep()
        return self.torn + violations(self.service, self.acknowledged, self.watched)

    @property
    def outcomes(self) -> Counter[str]:
        """How the jobs ended."""
        return Counter(job.state for job in self._jobs())

    def _step(self) -> None:
        self._patiently(self._sweeper.take_back)
        self._keep_submitting()
        for number, worker in enumerate(self._workers):
            if worker is None or worker.poll() is not None:
                if worker is not None:
                    self.crashes[f"worker ended by {worker.returncode}"] += 1
                self._workers[number] = self._start_worker()
        if time.monotonic() > self._next_s:
            acts = (self._kill_worker, self._halt_worker, self._kill_submitter)
            self._random.choices(acts, weights=(4, 1, 3))[0]()
            self._next_s = time.monotonic() + self._random.uniform(0.2, 2.0) * self._job_s()
        if self._random.random() < 0.015:
            self._ask()
        if self._random.random() < 0.02:
            self._patiently(self._sweeper.sweep)
        time.sleep(0.1)

    def _undisturbed(self) -> None:
        """Make one job in peace, to know how long one takes."""
        job = self.service.submit(self._spec)
        with self.service.worker():
            assert self.service.wait(job).state is State.SUCCEEDED

    def _job_s(self) -> float:
        """How long a job takes that nothing disturbs: some shall be crashed and some shall not."""
        done = [job for job in self._jobs() if job.state is State.SUCCEEDED]
        return min(job.ended_s - job.started_s for job in done)

    def _start_worker(self) -> subprocess.Popen[bytes]:
        environment = {}
        if self._random.random() < 0.5:
            place = self._random.choice(PLACES)
            action = self._random.choices(("kill", "error", "segfault", "sleep:4"), weights=(6, 2, 1, 1))[0]
            visit = self._random.randint(1, 3)
            environment["HINTERLAND_FAILPOINTS"] = f"{place}={action}@{visit}"
        return self._stack.enter_context(
            self.service.worker(environment, lease_s=LEASE_S, heartbeat_s=HEARTBEAT_S, drain_s=0.2)
        )

    def _kill_worker(self) -> None:
        worker = self._random.choice(self._workers)
        if worker is not None and self._is_running_any():
            worker.kill()
            worker.wait()

    def _halt_worker(self) -> None:
        """Stop one for longer than its lease, and let it go on as if nothing were."""
        worker = self._random.choice(self._workers)
        if worker is None or worker.poll() is not None or not self._is_running_any():
            return
        worker.send_signal(signal.SIGSTOP)
        until = time.monotonic() + LEASE_S * 1.3
        while time.monotonic() < until:
            with contextlib.suppress(RefusedError):  # it may have been halted while it wrote
                self._sweeper.take_back()
            time.sleep(0.1)
        worker.send_signal(signal.SIGCONT)
        self.crashes["worker halted past its lease"] += 1

    def _kill_submitter(self) -> None:
        if self._submitter is not None and self._answers > 0:
            self._submitter.kill()
            self._hear_submitter(to_the_end=True)
            _end(self._submitter)
            self.crashes["server killed"] += 1
            self._submitter = None

    def _keep_submitting(self) -> None:
        if self._submitter is None:
            self._submitter = self._start_submitter()
        waiting = sum(not job.state.is_final for job in self._jobs())
        self._hear_submitter()
        if waiting < _MOST_WAITING and self._has_answered and self._submitter.stdin is not None:
            self._has_answered = False
            with contextlib.suppress(BrokenPipeError):
                self._submitter.stdin.write("\n")
                self._submitter.stdin.flush()

    def _start_submitter(self) -> subprocess.Popen[str]:
        # after its kill the same requests are made again, as clients do
        prefix = f"r{self._submitters // 2}"
        self._has_answered = False
        self._answers = 0
        self._submitters += 1
        arguments = (str(self.service.url), "ada", self._spec.kind, to_json(self._spec), prefix)
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_submitter.py")), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._stack.callback(_end, process)
        return process

    def _hear_submitter(self, *, to_the_end: bool = False) -> None:
        assert self._submitter is not None
        assert self._submitter.stdout is not None
        if to_the_end:
            self._submitter.wait()
        for line in iter(self._submitter.stdout.readline, ""):
            with contextlib.suppress(json.JSONDecodeError):  # the half of a line is no answer
                request_id, job_id = json.loads(line)
                if job_id is not None:
                    self.acknowledged[request_id].add(job_id)
                self._has_answered = True
                self._answers += 1

    def _ask(self) -> None:
        """Cancel or retry one of the latest jobs, as an owner might."""
        recent = self._jobs()[:6]
        if not recent:
            return
        job = self._random.choice(recent)
        is_cancel = self._random.random() < 0.4

        def work(connection: Connection) -> Job:
            if is_cancel:
                return cancel_job(connection, "ada", job.id)
            return retry_job(connection, "ada", job.id, limits=LIMITS)

        with contextlib.suppress(RefusedError):  # it may have ended meanwhile
            self._patiently(lambda: self.service.database.write(work).result())

    def _patiently(self, call: Callable[[], object]) -> None:
        """Call until the database has time: who halted a worker may have halted it while it wrote."""
        while True:
            try:
                call()
            except RefusedError as error:
                if error.reason is not Reason.DATABASE_BUSY:
                    raise
                self.busy += 1
            else:
                return

    def _let_end(self) -> None:
        """Stop making trouble, and wait until every job has ended."""
        if self._submitter is not None:
            self._submitter.kill()
            self._hear_submitter(to_the_end=True)
        for worker in self._workers:
            if worker is not None:
                worker.kill()
                worker.wait()
        with self.service.worker(lease_s=LEASE_S, heartbeat_s=HEARTBEAT_S), self.service.worker():

            def left() -> int:
                self._patiently(self._sweeper.take_back)
                return sum(not job.state.is_final for job in self._jobs())

            wait_for(left, lambda count: count == 0, within_s=_ENDS_WITHIN_S)

    def _is_running_any(self) -> bool:
        return any(job.state in {State.RUNNING, State.CANCELLING} for job in self._jobs())

    def _jobs(self) -> list[Any]:
        return self.service.database.read(lambda c: list_jobs(c, "ada", page_size=100_000))

    def _watch(self) -> None:
        while not self._ending.wait(0.05):
            self._see_changes()

    def _see_changes(self) -> None:
        since = self._seen
        self._seen, changes = self.service.database.read(lambda c: changes_since(c, since))
        self.watched += changes

    def _read(self) -> None:
        """Read results all the while: what a row names is whole from the first moment."""
        for job in self._succeeded():
            name, files = self.service.database.read(lambda c, job=job: result_of(c, "ada", job.id))
            for file in files:
                place = self.service.folders.results / name / file.path
                if not place.is_file() or place.stat().st_size != file.size_bytes:
                    self.torn.append(f"I5 {job.id}: {file.path} is not whole")

    def _succeeded(self) -> Iterator[Any]:
        seen: set[str] = set()
        while not self._ending.wait(0.1):
            done = self.service.database.read(
                lambda c: list_jobs(c, "ada", page_size=100, state=State.SUCCEEDED)
            )
            for job in done:
                if job.id not in seen:
                    seen.add(job.id)
                    yield job


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()

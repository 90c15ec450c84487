"""A worker: takes jobs one after another, has children do them, and writes what became of them.

`python -P -m hinterland.jobs.worker` with `WorkerSettings` on its standard input. SIGTERM: it takes no more jobs,
gives the one it has some time, then gives it back. When the server that started it has died, it finishes its
job and ends.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sqlalchemy.engine import Connection

from hinterland.jobs import failpoints, logs
from hinterland.jobs.children import ChildError
from hinterland.jobs.database import Database
from hinterland.jobs.engine import Engine, EngineLostError
from hinterland.jobs.faults import INTERNAL, failure_of
from hinterland.jobs.ingest import Ingest, IngestError, IngestLimits
from hinterland.jobs.lease_keeper import CancelledByOwnerError, DrainedError, LeaseKeeper, TooLongError
from hinterland.jobs.leases import (
    Cancelled,
    Claim,
    FenceLostError,
    Outcome,
    claim,
    finish,
    forget_worker,
    lose,
    release,
    see_worker,
)
from hinterland.jobs.model import Job, State
from hinterland.jobs.publishing import UnfitResultError, result_folder, withdraw
from hinterland.jobs.running import Attempt
from hinterland.jobs.store import queue_counts
from hinterland.jobs.transitions import row_of
from hinterland.jobs.worker_settings import WorkerSettings
from hinterland.reasons import Failure, Reason, RefusedError

_POLL_S = 0.025
PULSE_S = 1.0
_INSIST_S = 60.0
"""How long an outcome is offered to a database that is away."""
_BACK_OFF_S = 0.5
_SPARE = 8
"""Of the memory that a job asks for, one part in so many more: processes differ in what they hold of their own."""

_log = logging.getLogger(__name__)


class Pulse:
    """Tells the supervisor, by a byte on standard output, that this process is not stuck."""

    def __init__(self) -> None:
        self._told_s = -float("inf")

    def beat(self) -> None:
        """Tell, not too often; a supervisor that is gone does not mind."""
        now = time.monotonic()
        if now - self._told_s > PULSE_S:
            self._told_s = now
            with suppress(OSError):
                os.write(1, b".")


class Worker:
    """Takes and does jobs until it is told to end.

    Parameters
    ----------
    settings : WorkerSettings
        Of this worker.
    database : Database
        Of the jobs.
    """

    def __init__(self, settings: WorkerSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._id = f"{settings.device.node}-{settings.device.name}-{os.getpid()}-{secrets.token_hex(4)}"
        self._parent = os.getppid()
        self._ends_by: float | None = None
        self._seen_s = -float("inf")
        self._pulse = Pulse()

    def end(self, *_: object) -> None:
        """Take no more jobs, and give the one at hand up when its time is over."""
        if self._ends_by is None:
            self._ends_by = time.monotonic() + self._settings.drain_s

    def run(self) -> None:
        """Work."""
        root = self._settings.folders.work
        with Ingest(root) as ingest, Engine(root) as engine:
            while self._ends_by is None and os.getppid() == self._parent:
                ingest.warm(IngestLimits())
                engine.warm()
                self._pulse.beat()
                taken = self._take()
                if taken is None:
                    time.sleep(_POLL_S)
                else:
                    with logs.about_job(taken.job.id):
                        self._work_on(taken, ingest, engine)
        with suppress(RefusedError):
            self._database.write(partial(_forget, self._id)).result()

    def _take(self) -> Claim | None:
        settings = self._settings
        try:
            now = time.monotonic()
            if now - self._seen_s > settings.heartbeat_s:
                self._see()
            counts = self._database.read(lambda connection: queue_counts(connection, alive_s=0.0))
            if counts.pending == 0:
                return None
            return self._database.write(
                lambda connection: claim(
                    connection,
                    self._id,
                    device=settings.device,
                    lease_s=settings.lease_s,
                    owner_running_jobs=settings.owner_running_jobs,
                )
            ).result()
        except RefusedError as error:
            _log.warning("no job can be taken: %s", error)
            time.sleep(_BACK_OFF_S)
            return None

    def _see(self) -> None:
        device = self._settings.device
        self._database.write(lambda connection: see_worker(connection, self._id, device)).result()
        self._seen_s = time.monotonic()

    def _work_on(self, taken: Claim, ingest: Ingest, engine: Engine) -> None:
        job = taken.job
        _log.info("jobs/%s: attempt %d begins", job.id, job.attempt)
        failpoints.reach("worker.claimed")
        keeper = LeaseKeeper(
            self._database,
            job,
            lease_s=self._settings.lease_s,
            heartbeat_s=self._settings.heartbeat_s,
            is_draining=self._is_late,
        )
        folders = self._settings.folders
        try:
            ended = self._settle(taken, self._outcome(taken, keeper, ingest, engine))
        except FenceLostError:
            _log.warning("jobs/%s: lost to another worker; what was made of it is removed", job.id)
            withdraw(folders, job.id, job.fence)
            ended = None
        shutil.rmtree(folders.attempt(job.id, job.fence), ignore_errors=True)
        if ended is not None and ended.state.is_final:
            _log.info("jobs/%s: %s", job.id, ended.state)
            shutil.rmtree(folders.job(job.id), ignore_errors=True)

    def _is_late(self) -> bool:
        self._pulse.beat()
        return self._ends_by is not None and time.monotonic() > self._ends_by

    def _outcome(
        self, taken: Claim, keeper: LeaseKeeper, ingest: Ingest, engine: Engine
    ) -> Callable[[Connection], Job]:
        """Do the job; what is to be written then."""
        job = taken.job
        try:
            outcome: Outcome = Attempt(self._settings, self._database, taken, keeper).run(ingest, engine)
        except CancelledByOwnerError:
            outcome = Cancelled()
        except DrainedError:
            return partial(_release, job)
        except TooLongError:
            message = (
                f"it ran for longer than its {job.max_run_s:g} s: give it more, or ask for a smaller output"
            )
            outcome = Failure(reason=Reason.RUN_TOO_LONG, message=message)
        except EngineLostError as error:
            return partial(_lose, job, error.failure)
        except (ChildError, IngestError) as error:
            _log.error("jobs/%s: %s", job.id, error)
            return partial(_lose, job, INTERNAL)
        except RefusedError as error:
            outcome = failure_of(error, str)
        except (OSError, UnfitResultError) as error:
            _log.error("jobs/%s: %s", job.id, error, exc_info=error)
            outcome = failure_of(error, str)
        if isinstance(outcome, Failure) and outcome.reason is Reason.PLAN_TOO_LARGE:
            needed = int(outcome.metadata.get("needed_bytes", "0"))
            if taken.reserved_bytes < needed <= self._settings.device.total_bytes:
                return partial(_release, job, needed_bytes=needed + needed // _SPARE)
        return partial(_finish, job, outcome)

    def _settle(self, taken: Claim, write: Callable[[Connection], Job]) -> Job | None:
        """Write what became of a job, also when the database is away for a while; None if it stays away."""
        job = taken.job
        until = time.monotonic() + _INSIST_S
        while True:
            try:
                return self._database.write(write).result()
            except RefusedError as error:
                # the commit may have held although its answer was lost; then the fence is spent, and asking tells
                if error.reason is not Reason.DATABASE_BUSY or time.monotonic() > until:
                    _log.error("jobs/%s: its end is not written: %s", job.id, error)
                    return None  # the sweeper removes what no row names
                time.sleep(_BACK_OFF_S)
            except FenceLostError:
                ended = self._ended_by_us(job)
                if ended:
                    return None
                raise

    def _ended_by_us(self, job: Job) -> bool:
        """True if an earlier try to write this job's success did hold."""
        name = result_folder(job.id, job.fence)
        row = self._database.read(lambda connection: row_of(connection, job.id))
        return row is not None and row["state"] == State.SUCCEEDED and row["result_folder"] == name


def _finish(job: Job, outcome: Outcome, connection: Connection) -> Job:
    failpoints.reach("worker.finish")
    return finish(connection, job.id, job.fence, outcome)


def _release(job: Job, connection: Connection, *, needed_bytes: int = 0) -> Job:
    return release(connection, job.id, job.fence, needed_bytes=needed_bytes)


def _lose(job: Job, failure: Failure, connection: Connection) -> Job:
    return lose(connection, job.id, job.fence, failure)


def _forget(worker_id: str, connection: Connection) -> None:
    forget_worker(connection, worker_id)


def main() -> int:
    """Work with the settings of standard input."""
    settings = WorkerSettings.from_json(sys.stdin.readline())
    logs.set_up(settings.log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends it, not the terminal
    os.set_blocking(1, False)
    if settings.cores:
        os.sched_setaffinity(0, settings.cores)
    with Database(settings.database_url) as database:
        worker = Worker(settings, database)
        signal.signal(signal.SIGTERM, worker.end)
        worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

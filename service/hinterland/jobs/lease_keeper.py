"""Keeps a worker's hold on a job while others work on it: heartbeats, cancel, time limit, drain."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from hinterland.jobs.database import Database
from hinterland.jobs.leases import FenceLostError, heartbeat, is_cancelled
from hinterland.jobs.model import Degradation, Job, PlanSummary, StageProgress
from hinterland.reasons import Reason, RefusedError

LOOK_S = 0.25
"""How often is asked whether the job shall stop, and news are told at most."""

_log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The work on a job shall end now."""


class CancelledByOwnerError(StoppedError):
    """The owner wants it no more."""


class DrainedError(StoppedError):
    """The worker ends: another shall do it."""


class TooLongError(StoppedError):
    """It has run for longer than it may."""


@dataclass(slots=True)
class _News:
    progress: StageProgress | None = None
    plan: PlanSummary | None = None
    degraded: tuple[Degradation, ...] = ()

    def __bool__(self) -> bool:
        return self.progress is not None or self.plan is not None or bool(self.degraded)


class LeaseKeeper:
    """Call `tick` all the while; it raises when the work shall end.

    Parameters
    ----------
    database : Database
        That the job is in.
    job : Job
        As it was taken.
    lease_s, heartbeat_s : float
        As in the settings.
    is_draining : callable
        Whether the worker ends.
    clock : callable
        Seconds that only ever increase.
    """

    def __init__(
        self,
        database: Database,
        job: Job,
        *,
        lease_s: float,
        heartbeat_s: float,
        is_draining: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._job = job
        self._lease_s = lease_s
        self._heartbeat_s = heartbeat_s
        self._is_draining = is_draining
        self._clock = clock
        self._news = _News()
        self._degraded: tuple[Degradation, ...] = ()
        self._started = self._beaten = self._looked = clock()

    def report(self, *, stage: str, done: int, total: int) -> None:
        """Note how far it is; told at the next tick that is due."""
        self._news.progress = StageProgress(stage=stage, done=done, total=total, time_s=0.0)

    def plan(self, plan: PlanSummary) -> None:
        """Note what it will make."""
        self._news.plan = plan

    def degrade(self, degradation: Degradation) -> None:
        """Note what it does otherwise than asked."""
        self._degraded = (*self._degraded, degradation)
        self._news.degraded = self._degraded

    def tick(self) -> None:
        """Keep the lease, and end the work where it must.

        Raises
        ------
        StoppedError
            If the job shall end.
        FenceLostError
            If it is another worker's, or the database was away for so long that it may be.
        """
        now = self._clock()
        if now - self._started > self._job.max_run_s:
            raise TooLongError
        if self._is_draining():
            raise DrainedError
        since = now - self._looked
        if since < LOOK_S and now > self._started:
            return
        self._looked = now
        try:
            if self._news or now - self._beaten >= self._heartbeat_s:
                is_to_stop = self._beat()
                self._beaten = self._clock()
            else:
                job = self._job
                is_to_stop = self._database.read(
                    lambda connection: is_cancelled(connection, job.id, job.fence)
                )
        except RefusedError as error:
            if error.reason is not Reason.DATABASE_BUSY:
                raise
            self._wait_for_database(error)
            return
        if is_to_stop:
            raise CancelledByOwnerError

    def flush(self) -> None:
        """Tell what was noted and not told, however recently something was."""
        if self._news:
            self._looked = -float("inf")
            self.tick()

    def _beat(self) -> bool:
        job, news = self._job, self._news
        told = self._database.write(
            lambda connection: heartbeat(
                connection,
                job.id,
                job.fence,
                progress=news.progress,
                plan=news.plan,
                degraded=news.degraded,
                lease_s=self._lease_s,
            )
        ).result()
        self._news = _News()
        return told

    def _wait_for_database(self, error: RefusedError) -> None:
        """Go on without it, but no longer than the lease lasts."""
        if self._clock() - self._beaten > self._lease_s:
            raise FenceLostError(self._job.id) from error
        _log.warning("jobs/%s: %s", self._job.id, error)

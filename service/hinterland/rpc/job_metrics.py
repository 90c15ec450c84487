"""Watches all jobs for the metrics: how long their stages take, how they end, how many pixels they give."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs import changes
from hinterland.jobs.logs import logger
from hinterland.jobs.model import Change, State
from hinterland.jobs.schema import jobs
from hinterland.reasons import RefusedError
from hinterland.rpc.backstage import Backstage

POLL_S = 1.0
_MOST_NAMES = 500  # in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the metrics need of a job."""

    kind: str
    reason: str
    pixels: int


class JobMonitor:
    """Counts from when the server starts; where servers share a database, each of them counts all jobs."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._revision = 0
        self._stages: dict[str, tuple[str, float]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to count."""
        self._revision = await self._backstage.read(changes.latest_revision)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.look()
            except RefusedError as refusal:
                logger().warning("metrics wait for the database", reason=refusal.reason)
            except Exception:  # noqa: BLE001 - metrics that stopped would look like a service at rest
                logger().exception("metrics wait for the database")

    async def look(self) -> None:
        """Count what changed since the last look."""
        since = self._revision
        self._revision, found, facts = await self._backstage.read(
            lambda connection: _changes(connection, since)
        )
        for change in found:
            if change.job_id in facts:
                self._count(change, facts[change.job_id])

    def _count(self, change: Change, facts: _Facts) -> None:
        metrics, progress = self._backstage.metrics, change.progress
        is_running = change.state in {State.RUNNING, State.CANCELLING}
        stage, since_s = self._stages.get(change.job_id, (None, 0.0))
        now = progress.stage if progress is not None and is_running else None
        if stage is not None and stage != now:
            metrics.end_stage(facts.kind, stage, max(change.time_s - since_s, 0.0))
            del self._stages[change.job_id]
        if progress is not None and now is not None and stage != now:
            self._stages[change.job_id] = (now, progress.time_s)
        if change.state.is_final:
            is_made = change.state is State.SUCCEEDED
            metrics.end_job(facts.kind, change.state, facts.reason, facts.pixels if is_made else 0)


def _changes(connection: Connection, since: int) -> tuple[int, list[Change], dict[str, _Facts]]:
    revision, found = changes.changes_since(connection, since)
    wanted = sorted({change.job_id for change in found if change.state is not State.PENDING})
    facts: dict[str, _Facts] = {}
    for start in range(0, len(wanted), _MOST_NAMES):
        query = sa.select(jobs.c.id, jobs.c.kind, jobs.c.plan, jobs.c.failure).where(
            jobs.c.id.in_(wanted[start : start + _MOST_NAMES])
        )
        for row in connection.execute(query):
            plan = {} if row.plan is None else json.loads(row.plan)
            failure = {} if row.failure is None else json.loads(row.failure)
            facts[row.id] = _Facts(
                kind=row.kind,
                reason=failure.get("reason", ""),
                pixels=plan.get("lines", 0) * plan.get("samples", 0),
            )
    return revision, found, facts

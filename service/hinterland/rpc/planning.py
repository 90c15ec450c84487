"""Plans of jobs that are only asked about: their files are opened by the same confined child as a job's."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from hinterland.jobs.content import place_inputs
from hinterland.jobs.ingest import Given, Ingest, IngestLimits, given_files
from hinterland.jobs.model import Job, PlanSummary
from hinterland.jobs.specs import input_files
from hinterland.reasons import Failure, RefusedError
from hinterland.rpc.backstage import Backstage


class Planner:
    """Plans one job at a time, in a thread that lasts: children end with the thread that started them."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._thread = ThreadPoolExecutor(1, "planner")

    async def plan(self, job: Job) -> PlanSummary | None:
        """Check a job's files, and plan it.

        Raises
        ------
        RefusedError
            With the reason that the job would have failed with.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(self._plan, job))

    def _plan(self, job: Job) -> PlanSummary | None:
        folder = self._backstage.folders.work / f"plan-{secrets.token_hex(8)}"
        try:
            self._inspect(job, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def _inspect(self, job: Job, folder: Path) -> None:
        inputs = folder / "inputs"
        placed = place_inputs(self._backstage.settings.data, job.owner, input_files(job.spec), inputs)
        files = [
            Given(path=str(path.relative_to(inputs)), sha256=file.sha256, role=role)
            for path, (file, role) in zip(placed, given_files(job.spec), strict=True)
        ]
        with Ingest(self._backstage.folders.work) as ingest:
            for verdict in ingest.inspect(inputs, files, IngestLimits()):
                if verdict.failure is not None:
                    raise _refused(verdict.failure)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _refused(failure: Failure) -> RefusedError:
    return RefusedError(failure.reason, failure.message, **failure.metadata)

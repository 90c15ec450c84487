"""Plans of jobs that are only asked about: made by the same confined children as a job's."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from hinterland.jobs.attempt_files import check_plan, given_inputs, linked_panorama
from hinterland.jobs.attempt_request import AttemptRequest
from hinterland.jobs.children import ChildError
from hinterland.jobs.content import place_inputs
from hinterland.jobs.devices import posts
from hinterland.jobs.engine import Engine, EngineLostError
from hinterland.jobs.ingest import Ingest, IngestLimits
from hinterland.jobs.model import Job, PlanSummary
from hinterland.jobs.specs import input_files
from hinterland.reasons import Failure, Reason, RefusedError
from hinterland.rpc.backstage import Backstage

_LOOK_S = 0.2


class _GivenUpError(Exception):
    """Nobody waits for the plan any more."""


class Planner:
    """Plans one job at a time, in a thread that lasts: children end with the thread that started them."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._thread = ThreadPoolExecutor(1, "planner")
        self._is_ending = threading.Event()

    async def plan(self, job: Job) -> PlanSummary:
        """Check a job's files, and plan it.

        Raises
        ------
        RefusedError
            With the reason that the job would have failed with.
        """
        is_over = threading.Event()

        def tick() -> None:
            if is_over.is_set() or self._is_ending.is_set():
                raise _GivenUpError

        try:
            work = partial(self._plan, job, tick)
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except _GivenUpError:
            raise RefusedError(Reason.DRAINING, "the server is ending; try again") from None
        finally:
            is_over.set()

    def close(self) -> None:
        """Give up the plan under way, and end the thread."""
        self._is_ending.set()
        self._thread.shutdown()

    def _plan(self, job: Job, tick: Callable[[], None]) -> PlanSummary:
        tick()
        folders = self._backstage.folders
        folder = folders.work / f"plan-{secrets.token_hex(8)}"
        try:
            for name in ("inputs", "made", "checkpoints"):
                (folder / name).mkdir(mode=0o700, parents=True)
            inputs = place_inputs(folders.root, job.owner, input_files(job.spec), folder / "inputs")
            with Ingest(folders.work) as ingest:
                self._inspect(ingest, job, folder / "inputs", lambda _: tick())
            with Engine(folders.work) as engine:
                return self._ask(engine, job, folder, inputs, tick)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _inspect(self, ingest: Ingest, job: Job, inputs: Path, tick: Callable[[int], None]) -> None:
        for verdict in ingest.inspect(inputs, given_inputs(job.spec), IngestLimits(), tick):
            if verdict.failure is not None:
                raise _refused(verdict.failure)

    def _ask(
        self, engine: Engine, job: Job, folder: Path, inputs: tuple[Path, ...], tick: Callable[[], None]
    ) -> PlanSummary:
        settings = self._backstage.settings
        plans: list[PlanSummary] = []

        def hear(told: Mapping[str, Any]) -> None:
            if "plan" in told:
                plans.append(PlanSummary(**told["plan"]))

        post = posts(settings)[0]
        database, folders = self._backstage.database, self._backstage.folders
        panorama = linked_panorama(database, folders, job, folder / "panorama")
        request = AttemptRequest(
            spec=job.spec,
            inputs=inputs,
            panorama=panorama,
            scratch=folder / "made",
            checkpoints=folder / "checkpoints",
            memory_bytes=post.device.share_bytes,
            backend=settings.backend if post.visible_gpus else "cpu",
            most_file_bytes=settings.plan_output_bytes,
            plan_only=True,
        )
        try:
            failure = engine.run(request, hear, tick, every_s=_LOOK_S)
        except EngineLostError as lost:
            failure = lost.failure
        if failure is not None:
            raise _refused(failure)
        if not plans:
            message = "a child of this service ended without a plan"
            raise ChildError(message)
        plan = plans[-1]
        check_plan(
            plan,
            settings.data,
            most_bytes=settings.plan_output_bytes,
            high_water=settings.disk_high_water,
        )
        return plan


def _refused(failure: Failure) -> RefusedError:
    return RefusedError(failure.reason, failure.message, **failure.metadata)

"""One attempt of a job: its inputs laid out and inspected, the engine run by a child, the result published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hinterland.jobs import failpoints
from hinterland.jobs.attempt_files import check_plan, given_inputs, linked_panorama
from hinterland.jobs.attempt_request import AttemptRequest
from hinterland.jobs.checkpoints import Checkpoints
from hinterland.jobs.children import ChildError
from hinterland.jobs.content import place_inputs
from hinterland.jobs.database import Database
from hinterland.jobs.engine import Engine
from hinterland.jobs.ingest import Ingest, IngestLimits, Verdict, verdict_from_json, verdict_to_json
from hinterland.jobs.lease_keeper import LOOK_S, LeaseKeeper
from hinterland.jobs.leases import Claim, Succeeded
from hinterland.jobs.model import Degradation, PlanSummary
from hinterland.jobs.publishing import publish
from hinterland.jobs.specs import input_files
from hinterland.jobs.worker_settings import WorkerSettings
from hinterland.reasons import Failure, Reason

_VERDICTS = "verdicts"


class Attempt:
    """One attempt of one job.

    Parameters
    ----------
    settings : WorkerSettings
        Of the worker.
    database : Database
        That the job is in.
    claim : Claim
        The job, as it was taken.
    keeper : LeaseKeeper
        Of the job.
    """

    def __init__(
        self, settings: WorkerSettings, database: Database, claim: Claim, keeper: LeaseKeeper
    ) -> None:
        self._settings = settings
        self._folders = settings.folders
        self._database = database
        self._job = claim.job
        self._memory_bytes = claim.reserved_bytes
        self._keeper = keeper
        self._folder = self._folders.attempt(claim.job.id, claim.job.fence)

    def run(self, ingest: Ingest, engine: Engine) -> Succeeded | Failure:
        """Do all of it.

        Parameters
        ----------
        ingest : Ingest
            Opens the inputs.
        engine : Engine
            Makes the result of them.

        Returns
        -------
        Succeeded | Failure
            The outcome, to be written to the row.

        Raises
        ------
        StoppedError, FenceLostError
            As the keeper raises.
        EngineLostError, ChildError, IngestError
            If it broke through no fault of the job.
        RefusedError
            If an input or the panorama of a map is gone.
        """
        failpoints.reach("worker.begin")
        inputs = self._laid_out()
        refused = next((one.failure for one in self._inspected(ingest) if one.failure is not None), None)
        if refused is not None:
            return refused
        failpoints.reach("worker.inspected")
        failure = engine.run(self._request(inputs), self._hear, self._keeper.tick, every_s=LOOK_S)
        if failure is not None:
            return failure
        failpoints.reach("worker.made")
        self._keeper.report(stage="storing", done=0, total=1)
        self._keeper.flush()
        outcome = publish(
            self._folders, self._job.id, self._job.fence, self._folder / "made" / "out", self._keeper.tick
        )
        failpoints.reach("worker.published")
        return outcome

    def _laid_out(self) -> tuple[Path, ...]:
        """The inputs in folders of this attempt alone, and empty folders for what is made."""
        job = self._folders.job(self._job.id)
        for folder in (
            self._folder / "inputs",
            self._folder / "made",
            job / "checkpoints",
            job / "inspected",
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        inputs = self._folder / "inputs"
        return place_inputs(self._folders.root, self._job.owner, input_files(self._job.spec), inputs)

    def _inspected(self, ingest: Ingest) -> list[Verdict]:
        """Verdicts of all inputs; an earlier attempt's where there are, for what a digest names stays the same."""
        given = given_inputs(self._job.spec)
        # not among the checkpoints that the engine's child may write
        kept = Checkpoints(self._folders.job(self._job.id) / "inspected")
        text = kept.load(_VERDICTS)
        known = [] if text is None else [verdict_from_json(one) for one in json.loads(text)]
        if [verdict.given for verdict in known] == given:
            return known

        def watch(done: int) -> None:
            self._keeper.report(stage="inspecting", done=done, total=max(len(given), 1))
            self._keeper.tick()

        verdicts = ingest.inspect(self._folder / "inputs", given, IngestLimits(), watch)
        kept.save(_VERDICTS, json.dumps([verdict_to_json(verdict) for verdict in verdicts]).encode())
        return verdicts

    def _request(self, inputs: tuple[Path, ...]) -> AttemptRequest:
        panorama = linked_panorama(self._database, self._folders, self._job, self._folder / "panorama")
        return AttemptRequest(
            spec=self._job.spec,
            inputs=inputs,
            panorama=panorama,
            scratch=self._folder / "made",
            checkpoints=self._folders.job(self._job.id) / "checkpoints",
            memory_bytes=self._memory_bytes,
            backend=self._settings.backend,
            most_file_bytes=self._settings.plan_output_bytes,
        )

    def _hear(self, told: Mapping[str, Any]) -> None:
        """Pass on what the child says, as far as it is what it should say."""
        try:
            if "progress" in told:
                progress = told["progress"]
                stage, done, total = (
                    str(progress["stage"])[:64],
                    int(progress["done"]),
                    int(progress["total"]),
                )
                self._keeper.report(stage=stage, done=min(max(done, 0), max(total, 1)), total=max(total, 1))
            elif "plan" in told:
                self._plan(PlanSummary(**told["plan"]))
            elif "degraded" in told:
                stage, message = (str(told["degraded"][name])[:200] for name in ("stage", "message"))
                self._keeper.degrade(
                    Degradation(stage=stage, reason=Reason.GPU_OUT_OF_MEMORY, message=message)
                )
        except (KeyError, TypeError, ValueError) as error:
            message = f"a child of this service says what is not understood: {error!r}"
            raise ChildError(message) from error

    def _plan(self, plan: PlanSummary) -> None:
        self._keeper.plan(plan)
        settings = self._settings
        check_plan(
            plan, self._folder, most_bytes=settings.plan_output_bytes, high_water=settings.disk_high_water
        )

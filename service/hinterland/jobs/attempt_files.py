"""What an attempt and a plan that is only asked for share: inputs, a map's panorama, the check of the plan."""

from __future__ import annotations

import os
from pathlib import Path

from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.ingest import Given, given_files
from hinterland.jobs.model import Job, PlanSummary
from hinterland.jobs.quotas import check_disk
from hinterland.jobs.specs import OverviewSpec, Spec
from hinterland.jobs.store import result_of
from hinterland.reasons import Reason, RefusedError


def given_inputs(spec: Spec) -> list[Given]:
    """The files of a spec as `hinterland.jobs.content.place_inputs` lays them out."""
    return [
        Given(path=f"{number}/{file.filename}", sha256=file.sha256, role=role)
        for number, (file, role) in enumerate(given_files(spec))
    ]


def linked_panorama(database: Database, folders: DataFolders, job: Job, copy: Path) -> Path | None:
    """The bundle of a map's panorama, linked: it stays though its job is deleted meanwhile; None for other jobs.

    Raises
    ------
    RefusedError
        NOT_YOURS, RESULT_NOT_READY.
    """
    spec = job.spec
    if not isinstance(spec, OverviewSpec):
        return None
    name, files = database.read(lambda connection: result_of(connection, job.owner, spec.panorama))
    for file in files:
        place = copy / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folders.results / name / file.path, place)
        except FileNotFoundError as error:
            message = f"jobs/{spec.panorama} has been deleted"
            raise RefusedError(Reason.RESULT_NOT_READY, message) from error
    return copy


def check_plan(plan: PlanSummary, folder: Path, *, most_bytes: int, high_water: float) -> None:
    """Refuse an output that is too large, or that the disk of a folder has no room for.

    Raises
    ------
    RefusedError
        PLAN_TOO_LARGE, DISK_FULL.
    """
    if plan.output_bytes > most_bytes:
        message = (
            f"the output may have {plan.output_bytes} bytes, more than the {most_bytes} of this server: ask for a "
            "coarser or smaller one"
        )
        raise RefusedError(Reason.PLAN_TOO_LARGE, message)
    check_disk(folder, plan.output_bytes, high_water)

"""What a job names: files, a panorama that a map is drawn of, labels."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.model import State
from hinterland.jobs.rows import Row
from hinterland.jobs.schema import files, job_inputs, job_labels
from hinterland.jobs.specs import OverviewSpec, PanoramaSpec, Spec, input_files
from hinterland.jobs.transitions import own_row
from hinterland.reasons import Reason, RefusedError

_MOST_NAMES = 500  # in one statement: some databases take no more than 999 parameters

_KNOWN_FILES = sa.select(files.c.sha256).where(
    files.c.owner == sa.bindparam("of_owner"), files.c.sha256.in_(sa.bindparam("some", expanding=True))
)
# of files that the owner has only, so that one statement checks and keeps
_KEEP_INPUT = (
    sa.insert(job_inputs)
    .from_select(
        ["owner", "sha256", "job_id"],
        sa.select(files.c.owner, files.c.sha256, sa.bindparam("of_job", type_=sa.Text)).where(
            files.c.owner == sa.bindparam("of_owner"), files.c.sha256 == sa.bindparam("of_sha256")
        ),
    )
    .execution_options(preserve_rowcount=True)
)


def check_inputs(connection: Connection, owner: str, spec: Spec) -> None:
    """Refuse a spec of which the owner has not all files.

    Raises
    ------
    RefusedError
        FILE_NOT_FOUND.
    """
    wanted = sorted({file.sha256 for file in input_files(spec)})
    for start in range(0, len(wanted), _MOST_NAMES):
        some = wanted[start : start + _MOST_NAMES]
        known = connection.execute(_KNOWN_FILES, {"of_owner": owner, "some": some}).scalars()
        missing = sorted(set(some) - set(known))
        if missing:
            message = f"files/{missing[0]} was not uploaded, or has expired: upload it"
            raise RefusedError(Reason.FILE_NOT_FOUND, message, file=f"files/{missing[0]}")


def check_panorama(connection: Connection, owner: str, spec: Spec) -> None:
    """Refuse a map of a panorama that is not there.

    Raises
    ------
    RefusedError
        NOT_YOURS, RESULT_NOT_READY.
    """
    if isinstance(spec, OverviewSpec):
        panorama = own_row(connection, owner, spec.panorama)
        if panorama["kind"] != PanoramaSpec.kind or panorama["state"] != State.SUCCEEDED:
            message = f"jobs/{spec.panorama} has no panorama to draw a map of: it must be one, and SUCCEEDED"
            raise RefusedError(Reason.RESULT_NOT_READY, message, state=panorama["state"])


def keep_references(connection: Connection, row: Row, spec: Spec, labels: Mapping[str, str]) -> None:
    """Note the files and labels of a job whose row was just written.

    Raises
    ------
    RefusedError
        FILE_NOT_FOUND.
    """
    own = {"owner": row["owner"], "job_id": row["id"]}
    inputs = [
        {"of_sha256": sha256, "of_owner": row["owner"], "of_job": row["id"]}
        for sha256 in sorted({file.sha256 for file in input_files(spec)})
    ]
    if inputs and connection.execute(_KEEP_INPUT, inputs).rowcount != len(inputs):
        check_inputs(connection, row["owner"], spec)
    if labels:
        marks = [{"key": key, "value": value, **own} for key, value in labels.items()]
        connection.execute(sa.insert(job_labels), marks)

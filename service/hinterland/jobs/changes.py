"""What has changed, for those who watch."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.model import Change
from hinterland.jobs.rows import change_of
from hinterland.jobs.schema import counter, job_events, jobs
from hinterland.jobs.transitions import own_row

_REVISION = sa.select(counter.c.revision)
_EVENTS = sa.select(job_events).where(job_events.c.revision > sa.bindparam("after"))
_PROGRESS = sa.select(
    *(jobs.c[name] for name in ("id", "sequence", "revision", "state", "changed_s")),
    *(jobs.c[name] for name in ("stage", "done", "total", "progress_s")),
).where(jobs.c.revision > sa.bindparam("after"))
_EVENTS_OF_JOB = (
    sa.select(job_events)
    .where(job_events.c.job_id == sa.bindparam("id_given"), job_events.c.sequence > sa.bindparam("after"))
    .order_by(job_events.c.sequence)
)


def job_changes(connection: Connection, owner: str, job_id: str, after_sequence: int) -> list[Change]:
    """Read every change of a job's state after a sequence, and last the latest progress where it is newer.

    Raises
    ------
    RefusedError
        NOT_YOURS.
    """
    row = own_row(connection, owner, job_id)
    parameters = {"id_given": job_id, "after": after_sequence}
    events = connection.execute(_EVENTS_OF_JOB, parameters).mappings()
    changes = [change_of(event, job_id, event["time_s"]) for event in events]
    last = changes[-1].sequence if changes else after_sequence
    if row["sequence"] > last:
        changes.append(change_of(row, job_id, row["changed_s"]))
    return changes


def latest_revision(connection: Connection) -> int:
    """The revision of the last change of all."""
    return int(connection.execute(_REVISION).scalar_one())


def changes_since(connection: Connection, revision: int) -> tuple[int, list[Change]]:
    """Read what changed after a revision, over all jobs in the order of commits.

    Every change of a state is told; of a job's progress the latest.

    Returns
    -------
    revision : int
        To go on from.
    changes : list[Change]
        Of one job in the order of its sequence.
    """
    latest = latest_revision(connection)
    if latest == revision:
        return latest, []
    found: dict[tuple[str, int], tuple[int, Change]] = {}
    for row in connection.execute(_EVENTS, {"after": revision}).mappings():
        change = change_of(row, row["job_id"], row["time_s"])
        found[change.job_id, change.sequence] = row["revision"], change
    for row in connection.execute(_PROGRESS, {"after": revision}).mappings():
        key = row["id"], row["sequence"]
        if key not in found:
            found[key] = row["revision"], change_of(row, row["id"], row["changed_s"])
    return latest, [change for _, change in sorted(found.values(), key=lambda one: one[0])]

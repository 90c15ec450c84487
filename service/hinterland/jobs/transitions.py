"""Every change of a job's state goes through here: counted, numbered and kept as an event."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.engine import Connection

from hinterland.jobs.database import now_s
from hinterland.jobs.model import TRANSITIONS, State
from hinterland.jobs.rows import Row
from hinterland.jobs.schema import counter, job_events, jobs, owners
from hinterland.reasons import Reason, RefusedError

_RUNNING = frozenset({State.RUNNING, State.CANCELLING})

_ROW = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
# another's row is not even read: how long that takes would tell that it is there
_OWN_ROW = _ROW.where(jobs.c.owner == sa.bindparam("of_owner"))
_COUNT = (
    sa.update(counter)
    .values(
        revision=counter.c.revision + 1,
        queued=counter.c.queued + sa.bindparam("more_queued"),
        running=counter.c.running + sa.bindparam("more_running"),
    )
    .returning(counter.c.revision)
)
_COUNT_OWN = (
    sa.update(owners)
    .where(owners.c.owner == sa.bindparam("of_owner"))
    .values(
        queued=owners.c.queued + sa.bindparam("more_queued"),
        running=owners.c.running + sa.bindparam("more_running"),
    )
)
_EVENT = sa.insert(job_events)


def row_of(connection: Connection, job_id: str) -> RowMapping | None:
    """The row of a job as it is now."""
    return connection.execute(_ROW, {"job_id": job_id}).mappings().first()


def own_row(connection: Connection, owner: str, job_id: str) -> RowMapping:
    """The row of an owner's job.

    Raises
    ------
    RefusedError
        NOT_YOURS, whether it is another owner's or does not exist.
    """
    row = connection.execute(_OWN_ROW, {"job_id": job_id, "of_owner": owner}).mappings().first()
    if row is None:
        raise RefusedError(Reason.NOT_YOURS, f"jobs/{job_id} is not yours, or does not exist")
    return row


def next_revision(connection: Connection, *, more_queued: int = 0, more_running: int = 0) -> int:
    """Number a change, in the order of commits."""
    values = {"more_queued": more_queued, "more_running": more_running}
    return int(connection.execute(_COUNT, values).scalar_one())


def change_s(connection: Connection, row: RowMapping) -> float:
    """Now, but never before the job's last change: clocks are set back at times."""
    return max(now_s(connection), float(row["changed_s"]))


def move(connection: Connection, row: RowMapping, to: State, **values: Any) -> RowMapping:  # noqa: ANN401
    """Bring a job to another state.

    Parameters
    ----------
    connection : Connection
        Of a writer, which alone may change rows while it lasts.
    row : RowMapping
        The job, read by the same work.
    to : State
        Where it goes.
    **values
        What else changes in the row.

    Returns
    -------
    RowMapping
        The row as it is now.

    Raises
    ------
    RefusedError
        STATE_WRONG if the graph has no such way.
    """
    since = State(row["state"])
    if to not in TRANSITIONS[since]:
        message = f"jobs/{row['id']} is {since}: it cannot become {to}"
        raise RefusedError(Reason.STATE_WRONG, message, state=str(since))
    more_queued = (to is State.PENDING) - (since is State.PENDING)
    more_running = (to in _RUNNING) - (since in _RUNNING)
    revision = next_revision(connection, more_queued=more_queued, more_running=more_running)
    if more_queued or more_running:
        counts = {"of_owner": row["owner"], "more_queued": more_queued, "more_running": more_running}
        connection.execute(_COUNT_OWN, counts)
    time_s = change_s(connection, row)
    if to not in _RUNNING:
        values |= {"worker": None, "node": None, "lease_until_s": None, "reserved_bytes": 0}
    if to.is_final:
        values |= {"ended_s": time_s, "expires_s": time_s + row["ttl_s"]}
    change = (
        sa.update(jobs)
        .where(jobs.c.id == row["id"])
        .values(state=to, sequence=jobs.c.sequence + 1, revision=revision, changed_s=time_s, **values)
        .returning(*jobs.c)
    )
    changed = connection.execute(change).mappings().one()
    keep_event(connection, changed)
    return changed


def keep_event(connection: Connection, row: Row) -> None:
    """Keep the change that made a row what it is."""
    names = ("sequence", "revision", "state", "stage", "done", "total", "progress_s")
    event = {name: row[name] for name in names}
    connection.execute(_EVENT, {"job_id": row["id"], "time_s": row["changed_s"], **event})

"""Jobs as their owners see them: created, read, listed, cancelled, retried, deleted.

All are functions of a connection, to be handed to `Database.write` or `Database.read`. A job that is another
owner's and one that does not exist give the same error.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.engine import Connection

from hinterland.jobs.database import now_s
from hinterland.jobs.identifiers import identifier
from hinterland.jobs.model import Job, ResultFile, State
from hinterland.jobs.quotas import Limits, check_queue, count_bytes, count_queued
from hinterland.jobs.references import check_inputs, check_panorama, keep_references
from hinterland.jobs.rows import job_of, labels_text
from hinterland.jobs.schema import counter, job_labels, job_results, jobs, owners, workers
from hinterland.jobs.specs import Spec, to_json
from hinterland.jobs.transitions import keep_event, move, own_row
from hinterland.reasons import Reason, RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """Load of the service."""

    pending: int
    """Jobs of all owners that wait."""
    running: int
    """Jobs that workers have."""
    workers: int
    """Workers that have been seen lately."""


def create_job(
    connection: Connection,
    *,
    owner: str,
    spec: Spec,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    max_run_s: float,
    ttl_s: float,
    request_id: str | None = None,
    limits: Limits,
) -> Job:
    """Accept a job, or find the one that an equal request with this identifier made.

    Raises
    ------
    RefusedError
        REQUEST_ID_REUSED, FILE_NOT_FOUND, QUEUE_FULL, QUOTA_EXCEEDED; of an overview's panorama NOT_YOURS and
        RESULT_NOT_READY.
    """
    kept_labels, kept_spec = labels_text(labels or {}), to_json(spec)
    asked = "\0".join((spec.kind, kept_spec, title, kept_labels, repr(max_run_s), repr(ttl_s)))
    digest = hashlib.sha256(asked.encode()).hexdigest()
    if request_id is not None:
        earlier = (
            connection.execute(_BY_REQUEST, {"of_owner": owner, "id_given": request_id}).mappings().first()
        )
        if earlier is not None:
            return _same(earlier, digest, request_id)
    check_panorama(connection, owner, spec)
    time_s = now_s(connection)
    count = connection.execute(_COUNT_NEW, {"ms": int(time_s * 1000.0)}).one()
    check_queue(queued=count.queued, own=count_queued(connection, owner), limits=limits)
    values = {
        "id": identifier(count.job_ms, secrets.randbits(80)),
        "owner": owner,
        "kind": spec.kind,
        "spec": kept_spec,
        "title": title,
        "labels": kept_labels,
        "max_run_s": max_run_s,
        "ttl_s": ttl_s,
        "request_id": request_id,
        "request_digest": digest,
        "state": State.PENDING,
        "sequence": 1,
        "revision": count.revision,
        "changed_s": time_s,
        "attempt": 0,
        "fence": 0,
        "needed_bytes": 0,
        "reserved_bytes": 0,
        "degraded": "[]",
        "created_s": time_s,
        "result_bytes": 0,
    }
    connection.execute(_INSERT_JOB, values)
    row = {**_NO_VALUES, **values}
    keep_event(connection, row)
    keep_references(connection, row, spec, labels or {})
    return job_of(row, spec)


_BY_REQUEST = sa.select(jobs).where(
    jobs.c.owner == sa.bindparam("of_owner"), jobs.c.request_id == sa.bindparam("id_given")
)
_INSERT_JOB = sa.insert(jobs)
_NO_VALUES: Mapping[str, Any] = dict.fromkeys(jobs.c.keys())
_COUNT_NEW = (
    sa.update(counter)
    .values(
        revision=counter.c.revision + 1,
        queued=counter.c.queued + 1,
        # identifiers sort by creation, also of two jobs in one millisecond and after the clock was set back
        job_ms=sa.case(
            (counter.c.job_ms >= sa.bindparam("ms"), counter.c.job_ms + 1), else_=sa.bindparam("ms")
        ),
    )
    .returning(counter.c.revision, counter.c.queued, counter.c.job_ms)
)


def _same(earlier: RowMapping, digest: str, request_id: str) -> Job:
    if earlier["request_digest"] != digest:
        message = f"request_id {request_id} stands for another request: give a new one"
        raise RefusedError(Reason.REQUEST_ID_REUSED, message, request_id=request_id)
    return job_of(earlier)


def get_job(connection: Connection, owner: str, job_id: str) -> Job:
    """Read a job.

    Raises
    ------
    RefusedError
        NOT_YOURS.
    """
    return job_of(own_row(connection, owner, job_id))


def list_jobs(
    connection: Connection,
    owner: str,
    *,
    page_size: int,
    before: str | None = None,
    state: State | None = None,
    kind: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[Job]:
    """Read jobs of an owner, the newest first, from the one created just before the job `before`."""
    query = sa.select(jobs)
    order: sa.ColumnElement[Any] = jobs.c.id
    for number, (key, value) in enumerate(sorted((labels or {}).items())):
        mark = job_labels.alias(f"label_{number}")
        query = query.join(mark, mark.c.job_id == jobs.c.id).where(
            mark.c.owner == owner, mark.c.key == key, mark.c.value == value
        )
        if number == 0:
            order = mark.c.job_id  # the rows of one label lie in this order
    query = query.where(jobs.c.owner == owner)
    if before is not None:
        query = query.where(order < before)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    rows = connection.execute(query.order_by(order.desc()).limit(page_size)).mappings()
    return [job_of(row) for row in rows]


def cancel_job(connection: Connection, owner: str, job_id: str) -> Job:
    """Ask a job to stop; one that waits stops at once, one that has ended stays as it is.

    Raises
    ------
    RefusedError
        NOT_YOURS.
    """
    row = own_row(connection, owner, job_id)
    following = {State.PENDING: State.CANCELLED, State.RUNNING: State.CANCELLING}.get(State(row["state"]))
    return job_of(row if following is None else move(connection, row, following))


def retry_job(connection: Connection, owner: str, job_id: str, *, limits: Limits) -> Job:
    """Begin a job that failed or was cancelled again.

    Raises
    ------
    RefusedError
        NOT_YOURS, STATE_WRONG, QUEUE_FULL, QUOTA_EXCEEDED; of an overview's panorama RESULT_NOT_READY.
    """
    row = own_row(connection, owner, job_id)
    job = job_of(row)
    if job.state not in {State.FAILED, State.CANCELLED}:
        message = f"jobs/{job_id} is {job.state}: only one that FAILED or was CANCELLED can be retried"
        raise RefusedError(Reason.STATE_WRONG, message, state=job.state)
    check_inputs(connection, owner, job.spec)
    check_panorama(connection, owner, job.spec)
    begun = {
        "attempt": 0,
        "failure": None,
        "plan": None,
        "degraded": "[]",
        "ended_s": None,
        "expires_s": None,
    }
    none = dict.fromkeys(("stage", "done", "total", "progress_s"))
    pending = move(connection, row, State.PENDING, **begun, **none)
    queued = connection.execute(sa.select(counter.c.queued)).scalar_one()
    own = connection.execute(sa.select(owners.c.queued).where(owners.c.owner == owner)).scalar_one()
    check_queue(queued=queued, own=own, limits=limits)
    return job_of(pending)


def delete_job(connection: Connection, owner: str, job_id: str) -> Job:
    """Forget a job that has ended; its result is removed by the next sweep.

    Raises
    ------
    RefusedError
        NOT_YOURS, STATE_WRONG.
    """
    row = own_row(connection, owner, job_id)
    if not State(row["state"]).is_final:
        message = f"jobs/{job_id} is {row['state']}: cancel it first"
        raise RefusedError(Reason.STATE_WRONG, message, state=row["state"])
    forget(connection, row)
    return job_of(row)


def forget(connection: Connection, row: RowMapping) -> None:
    """Delete a job's row, what hangs on it, and its share of the owner's bytes."""
    count_bytes(connection, row["owner"], -row["result_bytes"])
    connection.execute(sa.delete(jobs).where(jobs.c.id == row["id"]))


def result_of(connection: Connection, owner: str, job_id: str) -> tuple[str, tuple[ResultFile, ...]]:
    """Folder below results/ and files of a job's result, in order of path.

    Raises
    ------
    RefusedError
        NOT_YOURS, RESULT_NOT_READY.
    """
    row = own_row(connection, owner, job_id)
    if row["state"] != State.SUCCEEDED:
        message = f"jobs/{job_id} is {row['state']}: it has a result once it is SUCCEEDED"
        raise RefusedError(Reason.RESULT_NOT_READY, message, state=row["state"])
    query = sa.select(job_results).where(job_results.c.job_id == job_id)
    found = [
        ResultFile(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)
        for file in connection.execute(query)
    ]
    return row["result_folder"], tuple(sorted(found, key=lambda file: file.path))


def queue_counts(connection: Connection, *, alive_s: float) -> QueueCounts:
    """Count what waits and runs, and the workers seen in the last `alive_s` seconds."""
    counts = connection.execute(sa.select(counter.c.queued, counter.c.running)).one()
    since_s = now_s(connection) - alive_s
    query = sa.select(sa.func.count()).select_from(workers).where(workers.c.seen_s >= since_s)
    alive = connection.execute(query).scalar_one()
    return QueueCounts(pending=counts.queued, running=counts.running, workers=alive)

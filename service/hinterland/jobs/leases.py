"""Jobs as workers see them: taken for a time, kept by heartbeats, ended or lost.

Each taking of a job raises its fence. Who writes as a worker names the fence it holds, and is refused once
another has taken the job. All times are the database's.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.engine import Connection

from hinterland.jobs.database import now_s
from hinterland.jobs.model import (
    MOST_ATTEMPTS,
    Degradation,
    Job,
    PlanSummary,
    ResultFile,
    StageProgress,
    State,
)
from hinterland.jobs.quotas import count_bytes
from hinterland.jobs.rows import degraded_text, failure_text, job_of, plan_text
from hinterland.jobs.schema import job_results, jobs, owners, workers
from hinterland.jobs.transitions import change_s, move, next_revision, row_of
from hinterland.reasons import Failure, Reason

LOST = Failure(
    reason=Reason.WORKER_LOST,
    message=f"{MOST_ATTEMPTS} workers were lost while they made this; retry it, or ask for a smaller output",
)


class FenceLostError(Exception):
    """The job is another worker's by now, or is gone: what this one made of it must be thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a worker runs on, and what it may use of it."""

    node: str
    """Name of the machine."""
    name: str
    """"cpu", or the number of a GPU."""
    share_bytes: int
    """Memory that a job is given if it asks for no more."""
    total_bytes: int
    """Memory of all workers of the machine together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that was taken."""

    job: Job
    reserved_bytes: int
    """Memory that it may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """A result that is whole and on the disk."""

    folder: str
    """Below results/."""
    files: tuple[ResultFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The worker has stopped, as it was asked to."""


Outcome = Succeeded | Failure | Cancelled


def claim(
    connection: Connection, worker_id: str, *, device: Device, lease_s: float, owner_running_jobs: int
) -> Claim | None:
    """Take the job whose turn it is: of the owner with the fewest running, then the longest unserved.

    The job has to fit the memory that is free on the worker's machine. One that does not is waited for, so that
    large jobs are not passed by small ones for ever.
    """
    turn = {"most": owner_running_jobs}
    row = connection.execute(_OF_TURN, turn).mappings().first()
    if row is None:
        return None
    reserved = min(max(row["needed_bytes"], device.share_bytes), device.total_bytes)
    if reserved > device.total_bytes - _reserved_bytes(connection, device.node):
        return None
    time_s = change_s(connection, row)
    taken = move(
        connection,
        row,
        State.RUNNING,
        attempt=row["attempt"] + 1,
        fence=row["fence"] + 1,
        worker=worker_id,
        node=device.node,
        lease_until_s=now_s(connection) + lease_s,
        reserved_bytes=reserved,
        started_s=row["started_s"] or time_s,
    )
    connection.execute(_SERVED, {"of_owner": row["owner"], "revision": taken["revision"]})
    return Claim(job=job_of(taken), reserved_bytes=reserved)


_OWNER_OF_TURN = (
    sa.select(owners.c.owner)
    .where(sa.text("owners.queued > 0"), owners.c.running < sa.bindparam("most"))
    .order_by(owners.c.running, owners.c.served)
    .limit(1)
    .scalar_subquery()
)
_OF_TURN = (
    sa.select(jobs)
    .where(jobs.c.owner == _OWNER_OF_TURN, jobs.c.state == sa.literal("PENDING"))
    .order_by(jobs.c.id)
    .limit(1)
)
_SERVED = (
    sa.update(owners)
    .where(owners.c.owner == sa.bindparam("of_owner"))
    .values(served=sa.bindparam("revision"))
)


def _reserved_bytes(connection: Connection, node: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.reserved_bytes), 0)).where(
        jobs.c.node == node, sa.text("jobs.lease_until_s IS NOT NULL")
    )
    return int(connection.execute(query).scalar_one())


def heartbeat(
    connection: Connection,
    job_id: str,
    fence: int,
    *,
    progress: StageProgress | None = None,
    plan: PlanSummary | None = None,
    degraded: tuple[Degradation, ...] = (),
    lease_s: float,
) -> bool:
    """Keep a job for another lease, and tell what is new of it.

    Parameters
    ----------
    connection : Connection
        Of a writer.
    job_id, fence
        The job, and the fence it was taken with.
    progress, plan, degraded
        Where there is news; the progress's time is set here.
    lease_s : float
        How long the worker may now be silent.

    Returns
    -------
    bool
        True if the job shall be stopped.

    Raises
    ------
    FenceLostError
        If the job is no longer this worker's.
    """
    row = _held(connection, job_id, fence)
    values: dict[str, object] = {"lease_until_s": now_s(connection) + lease_s}
    if plan is not None:
        values["plan"] = plan_text(plan)
    if degraded:
        values["degraded"] = degraded_text(degraded)
    if progress is not None or len(values) > 1:
        values |= {
            "sequence": row["sequence"] + 1,
            "revision": next_revision(connection),
            "changed_s": change_s(connection, row),
        }
    if progress is not None:
        values |= {"stage": progress.stage, "done": progress.done, "total": progress.total}
        values["progress_s"] = values["changed_s"]
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**values))
    return State(row["state"]) is State.CANCELLING


def is_cancelled(connection: Connection, job_id: str, fence: int) -> bool:
    """Whether a job shall be stopped; reads only, so that it can be asked often.

    Raises
    ------
    FenceLostError
        If the job is no longer this worker's.
    """
    return State(_held(connection, job_id, fence)["state"]) is State.CANCELLING


def finish(connection: Connection, job_id: str, fence: int, outcome: Outcome) -> Job:
    """End a job.

    Raises
    ------
    FenceLostError
        If the job is no longer this worker's: nothing is changed, and its result must be removed.
    """
    row = _held(connection, job_id, fence)
    if isinstance(outcome, Cancelled):
        # only who was asked to stop has stopped
        return job_of(move(connection, row, State.CANCELLED))
    if isinstance(outcome, Failure):
        return job_of(move(connection, row, State.FAILED, failure=failure_text(outcome)))
    size_bytes = sum(file.size_bytes for file in outcome.files)
    manifest = [
        {"job_id": job_id, "path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256}
        for file in outcome.files
    ]
    if manifest:
        connection.execute(sa.insert(job_results), manifest)
    count_bytes(connection, row["owner"], size_bytes)
    place = {"result_folder": outcome.folder, "result_bytes": size_bytes}
    return job_of(move(connection, row, State.SUCCEEDED, **place))


def release(connection: Connection, job_id: str, fence: int, *, needed_bytes: int = 0) -> Job:
    """Give a job back, unharmed: the attempt does not count.

    Parameters
    ----------
    connection, job_id, fence
        As for `heartbeat`.
    needed_bytes : int
        Memory without which it need not be taken again.

    Raises
    ------
    FenceLostError
        If the job is no longer this worker's.
    """
    row = _held(connection, job_id, fence)
    if row["state"] == State.CANCELLING:
        return job_of(move(connection, row, State.CANCELLED))
    needed_bytes = max(needed_bytes, row["needed_bytes"])
    return job_of(move(connection, row, State.PENDING, attempt=row["attempt"] - 1, needed_bytes=needed_bytes))


def lose(connection: Connection, job_id: str, fence: int, failure: Failure = LOST) -> Job:
    """Count an attempt that broke through no fault of the job: it is tried again, or fails after the last.

    Raises
    ------
    FenceLostError
        If the job is no longer this worker's.
    """
    return job_of(_lost(connection, _held(connection, job_id, fence), failure))


def expire_leases(connection: Connection) -> list[Job]:
    """Take jobs back from workers that have not been heard of for a lease."""
    overdue = sa.select(jobs).where(jobs.c.lease_until_s < now_s(connection)).order_by(jobs.c.lease_until_s)
    rows = connection.execute(overdue).mappings().all()
    return [job_of(_lost(connection, row, LOST)) for row in rows]


def _lost(connection: Connection, row: RowMapping, failure: Failure) -> RowMapping:
    if row["state"] == State.CANCELLING:
        return move(connection, row, State.CANCELLED)
    if row["attempt"] < MOST_ATTEMPTS:
        return move(connection, row, State.PENDING)
    return move(connection, row, State.FAILED, failure=failure_text(failure))


def see_worker(connection: Connection, worker_id: str, device: Device) -> None:
    """Note that a worker lives."""
    known = {"id": worker_id, "node": device.node, "device": device.name, "now": now_s(connection)}
    connection.execute(_SEE_WORKER, known)


def forget_worker(connection: Connection, worker_id: str) -> None:
    """Note that a worker has ended."""
    connection.execute(sa.delete(workers).where(workers.c.id == worker_id))


_SEE_WORKER = sa.text(
    "INSERT INTO workers (id, node, device, started_s, seen_s) VALUES (:id, :node, :device, :now, :now) "
    "ON CONFLICT (id) DO UPDATE SET seen_s = :now"
)


def _held(connection: Connection, job_id: str, fence: int) -> RowMapping:
    row = row_of(connection, job_id)
    if row is None or row["fence"] != fence or row["lease_until_s"] is None:
        raise FenceLostError(job_id)
    return row

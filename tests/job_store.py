"""Jobs made for tests, without files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.database import Database
from hinterland.jobs.leases import Device, Succeeded, claim, heartbeat
from hinterland.jobs.model import Job, StageProgress
from hinterland.jobs.quotas import Limits
from hinterland.jobs.schema import files
from hinterland.jobs.specs import InputFile, PanoramaSpec
from hinterland.jobs.store import create_job, get_job
from hinterland.reasons import Failure, Reason

LIMITS = Limits(
    queued_jobs=1_000_000, owner_queued_jobs=200_000, owner_running_jobs=1024, owner_bytes=1 << 40
)
DEVICE = Device(node="here", name="cpu", share_bytes=1 << 30, total_bytes=1 << 40)
SHA256 = "ab" * 32
SPEC = PanoramaSpec(frames=(InputFile(sha256=SHA256, filename="frame.img"),))

PROGRESS = StageProgress(stage="seams", done=1, total=4, time_s=0.0)
FAILURE = Failure(reason=Reason.INTERNAL, message="a fault of ours")
DONE = Succeeded(folder="f", files=())


def sqlite_url(folder: Path) -> str:
    """Of a database in a folder."""
    return f"sqlite:///{folder / 'hinterland.sqlite3'}"


def give_file(connection: Connection, owner: str, sha256: str = SHA256) -> None:
    """Let an owner have a file, unless it has it."""
    known = sa.select(files.c.sha256).where(files.c.owner == owner, files.c.sha256 == sha256)
    if connection.execute(known).first() is None:
        connection.execute(
            sa.insert(files), {"owner": owner, "sha256": sha256, "size_bytes": 1, "used_s": 0.0}
        )


def new_job(owner: str = "ada", **changes: Any) -> Callable[[Connection], Job]:
    """A work that creates a job, which waits."""
    options: dict[str, Any] = {
        "owner": owner,
        "spec": SPEC,
        "title": "",
        "labels": {},
        "max_run_s": 3600.0,
        "ttl_s": 86400.0,
        "request_id": None,
        "limits": LIMITS,
    }

    def work(connection: Connection) -> Job:
        give_file(connection, owner)
        return create_job(connection, **{**options, **changes})

    return work


def submit(database: Database, owner: str = "ada", **changes: Any) -> Job:
    """Create a job."""
    return database.write(new_job(owner, **changes)).result()


def take(database: Database, worker: str = "w1", **changes: Any) -> Job | None:
    """Take the job whose turn it is."""
    options: dict[str, Any] = {"device": DEVICE, "lease_s": 30.0, "owner_running_jobs": 1024, **changes}
    taken = database.write(lambda connection: claim(connection, worker, **options)).result()
    return None if taken is None else taken.job


def take_one(database: Database, worker: str = "w1", **changes: Any) -> Job:
    """Take a job that must be there."""
    job = take(database, worker, **changes)
    assert job is not None
    return job


def beat(database: Database, job: Job, **news: Any) -> bool:
    """Send a heartbeat; whether the job shall be stopped."""

    def work(connection: Connection) -> bool:
        return heartbeat(connection, job.id, job.fence, **{"lease_s": 30.0, **news})

    return database.write(work).result()


def read(database: Database, job: Job) -> Job:
    """The job as it is now."""
    return database.read(lambda connection: get_job(connection, job.owner, job.id))


def all_of(futures: Iterable[Any]) -> list[Any]:
    """Results of writes, once all are done."""
    return [future.result() for future in futures]

"""What owners and the server may hold: jobs that wait and run, bytes, and the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.schema import owners
from hinterland.reasons import Reason, RefusedError
from hinterland.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is accepted; as `Settings` has it."""

    queued_jobs: int
    """Of all owners."""
    owner_queued_jobs: int
    """Of one owner."""
    owner_running_jobs: int
    """Of one owner."""
    owner_bytes: int
    """Files and results of one owner."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a server."""
        return cls(
            queued_jobs=settings.queued_jobs,
            owner_queued_jobs=settings.owner_queued_jobs,
            owner_running_jobs=settings.owner_running_jobs,
            owner_bytes=settings.owner_bytes,
        )


def count_queued(connection: Connection, owner: str) -> int:
    """Count a new job of the owner that waits; how many these are now."""
    queued = connection.execute(_COUNT_QUEUED, {"of_owner": owner}).scalar()
    if queued is None:  # an owner is known from the first job or file on
        first = {"owner": owner, "queued": 1, "running": 0, "bytes": 0, "served": 0}
        connection.execute(sa.insert(owners), first)
        return 1
    return int(queued)


def check_queue(*, queued: int, own: int, limits: Limits) -> None:
    """Refuse one job too many, once it is counted: the work that counted it is then rolled back.

    Raises
    ------
    RefusedError
        QUEUE_FULL or QUOTA_EXCEEDED.
    """
    if queued > limits.queued_jobs:
        raise RefusedError(Reason.QUEUE_FULL, f"{limits.queued_jobs} jobs wait already; try again later")
    if own > limits.owner_queued_jobs:
        message = f"you have {limits.owner_queued_jobs} jobs that wait, the most allowed; wait or cancel some"
        raise RefusedError(Reason.QUOTA_EXCEEDED, message, quota="owner_queued_jobs")


_COUNT_QUEUED = (
    sa.update(owners)
    .where(owners.c.owner == sa.bindparam("of_owner"))
    .values(queued=owners.c.queued + 1)
    .returning(owners.c.queued)
)
_COUNT_BYTES = sa.text(
    "INSERT INTO owners (owner, queued, running, bytes, served) VALUES (:owner, 0, 0, :bytes, 0) "
    "ON CONFLICT (owner) DO UPDATE SET bytes = owners.bytes + :bytes"
)


def count_bytes(connection: Connection, owner: str, more_bytes: int) -> None:
    """Count bytes that an owner has more (or, negative, less)."""
    connection.execute(_COUNT_BYTES, {"owner": owner, "bytes": more_bytes})


def check_bytes(connection: Connection, owner: str, more_bytes: int, limits: Limits) -> None:
    """Refuse what would exceed the bytes of an owner.

    Raises
    ------
    RefusedError
        QUOTA_EXCEEDED.
    """
    held = connection.execute(sa.select(owners.c.bytes).where(owners.c.owner == owner)).scalar()
    if (held or 0) + more_bytes > limits.owner_bytes:
        message = (
            f"{more_bytes} bytes more would exceed your {limits.owner_bytes}: delete jobs that are done with"
        )
        raise RefusedError(Reason.QUOTA_EXCEEDED, message, quota="owner_bytes")


def check_disk(folder: Path, more_bytes: int, high_water: float) -> None:
    """Refuse what would fill the disk of a folder past the high-water mark.

    Parameters
    ----------
    folder : Path
        On the disk.
    more_bytes : int
        To be written; 0 asks whether the mark is passed already.
    high_water : float
        Share of the disk.

    Raises
    ------
    RefusedError
        DISK_FULL.
    """
    disk = os.statvfs(folder)
    room = disk.f_bavail * disk.f_frsize
    size = (disk.f_blocks - disk.f_bfree) * disk.f_frsize + room
    if room - more_bytes < (1.0 - high_water) * size:
        message = "the server's disk is full; try again when results have expired"
        raise RefusedError(Reason.DISK_FULL, message)

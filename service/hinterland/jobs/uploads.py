"""Uploads: files on their way in. Their rows are here; `hinterland.jobs.upload_writing` adds the bytes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.content import add_file, content_path, find_file, is_sha256
from hinterland.jobs.database import now_s
from hinterland.jobs.identifiers import identifier, is_identifier
from hinterland.jobs.quotas import Limits, check_bytes, check_disk
from hinterland.jobs.schema import uploads
from hinterland.jobs.upload_files import is_busy, upload_path
from hinterland.reasons import Reason, RefusedError
from hinterland.settings import Settings


class UploadState(StrEnum):
    """Where an upload stands."""

    OPEN = "OPEN"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way, as it is kept."""

    id: str
    owner: str
    size_bytes: int
    """Of the whole file."""
    sha256: str
    """Of the whole file."""
    committed_bytes: int
    """From the start, on the disk."""
    state: UploadState
    expires_s: float
    """When an unfinished upload is deleted, seconds since 1970 by the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What is taken in; as `Settings` has it."""

    file_bytes: int
    """Of one file."""
    disk_high_water: float
    """Share of the disk past which nothing is taken in."""
    retention_s: float
    """How long an upload that nobody writes is kept."""
    owner: Limits
    """Of an owner's files and results."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a server."""
        return cls(
            file_bytes=settings.file_bytes,
            disk_high_water=settings.disk_high_water,
            retention_s=settings.upload_retention_s,
            owner=Limits.of(settings),
        )


def create_upload(
    connection: Connection,
    folder: Path,
    *,
    owner: str,
    size_bytes: int,
    sha256: str,
    limits: UploadLimits,
) -> Upload:
    """Begin an upload, or find one: of a content that the owner has, or of the same that was cut off.

    Parameters
    ----------
    connection : Connection
        That writes.
    folder : Path
        Of the server's data.
    owner : str
        Whose it will be.
    size_bytes, sha256 : int, str
        Of the whole file.
    limits : UploadLimits
        Of the server.

    Raises
    ------
    RefusedError
        FIELD_INVALID, QUOTA_EXCEEDED or DISK_FULL.
    """
    _check_fields(size_bytes, sha256, limits)
    now = now_s(connection)
    known = _known(connection, folder, owner, sha256, size_bytes)
    same = connection.execute(
        sa.select(uploads).where(
            uploads.c.owner == owner, uploads.c.sha256 == sha256, uploads.c.size_bytes == size_bytes
        )
    ).all()
    state = UploadState.FINISHED if known else UploadState.OPEN
    for row in same:
        if row.state == state and row.expires_s > now and (known or not is_busy(folder, row.id)):
            return _upload(row)
    if not known:
        promised, missing = _open_bytes(connection, owner)
        check_bytes(connection, owner, promised + size_bytes, limits.owner)
        check_disk(folder, missing + size_bytes, limits.disk_high_water)
    upload = Upload(
        id=identifier(int(now * 1000), secrets.randbits(80)),
        owner=owner,
        size_bytes=size_bytes,
        sha256=sha256,
        committed_bytes=size_bytes if known else 0,
        state=state,
        expires_s=now + limits.retention_s,
    )
    connection.execute(
        uploads.insert().values(
            id=upload.id,
            owner=owner,
            size_bytes=size_bytes,
            sha256=sha256,
            committed_bytes=upload.committed_bytes,
            state=state.value,
            expires_s=upload.expires_s,
        )
    )
    return upload


def get_upload(connection: Connection, owner: str, upload_id: str) -> Upload:
    """An upload of an owner.

    Raises
    ------
    RefusedError
        NOT_YOURS where the owner has none of this id; UPLOAD_EXPIRED.
    """
    found = None
    if is_identifier(upload_id):
        found = connection.execute(
            sa.select(uploads).where(uploads.c.id == upload_id, uploads.c.owner == owner)
        ).one_or_none()
    if found is None:
        message = "this upload is not yours, or there is none of that name"
        raise RefusedError(Reason.NOT_YOURS, message)
    if found.expires_s <= now_s(connection):
        message = "the upload has expired; create it again"
        raise RefusedError(Reason.UPLOAD_EXPIRED, message)
    return _upload(found)


def sweep_uploads(connection: Connection, folder: Path, most: int = 1000) -> int:
    """Remove uploads that have expired; how many."""
    rows = connection.execute(
        sa.select(uploads)
        .where(uploads.c.expires_s <= now_s(connection))
        .order_by(uploads.c.expires_s)
        .limit(most)
    ).all()
    gone = [row for row in rows if not is_busy(folder, row.id)]
    for row in gone:
        connection.execute(uploads.delete().where(uploads.c.id == row.id))
        upload_path(folder, row.id).unlink(missing_ok=True)
    return len(gone)


def _check_fields(size_bytes: int, sha256: str, limits: UploadLimits) -> None:
    if not is_sha256(sha256):
        message = "sha256: give 64 lower-case hexadecimal digits"
        raise RefusedError(Reason.FIELD_INVALID, message, field="upload.sha256")
    if not 1 <= size_bytes <= limits.file_bytes:
        message = f"size_bytes: {size_bytes} is not between 1 and {limits.file_bytes}"
        raise RefusedError(Reason.FIELD_INVALID, message, field="upload.size_bytes")


def _known(connection: Connection, folder: Path, owner: str, sha256: str, size_bytes: int) -> bool:
    """True if the owner has the content; its use is then noted."""
    found = find_file(connection, owner, sha256)
    if found is None or not content_path(folder, owner, sha256).exists():
        return False
    if found.size_bytes != size_bytes:
        message = f"size_bytes: the file of this sha256 has {found.size_bytes} bytes, not {size_bytes}"
        raise RefusedError(Reason.FIELD_INVALID, message, field="upload.size_bytes")
    add_file(connection, owner, sha256, size_bytes)
    return True


def _open_bytes(connection: Connection, owner: str) -> tuple[int, int]:
    """What the owner's open uploads will be, and what all open uploads have yet to write."""
    is_open = uploads.c.state == UploadState.OPEN.value
    promised = connection.execute(
        sa.select(sa.func.sum(uploads.c.size_bytes)).where(is_open, uploads.c.owner == owner)
    ).scalar()
    missing = connection.execute(
        sa.select(sa.func.sum(uploads.c.size_bytes - uploads.c.committed_bytes)).where(is_open)
    ).scalar()
    return int(promised or 0), int(missing or 0)


def _upload(row: sa.Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        owner=row.owner,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        committed_bytes=row.committed_bytes,
        state=UploadState(row.state),
        expires_s=row.expires_s,
    )

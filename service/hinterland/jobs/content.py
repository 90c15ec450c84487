"""Files of owners, kept once for each content under names that no user has chosen."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs import failpoints
from hinterland.jobs.database import now_s
from hinterland.jobs.quotas import count_bytes
from hinterland.jobs.schema import files, job_inputs
from hinterland.jobs.specs import InputFile
from hinterland.reasons import Reason, RefusedError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILENAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,127}")
_OWNER_DIGITS = 32
_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is kept for its owner."""

    owner: str
    sha256: str
    size_bytes: int
    used_s: float
    """When it was last taken in or named by a job, seconds since 1970 by the database's clock."""


def is_sha256(text: str) -> bool:
    """True if it is written as a SHA-256 is: 64 lower-case hexadecimal digits."""
    return _SHA256.fullmatch(text) is not None


def is_filename(text: str) -> bool:
    """True if it is the plain name of a file, of which no path can be made."""
    return _FILENAME.fullmatch(text) is not None


def owner_folder(folder: Path, owner: str) -> Path:
    """Folder of an owner's files, named by a digest: an owner's name is the user's and may be any text."""
    return folder / "files" / hashlib.sha256(owner.encode()).hexdigest()[:_OWNER_DIGITS]


def content_path(folder: Path, owner: str, sha256: str) -> Path:
    """Where a content is kept.

    Raises
    ------
    RefusedError
        FIELD_INVALID if the digest is none: it would be part of a path.
    """
    if not is_sha256(sha256):
        message = "sha256: give 64 lower-case hexadecimal digits"
        raise RefusedError(Reason.FIELD_INVALID, message, field="sha256")
    return owner_folder(folder, owner) / sha256[:2] / sha256


def find_file(connection: Connection, owner: str, sha256: str) -> File | None:
    """The file of this content that an owner has; None without one."""
    row = connection.execute(
        sa.select(files).where(files.c.owner == owner, files.c.sha256 == sha256)
    ).one_or_none()
    if row is None:
        return None
    return File(owner=row.owner, sha256=row.sha256, size_bytes=row.size_bytes, used_s=row.used_s)


def add_file(connection: Connection, owner: str, sha256: str, size_bytes: int) -> File:
    """Enter a content that lies in its place; once more changes only when it was used."""
    now = now_s(connection)
    if find_file(connection, owner, sha256) is None:
        connection.execute(
            files.insert().values(owner=owner, sha256=sha256, size_bytes=size_bytes, used_s=now)
        )
        count_bytes(connection, owner, size_bytes)
    else:
        connection.execute(
            files.update().where(files.c.owner == owner, files.c.sha256 == sha256).values(used_s=now)
        )
    return File(owner=owner, sha256=sha256, size_bytes=size_bytes, used_s=now)


def sweep_files(connection: Connection, folder: Path, retention_s: float, most: int = 1000) -> int:
    """Remove files that no job has named for some time; how many.

    A content and its row go in one transaction, so that an upload of the same content, which enters its row in
    another, sees both or neither.
    """
    is_used = sa.exists().where(job_inputs.c.owner == files.c.owner, job_inputs.c.sha256 == files.c.sha256)
    rows = connection.execute(
        sa.select(files)
        .where(files.c.used_s < now_s(connection) - retention_s, ~is_used)
        .order_by(files.c.used_s)
        .limit(most)
    ).all()
    for row in rows:
        connection.execute(files.delete().where(files.c.owner == row.owner, files.c.sha256 == row.sha256))
        count_bytes(connection, row.owner, -row.size_bytes)
        path = content_path(folder, row.owner, row.sha256)
        path.unlink(missing_ok=True)  # attempts that have it linked keep it until they end
        with suppress(OSError):  # others are in it
            path.parent.rmdir()
    return len(rows)


def keep_content(folder: Path, owner: str, sha256: str, finished: Path | None) -> Path:
    """Move a file that was checked to its place, for good: it is there after a power cut.

    Parameters
    ----------
    folder : Path
        Of the server's data.
    owner, sha256 : str
        Whose, and the content's digest.
    finished : Path or None
        The file, on the same disk, synced; None if an earlier call moved it.
    """
    place = content_path(folder, owner, sha256)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if finished is not None:
        finished.chmod(_READ_ONLY)
        failpoints.reach("content.rename")
        finished.replace(place)
    for parent in (place.parent, place.parent.parent, place.parent.parent.parent):
        failpoints.reach("content.fsync")
        sync_folder(parent)
    return place


def place_inputs(folder: Path, owner: str, given: Sequence[InputFile], inputs: Path) -> tuple[Path, ...]:
    """Lay a job's files out for an attempt, read-only, each in a folder of its own: inputs/N/FILENAME.

    Parameters
    ----------
    folder : Path
        Of the server's data.
    owner : str
        Of the job.
    given : sequence of InputFile
        The files, in the order of `hinterland.jobs.specs.input_files`.
    inputs : Path
        Folder to make; links on the same disk, copies otherwise.

    Returns
    -------
    tuple of Path
        Of each file.

    Raises
    ------
    RefusedError
        FILE_NOT_FOUND where a content is gone; FIELD_INVALID where a name is none.
    """
    placed = []
    for number, file in enumerate(given):
        if not is_filename(file.filename):
            message = "filename: give at most 128 letters, digits and ._+- that do not start with a dot"
            raise RefusedError(Reason.FIELD_INVALID, message, field="filename")
        source = content_path(folder, owner, file.sha256)
        place = inputs / str(number) / file.filename
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            _link(source, place)
        except FileNotFoundError:
            message = f"{file.filename}: its content has expired; upload it again"
            raise RefusedError(Reason.FILE_NOT_FOUND, message, file=f"files/{file.sha256}") from None
        placed.append(place)
    return tuple(placed)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(source: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    try:
        place.hardlink_to(source)
    except OSError:  # another disk, or too many links; a content that is gone fails again below
        shutil.copyfile(source, place)
        place.chmod(_READ_ONLY)

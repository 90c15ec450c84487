"""A result appears whole or not at all: hashed, synced, renamed, and only then told by the job's row."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from hinterland.jobs import failpoints
from hinterland.jobs.content import sync_folder
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.leases import Succeeded
from hinterland.jobs.model import ResultFile

_MOST_FILES = 250_000
"""Their manifest fits into a message of 64 MiB."""
_BLOCK_BYTES = 64 << 20


def nothing() -> None:
    """Do nothing at a tick."""


class UnfitResultError(ValueError):
    """What a child made is not what is published: links, devices, hidden names."""


def result_folder(job_id: str, fence: int) -> str:
    """Name of the folder of what one attempt made: no other attempt has it."""
    return f"{job_id}.{fence}"


def publish(
    folders: DataFolders, job_id: str, fence: int, made: Path, tick: Callable[[], None] = nothing
) -> Succeeded:
    """Move what an attempt made to where readers find it once the row says so.

    Parameters
    ----------
    folders : DataFolders
        Of the server.
    job_id, fence
        Of the attempt.
    made : Path
        Folder of what was made, on the same file system.
    tick : callable
        Called every now and then until the result is in its place; what it raises goes on.

    Returns
    -------
    Succeeded
        The outcome to be written to the row.

    Raises
    ------
    UnfitResultError
        If something there is no plain file or folder.
    OSError
        If the disk does not do its part; nothing is left in the results then.
    """
    files = tuple(_hashed(made, path, tick) for path in _walk(made))
    for place, _, _ in os.walk(made):
        failpoints.reach("publish.fsync_folder")
        sync_folder(Path(place))
    name = result_folder(job_id, fence)
    try:
        failpoints.reach("publish.rename")
        made.rename(folders.results / name)
        failpoints.reach("publish.fsync_results")
        sync_folder(folders.results)
    except BaseException:
        withdraw(folders, job_id, fence)
        raise
    return Succeeded(folder=name, files=files)


def withdraw(folders: DataFolders, job_id: str, fence: int) -> None:
    """Remove what was moved to the results and no row will name."""
    shutil.rmtree(folders.results / result_folder(job_id, fence), ignore_errors=True)


def _walk(made: Path) -> list[Path]:
    """All files below a folder, in order of path."""
    found: list[Path] = []
    for place, folders, names in os.walk(made):
        for name in (*folders, *names):
            path = Path(place) / name
            mode = path.lstat().st_mode
            is_plain = stat.S_ISDIR(mode) if name in folders else stat.S_ISREG(mode)
            if not is_plain or name.startswith(".") or not name.isprintable():
                raise UnfitResultError(f"{path.name!r} is no file that is published")
            if name not in folders:
                found.append(path)
    if not found or len(found) > _MOST_FILES:
        raise UnfitResultError(f"{len(found)} files are no result")
    return sorted(found)


def _hashed(made: Path, path: Path, tick: Callable[[], None]) -> ResultFile:
    """Digest of a file, which is on the disk when this returns."""
    failpoints.reach("publish.open")
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            os.fdatasync(file.fileno())  # a lease would not outlast the whole of a large file
            tick()
        failpoints.reach("publish.fsync")
        os.fsync(file.fileno())
        size_bytes = os.fstat(file.fileno()).st_size
    return ResultFile(
        path=path.relative_to(made).as_posix(), size_bytes=size_bytes, sha256=digest.hexdigest()
    )

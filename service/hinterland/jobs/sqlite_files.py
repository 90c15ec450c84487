"""What is asked of an SQLite file before it is trusted."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from hinterland.errors import HinterlandError, InputError

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = ("nfs", "cifs", "smb", "9p", "ceph", "lustre", "glusterfs", "fuse.")


class DatabaseDamagedError(HinterlandError):
    """The database cannot be read: it is left as it is."""


def check_sqlite(path: Path) -> None:
    """Refuse a database on a network file system, and one that is damaged.

    Raises
    ------
    InputError
        If the folder does not exist, or other machines may have it: SQLite's locks do not hold there.
    DatabaseDamagedError
        If the file is damaged. A dated copy of it was made beside it.
    """
    if not path.parent.is_dir():
        message = f"{path.parent}: no such folder; make it first, on a local disk"
        raise InputError(message)
    kind = file_system(path.parent)
    if kind.startswith(_NETWORK):
        message = (
            f"{path.parent} is on a network file system ({kind}), where SQLite loses data: give a folder "
        )
        message += "on a local disk, or --database postgresql://..."
        raise InputError(message)
    if not path.exists():
        return
    found = _damage(path)
    if found is not None:
        copy = _keep_copy(path)
        message = (
            f"{path} is damaged ({found}); a copy is kept as {copy.name}. Put a backup in its place, or recover "
            f"it: sqlite3 {copy.name} .recover | sqlite3 {path.name}"
        )
        raise DatabaseDamagedError(message)


def file_system(folder: Path) -> str:
    """Kind of the file system of a folder, as the kernel names it; "" where it does not say."""
    place = str(folder.resolve())
    best, kind = "", ""
    if not _MOUNTS.is_file():
        return kind
    for line in _MOUNTS.read_text(errors="replace").splitlines():
        _, mount, found, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        is_above = place == mount or place.startswith(mount.rstrip("/") + "/")
        if is_above and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def _damage(path: Path) -> str | None:
    """What is wrong with the file; None if it is sound, or busy, and so in use by a server that found it sound."""
    try:
        connection = sqlite3.connect(path, timeout=5.0)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        return None if "locked" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else " ".join(str(found).split())


def _keep_copy(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy2(source, copy.with_name(copy.name + suffix))
    return copy

"""The file that an upload grows in, and the lock on it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hinterland.jobs.content import sync_folder
from hinterland.reasons import Reason, RefusedError


def upload_path(folder: Path, upload_id: str) -> Path:
    """Where it is; the id must be one."""
    return folder / "uploads" / upload_id


def lock_upload(folder: Path, upload_id: str) -> int:
    """Open the file of an upload, made if need be; the descriptor holds the lock until it is closed.

    Raises
    ------
    RefusedError
        UPLOAD_BUSY.
    """
    path = upload_path(folder, upload_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_named(descriptor, path):
                if is_new:
                    sync_folder(path.parent)
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            message = "another stream writes this upload; end it or wait"
            raise RefusedError(Reason.UPLOAD_BUSY, message) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_named(descriptor: int, path: Path) -> bool:
    """False if whoever held the lock while this waited for it has moved or removed the file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def is_busy(folder: Path, upload_id: str) -> bool:
    """True if somebody writes it."""
    try:
        descriptor = os.open(upload_path(folder, upload_id), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

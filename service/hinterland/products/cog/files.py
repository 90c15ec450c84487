"""Files of byte strings that are written and read from several threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path


def write_at(handle: int, parts: Sequence[bytes | memoryview], offset: int) -> None:
    """Write parts one after another to a place of an open file; a full disk is an OSError."""
    written = os.pwritev(handle, parts, offset)
    rest = memoryview(b"".join(parts))[written:] if written < _size(parts) else memoryview(b"")
    while rest:  # a file system may take less than it is given
        written = os.pwrite(handle, rest, offset := offset + written)
        rest = rest[written:]


def _size(parts: Sequence[bytes | memoryview]) -> int:
    return sum(map(len, parts))


def read_at(handle: int, size: int, offset: int) -> bytes:
    """Read all of it from a place of an open file.

    Raises
    ------
    OSError
        If the file ends before.
    """
    parts = []
    while size:
        part = os.pread(handle, size, offset)
        if not part:
            message = f"it ends at byte {offset}, {size} too early"
            raise OSError(message)
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Heap:
    """Byte strings in a file. What is freed makes room for others of its size.

    Parameters
    ----------
    path : Path
        The file, which is made.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        self._lock = threading.Lock()
        self._end = 0
        self._holes: dict[int, list[int]] = {}

    def put(self, *parts: bytes | memoryview) -> int:
        """Keep parts as one string; returns its offset."""
        size = _size(parts)
        with self._lock:
            holes = self._holes.get(size)
            if holes:
                offset = holes.pop()
            else:
                offset, self._end = self._end, self._end + size
        write_at(self._handle, parts, offset)
        return offset

    def put_at(self, offset: int, *parts: bytes | memoryview) -> None:
        """Write parts to a place of the caller's choice; not in a file that `put` is used on."""
        write_at(self._handle, parts, offset)

    def get(self, size: int, offset: int) -> bytes:
        """Read a string."""
        return read_at(self._handle, size, offset)

    def free(self, size: int, offset: int) -> None:
        """Forget a string."""
        with self._lock:
            self._holes.setdefault(size, []).append(offset)

    def close(self) -> None:
        """Close the file, which stays."""
        os.close(self._handle)

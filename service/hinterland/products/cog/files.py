"""Files of byte strings that are written and read from several threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

Part = bytes | memoryview


def write_at(handle: int, parts: Sequence[Part], offset: int) -> None:
    """Write parts one after another to a place of an open file; a full disk is an OSError."""
    written = os.pwritev(handle, parts, offset)
    rest = memoryview(b"".join(parts))[written:] if written < _size(parts) else memoryview(b"")
    while rest:  # a file system may take less than it is given
        written = os.pwrite(handle, rest, offset := offset + written)
        rest = rest[written:]


def _size(parts: Sequence[Part]) -> int:
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


def start_writeback(handle: int, size: int, offset: int) -> None:
    """Let the disk begin with a part of a file, so that less is left when the whole of it is waited for."""
    if hasattr(os, "posix_fadvise"):  # Linux writes what it is told not to keep
        os.posix_fadvise(handle, offset, size, os.POSIX_FADV_DONTNEED)


class Heap:
    """Byte strings that wait: as many as may in memory, the others in a file. Freed room is used again.

    Parameters
    ----------
    path : Path
        The file, which is made.
    memory_bytes : int
        Of the strings in memory, at most.
    """

    def __init__(self, path: Path, memory_bytes: int = 0) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        self._lock = threading.Lock()
        self._end = 0
        self._holes: dict[int, list[int]] = {}
        self._memory_left = memory_bytes
        self._in_memory: dict[int, tuple[Part, ...]] = {}
        self._next = -1

    def put(self, *parts: Part) -> int:
        """Keep parts as one string; they do not change any more.

        Returns
        -------
        int
            Its place: an offset in the file, or a negative number.
        """
        size = _size(parts)
        with self._lock:
            if size <= self._memory_left:
                self._memory_left -= size
                place, self._next = self._next, self._next - 1
                self._in_memory[place] = parts
                return place
            if holes := self._holes.get(size):
                place = holes.pop()
            else:
                place, self._end = self._end, self._end + size
        write_at(self._handle, parts, place)
        return place

    def put_at(self, offset: int, *parts: Part) -> None:
        """Write parts to a place of the caller's choice, where they stay; not in a file that `put` is used on."""
        write_at(self._handle, parts, offset)
        start_writeback(self._handle, _size(parts), offset)

    def get(self, size: int, place: int) -> tuple[Part, ...]:
        """Read a string, in one part or more."""
        return self._in_memory[place] if place < 0 else (read_at(self._handle, size, place),)

    def free(self, size: int, place: int) -> None:
        """Forget a string."""
        with self._lock:
            if place < 0:
                del self._in_memory[place]
                self._memory_left += size
            else:
                self._holes.setdefault(size, []).append(place)

    def close(self) -> None:
        """Close the file, which stays."""
        os.close(self._handle)
        self._in_memory.clear()

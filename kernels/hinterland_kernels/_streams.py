"""Streams of a GPU: one for each thread that gives it work, with pinned memory for its copies.

Work of one stream runs in order, work of several at the same time. So copies of one tile run beside the loops of
another, while other threads decode and encode.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

STAGING_BYTES = 8 << 20
"""Pinned memory of a stream: little beside a tile on the host, much beside what it costs to wait for a copy."""
_ALIGNED_BYTES = 512


class Stream:
    """A stream whose copies go through pinned memory of its own, piece by piece if they are larger.

    CuPy's `asarray` stages too, but its pool of pinned memory keeps a block of every size it ever saw.

    Parameters
    ----------
    xp : module
        CuPy.
    """

    def __init__(self, xp: Any) -> None:  # noqa: ANN401 - CuPy is not there to be named
        self._xp = xp
        self.queue = xp.cuda.Stream(non_blocking=True)
        """CuPy's stream. It does not wait for the default stream, on which nothing is queued."""
        self._staging = _pinned(xp, STAGING_BYTES)
        self._used = 0

    def upload(self, array: NDArray[Any]) -> Any:  # noqa: ANN401 - an array of CuPy
        """Queue a copy to the GPU; the array may be changed at once."""
        out = self._xp.empty(array.shape, dtype=array.dtype.newbyteorder("="))
        source = np.ascontiguousarray(array, dtype=out.dtype).reshape(-1).view(np.uint8)
        target = out.reshape(-1).view(np.uint8) if source.size else out
        for piece in _pieces(source.size):
            part = self._room(piece.stop - piece.start)
            part[:] = source[piece]
            target[piece].set(part, stream=self.queue)
        return out

    def download(self, array: Any) -> NDArray[Any]:  # noqa: ANN401
        """Copy to the host all that the queue leaves in an array."""
        out: NDArray[Any] = np.empty(array.shape, dtype=array.dtype)
        target = out.reshape(-1).view(np.uint8)
        source = self._xp.ascontiguousarray(array).reshape(-1).view(np.uint8) if target.size else array
        for piece in _pieces(target.size):
            part = self._room(piece.stop - piece.start)
            source[piece].get(stream=self.queue, out=part)
            target[piece] = part
            self._used = 0  # it waited for the queue
        return out

    def synchronize(self) -> None:
        """Wait until all that was queued is done."""
        self.queue.synchronize()
        self._used = 0

    def _room(self, size: int) -> NDArray[np.uint8]:
        """Pinned memory that no copy uses any more."""
        if self._used + size > len(self._staging):
            self.synchronize()
        first = self._used
        self._used += -(-size // _ALIGNED_BYTES) * _ALIGNED_BYTES
        return self._staging[first : first + size]


class Streams:
    """Streams that threads take and give back; as many as there were threads at a time.

    CuPy keeps freed memory for the stream that it was allocated on, so streams are not made anew.

    Parameters
    ----------
    xp : module
        CuPy.
    """

    def __init__(self, xp: Any) -> None:  # noqa: ANN401
        self._xp = xp
        self._idle: LifoQueue[Stream] = LifoQueue()
        self._of_thread = threading.local()

    @property
    def current(self) -> Stream | None:
        """The stream that this thread has taken."""
        return getattr(self._of_thread, "stream", None)

    @contextmanager
    def own(self) -> Iterator[None]:
        """Queue what this thread does on a stream of its own, and wait for all of it at the end."""
        if self.current is not None:
            try:
                yield
            finally:
                self.current.synchronize()
            return
        try:
            stream = self._idle.get_nowait()
        except Empty:
            stream = Stream(self._xp)
        self._of_thread.stream = stream
        try:
            with stream.queue:
                try:
                    yield
                finally:
                    # after a failure too: loops still read what will be freed, and what is freed of this stream
                    # is given to whoever takes it next
                    stream.synchronize()
        finally:
            self._of_thread.stream = None
            self._idle.put(stream)


def _pieces(size: int) -> list[slice]:
    return [slice(first, min(first + STAGING_BYTES, size)) for first in range(0, size, STAGING_BYTES)]


def _pinned(xp: Any, size: int) -> NDArray[np.uint8]:  # noqa: ANN401
    """Memory of the host that copies run from and to by themselves; where there is none, plain memory, slower."""
    try:
        return np.frombuffer(xp.cuda.alloc_pinned_memory(size), np.uint8, size)
    except xp.cuda.runtime.CUDARuntimeError:
        return np.empty(size, np.uint8)

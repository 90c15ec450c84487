"""The streams and memory of a stand-in for a GPU: what was queued where, and who may rely on it.

Everything is done at once, but nothing counts as done before somebody waits for the stream it was queued on.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OrderError(AssertionError):
    """A GPU could have done this in another order."""


class Device:
    """What all arrays and streams of one stand-in share."""

    def __init__(self, fails: range = range(0)) -> None:
        self.default = DeviceStream(self)
        """On which CuPy queues what is not told another; other streams do not wait for it."""
        self.streams: list[DeviceStream] = []
        """All others."""
        self.faults: list[str] = []
        """What was found where nothing can be raised."""
        self.allocations = 0
        self._fails = fails
        self._counter = itertools.count(1)
        self._of_thread = threading.local()

    @property
    def entered(self) -> list[DeviceStream]:
        """The streams that this thread is inside of."""
        if not hasattr(self._of_thread, "entered"):
            self._of_thread.entered = []
        found: list[DeviceStream] = self._of_thread.entered
        return found

    @property
    def current(self) -> DeviceStream:
        """Where this thread's work is queued."""
        return self.entered[-1] if self.entered else self.default

    def stream(self, *, non_blocking: bool) -> DeviceStream:
        """A new one."""
        assert non_blocking, "it would wait for the default stream"
        self.streams.append(DeviceStream(self))
        return self.streams[-1]

    def synchronize(self) -> None:
        """Wait for all streams."""
        for stream in (self.default, *self.streams):
            stream.synchronize()

    def allocate(self) -> None:
        """Count an allocation; those to be short of memory fail."""
        self.allocations = next(self._counter)
        if self.allocations in self._fails:
            message = "Out of memory allocating 1,073,741,824 bytes"
            raise MemoryError(message)


class DeviceStream:
    """A queue of work, numbered from 1."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.queued = 0
        self.done = 0
        """The last work that somebody waited for."""
        self._copies: list[tuple[NDArray[Any], NDArray[Any]]] = []

    def __enter__(self) -> DeviceStream:
        self._device.entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._device.entered.pop() is self

    def queue(self) -> int:
        """Add one work; returns its number."""
        self.queued += 1
        return self.queued

    def copy_from(self, host: NDArray[Any]) -> None:
        """Add a copy that reads memory of the host some time later."""
        self._copies.append((host, host.copy()))

    def sees(self, other: DeviceStream, number: int) -> bool:
        """Whether work of another stream is done before what is queued here next."""
        return other is self or number <= other.done

    def synchronize(self) -> None:
        """Wait for all that was queued."""
        for host, meant in self._copies:
            if not np.array_equal(host, meant):
                message = "memory of the host was changed before it was copied"
                raise OrderError(message)
        self._copies.clear()
        self.done = self.queued


class Memory:
    """Where an array and its views lie. When it is freed, the stream that it was allocated on may use it again."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._home = self._writer = device.current
        self._readers: dict[DeviceStream, int] = {}
        self._written = 0
        device.allocate()
        self._written = self._home.queue()

    def read(self, stream: DeviceStream) -> None:
        """Queue work that reads it."""
        if not stream.sees(self._writer, self._written):
            message = "an array of one stream was used on another before it was done"
            raise OrderError(message)
        self._readers[stream] = stream.queue()

    def write(self, stream: DeviceStream) -> None:
        """Queue work that changes it."""
        self.read(stream)
        if not all(stream.sees(reader, number) for reader, number in self._readers.items()):
            message = "an array was changed while another stream may still read it"
            raise OrderError(message)
        self._writer, self._written = stream, stream.queue()
        self._readers.clear()

    def __del__(self) -> None:
        uses = {**self._readers, self._writer: self._written}
        if any(stream is not self._home and number > stream.done for stream, number in uses.items()):
            self.device.faults.append("memory was freed that another stream may still use")

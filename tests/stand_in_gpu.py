"""A stand-in for a GPU and CuPy, which shows where arrays of host and device, or streams, are mixed up.

Its arrays hide what they hold as CuPy's do: no function of NumPy takes them, and only `get`, which waits for the
queue, brings them to the host. Its kernels are the CPU's twins of those of CUDA, and take no array of the host.
An array of one stream may be used on another only after somebody has waited for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from stand_in_streams import Device, DeviceStream, Memory

from hinterland_kernels._streams import Streams
from hinterland_kernels.backend import CUDA_NAME, Backend, DeviceLoop

_FUNCTIONS = {
    "ascontiguousarray",
    "clip",
    "copyto",
    "empty",
    "empty_like",
    "rint",
    "stack",
    "zeros",
    "zeros_like",
}
_ATTRIBUTES = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
_METHODS = {"all", "any", "astype", "copy", "max", "min", "reshape", "sum", "view"}


class DeviceArray(NDArrayOperatorsMixin):
    """An array of the stand-in; it shares its memory with the one that it is a view of."""

    __array_priority__ = 100

    def __init__(self, held: Any, device: Device, *of: Any) -> None:
        self._held = np.asarray(held)
        viewed = (one for one in of if isinstance(one, DeviceArray))
        shared = [one for one in viewed if np.may_share_memory(one._held, self._held)]
        self._memory = shared[0]._memory if shared else Memory(device)

    def __getattr__(self, name: str) -> Any:
        if name in _ATTRIBUTES:
            return getattr(self._held, name)
        if name in _METHODS:
            return lambda *arguments, **options: DeviceArray(
                getattr(_read(self), name)(*map(_read, arguments), **options), self._memory.device, self
            )
        raise AttributeError(name)

    def __array__(self, *_: Any, **__: Any) -> Any:
        message = "Implicit conversion to a NumPy array is not allowed"
        raise TypeError(message)

    def __array_function__(self, function: Any, *_: Any) -> Any:
        message = f"{function.__name__} of NumPy was given an array of the device"
        raise TypeError(message)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.get("out", ())
        if out:
            options["out"] = tuple(map(_written, out))
        found = getattr(ufunc, method)(*map(_read, inputs), **options)
        return DeviceArray(found, self._memory.device, *out)

    def __getitem__(self, key: Any) -> DeviceArray:
        return DeviceArray(_read(self)[_read(key)], self._memory.device, self)

    def __setitem__(self, key: Any, value: Any) -> None:
        _written(self)[_read(key)] = _read(value)

    def __len__(self) -> int:
        return len(self._held)

    def __bool__(self) -> bool:
        return bool(self.get())  # CuPy waits

    def __float__(self) -> float:
        return float(self.get())  # the same

    def get(self, stream: DeviceStream | None = None, out: Any = None) -> Any:
        """A copy on the host, of what the queue has left."""
        stream = stream or self._memory.device.current
        self._memory.read(stream)
        stream.synchronize()
        if out is None:
            return self._held.copy()
        assert (out.dtype, out.shape) == (self.dtype, self.shape)
        out[...] = self._held
        return out

    def set(self, array: Any, stream: DeviceStream | None = None) -> None:
        """Queue a copy from the host."""
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (self.dtype, self.shape)
        stream = stream or self._memory.device.current
        self._memory.write(stream)
        stream.copy_from(array)
        self._held[...] = array


class CudaError(Exception):
    """Stands for CuPy's `CUDARuntimeError`."""


class StandInCupy:
    """What the kernels and mosaics ask CuPy for.

    Parameters
    ----------
    fails : range
        Allocations, from 1, for which there is no memory.
    can_pin : bool
        Whether the host has memory to pin.
    """

    ndarray = DeviceArray

    def __init__(self, fails: range = range(0), *, can_pin: bool = True) -> None:
        self.launches: list[str] = []
        """Kernels in the order of the queue."""
        self.device = Device(fails)
        self._can_pin = can_pin
        self.cuda = SimpleNamespace(
            Stream=self.device.stream,
            alloc_pinned_memory=self._pinned,
            runtime=SimpleNamespace(CUDARuntimeError=CudaError, deviceSynchronize=self.device.synchronize),
        )

    def _pinned(self, size: int) -> bytearray:
        if not self._can_pin:
            raise CudaError
        return bytearray(size)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _FUNCTIONS:
            raise AttributeError(name)
        function = getattr(np, name)

        def call(*arguments: Any, **options: Any) -> DeviceArray | None:
            given = {key: _read(value) for key, value in options.items()}
            if name == "copyto":
                target, source = arguments
                function(_written(target), _read(source), **given)
                return None
            return DeviceArray(function(*map(_read, arguments), **given), self.device, *arguments)

        return call

    def asarray(self, array: Any, dtype: Any = None) -> DeviceArray:
        """Bring an array here; what is here stays."""
        if isinstance(array, DeviceArray):
            return array if dtype is None else array.astype(dtype)
        return DeviceArray(np.array(array, dtype=dtype), self.device)

    def launch(self, loop: DeviceLoop, *arguments: Any) -> None:
        """Run the CPU's twin of a kernel."""
        self.launches.append(loop.__name__)
        twins = importlib.import_module(loop.body.__module__.removesuffix("_cuda") + "_cpu")
        given = list(_arrays(arguments))
        before = [array._held.copy() for array in given]
        getattr(twins, loop.__name__)(*map(_read, arguments))
        for array, was in zip(given, before, strict=True):
            if array._held.tobytes() != was.tobytes():
                _written(array)


def stand_in(fails: range = range(0), *, can_pin: bool = True, memory_bytes: int | None = None) -> Backend:
    """The stand-in as a backend; its kernels run once `DeviceLoop.__call__` is the `launch` of its namespace."""
    cupy = StandInCupy(fails, can_pin=can_pin)
    return Backend(
        name=CUDA_NAME, xp=cupy, device="a stand-in", memory_bytes=memory_bytes, streams=Streams(cupy)
    )


def _arrays(value: Any) -> Iterator[DeviceArray]:
    """The arrays among arguments."""
    if isinstance(value, DeviceArray):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _arrays(one)


def _read(value: Any) -> Any:
    """What an argument holds, queued on its stream; arrays of the host are refused, single numbers are not."""
    if isinstance(value, DeviceArray):
        value._memory.read(value._memory.device.current)
        return value._held
    if isinstance(value, np.ndarray) and value.ndim:
        message = f"an array of the host of {value.shape} was given to the device"
        raise TypeError(message)
    if isinstance(value, list):
        return [_read(one) for one in value]
    if isinstance(value, tuple):
        parts = [_read(one) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def _written(array: Any) -> Any:
    """The same of what is changed."""
    held = _read(array)
    if isinstance(array, DeviceArray):
        array._memory.write(array._memory.device.current)
    return held

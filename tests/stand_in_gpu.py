"""A stand-in for a GPU and CuPy, which shows where arrays of host and device are mixed up.

Its arrays hide what they hold as CuPy's do: no function of NumPy takes them, and only `get`, which waits for the
queue, brings them to the host. Its kernels are the CPU's twins of those of CUDA, and take no array of the host.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from hinterland_kernels.backend import CUDA_NAME, Backend, DeviceLoop

_FUNCTIONS = {"ascontiguousarray", "copyto", "empty", "empty_like", "stack", "zeros", "zeros_like"}
_ATTRIBUTES = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
_METHODS = {"all", "any", "astype", "copy", "max", "min", "reshape", "sum"}


class DeviceArray(NDArrayOperatorsMixin):
    """An array of the stand-in."""

    __array_priority__ = 100

    def __init__(self, held: Any) -> None:
        self._held = np.asarray(held)

    def __getattr__(self, name: str) -> Any:
        if name in _ATTRIBUTES:
            return getattr(self._held, name)
        if name in _METHODS:
            return lambda *arguments, **options: DeviceArray(
                getattr(self._held, name)(*map(_device_only, arguments), **options)
            )
        raise AttributeError(name)

    def __array__(self, *_: Any, **__: Any) -> Any:
        message = "Implicit conversion to a NumPy array is not allowed"
        raise TypeError(message)

    def __array_function__(self, function: Any, *_: Any) -> Any:
        message = f"{function.__name__} of NumPy was given an array of the device"
        raise TypeError(message)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            options["out"] = tuple(map(_device_only, options["out"]))
        found = getattr(ufunc, method)(*map(_device_only, inputs), **options)
        return DeviceArray(found)

    def __getitem__(self, key: Any) -> DeviceArray:
        return DeviceArray(self._held[_device_only(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._held[_device_only(key)] = _device_only(value)

    def __len__(self) -> int:
        return len(self._held)

    def __bool__(self) -> bool:
        return bool(self._held)  # CuPy waits

    def __float__(self) -> float:
        return float(self._held)  # the same

    def get(self) -> Any:
        """A copy on the host, of what the queue has left."""
        return self._held.copy()


class StandInCupy:
    """What the kernels and mosaics ask CuPy for."""

    ndarray = DeviceArray

    def __init__(self) -> None:
        self.launches: list[str] = []
        """Kernels in the order of the queue."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _FUNCTIONS:
            raise AttributeError(name)
        function = getattr(np, name)

        def call(*arguments: Any, **options: Any) -> DeviceArray:
            given = {key: _device_only(value) for key, value in options.items()}
            return DeviceArray(function(*map(_device_only, arguments), **given))

        return call

    def asarray(self, array: Any, dtype: Any = None) -> DeviceArray:
        """Bring an array here; what is here stays."""
        if isinstance(array, DeviceArray):
            return array if dtype is None else array.astype(dtype)
        return DeviceArray(np.array(array, dtype=dtype))

    def launch(self, loop: DeviceLoop, *arguments: Any) -> None:
        """Run the CPU's twin of a kernel."""
        self.launches.append(loop.__name__)
        twins = importlib.import_module(loop.body.__module__.removesuffix("_cuda") + "_cpu")
        getattr(twins, loop.__name__)(*map(_device_only, arguments))


def stand_in() -> Backend:
    """The stand-in as a backend; its kernels run once `DeviceLoop.__call__` is the `launch` of its namespace."""
    return Backend(name=CUDA_NAME, xp=StandInCupy(), device="a stand-in")


def _device_only(value: Any) -> Any:
    """What an argument holds; arrays of the host are refused, single numbers are not."""
    if isinstance(value, DeviceArray):
        return value._held
    if isinstance(value, np.ndarray) and value.ndim:
        message = f"an array of the host of {value.shape} was given to the device"
        raise TypeError(message)
    if isinstance(value, list):
        return [_device_only(one) for one in value]
    if isinstance(value, tuple):
        parts = [_device_only(one) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value

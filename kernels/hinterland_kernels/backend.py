"""Which backends exist, the arrays they work on, and how a loop runs on a GPU.

CuPy and numba.cuda are imported only when CUDA is asked for.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hinterland_kernels._jit import load_numba

CPU_NAME = "cpu"
CUDA_NAME = "cuda"

BLOCK = (32, 8)
"""Threads of a block along samples and lines: a warp reads neighbours of one line."""


class BackendMissingError(RuntimeError):
    """The backend that was asked for cannot run here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where arrays live and loops run."""

    name: str
    """"cpu" or "cuda"."""
    xp: Any
    """The array namespace: NumPy, or CuPy (NumPy under Numba's CUDA simulator)."""
    device: str
    """What runs the loops, for reports."""

    def to_device(self, value: Any) -> Any:  # noqa: ANN401 - an array of either namespace, or a NamedTuple
        """Copy an array, or the arrays of a NamedTuple, to where the loops run; no copy of what is there."""
        if isinstance(value, tuple):
            return type(value)(*(self.to_device(one) if getattr(one, "ndim", 0) else one for one in value))
        return self.xp.asarray(value)

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401
        """Copy an array to host memory; no copy where it is there."""
        if hasattr(array, "get"):
            array = array.get()
        return np.asarray(array)


CPU = Backend(name=CPU_NAME, xp=np, device="cpu")


def compiled_folder() -> Path:
    """Where compiled loops are kept."""
    return Path(load_numba().config.CACHE_DIR)


def simulating() -> bool:
    """True if Numba's CUDA simulator stands in for a device."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


@functools.cache
def cuda() -> Backend:
    """The first NVIDIA GPU that this process sees.

    Raises
    ------
    BackendMissingError
        If CuPy or numba-cuda is not installed or does not import, or no GPU answers.
    """
    if simulating():
        return Backend(name=CUDA_NAME, xp=np, device="numba simulator")
    try:
        import cupy
        import numba.cuda
    except ImportError as error:
        message = (
            f"CUDA needs the package {error.name or 'cupy'}: "
            "pip install 'hinterland[gpu13]' (gpu12 for a CUDA 12 driver)"
        )
        raise BackendMissingError(message) from error
    except AttributeError as error:  # seen: numba-cuda 0.30.4 asks NumPy 2.5 for row_stack
        message = f"numba-cuda does not work with NumPy {np.__version__} ({error}): pip install 'numpy<2.5'"
        raise BackendMissingError(message) from error
    try:
        properties = cupy.cuda.runtime.getDeviceProperties(0)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        message = f"no NVIDIA GPU answers: {error}"
        raise BackendMissingError(message) from error
    # the upper levels of a pyramid are small by nature, and Numba warns of every small launch
    numba.cuda.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    return Backend(name=CUDA_NAME, xp=cupy, device=properties["name"].decode())


def choose(name: str) -> Backend:
    """Backend by name.

    Parameters
    ----------
    name : str
        "cpu", "cuda", or "auto": CUDA where it runs, else the CPU.

    Raises
    ------
    BackendMissingError
        If "cuda" was asked for and cannot run.
    ValueError
        If the name is none of the three.
    """
    if name == CPU_NAME:
        return CPU
    if name == CUDA_NAME:
        return cuda()
    if name != "auto":
        message = f"a backend is auto, cpu or cuda, got {name!r}"
        raise ValueError(message)
    try:
        return cuda()
    except BackendMissingError:
        return CPU


def blocks(lines: int, samples: int) -> tuple[int, int]:
    """Blocks of a launch along samples and lines: enough for a thread a pixel."""
    return -(-samples // BLOCK[0]), -(-lines // BLOCK[1])


class DeviceLoop:
    """A loop that runs on a GPU, called with the same arguments as its CPU twin.

    Its body is what one thread does at its (line, sample).
    """

    __name__: str

    def __init__(self, body: Callable[..., None], over: str) -> None:
        from numba import cuda as numba_cuda

        self.body = body
        self._kernel = numba_cuda.jit(body)
        self._over = list(inspect.signature(body).parameters).index(over)
        functools.update_wrapper(self, body)

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401 - device arrays and numbers
        """Queue the loop on CuPy's current stream."""
        lines, samples = arguments[self._over].shape[-2:]
        if lines == 0 or samples == 0:
            return
        if simulating():
            self._kernel[blocks(lines, samples), BLOCK](*arguments)
            return
        import cupy
        from numba import cuda as numba_cuda

        stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
        self._kernel[blocks(lines, samples), BLOCK, stream](*map(_argument, arguments))


def device_loop(over: str) -> Callable[[Callable[..., None]], DeviceLoop]:
    """Make a `DeviceLoop` with a thread for each (line, sample) of the argument named `over`, its last axes."""
    return functools.partial(DeviceLoop, over=over)


def _argument(value: Any) -> Any:  # noqa: ANN401
    """What Numba takes for an argument: CuPy's arrays without the wait that Numba adds to each of them.

    All of a job's work is queued on one stream, so the order of the queue is wait enough.
    """
    if isinstance(value, tuple):
        return type(value)(*map(_argument, value))
    if hasattr(value, "__cuda_array_interface__"):
        from numba import cuda as numba_cuda

        return numba_cuda.as_cuda_array(value, sync=False)
    return value

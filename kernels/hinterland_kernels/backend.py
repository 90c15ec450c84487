"""Which backends exist, the arrays they work on, and how a loop runs on a GPU.

CuPy and numba.cuda are imported only when CUDA is asked for.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hinterland_kernels._jit import load_numba
from hinterland_kernels._streams import Streams

CPU_NAME = "cpu"
CUDA_NAME = "cuda"

BLOCK = (32, 8)
"""Threads of a block along samples and lines: a warp reads neighbours of one line."""
_MEMORY_SHARE = 0.9
"""Of a GPU's free memory: compiled loops and the driver take some as well."""


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
    memory_bytes: int | None = None
    """Of a GPU: the most that this process takes; None on the CPU, whose memory is the caller's to share out."""
    streams: Streams | None = None
    """Of a GPU, for the threads that give it work."""

    def own_stream(self) -> AbstractContextManager[None]:
        """Queue what this thread asks of a GPU on a stream of its own, and wait for all of it at the end.

        So the work of several threads overlaps, and what was made inside may afterwards be used by any thread.
        On the CPU nothing is queued.
        """
        return nullcontext() if self.streams is None else self.streams.own()

    def to_device(self, value: Any) -> Any:  # noqa: ANN401 - an array of either namespace, or a NamedTuple
        """Copy an array, or the arrays of a NamedTuple, to where the loops run; no copy of what is there."""
        if isinstance(value, tuple):
            return type(value)(*(self.to_device(one) if getattr(one, "ndim", 0) else one for one in value))
        stream = None if self.streams is None else self.streams.current
        if stream is None or isinstance(value, self.xp.ndarray):
            return self.xp.asarray(value)
        return stream.upload(np.asarray(value))

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401
        """Copy an array to host memory; no copy where it is there."""
        if not hasattr(array, "get"):
            return np.asarray(array)
        stream = None if self.streams is None else self.streams.current
        return np.asarray(array.get()) if stream is None else stream.download(array)

    def at_once(self, workers: int, each_bytes: int, held_bytes: int = 0) -> int:
        """How many of some workers have room in the memory of a GPU; at least one, all of them on the CPU.

        Parameters
        ----------
        workers : int
            Threads that would give it work.
        each_bytes : int
            That the work of one takes.
        held_bytes : int
            That are taken all the while.
        """
        if self.memory_bytes is None:
            return workers
        return max(1, min(workers, (self.memory_bytes - held_bytes) // max(each_bytes, 1)))


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
        memory_bytes = _limit_memory(cupy)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        message = f"no NVIDIA GPU answers: {error}"
        raise BackendMissingError(message) from error
    # the upper levels of a pyramid are small by nature, and Numba warns of every small launch
    numba.cuda.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    return Backend(
        name=CUDA_NAME,
        xp=cupy,
        device=properties["name"].decode(),
        memory_bytes=memory_bytes,
        streams=Streams(cupy),
    )


def _limit_memory(cupy: ModuleType) -> int:
    """Hold CuPy to a share of the GPU's free memory, or to what CUPY_GPU_MEMORY_LIMIT says; returns bytes."""
    pool = cupy.get_default_memory_pool()
    if not pool.get_limit():
        free, _ = cupy.cuda.runtime.memGetInfo()
        pool.set_limit(size=int(_MEMORY_SHARE * free))
    return int(pool.get_limit())


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

    A thread's work is queued on one stream, so the order of the queue is wait enough.
    """
    if isinstance(value, tuple):
        return type(value)(*map(_argument, value))
    if hasattr(value, "__cuda_array_interface__"):
        from numba import cuda as numba_cuda

        return numba_cuda.as_cuda_array(value, sync=False)
    return value

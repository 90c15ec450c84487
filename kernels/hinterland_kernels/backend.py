"""Which backends exist, and the arrays they work on. CuPy is imported only when CUDA is asked for."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

CPU_NAME = "cpu"
CUDA_NAME = "cuda"


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

    def to_device(self, array: Any) -> Any:  # noqa: ANN401 - an array of either namespace
        """Copy an array to where the loops run; no copy where it is there."""
        return self.xp.asarray(array)

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401
        """Copy an array to host memory; no copy where it is there."""
        if hasattr(array, "get"):
            array = array.get()
        return np.asarray(array)


CPU = Backend(name=CPU_NAME, xp=np, device="cpu")


def simulating() -> bool:
    """True if Numba's CUDA simulator stands in for a device."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


@functools.cache
def cuda() -> Backend:
    """The first NVIDIA GPU that this process sees.

    Raises
    ------
    BackendMissingError
        If CuPy or numba-cuda is not installed, or no GPU answers.
    """
    if simulating():
        return Backend(name=CUDA_NAME, xp=np, device="numba simulator")
    try:
        import cupy
        import numba.cuda  # noqa: F401 - installed or not is the question
    except ImportError as error:
        message = f"CUDA needs the package {error.name}: pip install 'hinterland[gpu13]' (or gpu12 for a CUDA 12 driver)"
        raise BackendMissingError(message) from error
    try:
        properties = cupy.cuda.runtime.getDeviceProperties(0)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        message = f"no NVIDIA GPU answers: {error}"
        raise BackendMissingError(message) from error
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

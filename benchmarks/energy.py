"""Joules that the first NVIDIA GPU takes, as its driver counts them."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable

_LEAST_S = 1.0
"""The driver counts in steps of some milliseconds."""


@functools.cache
def _counter() -> Callable[[], float] | None:
    """Reads the joules that were taken since the driver was loaded; None where no driver tells."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    device, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
    if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)):
        return None

    def read() -> float:
        nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(millijoules))
        return millijoules.value / 1000.0

    return None if nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(millijoules)) else read


def joules_of(function: Callable[[], object]) -> float | None:
    """Joules of one call, over as many calls as take a second; None where no driver tells."""
    counter = _counter()
    if counter is None:
        return None
    calls, start, before = 0, time.perf_counter(), counter()
    while time.perf_counter() - start < _LEAST_S:
        function()
        calls += 1
    return (counter() - before) / calls

"""Loops of the predictors. Rows are cut before the inner loops, which LLVM can then do many samples at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop


@loop
def differences(pixels: NDArray[Any], bands: int, found: NDArray[Any]) -> None:
    """Each sample less the one of its band to the left."""
    lines, width = pixels.shape
    for line in range(lines):
        row, result = pixels[line], found[line]
        for i in range(bands):
            result[i] = row[i]
        these, before, behind = row[bands:], row[: width - bands], result[bands:]
        for i in range(width - bands):
            behind[i] = these[i] - before[i]


@loop
def float_differences(octets: NDArray[np.uint8], bands: int, found: NDArray[np.uint8]) -> None:
    """The four octets of all samples of a line apart, each less the one `bands` before it."""
    lines, size = octets.shape
    width = size // 4
    planes = np.empty(size, np.uint8)  # of a line, so that it stays in the first cache
    highest, high, low, lowest = (
        planes[:width],
        planes[width : 2 * width],
        planes[2 * width : -width],
        planes[-width:],
    )
    these, before = planes[bands:], planes[: size - bands]
    for line in range(lines):
        row, result = octets[line], found[line]
        for i in range(width):
            highest[i], high[i], low[i], lowest[i] = (
                row[4 * i + 3],
                row[4 * i + 2],
                row[4 * i + 1],
                row[4 * i],
            )
        for i in range(bands):
            result[i] = planes[i]
        behind = result[bands:]
        for i in range(size - bands):
            behind[i] = these[i] - before[i]

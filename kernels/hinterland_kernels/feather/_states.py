"""What of each raster is valid on each part of a tile: NONE, SOME, ALL or, with all within reach, DEEP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.feather._blocks import is_all_missing, is_any_missing
from hinterland_kernels.feather._cpu import PART
from hinterland_kernels.feather._rasters import LEFT, LINES, SAMPLES, TOP
from hinterland_kernels.feather._steps import ALL, DEEP, NONE, SOME


@loop
def survey(
    rasters: NDArray[np.int64],
    missing: NDArray[np.float32],
    radius: int,
    shift: int,
    is_on_top: bool,
    top: int,
    bottom: int,
    samples: int,
    states: NDArray[np.uint8],
) -> None:
    """Fill in what is valid of each raster on each part, by columns, of some lines of the tile."""
    first, last = radius + (top >> shift), radius + (bottom - 1 >> shift) + 1
    for column in range(len(states)):
        left, right = column * PART, min((column + 1) * PART, samples)
        start, stop = radius + (left >> shift), radius + (right - 1 >> shift) + 1
        count = 0
        for k in range(len(rasters)):
            is_beside = (
                rasters[k, TOP] >= bottom
                or rasters[k, LEFT] >= right
                or rasters[k, TOP] + rasters[k, LINES] <= top
                or rasters[k, LEFT] + rasters[k, SAMPLES] <= left
            )
            if is_beside or is_all_missing(missing[k], first, start, last, stop):
                states[column, k] = NONE
            else:
                states[column, k] = SOME if is_any_missing(missing[k], first, start, last, stop) else ALL
                count += 1
        if count == 1 and is_on_top:
            continue
        for k in range(len(rasters)):
            around = (first - radius, start - radius, last + radius, stop + radius)
            if states[column, k] == ALL and not is_any_missing(
                missing[k], around[0], around[1], around[2], around[3]
            ):
                states[column, k] = DEEP


@loop
def alone_on(states: NDArray[np.uint8]) -> int:
    """The one raster that lies on a part, -1 if there are others or none."""
    alone = -1
    for k in range(states.size):
        if states[k] != NONE:
            if alone >= 0:
                return -1
            alone = k
    return alone


@loop
def is_deep(states: NDArray[np.uint8]) -> bool:
    """True if every raster on a part has a weight of 1."""
    is_deep = True
    for k in range(states.size):
        is_deep &= states[k] in (NONE, DEEP)
    return is_deep


@loop
def is_same(states: NDArray[np.uint8], others: NDArray[np.uint8]) -> bool:
    """True if rasters are on one part as they are on another."""
    is_same = True
    for k in range(states.size):
        is_same &= states[k] == others[k]
    return is_same


@loop
def weighed(states: NDArray[np.uint8], k: int, is_on_top: bool) -> tuple[int, int]:
    """From which column of parts to which a raster's weights are asked for."""
    start, stop = states.shape[1], 0
    for row in range(states.shape[0]):
        for column in range(states.shape[1]):
            if states[row, column, k] in (SOME, ALL) and not (
                is_on_top and alone_on(states[row, column]) == k
            ):
                start, stop = min(start, column), max(stop, column + 1)
    return start, stop

"""Loops of feathered averages on the CPU, over the parts of a tile; their public face is `average`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._addresses import copy_from
from hinterland_kernels._jit import loop
from hinterland_kernels._lines import COUNT
from hinterland_kernels.feather._blocks import share_missing, show_valid
from hinterland_kernels.feather._cpu import CELL, PART, groups_of, room_for_rises, shift_of, weigh
from hinterland_kernels.feather._mean import LINE, STRETCH, average_part
from hinterland_kernels.feather._rasters import (
    LEFT,
    LINES,
    NUMBER,
    SAMPLES,
    TOP,
    VALUES,
    ends_of,
    mask_of,
)
from hinterland_kernels.feather._rises import rise
from hinterland_kernels.feather._states import alone_on, is_deep, is_same, survey, weighed
from hinterland_kernels.feather._steps import ALL, DEEP, NONE, Feather


@loop
def lay_average(
    like: NDArray[Any],
    rasters: NDArray[np.int64],
    levels: NDArray[np.float32],
    missing: NDArray[np.float32],
    wide: Feather,
    fine: Feather,
    size: tuple[int, int],
    at: tuple[int, int],
    is_on_top: bool,
    is_copied: bool,
    shown: NDArray[Any],
    owners: NDArray[np.int32],
) -> None:
    """Lay the average of rasters over a tile.

    Parameters
    ----------
    like : () of the rasters' dtype
        Anything.
    rasters : (n, columns) int64
        See `_rasters`.
    levels : (n, 2, bands) float32
        Gains and offsets, or nothing.
    missing : (n, blocks down, blocks across) float32
        Room for the share of each block that is missing; see `missing_shape`.
    wide, fine : Feather
        Which weights are made of.
    size : (lines, samples)
        Of the tile.
    at : (line, sample)
        Of the tile in what is shown.
    is_on_top : bool
        Nothing lies below.
    is_copied : bool
        What is shown of a raster alone is what it is: of the same dtype, without levels.
    shown : (bands, lines, samples)
        Samples so far.
    owners : (lines, samples) int32
        Of those, or nothing.
    """
    count, shift, radius = len(rasters), shift_of(wide.size), wide.kernel.shape[0] // 2 + 1
    no_mask = np.empty(0, dtype=np.uint8)
    for k in range(count):
        line, sample = -rasters[k, TOP] - radius * wide.size, -rasters[k, LEFT] - radius * wide.size
        mask, ends = mask_of(rasters, k, no_mask), ends_of(rasters, k)
        share_missing(mask, rasters[k, LINES], ends, line, sample, wide.size, missing[k])
    lines, samples = size
    columns = (samples + PART - 1) // PART
    states = np.empty((CELL // PART, columns, count), dtype=np.uint8)
    rises, risen = room_for_rises(count, groups_of(samples, wide.size), wide.size)
    weights = np.empty((count + 1, PART + 1, PART), dtype=np.float32)
    chosen, room = np.empty(count, dtype=np.int64), np.zeros((count + 4, LINE), dtype=np.float32)
    for first in range(0, lines, CELL):
        last = min(first + CELL, lines)
        down = (last - 1 >> shift) - (first >> shift) + 3
        for row in range((last - first + PART - 1) // PART):
            top = first + row * PART
            survey(
                rasters, missing, radius, shift, is_on_top, top, min(top + PART, last), samples, states[row]
            )
        rows = states[: (last - first + PART - 1) // PART]
        for k in range(count):
            start, stop = weighed(rows, k, is_on_top)
            if start < stop:
                before = (start * PART >> shift) // COUNT
                behind = groups_of(min(stop * PART, samples), wide.size)
                rise(
                    missing[k],
                    first >> shift,
                    wide.kernel,
                    wide.half,
                    before,
                    behind,
                    rises[k, :down],
                    risen[k, :down],
                )
        for row in range(len(rows)):
            top = first + row * PART
            bottom = min(top + PART, last)
            left = 0
            while left < samples:
                state, place = rows[row, left // PART], (top, left)
                right = min(_same_until(rows[row], left // PART, is_on_top, is_copied) * PART, samples)
                alone, extent = alone_on(state) if is_on_top else -1, (bottom - top, right - left)
                left = right
                if alone >= 0 and is_copied and state[alone] == ALL:
                    _copy(rasters[alone], like.itemsize, place, extent, at, shown, owners)
                    continue
                _weigh_all(
                    rasters, state, alone, missing, wide, fine, place, extent, first, rises, risen, weights
                )
                _average_stretch(
                    like,
                    rasters,
                    levels,
                    state,
                    weights,
                    place,
                    extent,
                    at,
                    is_on_top,
                    shown,
                    owners,
                    room,
                    chosen,
                )


@loop
def _same_until(states: NDArray[np.uint8], column: int, is_on_top: bool, is_copied: bool) -> int:
    """The column until which parts beside each other are made together: copied, or averaged without weights."""
    state = states[column]
    alone = alone_on(state) if is_on_top and is_copied else -1
    last = column + 1
    if alone >= 0 and state[alone] == ALL:
        last = len(states)
    elif is_deep(state):  # long stretches of lines are brought near sooner
        last = min(len(states), column + STRETCH // PART)
    stop = column + 1
    while stop < last and is_same(states[stop], state):
        stop += 1
    return stop


@loop
def _weigh_all(
    rasters: NDArray[np.int64],
    state: NDArray[np.uint8],
    alone: int,
    missing: NDArray[np.float32],
    wide: Feather,
    fine: Feather,
    place: tuple[int, int],
    size: tuple[int, int],
    first: int,
    rises: NDArray[np.float32],
    risen: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> None:
    """Fill in weights of all rasters on a part, of a cell from a line on; one alone has 1 where it is valid."""
    no_mask = np.empty(0, dtype=np.uint8)
    if alone >= 0 and state[alone] == ALL:
        state[alone] = DEEP  # nobody asks for its weights
    for k in range(state.size):
        if state[k] in (NONE, DEEP):
            continue
        here = (place[0] - rasters[k, TOP], place[1] - rasters[k, LEFT])
        mask, lines = mask_of(rasters, k, no_mask), rasters[k, LINES]
        if k == alone:
            show_valid(mask, lines, here[0], here[1], size[1], weights[k, : size[0]])
            continue
        ends, own = ends_of(rasters, k), missing[k]
        up, is_up, out = rises[k], risen[k], weights[k]
        weigh(mask, lines, ends, here, own, wide, fine, place, size, first, up, is_up, out)


@loop
def _average_stretch(
    like: NDArray[Any],
    rasters: NDArray[np.int64],
    levels: NDArray[np.float32],
    state: NDArray[np.uint8],
    weights: NDArray[np.float32],
    place: tuple[int, int],
    size: tuple[int, int],
    at: tuple[int, int],
    is_on_top: bool,
    shown: NDArray[Any],
    owners: NDArray[np.int32],
    room: NDArray[np.float32],
    chosen: NDArray[np.int64],
) -> None:
    """Average rasters on parts of a tile that are side by side: apart, where any of them begins or ends within."""
    starts, bottom, right = np.empty(state.size, dtype=np.int64), place[0] + size[0], place[1] + size[1]
    i = place[0]
    while i < bottom:
        end, j = _next_edge(rasters, state, TOP, LINES, i, bottom), place[1]
        while j < right:
            stop = _next_edge(rasters, state, LEFT, SAMPLES, j, right)
            found = _lying(rasters, state, i, j, chosen)
            if found > 0:
                average_part(
                    like,
                    rasters,
                    levels,
                    chosen[:found],
                    state,
                    weights,
                    place,
                    (i, j),
                    (end - i, stop - j),
                    at,
                    is_on_top,
                    room,
                    starts,
                    shown,
                    owners,
                )
            j = stop
        i = end


@loop
def _next_edge(
    rasters: NDArray[np.int64], states: NDArray[np.uint8], begin: int, size: int, first: int, last: int
) -> int:
    """The next line, or sample, with which any raster on a part begins or ends; its last if there is none."""
    for k in range(states.size):
        if states[k] != NONE:
            for edge in (rasters[k, begin], rasters[k, begin] + rasters[k, size]):
                if first < edge < last:
                    last = edge
    return last


@loop
def _lying(
    rasters: NDArray[np.int64], states: NDArray[np.uint8], line: int, sample: int, out: NDArray[np.int64]
) -> int:
    """Fill in which rasters on a part lie on a sample of it; how many they are."""
    count = 0
    for k in range(states.size):
        i, j = line - rasters[k, TOP], sample - rasters[k, LEFT]
        if states[k] != NONE and 0 <= i < rasters[k, LINES] and 0 <= j < rasters[k, SAMPLES]:
            out[count] = k
            count += 1
    return count


@loop
def _copy(
    raster: NDArray[np.int64],
    itemsize: int,
    place: tuple[int, int],
    size: tuple[int, int],
    at: tuple[int, int],
    shown: NDArray[Any],
    owners: NDArray[np.int32],
) -> None:
    """Copy a part of a raster that covers it: an average of one is that one, whatever its weight."""
    line, sample = place[0] - raster[TOP], place[1] - raster[LEFT]
    top, left = at[0] + place[0], at[1] + place[1]
    for band in range(shown.shape[0]):
        for i in range(size[0]):
            own = ((band * raster[LINES] + line + i) * raster[SAMPLES] + sample) * itemsize
            row = (band * shown.shape[1] + top + i) * shown.shape[2] + left
            copy_from(raster[VALUES] + own, shown, row, size[1])
    if owners.shape[0] > 0:
        owners[top : top + size[0], left : left + size[1]] = raster[NUMBER]

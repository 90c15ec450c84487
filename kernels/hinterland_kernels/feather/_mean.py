"""The loop that averages what lies on a part of a tile, where the same rasters lie on all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._addresses import load_first_at, prefetch_at
from hinterland_kernels._jit import loop
from hinterland_kernels._lines import COUNT, floats, load, load_first, store, where_less
from hinterland_kernels.feather._cpu import PART
from hinterland_kernels.feather._rasters import LEFT, LINES, NUMBER, SAMPLES, TOP, VALUES
from hinterland_kernels.feather._steps import ALL, DEEP

_AHEAD = 8
"""Lines ahead of which samples are brought near: a part is too narrow for processors to foresee them."""

_LEAST_WEIGHT = 1e-30
"""Far below any weight: it only keeps a division by 0 away."""

STRETCH = 8 * PART
"""Samples of a stretch of parts, at most, that are averaged together where all weights are 1."""

LINE = STRETCH + COUNT
"""Room for a line of them."""


@loop
def average_part(  # noqa: C901, PLR0912 - a call for each line would count references to every array
    like: NDArray[Any],
    rasters: NDArray[np.int64],
    levels: NDArray[np.float32],
    chosen: NDArray[np.int64],
    states: NDArray[np.uint8],
    weights: NDArray[np.float32],
    first: tuple[int, int],
    place: tuple[int, int],
    size: tuple[int, int],
    at: tuple[int, int],
    is_on_top: bool,
    room: NDArray[np.float32],
    starts: NDArray[np.int64],
    shown: NDArray[Any],
    owners: NDArray[np.int32],
) -> None:
    """Average rasters on a part of a tile, and lay it over what is shown.

    A mean goes towards what is added by the share that it has in all weights so far. So where others have no
    weight a raster's value stays as it is to the last bit, and where rasters are equal so is their mean.

    Parameters
    ----------
    like : () of the rasters' dtype
        Anything.
    rasters : (n, columns) int64
        See `_rasters`.
    levels : (n, 2, bands) float32
        Gains and offsets, or nothing.
    chosen : (m,) int64
        Rasters that lie on all of the part.
    states : (n,) uint8
        What of each is valid there: NONE, SOME, ALL, DEEP.
    weights : (n, > PART, PART) float32
        Of those that are not deep.
    first : (line, sample)
        Of the tile, where the weights begin.
    place, size : (line, sample), (lines, samples)
        Of the part, in the tile; where all weights are 1 it may be a STRETCH wide.
    at : (line, sample)
        Of the tile in what is shown.
    is_on_top : bool
        Nothing lies below.
    room : (>= n + 4, LINE) float32
        For a line's shares of each raster, and what else is known of it.
    starts : (n,) int64
        For addresses.
    shown : (bands, lines, samples)
        Samples so far.
    owners : (lines, samples) int32
        Of those, or nothing.
    """
    samples, top, left, count = size[1], at[0] + place[0], at[1] + place[1], chosen.size
    none, one, least = floats(np.float32(0.0)), floats(np.float32(1.0)), floats(np.float32(_LEAST_WEIGHT))
    plane = weights.shape[1] * weights.shape[2]
    # of a line: weights added up, the raster with the largest, and what is seen of what lies below
    total_at, leading_at, below_at = count * LINE, (count + 1) * LINE, (count + 2) * LINE
    is_same, is_covered = True, False  # the shares of all lines; the part, by any raster
    for k in chosen:
        is_same &= states[k] == DEEP
        is_covered |= states[k] >= ALL
    for i in range(size[0]):
        own = (place[0] - first[0] + i) * PART + place[1] - first[1]
        for j in range(0, samples if i == 0 or not is_same else 0, COUNT):
            total, most, leading, below = none, none, none, one
            for n in range(count):
                weight = one
                if states[chosen[n]] != DEEP:
                    weight = load(weights, chosen[n] * plane + own + j)
                total = total + weight
                store(room, n * LINE + j, weight / where_less(total, least, least, total), COUNT)
                leading = where_less(most, weight, floats(np.float32(chosen[n])), leading)
                most = where_less(most, weight, weight, most)
                below = below - below * weight
            store(room, total_at + j, total, COUNT)
            store(room, leading_at + j, leading, COUNT)
            store(room, below_at + j, below, COUNT)
        if not is_on_top:
            for j in range(samples):
                # below an owner of -1 there is nothing to see through to
                is_seen = owners[top + i, left + j] >= 0
                room[count + 3, j] = room[count + 2, j] if is_seen else np.float32(0.0)
        for band in range(shown.shape[0]):
            for n in range(count):
                k = chosen[n]
                line = band * rasters[k, LINES] + place[0] + i - rasters[k, TOP]
                start = line * rasters[k, SAMPLES] + place[1] - rasters[k, LEFT]
                starts[n] = rasters[k, VALUES] + start * like.itemsize
                ahead = starts[n] + _AHEAD * rasters[k, SAMPLES] * like.itemsize
                for byte in range(0, samples * like.itemsize, 64):
                    prefetch_at(ahead + byte)
                prefetch_at(ahead + samples * like.itemsize - 1)
            row = (band * shown.shape[1] + top + i) * shown.shape[2] + left
            for j in range(0, samples, COUNT):
                mean, rest = none, samples - j
                for n in range(count):
                    value = load_first_at(like, starts[n], j, rest)
                    if levels.shape[0] > 0:
                        gain, offset = levels[chosen[n], 0, band], levels[chosen[n], 1, band]
                        value = value * floats(gain) + floats(offset)
                    share = load(room, n * LINE + j)
                    if like.itemsize > 2:
                        value = where_less(none, share, value, mean)  # what has no weight may be nan
                    mean = mean + share * (value - mean)
                if not (is_covered and is_on_top):
                    so_far = load_first(shown, row + j, rest)
                    if not is_on_top:
                        mean = mean + load(room, below_at + LINE + j) * (so_far - mean)
                    mean = where_less(none, load(room, total_at + j), mean, so_far)
                store(shown, row + j, mean, rest)
        for j in range(samples if owners.shape[0] > 0 else 0):
            has_say = is_on_top or room[count + 3, j] <= np.float32(0.5)
            if has_say and room[count, j] > np.float32(0.0):
                owners[top + i, left + j] = rasters[np.int64(room[count + 1, j]), NUMBER]

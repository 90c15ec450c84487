"""Loops of feathered averages on the CPU, over a few lines of a tile; their public face is `average`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels._lines import COUNT, floats, load_first, store, where_less

_LEAST_WEIGHT = 1e-30
"""Far below any weight: it only keeps a division by 0 away."""


class Sums(NamedTuple):
    """What rasters add up to on some lines of a tile; values and weights are float32, or float64."""

    total: NDArray[Any]
    """(bands, lines, samples): weighted values."""
    weight: NDArray[Any]
    """(lines, samples): weights."""
    below: NDArray[Any]
    """(lines, samples): product of what each weight lets through; none where nobody asks, as of the next two."""
    most: NDArray[np.float32]
    """(lines, samples): largest weight."""
    leading: NDArray[np.float32]
    """(lines, samples): the raster that has it."""


@loop
def clear(sums: Sums) -> None:
    """Begin with nothing."""
    sums.total[:] = 0.0
    sums.weight[:] = 0.0
    sums.below[:] = 1.0
    sums.most[:] = 0.0


@loop
def add(
    values: NDArray[Any],
    line: int,
    sample: int,
    weights: NDArray[np.float32],
    top: int,
    left: int,
    index: int,
    first: int,
    sums: Sums,
) -> None:
    """Add a raster on those lines, from `first` of the tile on, that it has.

    Its weights begin at (top, left) of the tile; the same sample of its values is (line, sample). What lies off
    the tile or the values is left out.
    """
    off = max(-sample, -left, 0)
    end = min(weights.shape[1], values.shape[2] - sample, sums.weight.shape[1] - left)
    if end <= off:
        return
    line -= top  # of the values, at the tile's first
    given = np.empty(weights.shape[1], dtype=sums.weight.dtype)
    leader = np.float32(index)
    last = min(first + sums.weight.shape[0], top + weights.shape[0], values.shape[1] - line)
    for i in range(max(first, top, -line), last):
        # line by line and band by band, without a branch: so many samples are done at once
        row, here = weights[i - top, off:end], i - first
        total = sums.weight[here, left + off : left + end]
        for j in range(row.size):
            given[j] = row[j]
            total[j] += given[j]
        if sums.most.shape[0] > 0:
            below = sums.below[here, left + off : left + end]
            most = sums.most[here, left + off : left + end]
            leading = sums.leading[here, left + off : left + end]
            for j in range(row.size):
                below[j] -= below[j] * given[j]
                leads = row[j] > most[j]
                most[j] = row[j] if leads else most[j]
                leading[j] = leader if leads else leading[j]
        for band in range(values.shape[0]):
            own = values[band, line + i, sample + off : sample + end]
            total = sums.total[band, here, left + off : left + end]
            for j in range(row.size):
                # what has no weight may be nan
                value = np.float32(own[j]) if row[j] > 0.0 else np.float32(0.0)
                total[j] += value * given[j]


@loop
def add_in_lanes(
    values: NDArray[Any],
    line: int,
    sample: int,
    weights: NDArray[np.float32],
    top: int,
    left: int,
    index: int,
    first: int,
    sums: Sums,
) -> None:
    """As `add`, where sums are float32 and values whole numbers."""
    off = max(-sample, -left, 0)
    size = min(weights.shape[1], values.shape[2] - sample, sums.weight.shape[1] - left) - off
    line -= top
    last = min(first + sums.weight.shape[0], top + weights.shape[0], values.shape[1] - line)
    none, leader = floats(np.float32(0.0)), floats(np.float32(index))
    plane, of_sums = values.shape[1] * values.shape[2], sums.weight.size
    for i in range(max(first, top, -line), last):
        given = (i - top) * weights.shape[1] + off
        own = (line + i) * values.shape[2] + sample + off
        at = (i - first) * sums.weight.shape[1] + left + off
        for j in range(0, size, COUNT):
            rest = size - j
            weight = load_first(weights, given + j, rest)
            store(sums.weight, at + j, load_first(sums.weight, at + j, rest) + weight, rest)
            if sums.most.shape[0] > 0:
                below, most = load_first(sums.below, at + j, rest), load_first(sums.most, at + j, rest)
                leading = load_first(sums.leading, at + j, rest)
                store(sums.below, at + j, below - below * weight, rest)
                store(sums.leading, at + j, where_less(most, weight, leader, leading), rest)
                store(sums.most, at + j, where_less(most, weight, weight, most), rest)
            for band in range(values.shape[0]):
                value = load_first(values, band * plane + own + j, rest)
                place = band * of_sums + at + j
                total = load_first(sums.total, place, rest)
                store(sums.total, place, total + where_less(none, weight, value, none) * weight, rest)


@loop
def put(
    values: NDArray[Any],
    line: int,
    sample: int,
    weights: NDArray[np.float32],
    top: int,
    left: int,
    index: int,
    cell: tuple[int, int, int, int],
    at: tuple[int, int],
    shown: NDArray[Any],
    owners: NDArray[np.int32],
) -> None:
    """Put a raster on a cell of the tile, (first line, first sample, end, end), that no other has a part of.

    The tile begins at `at` of what is shown.
    """
    first, start = max(cell[0], top - min(line, 0)), max(cell[1], left - min(sample, 0))
    last = min(cell[2], top + weights.shape[0], top - line + values.shape[1])
    size = min(cell[3], left + weights.shape[1], left - sample + values.shape[2]) - start
    none = floats(np.float32(0.0))
    for i in range(first, last):
        given = (i - top) * weights.shape[1] + start - left
        own = (i - top + line) * values.shape[2] + start - left + sample
        place = (at[0] + i) * shown.shape[2] + at[1] + start
        for j in range(0, size, COUNT):
            rest = size - j
            weight = load_first(weights, given + j, rest)
            for band in range(shown.shape[0]):
                value = load_first(values, band * values.shape[1] * values.shape[2] + own + j, rest)
                here = band * shown.shape[1] * shown.shape[2] + place + j
                store(shown, here, where_less(none, weight, value, load_first(shown, here, rest)), rest)
        if owners.shape[0] > 0:
            row = weights[i - top, start - left : start - left + size]
            owned, leader = owners[at[0] + i, at[1] + start : at[1] + start + size], np.int32(index)
            for j in range(row.size):
                owned[j] = leader if row[j] > np.float32(0.0) else owned[j]


@loop
def show(sums: Sums, lines: int, first: int, start: int, shown: NDArray[Any]) -> None:
    """Put so many lines of averages on what is shown, from a line and sample on, where there are any."""
    none, least = sums.weight.dtype.type(0.0), sums.weight.dtype.type(_LEAST_WEIGHT)
    full_scale = sums.weight.dtype.type((1 << 8 * min(shown.itemsize, 2)) - 1)
    for i in range(first, first + lines):
        weight = sums.weight[i - first]
        for band in range(shown.shape[0]):
            row, given = shown[band, i, start : start + weight.size], sums.total[band, i - first]
            for j in range(weight.size):
                value = given[j] / max(weight[j], least)
                if shown.itemsize <= 2:
                    value = min(max(np.rint(value), none), full_scale)
                row[j] = value if weight[j] > none else row[j]


@loop
def lay(
    sums: Sums, lines: int, first: int, start: int, shown: NDArray[Any], owners: NDArray[np.int32]
) -> None:
    """Lay averages over the same part of what is shown; see `Average.lay_over`."""
    none, one = sums.weight.dtype.type(0.0), sums.weight.dtype.type(1.0)
    half, least = sums.weight.dtype.type(0.5), sums.weight.dtype.type(_LEAST_WEIGHT)
    full_scale = sums.weight.dtype.type((1 << 8 * min(shown.itemsize, 2)) - 1)
    left = np.empty_like(sums.weight[0])
    for i in range(first, first + lines):
        weight, below = sums.weight[i - first], sums.below[i - first]
        owned, leader = owners[i, start : start + weight.size], sums.leading[i - first]
        for j in range(weight.size):
            # below an owner of -1 there is nothing to see through to; what nobody weighs stays as it is
            seen = below[j] if owned[j] >= 0 else none
            left[j] = seen if weight[j] > none else one
        for band in range(shown.shape[0]):
            row, given = shown[band, i, start : start + weight.size], sums.total[band, i - first]
            for j in range(weight.size):
                mean = given[j] / max(weight[j], least)
                value = mean + left[j] * (row[j] - mean)
                if shown.itemsize <= 2:
                    value = min(max(np.rint(value), none), full_scale)
                row[j] = value if weight[j] > none else row[j]
        for j in range(weight.size):
            owned[j] = np.int32(leader[j]) if weight[j] > none and left[j] <= half else owned[j]

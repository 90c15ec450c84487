"""Loops of feathered averages on the CPU, over a cell of a tile; their public face is `average`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels._lines import COUNT, floats, load_first, prefetch, store, where_less
from hinterland_kernels.feather._blocks import is_any_missing
from hinterland_kernels.feather._steps import ALL, DEEP, NONE, SOME

_AHEAD = 8
"""Lines ahead of which samples are brought near: a cell is too narrow for processors to foresee them."""

_LEAST_WEIGHT = 1e-30
"""Far below any weight: it only keeps a division by 0 away."""


class Sums(NamedTuple):
    """What rasters come to on a cell."""

    mean: NDArray[np.float32]
    """(bands, lines, samples): weighted means so far."""
    weight: NDArray[np.float32]
    """(lines, samples): weights, added up."""
    most: NDArray[np.float32]
    """(lines, samples): largest weight; none where nobody asks for owners, as of the next."""
    leading: NDArray[np.float32]
    """(lines, samples): the raster that has it."""
    below: NDArray[np.float32]
    """(lines, samples): product of what each weight lets through; none where nothing lies below."""


@loop
def clear(sums: Sums) -> None:
    """Begin with nothing."""
    sums.mean[:] = 0.0
    sums.weight[:] = 0.0
    sums.most[:] = 0.0
    sums.below[:] = 1.0


@loop
def survey(
    missing: NDArray[np.float32], radius: int, across: int, cell: tuple[int, int], out: NDArray[np.uint8]
) -> None:
    """Fill in what of each cell of a tile is valid.

    Parameters
    ----------
    missing : (blocks down, blocks across) float32
        Share of each block that is missing, on the tile and beside it.
    radius : int
        Blocks around a cell that change its weights.
    across : int
        Blocks across the tile.
    cell : (int, int)
        Blocks down and across of a cell.
    out : (down, across) uint8
        For each cell.
    """
    bottom = missing.shape[0] - radius
    for i in range(out.shape[0]):
        first = radius + i * cell[0]
        last = min(first + cell[0], bottom)
        for j in range(out.shape[1]):
            start = radius + j * cell[1]
            stop = min(start + cell[1], radius + across)
            if not is_any_missing(missing, first - radius, start - radius, last + radius, stop + radius):
                out[i, j] = DEEP
            elif not is_any_missing(missing, first, start, last, stop):
                out[i, j] = ALL
            else:
                out[i, j] = NONE if _is_all_missing(missing, first, start, last, stop) else SOME


@loop
def _is_all_missing(missing: NDArray[np.float32], first: int, start: int, last: int, stop: int) -> bool:
    """True if nothing is valid in blocks from a line and sample to others."""
    for i in range(first, last):
        for j in range(start, stop):
            if missing[i, j] < np.float32(1.0):
                return False
    return True


@loop
def add(  # noqa: C901 - what is not asked for costs no call
    values: NDArray[Any],
    level: NDArray[np.float32],
    weights: NDArray[np.float32],
    line: int,
    sample: int,
    index: int,
    is_first: bool,
    lines: int,
    samples: int,
    sums: Sums,
) -> None:
    """Add a raster, where it has any weight, to the means of a cell of so many lines and samples.

    The cell begins at (line, sample) of the raster. No weights stand for 1 everywhere. `level` has the gains of
    the bands and then the offsets, or nothing. The first raster begins the sums, and covers the cell.

    A mean goes towards what is added by the share that it has in all weights so far. So where others have no
    weight a raster's value stays as it is to the last bit, and where rasters are equal so is their mean.
    """
    top, left = max(-line, 0), max(-sample, 0)
    bottom, right = min(lines, values.shape[1] - line), min(samples, values.shape[2] - sample)
    none, one = floats(np.float32(0.0)), floats(np.float32(1.0))
    least, leader = floats(np.float32(_LEAST_WEIGHT)), floats(np.float32(index))
    plane, of_sums, wide = values.shape[1] * values.shape[2], sums.weight.size, sums.weight.shape[1]
    for i in range(top, bottom):
        own = (line + i) * values.shape[2] + sample
        for j in range(left, right, COUNT):
            rest, at = right - j, i * wide + j
            weight = one
            if weights.shape[0] > 0:
                weight = load_first(weights, i * weights.shape[1] + j, rest)
            total = weight
            if not is_first:
                total = load_first(sums.weight, at, rest) + weight
            store(sums.weight, at, total, rest)
            share = weight / where_less(total, least, least, total)
            if sums.most.shape[0] > 0:
                most, leading = none, leader
                if not is_first:
                    most, leading = load_first(sums.most, at, rest), load_first(sums.leading, at, rest)
                store(sums.leading, at, where_less(most, weight, leader, leading), rest)
                store(sums.most, at, where_less(most, weight, weight, most), rest)
            if sums.below.shape[0] > 0:
                below = one
                if not is_first:
                    below = load_first(sums.below, at, rest)
                store(sums.below, at, below - below * weight, rest)
            for band in range(values.shape[0]):
                prefetch(values, band * plane + own + j + _AHEAD * values.shape[2])
                value = load_first(values, band * plane + own + j, rest)
                if level.shape[0] > 0:
                    value = value * floats(level[0, band]) + floats(level[1, band])
                mean, place = none, band * of_sums + at
                if not is_first:
                    mean = load_first(sums.mean, place, rest)
                value = where_less(none, weight, value, mean)  # what has no weight may be nan
                store(sums.mean, place, mean + share * (value - mean), rest)


@loop
def put(
    values: NDArray[Any],
    level: NDArray[np.float32],
    mask: NDArray[np.uint8],
    line: int,
    sample: int,
    lines: int,
    samples: int,
    at: tuple[int, int],
    shown: NDArray[Any],
) -> None:
    """Put what is valid of a raster on a part of what is shown, of so many lines and samples, from `at` on.

    The part begins at (line, sample) of the raster.
    """
    top, left = max(-line, 0), max(-sample, 0)
    bottom, right = min(lines, values.shape[1] - line), min(samples, values.shape[2] - sample)
    none = floats(np.float32(0.0))
    plane, of_shown = values.shape[1] * values.shape[2], shown.shape[1] * shown.shape[2]
    for i in range(top, bottom):
        own = (line + i) * values.shape[2] + sample
        valid = min(line + i, mask.shape[0] - 1) * mask.shape[1] + sample
        place = (at[0] + i) * shown.shape[2] + at[1]
        for j in range(left, right, COUNT):
            rest = right - j
            weight = load_first(mask, valid + j, rest)
            for band in range(shown.shape[0]):
                value = load_first(values, band * plane + own + j, rest)
                if level.shape[0] > 0:
                    value = value * floats(level[0, band]) + floats(level[1, band])
                here = band * of_shown + place + j
                store(shown, here, where_less(none, weight, value, load_first(shown, here, rest)), rest)


@loop
def show(
    sums: Sums, lines: int, samples: int, at: tuple[int, int], is_covered: bool, shown: NDArray[Any]
) -> None:
    """Put the means of a cell on what is shown, from `at` on, where there are any: everywhere if it is covered."""
    none = floats(np.float32(0.0))
    for i in range(lines):
        for j in range(0, samples, COUNT):
            rest, place = samples - j, i * sums.weight.shape[1] + j
            weight = load_first(sums.weight, place, rest)
            for band in range(shown.shape[0]):
                mean = load_first(sums.mean, band * sums.weight.size + place, rest)
                here = (band * shown.shape[1] + at[0] + i) * shown.shape[2] + at[1] + j
                if not is_covered:
                    mean = where_less(none, weight, mean, load_first(shown, here, rest))
                store(shown, here, mean, rest)


@loop
def lay(
    sums: Sums,
    lines: int,
    samples: int,
    at: tuple[int, int],
    shown: NDArray[Any],
    owners: NDArray[np.int32],
) -> None:
    """Lay the means of a cell over what is shown below, from `at` on; see `Average.lay_over`."""
    none, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    full_scale = np.float32((1 << 8 * min(shown.itemsize, 2)) - 1)
    left = np.empty(samples, np.float32)
    for i in range(lines):
        weight, below = sums.weight[i, :samples], sums.below[i, :samples]
        owned, leader = owners[at[0] + i, at[1] : at[1] + samples], sums.leading[i, :samples]
        for j in range(samples):
            # below an owner of -1 there is nothing to see through to; what nobody weighs stays as it is
            seen = below[j] if owned[j] >= 0 else none
            left[j] = seen if weight[j] > none else one
        for band in range(shown.shape[0]):
            row, mean = shown[band, at[0] + i, at[1] : at[1] + samples], sums.mean[band, i, :samples]
            for j in range(samples):
                value = mean[j] + left[j] * (row[j] - mean[j])
                if shown.itemsize <= 2:
                    value = min(max(np.rint(value), none), full_scale)
                row[j] = value if weight[j] > none else row[j]
        for j in range(samples):
            owned[j] = np.int32(leader[j]) if weight[j] > none and left[j] <= half else owned[j]


@loop
def own(sums: Sums, lines: int, samples: int, at: tuple[int, int], owners: NDArray[np.int32]) -> None:
    """Have the heaviest raster own each sample of a cell, from `at` on, where any has a weight."""
    for i in range(lines):
        weight, leader = sums.weight[i, :samples], sums.leading[i, :samples]
        owned = owners[at[0] + i, at[1] : at[1] + samples]
        for j in range(samples):
            owned[j] = np.int32(leader[j]) if weight[j] > np.float32(0.0) else owned[j]

"""Loops of feather weights on the CPU; their public face is the package.

Blocks come in groups of sixteen along a line: where nothing is missing within reach of a group, nothing is done.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lanes import from_step, pick
from hinterland_kernels._lines import (
    COUNT,
    floats,
    has_any,
    load,
    load_first,
    load_pairs_apart,
    store,
    to_floats,
    where_less,
    wholes,
)

CELL = 64
"""Blocks along one side of what is done at a time, unless nothing is missing near it."""


@loop
def show_valid(mask: NDArray[np.bool_], line: int, sample: int, out: NDArray[np.float32]) -> None:
    """Fill with 1 where the mask, from a line and sample on, is valid, and with 0 elsewhere."""
    lines, samples = out.shape
    for i in range(lines):
        at = (line + i) * mask.shape[1] + sample
        for j in range(0, samples, COUNT):
            store(out, i * samples + j, load_first(mask, at + j, samples - j), samples - j)


@loop
def weigh(
    mask: NDArray[np.bool_],
    line: int,
    sample: int,
    size: int,
    kernel: NDArray[np.float32],
    half: float,
    splines: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Multiply by weights that rise from what is missing.

    Parameters
    ----------
    mask : (l, s) bool
        True where valid; its edges go on.
    line, sample : int
        Of the mask, where `out` begins.
    size : int
        Samples along a block, a power of two.
    kernel : (2 r + 1, >= 2 r + 1) float32
        What a missing block adds to the closeness of those about it, with columns of 0 to a multiple of four.
    half : float
        Distance, in blocks, at which the weight is a half.
    splines : (3, size + 16) float32
        Weights of the block before, its own and the next, from the first sample of a block on.
    out : (lines, samples) float32
        On the tile.
    """
    reach = kernel.shape[0] // 2
    beyond = (kernel.shape[1] + COUNT - 1) // COUNT
    missing = np.zeros((CELL + 2 + 2 * reach, CELL + (2 + beyond) * COUNT), dtype=np.float32)
    rises = np.zeros((CELL + 2, CELL + 3 * COUNT), dtype=np.float32)  # it is read two groups at a time
    risen = np.zeros((CELL + 2, rises.shape[1] // COUNT), dtype=np.bool_)
    room = np.zeros(missing.shape[1] * size + 2 * COUNT, dtype=np.uint16)
    around, edge = (reach + 1) * size, CELL * size
    for top in range(0, out.shape[0], edge):
        for left in range(0, out.shape[1], edge):
            rows, columns = min(edge, out.shape[0] - top), min(edge, out.shape[1] - left)
            first, start = line + top - around, sample + left - around
            if _is_whole(mask, first, start, first + rows + 2 * around, start + columns + 2 * around):
                continue
            blocks = (rows + size - 1) // size, (columns + size - 1) // size
            inner = missing[: blocks[0] + 2 + 2 * reach]
            share_missing(mask, first, start, size, room, inner)
            rise(inner, kernel, half, rises, risen[: blocks[0] + 2, : (blocks[1] + 1 + COUNT) // COUNT])
            spread(rises, risen, splines, size, top, left, rows, columns, out)


@loop
def _is_whole(mask: NDArray[np.bool_], first: int, start: int, last: int, stop: int) -> bool:
    """True if all is valid from a line and sample to others, of which some may lie off the mask."""
    lines, samples = mask.shape
    left = min(max(start, 0), samples - 1)
    right = max(min(stop, samples), left + 1)
    for i in range(min(max(first, 0), lines - 1), max(min(last, lines), 1)):
        every = np.uint8(1)
        row = mask[i, left:right]
        for j in range(row.size):
            every &= np.uint8(row[j])
        if every == 0:
            return False
    return True


@loop
def share_missing(
    mask: NDArray[np.bool_],
    line: int,
    sample: int,
    size: int,
    room: NDArray[np.uint16],
    out: NDArray[np.float32],
) -> None:
    """Fill the share of each block that is not valid, the first at (line, sample); edges of the mask go on.

    `room` is for the counts of a line of blocks, and two groups more.
    """
    share = floats(np.float32(1.0 / (size * size)))
    lines, samples = mask.shape
    wide = out.shape[1] * size
    start, stop = min(max(-sample, 0), wide), min(max(samples - sample, 0), wide)
    inner = room[start:stop]
    for i in range(out.shape[0]):
        room[:] = 0
        for k in range(size):
            row = mask[min(max(line + i * size + k, 0), lines - 1)]
            here = row[sample + start : sample + stop]
            for j in range(inner.size):
                inner[j] += np.uint16(not here[j])
            room[:start] += np.uint16(not row[0])
            room[stop:wide] += np.uint16(not row[samples - 1])
        width = 1
        while width < size:  # pairs of columns, pairs of pairs ...
            width *= 2
            for j in range(0, wide // width, COUNT):
                even, odd = load_pairs_apart(room, 2 * j)
                store(room, j, to_floats(even + odd), wide // width - j)
        for j in range(0, out.shape[1], COUNT):
            left = out.shape[1] - j
            store(out, i * out.shape[1] + j, share * load_first(room, j, left), left)


@loop
def rise(
    missing: NDArray[np.float32],
    kernel: NDArray[np.float32],
    half: float,
    out: NDArray[np.float32],
    risen: NDArray[np.bool_],
) -> None:
    """Fill the root of the weight of each block: it rises evenly from the edge, so that splines keep it.

    `risen` has a group of blocks where any of them may not be 1; all are filled that lie in groups.
    """
    lines, groups = risen.shape
    size = kernel.shape[0]
    seen, level, repeats = _survey(missing, groups, (kernel.shape[1] + 2 * COUNT - 2) // COUNT)
    scale = np.float32(half * half)
    for i in range(lines):
        if i > 0 and repeats[i + size - 1] >= size:  # a straight edge of the raster
            out[i] = out[i - 1]
            risen[i] = risen[i - 1]
            continue
        for group in range(groups):
            risen[i, group] = seen[i : i + size, group].any()
            here = group * COUNT
            if not risen[i, group]:
                out[i, here : here + COUNT] = 1.0
            elif group > 0 and level[i : i + size, group].all():
                out[i, here : here + COUNT] = out[i, here - COUNT : here]
            else:
                store(out, i * out.shape[1] + here, _closeness(missing, kernel, seen, i, group), COUNT)
                for b in range(here, here + COUNT):
                    root = np.float32(1.0) / math.sqrt(np.float32(1.0) + scale * out[i, b])
                    out[i, b] = np.float32(0.0) if missing[i + size // 2, b + size // 2] == 1.0 else root


@loop
def _survey(
    missing: NDArray[np.float32], groups: int, reach: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Look for what need not be summed up.

    Of each line and group of blocks: whether anything is missing in it or the next, `reach` groups in all; whether
    all of these and the group before are equal. Of each line: how many, up to it, are the same as the one before.
    """
    lines, samples = missing.shape
    some, same = np.empty(samples // COUNT, dtype=np.bool_), np.empty(samples // COUNT, dtype=np.bool_)
    seen, level = np.zeros((lines, groups), dtype=np.bool_), np.zeros((lines, groups), dtype=np.bool_)
    repeats = np.zeros(lines, dtype=np.int64)
    for i in range(lines):
        is_repeated = i > 0
        for group in range(some.size):
            at = i * samples + group * COUNT
            own = load(missing, at)
            some[group] = has_any(own)
            same[group] = group > 0 and not has_any(own - load(missing, at - 1))
            if i > 0:
                is_repeated &= not has_any(own - load(missing, at - samples))
        if is_repeated:
            repeats[i] = repeats[i - 1] + 1
        for group in range(groups):
            stop = min(group + reach, some.size)
            seen[i, group] = some[group:stop].any()
            level[i, group] = (
                group > 0
                and same[group:stop].all()
                and not has_any(
                    load(missing, i * samples + (group - 1) * COUNT) - floats(missing[i, group * COUNT])
                )
            )
    return seen, level, repeats


@part_of_loop
def _closeness(
    missing: NDArray[np.float32], kernel: NDArray[np.float32], seen: NDArray[np.bool_], i: int, group: int
) -> Any:  # noqa: ANN401 - lanes
    """Sum the kernel over all that is missing about a group of blocks."""
    first, second = floats(np.float32(0.0)), floats(np.float32(0.0))
    third, fourth = first, second  # four sums at once: one would wait for itself
    for k in range(kernel.shape[0]):
        if seen[i + k, group]:
            at = (i + k) * missing.shape[1] + group * COUNT
            for m in range(0, kernel.shape[1], 4):
                first = first + floats(kernel[k, m]) * load(missing, at + m)
                second = second + floats(kernel[k, m + 1]) * load(missing, at + m + 1)
                third = third + floats(kernel[k, m + 2]) * load(missing, at + m + 2)
                fourth = fourth + floats(kernel[k, m + 3]) * load(missing, at + m + 3)
    return (first + second) + (third + fourth)


@loop
def spread(
    rises: NDArray[np.float32],
    risen: NDArray[np.bool_],
    splines: NDArray[np.float32],
    size: int,
    top: int,
    left: int,
    lines: int,
    samples: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply by the weight of each sample of a cell that begins at (top, left).

    Block 1, 1 of the rises holds its first sample.
    """
    shift = 0
    while 1 << shift < size:
        shift += 1
    wide, turn = rises.shape[1], splines.shape[1]
    steps = from_step(0, 1) >> shift
    least = floats(np.float32(1e-6))
    for i in range(lines):
        block, within = i >> shift, i & (size - 1)
        upper, here = floats(splines[0, within]), floats(splines[1, within])
        lower = floats(splines[2, within])
        for j in range(0, samples, COUNT):
            first = j >> shift
            is_one = True
            for group in range(first // COUNT, (first + (COUNT - 1 >> shift) + 2) // COUNT + 1):
                for k in range(3):
                    is_one &= not risen[block + k, group]
            if is_one:
                continue
            at, start = block * wide + first, j & (size - 1)
            low = _across(rises, at, wide, upper, here, lower)
            high = _across(rises, at + COUNT, wide, upper, here, lower)
            root = load(splines, start) * pick(low, high, steps)
            root = root + load(splines, turn + start) * pick(low, high, steps + wholes(1))
            root = root + load(splines, 2 * turn + start) * pick(low, high, steps + wholes(2))
            weight = where_less(root * root, least, least, root * root)
            place = (top + i) * out.shape[1] + left + j
            store(out, place, load_first(out, place, samples - j) * weight, samples - j)


@part_of_loop
def _across(rises: NDArray[np.float32], at: int, wide: int, upper: Any, here: Any, lower: Any) -> Any:  # noqa: ANN401
    """Sixteen blocks' rises on one line of samples."""
    total = upper * load(rises, at) + here * load(rises, at + wide)
    return total + lower * load(rises, at + 2 * wide)

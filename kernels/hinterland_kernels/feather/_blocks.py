"""Loops from masks to what feathers are worked out from: the share of each block that is missing.

One line of a mask stands for all lines. A raster may end with its mask, or go on beyond it; see `Ends`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lines import (
    COUNT,
    floats,
    has_any,
    load_first,
    load_pairs_apart,
    load_terms,
    store,
    store_terms,
    to_floats,
)
from hinterland_kernels.feather._steps import Ends

MANY = 2 * COUNT
"""Samples of a mask that are added up at once."""


@loop
def show_valid(
    mask: NDArray[np.uint8], lines: int, line: int, sample: int, samples: int, out: NDArray[np.float32]
) -> None:
    """Fill with 1 where the mask, from a line and sample on, is valid, and with 0 elsewhere, so many samples."""
    left = min(max(-sample, 0), samples)
    right = max(min(mask.shape[1] - sample, samples), left)
    for i in range(out.shape[0]):
        if not 0 <= line + i < lines:
            out[i, :samples] = 0.0
            continue
        at = min(line + i, mask.shape[0] - 1) * mask.shape[1] + sample
        out[i, :left] = 0.0
        for j in range(left, right, COUNT):
            store(out, i * out.shape[1] + j, load_first(mask, at + j, right - j), right - j)
        out[i, right:samples] = 0.0


@loop
def show_missing(
    mask: NDArray[np.uint8], lines: int, ends: Ends, line: int, sample: int, out: NDArray[np.float32]
) -> None:
    """Fill with 0 where the mask, from a line and sample on, is valid, and with 1 elsewhere."""
    one = floats(np.float32(1.0))
    samples, wide = mask.shape[1], out.shape[1]
    start, stop = min(max(-sample, 0), wide), min(max(samples - sample, 0), wide)
    for i in range(out.shape[0]):
        at = line + i
        if (at < 0 and not ends[0]) or (at >= lines and not ends[2]):
            out[i] = 1.0
            continue
        at = min(max(at, 0), mask.shape[0] - 1)
        for j in range(start, stop, COUNT):
            valid = load_first(mask, at * samples + sample + j, stop - j)
            store(out, i * wide + j, one - valid, stop - j)
        if start > 0:
            out[i, :start] = 0.0 if ends[1] and mask[at, 0] else 1.0
        if stop < wide:
            out[i, stop:] = 0.0 if ends[3] and mask[at, samples - 1] else 1.0


@loop
def share_missing(  # noqa: C901 - lines and columns off the mask, side by side
    mask: NDArray[np.uint8],
    lines: int,
    ends: Ends,
    line: int,
    sample: int,
    size: int,
    out: NDArray[np.float32],
) -> None:
    """Fill the share of each block that is not valid, the first at (line, sample) of the raster."""
    if size == 1:
        show_missing(mask, lines, ends, line, sample, out)
        return
    one, share = floats(np.float32(1.0)), floats(np.float32(1.0 / (size * size)))
    samples, wide = mask.shape[1], out.shape[1] * size
    start, stop = min(max(-sample, 0), wide), min(max(samples - sample, 0), wide)
    # blocks beside the mask are missing, but where the raster goes on
    left = 0 if ends[1] else start // size
    right = out.shape[1] if ends[3] else max((stop + size - 1) // size, left)
    part = (right - left) * size
    start, stop, sample = start - left * size, stop - left * size, sample + left * size
    flat, nothing = mask.reshape(mask.size), np.zeros(MANY, dtype=np.uint8)
    rows = np.empty(size, dtype=np.int64)  # where the lines of a block begin in the mask
    room = np.empty(part + 2 * MANY, dtype=np.uint16)  # for what is valid of the columns of blocks
    for i in range(out.shape[0]):
        count = 0
        for at in range(line + i * size, line + (i + 1) * size):
            if (at >= 0 or ends[0]) and (at < lines or ends[2]):
                rows[count] = min(max(at, 0), mask.shape[0] - 1) * samples
                count += 1
        if count == 0:
            out[i] = 1.0
            continue
        before, behind = np.uint16(0), np.uint16(0)
        for k in range(count):
            before += np.uint16(ends[1] and flat[rows[k]])
            behind += np.uint16(ends[3] and flat[rows[k] + samples - 1])
        room[:start], room[stop:] = before, behind
        last = stop - (stop - start) % MANY
        for j in range(start, last, MANY):
            total = load_terms(nothing, 0)
            for k in range(count):
                total = total + load_terms(mask, rows[k] + sample + j)
            store_terms(room, j, total)
        for j in range(last, stop):
            room[j] = 0
            for k in range(count):
                room[j] += flat[rows[k] + sample + j]
        _add_pairs(room, part, size)
        out[i, :left], out[i, right:] = 1.0, 1.0
        for j in range(left, right, COUNT):
            valid = load_first(room, j - left, right - j)
            store(out, i * out.shape[1] + j, one - share * valid, right - j)


@part_of_loop
def _add_pairs(room: NDArray[np.uint16], count: int, size: int) -> None:
    """Add up each `size` of so many numbers, in place: pairs, pairs of pairs ..."""
    width = 1
    while width < size:
        width *= 2
        for j in range(0, count // width, COUNT):
            even, odd = load_pairs_apart(room, 2 * j)
            store(room, j, to_floats(even + odd), count // width - j)


@loop
def is_all_missing(missing: NDArray[np.float32], first: int, start: int, last: int, stop: int) -> bool:
    """True if nothing is valid in blocks from a line and sample to others."""
    for i in range(first, last):
        for j in range(start, stop):
            if missing[i, j] < np.float32(1.0):
                return False
    return True


@loop
def is_any_missing(missing: NDArray[np.float32], first: int, start: int, last: int, stop: int) -> bool:
    """True if anything is missing from blocks from a line and sample to others."""
    for i in range(first, last):
        for j in range(start, stop, COUNT):
            if has_any(load_first(missing, i * missing.shape[1] + j, stop - j)):
                return True
    return False

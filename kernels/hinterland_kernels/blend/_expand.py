"""Stretches of lines of a pyramid on the CPU: expanded, and put where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import part_of_loop
from hinterland_kernels._lines import (
    COUNT,
    copy,
    floats,
    load,
    load_first,
    load_numbers,
    store,
    store_pairs,
    where_same,
    wholes,
)
from hinterland_kernels.blend._rows import AHEAD, Row, ahead
from hinterland_kernels.pixel.pyramid import edge_taps, three_taps, two_taps

_OF_8 = np.float32(1.0 / 8.0)


@part_of_loop
def owns_all(owners: NDArray[np.int16], index: int) -> bool:
    """True if one image owns the whole of a line."""
    wanted = np.int16(index)
    others = np.int16(0)
    for j in range(owners.size):
        others |= owners[j] ^ wanted
    return bool(others == 0)


@part_of_loop
def put(
    values: NDArray[Any],
    at: int,
    change: Row,
    change_at: int,
    owners: NDArray[np.int16],
    owners_at: int,
    index: int,
    is_all: bool,
    size: int,
    out: NDArray[Any],
    out_at: int,
) -> None:
    """Samples with their change where one image owns; in whole numbers they are rounded, and end at full scale."""
    wanted = wholes(index)
    ahead(values, at + AHEAD * values.shape[2], size)
    ahead(out, out_at + AHEAD * out.shape[2], size)
    for j in range(0, size, COUNT):
        left = size - j
        value = load_first(values, at + j, left) + load(change, change_at + j)
        if not is_all:
            owned = load_numbers(owners, owners_at + j, left)
            value = where_same(owned, wanted, value, load_first(out, out_at + j, left))
        store(out, out_at + j, value, left)


@part_of_loop
def expand_line(
    coarser: NDArray[np.float32], band: int, line: int, first: int, size: int, between: Row, out: Row
) -> None:
    """So many samples of one line of the next finer level, from sample `first`, which is even.

    coarser is (bands, lines, samples), the level; between and out have `ROOM`.
    """
    samples = coarser.shape[2]
    start = first // 2 - 1
    stop = (first + size - 1) // 2 + 2
    left, right = max(start, 0), min(stop, samples)
    _between_lines(coarser, band, line, left, right, between, left - start)
    if right < stop:  # halfway to a sample that is not there lies the last one
        between[right - start] = between[right - start - 1]
    for j in range(0, (size + 1) // 2, COUNT):
        before, here, after = load(between, j), load(between, j + 1), load(between, j + 2)
        even, odd = three_taps(before, here, after) * floats(_OF_8), two_taps(here, after) * floats(_OF_8)
        store_pairs(out, 2 * j, even, odd)
    if left > start:
        out[0] = edge_taps(between[2], between[1])
    edge = 2 * (samples - 1) - first
    if 0 <= edge < size:
        out[edge] = edge_taps(between[edge // 2], between[edge // 2 + 1])
    if samples == 1:
        out[:size] = between[1]


@part_of_loop
def _between_lines(
    coarser: NDArray[np.float32], band: int, line: int, left: int, right: int, out: Row, at: int
) -> None:
    """Samples of the coarser level carried to a line of the finer one, from an index on."""
    lines, samples = coarser.shape[1:]
    last = lines - 1
    middle = line // 2
    here = (band * lines + middle) * samples + left
    size = right - left
    if line % 2 and middle < last:
        for j in range(0, size, COUNT):
            taps = two_taps(
                load_first(coarser, here + j, size - j), load_first(coarser, here + samples + j, size - j)
            )
            store(out, at + j, taps * floats(_OF_8), size - j)
    elif line % 2 or last == 0:
        copy(coarser, here, out, at, size)
    elif 0 < middle < last:
        for j in range(0, size, COUNT):
            taps = three_taps(
                load_first(coarser, here - samples + j, size - j),
                load_first(coarser, here + j, size - j),
                load_first(coarser, here + samples + j, size - j),
            )
            store(out, at + j, taps * floats(_OF_8), size - j)
    else:
        inner = coarser[band, 1 if middle == 0 else middle - 1, left:right]
        edge = coarser[band, middle, left:right]
        for j in range(size):
            out[at + j] = edge_taps(inner[j], edge[j])

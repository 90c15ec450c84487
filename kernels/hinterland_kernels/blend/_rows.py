"""Stretches of lines of a pyramid on the CPU: loaded into rings and reduced in the first cache."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lanes import FLOATS
from hinterland_kernels._lines import (
    COUNT,
    copy,
    floats,
    load,
    load_first,
    load_pairs_apart,
    load_terms,
    prefetch,
    store,
    store_terms,
    to_floats,
    where_less,
)
from hinterland_kernels.pixel.pyramid import five_taps

Row = NDArray[np.float32]
Mask = NDArray[np.bool_]
Blocks = NDArray[np.bool_]

STRETCH = 256
"""Samples of a stretch at most: five lines of three bands and their mask fit the first cache."""

ROOM = STRETCH + 2 * COUNT
"""Of a stretch in memory: all that is done to its end is done to sixteen or 32 samples at once."""

WIDTH = 2 * STRETCH + 4 * COUNT
"""Of the finer level under a stretch, in memory."""

AHEAD = 4
"""Lines until a stretch that is brought near has its turn."""

_OF_256 = np.float32(1.0 / 256.0)


@loop
def stretches(busy: Blocks, shift: int, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Busy blocks of a level side by side, taken together: first line, end, first sample, end of each stretch."""
    out = np.empty((busy.size, 4), dtype=np.int64)
    longest = max(STRETCH >> shift, 1)
    count = 0
    for line in range(busy.shape[0]):
        sample = 0
        while sample < busy.shape[1]:
            first = sample
            while sample < busy.shape[1] and busy[line, sample] and sample - first < longest:
                sample += 1
            if sample == first:
                sample += 1
                continue
            top, left = line << shift, first << shift
            bottom, right = min((line + 1) << shift, shape[0]), min(sample << shift, shape[1])
            if top < bottom and left < right:
                out[count] = top, bottom, left, right
                count += 1
    return out[:count]


def room_for_sums(values: NDArray[Any]) -> NDArray[Any]:
    """Room for sums of five lines, which are whole numbers of 16 bits where samples have 8: at most 16 * 255."""
    return np.zeros(WIDTH, dtype=np.uint16 if values.dtype == np.uint8 else np.float32)


@overload(room_for_sums)
def _room_for_sums(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - types of a call
    kind = np.uint16 if values.dtype == types.uint8 else np.float32
    return lambda values: np.zeros(WIDTH, dtype=kind)  # noqa: ARG005 - the same names


@part_of_loop
def ahead(array: NDArray[Any], at: int, size: int) -> None:
    """Have a stretch brought near, before its turn comes: lines lie too far apart to be foreseen."""
    for j in range(0, size, 64 // array.itemsize):
        prefetch(array, at + j)


@part_of_loop
def load_image(
    values: NDArray[Any], mask: Mask, line: int, sample: int, size: int, ring: NDArray[Any], slot: int
) -> bool:
    """Part of a line of an image into a slot of its bands' rings and, behind them, its mask's.

    Samples that are not valid are 0. Returns whether all are valid; the mask's ring is then left as it is.
    """
    bands, lines, samples = values.shape
    left, right = max(sample, 0), min(sample + size, samples)
    if not 0 <= line < lines or left >= right:
        ring[:, slot, :size] = 0
        return False
    here, plane = line * samples + left, lines * samples
    into = slot * WIDTH + left - sample
    ahead(mask, here + AHEAD * samples, right - left)
    for band in range(bands):
        ahead(values, band * plane + here + AHEAD * samples, right - left)
    if right - left == size and _all(mask[line, left:right]):
        for band in range(bands):
            copy(values, band * plane + here, ring, band * 5 * WIDTH + into, size)
        return True
    if right - left < size:
        ring[:, slot, :size] = 0
    none = floats(np.float32(0.0))
    for j in range(0, right - left, COUNT):
        rest = right - left - j
        valid = load_first(mask, here + j, rest)
        store(ring, bands * 5 * WIDTH + into + j, valid, rest)
        for band in range(bands):
            own = where_less(none, valid, load_first(values, band * plane + here + j, rest), none)
            store(ring, band * 5 * WIDTH + into + j, own, rest)
    return False


@part_of_loop
def _all(mask: Mask) -> bool:
    every = np.uint8(1)
    for j in range(mask.size):
        every &= np.uint8(mask[j])
    return bool(every == 1)


@part_of_loop
def load_owned(
    owners: NDArray[np.int16],
    index: int,
    line: int,
    sample: int,
    size: int,
    ring: NDArray[np.uint8],
    slot: int,
) -> None:
    """Part of a line: 1 where one image owns, else 0."""
    left, right = max(sample, 0), min(sample + size, owners.shape[1])
    inside = 0 <= line < owners.shape[0]
    if not inside or right - left < size:
        ring[slot, :size] = 0
    if inside:
        owned, row = owners[line, left:right], ring[slot, left - sample : right - sample]
        wanted = np.int16(index)
        for j in range(row.size):
            row[j] = owned[j] == wanted


@part_of_loop
def load_weights(
    weights: NDArray[np.float32], line: int, sample: int, size: int, ring: NDArray[np.float32], slot: int
) -> None:
    """Part of a line of weights, 0 off the window."""
    lines, samples = weights.shape
    left, right = max(sample, 0), min(sample + size, samples)
    inside = 0 <= line < lines
    if not inside or right - left < size:
        ring[slot, :size] = 0.0
    if inside:
        ahead(weights, (line + AHEAD) * samples + left, right - left)
        copy(weights, line * samples + left, ring, slot * WIDTH + left - sample, right - left)


@part_of_loop
def reduce_ring(
    ring: NDArray[Any], band: int, i: int, size: int, sums: NDArray[Any], out: NDArray[np.float32], at: int
) -> None:
    """A line of the coarser level from the five about it, each in the slot of its number modulo 5."""
    first = band * 5 * WIDTH
    a, b = first + (2 * i - 2) % 5 * WIDTH, first + (2 * i - 1) % 5 * WIDTH
    c = first + 2 * i % 5 * WIDTH
    d, e = first + (2 * i + 1) % 5 * WIDTH, first + (2 * i + 2) % 5 * WIDTH
    for j in range(0, 2 * size + 3, 64 // sums.itemsize):
        total = five_taps(
            load_terms(ring, a + j),
            load_terms(ring, b + j),
            load_terms(ring, c + j),
            load_terms(ring, d + j),
            load_terms(ring, e + j),
        )
        store_terms(sums, j, total)
    for j in range(0, size, COUNT):
        even, odd = load_pairs_apart(sums, 2 * j)
        later_even, later_odd = load_pairs_apart(sums, 2 * j + 2)
        last, _ = load_pairs_apart(sums, 2 * j + 4)
        total = as_floats_of(five_taps(even, odd, later_even, later_odd, last))
        store(out, at + j, total * floats(_OF_256), size - j)


def as_floats_of(lanes: Any) -> Any:  # noqa: ANN401
    """The same numbers as float32."""
    return to_floats(lanes)


@overload(as_floats_of)
def _as_floats_of(lanes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - types of a call
    if lanes == FLOATS:
        return lambda lanes: lanes
    return lambda lanes: to_floats(lanes)  # noqa: PLW0108 - Numba reads the source of what is returned


@part_of_loop
def divided(total: Any, weight: Any) -> Any:  # noqa: ANN401 - lanes
    """Sums divided by their weights; 0 where there is none."""
    none = floats(np.float32(0.0))
    return where_less(none, weight, total / where_less(none, weight, weight, floats(np.float32(1.0))), none)


@part_of_loop
def divide(total: NDArray[np.float32], at: int, weight: Row, size: int) -> None:
    """Divide samples from an index on by a row of weights, in place; 0 where there is none."""
    for j in range(0, size, COUNT):
        own = load_first(total, at + j, size - j)
        store(total, at + j, divided(own, load(weight, j)), size - j)

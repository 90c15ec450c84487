"""Rows of a pyramid on the CPU: what the blend's loops do to a stretch of one line, in the first cache."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.pyramid import edge_taps, five_taps, three_taps, two_taps

Row = NDArray[np.float32]
Mask = NDArray[np.bool_]
Blocks = NDArray[np.bool_]

STRETCH = 256
"""Samples of a stretch at most: five lines of three bands and their mask fit the first cache."""

HALF = STRETCH + 2
"""Even samples of the finer level under a stretch; the odd ones are one less.

A line of the finer level is kept as its even samples and, from `HALF` on, its odd ones: so all loops but the one
that parts them read neighbours.
"""

_ZERO = np.float32(0.0)
_OF_256 = np.float32(1.0 / 256.0)
_OF_8 = np.float32(1.0 / 8.0)


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


def ring_of(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Room for what is summed, which is whole numbers of 16 bits where samples have 8: 256 * 255 at most."""
    return np.empty(shape, dtype=np.uint16 if values.dtype == np.uint8 else np.float32)


@overload(ring_of)
def _ring_of(values, shape):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001 - types of a call
    kind = np.uint16 if values.dtype == types.uint8 else np.float32
    return lambda values, shape: np.empty(shape, dtype=kind)  # noqa: ARG005 - the same names


@loop
def load_image(
    values: NDArray[Any],
    mask: Mask,
    line: int,
    sample: int,
    size: int,
    flat: NDArray[Any],
    ring: NDArray[Any],
    slot: int,
) -> bool:
    """Part of a line of an image into a slot of its bands' rings and, behind them, its mask's.

    Samples that are not valid are 0. Returns whether all are valid; the mask's ring is then left as it is.
    """
    bands = values.shape[0]
    left, right = max(sample, 0), min(sample + size, mask.shape[1])
    inside = 0 <= line < mask.shape[0] and left < right
    if inside and right - left == size and _all(mask[line, left:right]):
        for band in range(bands):
            _part(values[band, line, left:right], size, ring[band, slot])
        return True
    if not inside:
        ring[:, slot] = 0
        return False
    flat[:size] = 0
    valid, row = mask[line, left:right], flat[left - sample : right - sample]
    for band in range(bands):
        own = values[band, line, left:right]
        for j in range(row.size):
            row[j] = own[j]
            if not valid[j]:
                row[j] = 0
        _part(flat, size, ring[band, slot])
    for j in range(row.size):
        row[j] = valid[j]
    _part(flat, size, ring[bands, slot])
    return False


@loop
def _all(mask: Mask) -> bool:
    every = np.uint8(1)
    for j in range(mask.size):
        every &= np.uint8(mask[j])
    return bool(every == 1)


@loop
def _part(values: NDArray[Any], size: int, out: NDArray[Any]) -> None:
    """Even samples and odd ones; the number of all is odd."""
    even, odd = out[:HALF], out[HALF:]
    for j in range(size // 2):
        even[j] = values[2 * j]
        odd[j] = values[2 * j + 1]
    even[size // 2] = values[size - 1]


@loop
def load_owned(
    owners: NDArray[np.int16],
    index: int,
    line: int,
    sample: int,
    size: int,
    flat: NDArray[np.uint16],
    ring: NDArray[np.uint16],
) -> None:
    """Part of a line: 1 where one image owns, else 0."""
    left, right = max(sample, 0), min(sample + size, owners.shape[1])
    inside = 0 <= line < owners.shape[0]
    if not inside or right - left < size:
        flat[:size] = 0
    if inside:
        owned, row = owners[line, left:right], flat[left - sample : right - sample]
        wanted = np.int16(index)
        for j in range(row.size):
            row[j] = owned[j] == wanted
    _part(flat, size, ring)


@loop
def load_weights(
    weights: NDArray[np.float32], line: int, sample: int, size: int, flat: Row, ring: Row
) -> None:
    """Part of a line of weights, 0 off the window."""
    left, right = max(sample, 0), min(sample + size, weights.shape[1])
    inside = 0 <= line < weights.shape[0]
    if not inside or right - left < size:
        flat[:size] = _ZERO
    if inside:
        flat[left - sample : right - sample] = weights[line, left:right]
    _part(flat, size, ring)


@loop
def reduce_ring(ring: NDArray[Any], i: int, flat: NDArray[Any], out: Row) -> None:
    """A line of the coarser level from the five about it, each in the slot of its number modulo 5."""
    for part in range(2):
        first = part * HALF
        stop = first + out.size + 2 - part
        a = ring[(2 * i - 2) % 5, first:stop]
        b = ring[(2 * i - 1) % 5, first:stop]
        c = ring[2 * i % 5, first:stop]
        d = ring[(2 * i + 1) % 5, first:stop]
        e = ring[(2 * i + 2) % 5, first:stop]
        row = flat[first:stop]
        for j in range(row.size):
            row[j] = five_taps(a[j], b[j], c[j], d[j], e[j])
    even, odd = flat[:HALF], flat[HALF:]
    for j in range(out.size):
        even[j] = five_taps(even[j], odd[j], even[j + 1], odd[j + 1], even[j + 2])
    for j in range(out.size):  # apart, so that words stay words above
        out[j] = np.float32(even[j]) * _OF_256


@loop
def add(values: Row, out: Row) -> None:
    """Add a row to another."""
    for j in range(out.size):
        out[j] += values[j]


@loop
def divide(total: Row, weight: Row) -> None:
    """Divide by the weight in place; 0 where there is none."""
    for j in range(total.size):
        total[j] = total[j] / weight[j] if weight[j] > _ZERO else _ZERO


@loop
def owns_all(owners: NDArray[np.int16], index: int) -> bool:
    """True if one image owns the whole of a line."""
    wanted = np.int16(index)
    others = np.int16(0)
    for j in range(owners.size):
        others |= owners[j] ^ wanted
    return bool(others == 0)


@loop
def put(values: NDArray[Any], owners: NDArray[np.int16], index: int, out: NDArray[Any]) -> None:
    """Copy the samples that one image owns."""
    wanted = np.int16(index)
    for j in range(out.size):
        if owners[j] == wanted:
            out[j] = values[j]


@loop
def put_rounded(
    values: NDArray[Any], owners: NDArray[np.int16], index: int, full_scale: float, out: NDArray[Any]
) -> None:
    """Round the samples that one image owns to whole numbers from 0 to full scale."""
    wanted, most = np.int16(index), np.float32(full_scale)
    for j in range(out.size):
        if owners[j] == wanted:
            out[j] = min(max(np.rint(np.float32(values[j])), _ZERO), most)


@loop
def put_sum(
    values: NDArray[Any],
    change: Row,
    owners: NDArray[np.int16],
    index: int,
    is_all: bool,
    full_scale: float,
    out: NDArray[Any],
) -> None:
    """As `put` and `put_rounded`, of samples with their change; all of them where one image owns all."""
    wanted, most = np.int16(index), np.float32(full_scale)
    if full_scale > 0.0 and is_all:
        for j in range(out.size):
            out[j] = min(max(np.rint(np.float32(values[j]) + change[j]), _ZERO), most)
    elif full_scale > 0.0:
        for j in range(out.size):
            if owners[j] == wanted:
                out[j] = min(max(np.rint(np.float32(values[j]) + change[j]), _ZERO), most)
    else:
        for j in range(out.size):
            if owners[j] == wanted:
                out[j] = np.float32(values[j]) + change[j]


@loop
def expand_line(coarser: NDArray[np.float32], line: int, first: int, between: Row, out: Row) -> None:
    """One line of the next finer level, from sample `first`, which is even.

    coarser is (lines, samples), the level; between holds `out.size // 2 + 3` samples at least.
    """
    samples = coarser.shape[1]
    start = first // 2 - 1
    stop = (first + out.size - 1) // 2 + 2
    left, right = max(start, 0), min(stop, samples)
    _between_lines(coarser, line, left, right, between[left - start : right - start])
    if right < stop:  # halfway to a sample that is not there lies the last one
        between[right - start] = between[right - start - 1]
    for j in range(out.size // 2):
        out[2 * j] = three_taps(between[j], between[j + 1], between[j + 2]) * _OF_8
        out[2 * j + 1] = two_taps(between[j + 1], between[j + 2]) * _OF_8
    last = out.size - 1
    if last % 2 == 0:
        out[last] = three_taps(between[last // 2], between[last // 2 + 1], between[last // 2 + 2]) * _OF_8
    if left > start:
        out[0] = edge_taps(between[2], between[1])
    edge = 2 * (samples - 1) - first
    if 0 <= edge < out.size:
        out[edge] = edge_taps(between[edge // 2], between[edge // 2 + 1])
    if samples == 1:
        out[:] = between[1]


@loop
def _between_lines(coarser: NDArray[np.float32], line: int, left: int, right: int, out: Row) -> None:
    """Samples of the coarser level carried to a line of the finer one."""
    last = coarser.shape[0] - 1
    middle = line // 2
    here = coarser[middle, left:right]
    if line % 2 and middle < last:
        there = coarser[middle + 1, left:right]
        for j in range(out.size):
            out[j] = two_taps(here[j], there[j]) * _OF_8
    elif line % 2 or last == 0:
        out[:] = here
    elif 0 < middle < last:
        above, below = coarser[middle - 1, left:right], coarser[middle + 1, left:right]
        for j in range(out.size):
            out[j] = three_taps(above[j], here[j], below[j]) * _OF_8
    else:
        inner = coarser[1 if middle == 0 else middle - 1, left:right]
        for j in range(out.size):
            out[j] = edge_taps(inner[j], here[j])

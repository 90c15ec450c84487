"""Loops of feather weights, and of averages by them, on the CPU; their public faces are in the package."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop


@loop
def share_missing(
    mask: NDArray[np.bool_], line: int, sample: int, size: int, out: NDArray[np.float32]
) -> None:
    """Fill the share of each block that is not valid, the first at (line, sample); edges of the mask go on."""
    share = np.float32(1.0 / (size * size))
    last = mask.shape[1] - 1
    for i in range(out.shape[0]):
        out[i] = 0.0
        for k in range(size):
            row = mask[min(max(line + i * size + k, 0), mask.shape[0] - 1)]
            for j in range(out.shape[1]):
                first = sample + j * size
                for m in range(first, first + size):
                    if not row[min(max(m, 0), last)]:
                        out[i, j] += share


@loop
def rise(
    missing: NDArray[np.float32], kernel: NDArray[np.float64], half: float, out: NDArray[np.float64]
) -> None:
    """Fill the root of the weight of each block: it rises evenly from the edge, so that splines keep it."""
    lines, samples = out.shape
    size = kernel.shape[0]
    middle = size // 2
    wide = missing.shape[1]
    in_reach = np.zeros(wide, dtype=np.int32)  # of each column, blocks with something missing
    closeness = np.empty(samples)
    for i in range(lines):
        for k in range(size - 1 if i > 0 else 0, size):
            _count(missing[i + k], 1, in_reach)
        if i > 0:
            _count(missing[i - 1], -1, in_reach)
        out[i] = 1.0
        first, last = _ends(in_reach)
        if first == last:
            continue
        start, stop = max(first - size + 1, 0), min(last, samples)
        _sum_up(missing[i : i + size], kernel, first, last, closeness)
        for j in range(start, stop):
            if missing[i + middle, j + middle] == 1.0:
                out[i, j] = 0.0
            else:
                out[i, j] = 1.0 / math.sqrt(1.0 + half * half * closeness[j])


@loop
def _count(missing: NDArray[np.float32], one: int, counts: NDArray[np.int32]) -> None:
    """Count blocks with something missing in or out."""
    for j in range(counts.size):
        counts[j] += one if missing[j] > 0.0 else 0


@loop
def _ends(counts: NDArray[np.int32]) -> tuple[int, int]:
    """Where the first count above 0 is, and past the last."""
    first, last = 0, counts.size
    while first < last and counts[first] == 0:
        first += 1
    while last > first and counts[last - 1] == 0:
        last -= 1
    return first, last


@loop
def _sum_up(
    missing: NDArray[np.float32], kernel: NDArray[np.float64], first: int, last: int, out: NDArray[np.float64]
) -> None:
    """Sum the kernel over a band of blocks, of which only columns first to last have something missing."""
    size = kernel.shape[0]
    out[:] = 0.0
    for k in range(size):
        row = missing[k]
        for j in range(first, last):
            if row[j] > 0.0:
                break
        else:
            continue
        for m in range(size):
            weight = kernel[k, m]
            for j in range(max(first - m, 0), min(last - m, out.size)):
                out[j] += weight * row[j + m]


@loop
def spread(
    rises: NDArray[np.float64],
    splines: NDArray[np.float64],
    mask: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None:
    """Multiply by the weight of each sample; block 1, 1 of the rises holds sample 0, 0."""
    size = splines.shape[0]
    lines, samples = out.shape
    column = np.empty(rises.shape[1])
    for i in range(lines):
        line = splines[i % size]
        upper, here, lower = rises[i // size], rises[i // size + 1], rises[i // size + 2]
        is_one = True
        for b in range(column.size):
            column[b] = line[0] * upper[b] + line[1] * here[b] + line[2] * lower[b]
            is_one &= column[b] == 1.0
        if not is_one:
            for m in range(size):
                before, own, after = splines[m, 0], splines[m, 1], splines[m, 2]
                for b in range((samples - m + size - 1) // size):
                    root = before * column[b] + own * column[b + 1] + after * column[b + 2]
                    out[i, b * size + m] *= max(root * root, 1e-6)
        for j in range(samples):
            if not mask[i, j]:
                out[i, j] = 0.0


@loop
def add(
    values: NDArray[np.float32],
    line: int,
    sample: int,
    weights: NDArray[np.float32],
    index: int,
    total: NDArray[np.float64],
    weight_sum: NDArray[np.float64],
    below: NDArray[np.float64],
    most: NDArray[np.float32],
    leading: NDArray[np.int32],
) -> None:
    """Add a raster of which (line, sample) is the tile's first sample; see `Average.add`."""
    lines, samples = weights.shape
    for i in range(lines):
        # line by line and band by band, without a branch: so many samples are done at once
        row, sums, through = weights[i], weight_sum[i], below[i]
        best, leader = most[i], leading[i]
        for j in range(samples):
            weight = np.float64(row[j])
            sums[j] += weight
            through[j] *= 1.0 - weight
        for j in range(samples):
            leads = row[j] > best[j]
            best[j] = row[j] if leads else best[j]
            leader[j] = np.int32(index) if leads else leader[j]
        for band in range(total.shape[0]):
            given, sums = values[band, line + i, sample : sample + samples], total[band, i]
            for j in range(samples):
                # what has no weight may be nan
                value = given[j] if row[j] > 0.0 else np.float32(0.0)
                sums[j] += np.float64(value) * np.float64(row[j])


@loop
def lay(
    total: NDArray[np.float64],
    weight_sum: NDArray[np.float64],
    below: NDArray[np.float64],
    leading: NDArray[np.int32],
    shown: NDArray[np.float64],
    owners: NDArray[np.int32],
) -> None:
    """Lay averages over what is shown; see `Average.lay_over`."""
    lines, samples = owners.shape
    left = np.empty(samples)
    for i in range(lines):
        sums, through, owned, leader = weight_sum[i], below[i], owners[i], leading[i]
        for j in range(samples):
            # below an owner of -1 there is nothing to see through to; what nobody weighs stays as it is
            seen = through[j] if owned[j] >= 0 else 0.0
            left[j] = seen if sums[j] > 0.0 else 1.0
        for band in range(shown.shape[0]):
            row, given = shown[band, i], total[band, i]
            for j in range(samples):
                weight = sums[j] if sums[j] > 0.0 else 1.0
                mean = given[j] / weight
                row[j] = mean + left[j] * (row[j] - mean) if sums[j] > 0.0 else row[j]
        for j in range(samples):
            owned[j] = leader[j] if sums[j] > 0.0 and left[j] <= 0.5 else owned[j]

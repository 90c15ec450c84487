"""Loops of the halving. A line or sample beyond an odd edge is the edge's own again, which changes no mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop


@loop
def halve_whole(samples: NDArray[Any], half: NDArray[Any]) -> None:
    """Whole numbers, all valid."""
    lines, columns = samples.shape[1:]
    pairs = columns // 2
    for band in range(half.shape[0]):
        for line in range(half.shape[1]):
            upper, lower = samples[band, 2 * line], samples[band, min(2 * line + 1, lines - 1)]
            row = half[band, line]
            for i in range(pairs):
                total = np.int32(upper[2 * i]) + np.int32(upper[2 * i + 1])
                total += np.int32(lower[2 * i]) + np.int32(lower[2 * i + 1])
                row[i] = (total + 2) >> 2
            if columns > 2 * pairs:
                row[pairs] = (np.int32(upper[columns - 1]) + np.int32(lower[columns - 1]) + 1) >> 1


@loop
def halve_floats(samples: NDArray[np.float32], half: NDArray[np.float32]) -> None:
    """Floats, all valid."""
    lines, columns = samples.shape[1:]
    pairs = columns // 2
    for band in range(half.shape[0]):
        for line in range(half.shape[1]):
            upper, lower = samples[band, 2 * line], samples[band, min(2 * line + 1, lines - 1)]
            row = half[band, line]
            for i in range(pairs):
                total = np.float64(upper[2 * i]) + np.float64(upper[2 * i + 1])
                total += np.float64(lower[2 * i]) + np.float64(lower[2 * i + 1])
                row[i] = 0.25 * total
            if columns > 2 * pairs:
                row[pairs] = 0.5 * (np.float64(upper[columns - 1]) + np.float64(lower[columns - 1]))


@loop
def halve_valid(
    samples: NDArray[Any],
    mask: NDArray[np.bool_],
    is_whole: bool,
    half: NDArray[Any],
    half_mask: NDArray[np.bool_],
) -> None:
    """Only what is valid."""
    lines, columns = mask.shape
    for line in range(half.shape[1]):
        first, last = 2 * line, min(2 * line + 1, lines - 1)
        for i in range(half.shape[2]):
            left, right = 2 * i, min(2 * i + 1, columns - 1)
            a, b, c, d = mask[first, left], mask[first, right], mask[last, left], mask[last, right]
            count = int(a) + int(b) + int(c) + int(d)
            half_mask[line, i] = count > 0
            for band in range(half.shape[0]):
                total = 0.0
                if a:
                    total += samples[band, first, left]
                if b:
                    total += samples[band, first, right]
                if c:
                    total += samples[band, last, left]
                if d:
                    total += samples[band, last, right]
                mean = total / count if count else 0.0
                half[band, line, i] = math.floor(mean + 0.5) if is_whole else mean


@loop
def block_means(
    samples: NDArray[Any],
    mask: NDArray[np.bool_],
    high: int,
    wide: int,
    means: NDArray[np.float32],
    means_mask: NDArray[np.bool_],
) -> None:
    """Means of the valid samples of blocks: sums of columns first, since those do not wait for each other."""
    lines, columns = mask.shape
    totals, counts = np.empty(columns), np.empty(columns)
    for band in range(means.shape[0]):
        for i in range(means.shape[1]):
            totals[:] = 0.0
            counts[:] = 0.0
            for line in range(i * high, min((i + 1) * high, lines)):
                row, valid = samples[band, line], mask[line]
                for k in range(columns):
                    totals[k] += np.float64(row[k]) if valid[k] else 0.0
                    counts[k] += 1.0 if valid[k] else 0.0
            for j in range(means.shape[2]):
                block = slice(j * wide, min((j + 1) * wide, columns))
                count = counts[block].sum()
                means_mask[i, j] = count > 0.0
                means[band, i, j] = totals[block].sum() / max(count, 1.0)


@loop
def whole_block_means(samples: NDArray[Any], high: int, wide: int, means: NDArray[np.float32]) -> None:
    """Means of blocks of whole numbers of 8 or 16 bits that are all valid; `high` is at most 2**16."""
    lines, columns = samples.shape[1:]
    totals = np.empty(columns, np.uint32)
    for band in range(means.shape[0]):
        for i in range(means.shape[1]):
            first, last = i * high, min((i + 1) * high, lines)
            totals[:] = 0
            for line in range(first, last):
                row = samples[band, line]
                for k in range(columns):
                    totals[k] += row[k]
            for j in range(means.shape[2]):
                start, stop = j * wide, min((j + 1) * wide, columns)
                total = np.uint64(0)
                for k in range(start, stop):
                    total += totals[k]
                means[band, i, j] = np.float64(total) / np.float64((last - first) * (stop - start))

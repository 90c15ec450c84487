"""Loop over the blocks that two images share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop

Floats = NDArray[np.float32]
Sums = NDArray[np.float64]
Mask = NDArray[np.bool_]


@part_of_loop
def _add_row(values: Floats, line: int, size: int, sums: Sums, slopes: Sums) -> None:
    """Add a line of one band to its blocks: samples, and sizes of their gradient by central differences."""
    lines, samples = values.shape
    above, below = max(line - 1, 0), min(line + 1, lines - 1)
    per_line = 1.0 / max(below - above, 1)
    row, upper, lower = values[line], values[above], values[below]
    for block in range(sums.shape[0]):
        for k in range(block * size, (block + 1) * size):
            left, right = max(k - 1, 0), min(k + 1, samples - 1)
            down = (np.float64(lower[k]) - np.float64(upper[k])) * per_line
            along = (np.float64(row[right]) - np.float64(row[left])) / max(right - left, 1)
            sums[block] += row[k]
            slopes[block] += math.sqrt(down * down + along * along)


@loop
def paired_means(
    values: tuple[Floats, Floats],
    masks: tuple[Mask, Mask],
    size: int,
    bright: float,
    means: Sums,
    slopes: Sums,
    is_usable: Mask,
) -> None:
    """Means and mean slopes (2, bands, m, n) of the blocks of two images, and which blocks are usable in both."""
    per_block = 1.0 / (size * size)
    means[:] = 0.0
    slopes[:] = 0.0
    is_usable[:] = True
    for image in range(2):
        picture, mask = values[image], masks[image]
        for i in range(is_usable.shape[0]):
            for line in range(i * size, (i + 1) * size):
                for band in range(picture.shape[0]):
                    row = picture[band, line]
                    _add_row(picture[band], line, size, means[image, band, i], slopes[image, band, i])
                    for j in range(is_usable.shape[1]):
                        for k in range(j * size, (j + 1) * size):
                            is_usable[i, j] &= mask[line, k] and 0.0 < row[k] < bright
    for image in range(2):
        means[image] *= per_block
        slopes[image] *= per_block

"""Images laid end to end for the loops, at full and at half size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop

UNIT = 1024
"""Costs are integers, 1024 to a unit of mismatch: sums are exact, so that no rounding makes a move lose."""

LARGEST_PREFERENCE = 1024.0


class Images(NamedTuple):
    """All windows end to end, pixels with their bands together."""

    values: NDArray[np.float32]
    """(pixels, bands); those of a pixel that is not valid say nothing."""
    mask: NDArray[np.bool_]
    """(pixels,)."""
    preference: NDArray[np.int32]
    """(pixels,), in 1 / `UNIT`."""
    first: NDArray[np.int64]
    """(images,): where an image's pixels begin."""
    windows: NDArray[np.int64]
    """(images, 4): line, sample, lines, samples on the canvas; the first sample lies on it."""
    lines: int
    """Of the canvas."""
    samples: int
    """Of the canvas."""
    length_cost: int
    """Of each pair of neighbours with different owners, in 1 / `UNIT`."""
    wraps: bool
    """True if the last sample's right neighbour is the first."""


@part_of_loop
def locate(images: Images, image: int, line: int, sample: int) -> int:
    """Index of a canvas pixel in an image, -1 where it has none."""
    row = line - images.windows[image, 0]
    column = sample - images.windows[image, 1]
    if column < 0:
        column += images.samples
    if row < 0 or row >= images.windows[image, 2] or column >= images.windows[image, 3]:
        return -1
    index = images.first[image] + row * images.windows[image, 3] + column
    return index if images.mask[index] else -1


@loop
def lay(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    preference: NDArray[np.float32],
    images: Images,
    image: int,
) -> bool:
    """Fill in an image from its arrays; False if a valid value is not finite or worth too much."""
    index = images.first[image]
    fits = True
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            images.mask[index] = mask[row, column]
            for band in range(values.shape[0]):
                images.values[index, band] = values[band, row, column]
                fits &= not mask[row, column] or np.isfinite(values[band, row, column])
            if mask[row, column]:
                fits &= abs(preference[row, column]) <= LARGEST_PREFERENCE
                images.preference[index] = int(np.rint(preference[row, column] * UNIT))
            index += 1
    return fits


@loop
def halve(images: Images, image: int, half: Images) -> None:
    """Fill in an image at half size, valid in the blocks of four pixels of the canvas that lie wholly in it.

    The pixels of a block become its bands, so that the mismatch of two blocks is the mean of their pixels'.
    """
    bands = images.values.shape[1]
    line, sample, lines, samples = half.windows[image]
    index = half.first[image]
    pixels = np.empty(4, dtype=np.int64)
    for row in range(lines):
        for column in range(samples):
            top, left = 2 * (line + row), 2 * ((sample + column) % half.samples)
            for k in range(4):
                pixels[k] = locate(images, image, top + k // 2, left + k % 2)
            half.mask[index] = pixels.min() >= 0
            if half.mask[index]:
                preference = 0
                for k in range(4):
                    preference += images.preference[pixels[k]]
                    for band in range(bands):
                        half.values[index, k * bands + band] = images.values[pixels[k], band]
                # a block has four pixels to prefer, but its edge only two pairs to pay for
                half.preference[index] = (preference + 1) // 2
            index += 1

"""Loops of feather weights on the CPU; their public face is the package."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop


@loop
def rise(
    missing: NDArray[np.float64], kernel: NDArray[np.float64], half: float, out: NDArray[np.float64]
) -> None:
    """Fill the root of the weight of each block: it rises evenly from the edge, so that splines keep it.

    Blocks without anything missing in the reach of the kernel are found by counts over boxes.
    """
    lines, samples = out.shape
    size = kernel.shape[0]
    counts = np.zeros((missing.shape[0] + 1, missing.shape[1] + 1), dtype=np.int64)
    for i in range(missing.shape[0]):
        along = 0
        for j in range(missing.shape[1]):
            along += missing[i, j] > 0.0
            counts[i + 1, j + 1] = counts[i, j + 1] + along
    middle = size // 2
    for i in range(lines):
        for j in range(samples):
            around = counts[i + size, j + size] - counts[i, j + size] - counts[i + size, j] + counts[i, j]
            if around == 0:
                out[i, j] = 1.0
            elif missing[i + middle, j + middle] == 1.0:
                out[i, j] = 0.0
            else:
                closeness = 0.0
                for k in range(size):
                    for m in range(size):
                        closeness += kernel[k, m] * missing[i + k, j + m]
                out[i, j] = 1.0 / math.sqrt(1.0 + half * half * closeness)


@loop
def spread(
    rises: NDArray[np.float64],
    splines: NDArray[np.float64],
    mask: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None:
    """Fill the weight of each sample; block 1, 1 of the rises holds sample 0, 0."""
    size = splines.shape[0]
    for i in range(mask.shape[0]):
        block_line, line = i // size, splines[i % size]
        for j in range(mask.shape[1]):
            out[i, j] = 0.0
            if mask[i, j]:
                block_sample, sample = j // size, splines[j % size]
                root = 0.0
                for k in range(3):
                    for m in range(3):
                        root += line[k] * sample[m] * rises[block_line + k, block_sample + m]
                out[i, j] = max(root * root, 1e-6)

"""Resampling kernels: their weights, and the masked sum over a source's neighbourhood.

Every kernel is normalised by the weight of its valid taps, so an edge or a hole neither darkens nor spreads.
Kernels with negative lobes need all their taps: beside a hole they give way to the bilinear one.
Sources: Keys 1981 (cubic convolution, a = -1/2); Duchon 1979 (Lanczos).
"""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function

NEAREST = 0
BILINEAR = 1
BICUBIC = 2
LANCZOS3 = 3

WIDENED = 1.1
"""A source pixel step above this per grid pixel widens the kernel: below it aliasing is invisible."""
WIDEST = 64.0
"""Largest widening: a coarser grid wants a reduced source first."""


@pixel_function
def kernel_weight(kernel: int, x: float) -> float:
    """Weight of a tap at distance `x` (in source pixels, or in widened ones) from the point."""
    x = abs(x)
    if kernel == BILINEAR:
        return max(0.0, 1.0 - x)
    if kernel == BICUBIC:
        if x >= 2.0:
            return 0.0
        if x >= 1.0:
            return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        return (1.5 * x - 2.5) * x * x + 1.0
    if x >= 3.0:
        return 0.0
    if x < 1e-9:
        return 1.0
    angle = math.pi * x
    return 3.0 * math.sin(angle) * math.sin(angle / 3.0) / (angle * angle)


@pixel_function
def kernel_radius(kernel: int) -> float:
    """Half width of a kernel, pixels."""
    if kernel == LANCZOS3:
        return 3.0
    return 2.0 if kernel == BICUBIC else 1.0


@pixel_function
def holds(mask: Any, line: float, sample: float) -> bool:  # noqa: ANN401 - host or device array
    """True if the pixel nearest to the point is in the image and valid; False for nan."""
    if not (line >= -0.5 and sample >= -0.5 and line < mask.shape[0] - 0.5 and sample < mask.shape[1] - 0.5):
        return False
    return bool(mask[int(math.floor(line + 0.5)), int(math.floor(sample + 0.5))])


@pixel_function
def sample_kernel(
    source: Any,  # noqa: ANN401 - (lines, samples) host or device array
    mask: Any,  # noqa: ANN401
    line: float,
    sample: float,
    kernel: int,
    widen_line: float,
    widen_sample: float,
) -> float:
    """Masked, normalised sum of a kernel about a point that `holds`.

    Parameters
    ----------
    source, mask : (lines, samples)
        The samples of one band, and where they are valid.
    line, sample : float
        The point, 0-based.
    kernel : int
        `BILINEAR`, `BICUBIC` or `LANCZOS3`.
    widen_line, widen_sample : float
        At least 1: source pixels per grid pixel, by which the kernel is stretched.

    Returns
    -------
    float
        The value; nan if a kernel with negative lobes misses a tap.
    """
    radius = kernel_radius(kernel)
    first_line = int(math.floor(line - radius * widen_line)) + 1
    last_line = int(math.ceil(line + radius * widen_line)) - 1
    first_sample = int(math.floor(sample - radius * widen_sample)) + 1
    last_sample = int(math.ceil(sample + radius * widen_sample)) - 1
    inside = (
        first_line >= 0 and first_sample >= 0 and last_line < mask.shape[0] and last_sample < mask.shape[1]
    )
    if not inside and kernel != BILINEAR:
        return math.nan
    total = 0.0
    weights = 0.0
    for i in range(max(first_line, 0), min(last_line, mask.shape[0] - 1) + 1):
        down = kernel_weight(kernel, (i - line) / widen_line)
        for j in range(max(first_sample, 0), min(last_sample, mask.shape[1] - 1) + 1):
            if mask[i, j]:
                weight = down * kernel_weight(kernel, (j - sample) / widen_sample)
                total += weight * source[i, j]
                weights += weight
            elif kernel != BILINEAR:
                return math.nan
    # a point that holds has a valid nearest pixel, whose bilinear weight is positive
    return total / weights


@pixel_function
def sample_point(
    source: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    line: float,
    sample: float,
    kernel: int,
    widen_line: float,
    widen_sample: float,
) -> float:
    """`sample_kernel`, giving way to the bilinear kernel where taps are missing; nearest where asked."""
    if kernel == NEAREST:
        return float(source[int(math.floor(line + 0.5)), int(math.floor(sample + 0.5))])
    value = sample_kernel(source, mask, line, sample, kernel, widen_line, widen_sample)
    if math.isnan(value):
        value = sample_kernel(source, mask, line, sample, BILINEAR, widen_line, widen_sample)
    return value

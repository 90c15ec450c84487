"""Resampling at a point: the masked sum of a kernel over a source's neighbourhood.

Every kernel is normalised by the weight of its valid taps, so an edge or a hole neither darkens nor spreads.
Kernels with negative lobes need all their taps: beside a hole they give way to the bilinear one.
`BSPLINE3` weighs spline coefficients instead of samples (`pixel/spline`); where it is widened or misses a tap, and
so has no coefficients to weigh, it is `BICUBIC`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.weights import (
    BICUBIC,
    BILINEAR,
    BSPLINE3,
    NEAREST,
    NO_TAPS,
    Six,
    kernel_radius,
    kernel_side,
    kernel_weight,
    tap_weights,
    whole,
)

UNWIDENED = 1.2
"""Source pixels per grid pixel up to which a kernel is not widened: of what would alias, beyond 0.42 cycles a
pixel, a camera's optics leave little."""
WIDENED = 1.4
"""Source pixels per grid pixel from which a kernel is widened by all of them. Between the two its width grows
evenly, so that no edge shows where a map's scale passes either."""
WIDEST = 64.0
"""Largest widening: a coarser grid wants a reduced source first."""


@pixel_function
def holds(mask: Any, line: float, sample: float) -> bool:  # noqa: ANN401 - host or device array
    """True if the pixel nearest to the point is in the image and valid; False for nan."""
    if not (line >= -0.5 and sample >= -0.5 and line < mask.shape[0] - 0.5 and sample < mask.shape[1] - 0.5):
        return False
    valid: bool = mask[whole(line + 0.5), whole(sample + 0.5)]
    return valid


@pixel_function
def all_valid(mask: Any, line: int, sample: int, side: int) -> bool:  # noqa: ANN401
    """True if the square of `side` by `side` pixels from (line, sample) is in the image and valid."""
    if line < 0 or sample < 0 or line + side > mask.shape[0] or sample + side > mask.shape[1]:
        return False
    valid = True
    for i in range(side):
        for j in range(side):
            valid &= mask[line + i, sample + j]
    return valid


class Taps(NamedTuple):
    """The square of taps about a point where the whole kernel fits; the bands of a source share it."""

    line: int
    """First line."""
    sample: int
    """First sample."""
    side: int
    """Taps along each axis: 2, 4 or 6; 0 where `sample_point` has to look at each."""
    down: Six
    """Weights of the lines, 0 beyond `side`."""
    across: Six
    """Weights of the samples, 0 beyond `side`."""


@pixel_function
def place_taps(
    mask: Any,  # noqa: ANN401
    line: float,
    sample: float,
    kernel: int,
    widen_line: float,
    widen_sample: float,
) -> Taps:
    """Taps of a kernel about a point that `holds`; none if it is nearest, widened, or misses a tap."""
    if kernel != NEAREST and widen_line == 1.0 and widen_sample == 1.0:
        side = kernel_side(kernel)
        i = whole(line)
        j = whole(sample)
        first = i + 1 - side // 2
        left = j + 1 - side // 2
        if all_valid(mask, first, left, side):
            return Taps(first, left, side, tap_weights(kernel, line - i), tap_weights(kernel, sample - j))
    return Taps(0, 0, 0, NO_TAPS, NO_TAPS)


@pixel_function
def weighted_sum(source: Any, taps: Taps, side: int) -> float:  # noqa: ANN401
    """Sum of `side` by `side` taps; a constant `side` unrolls the loops."""
    total = 0.0
    for i in range(side):
        row = 0.0
        for j in range(side):
            row += taps.across[j] * source[taps.line + i, taps.sample + j]
        total += taps.down[i] * row
    return total


@pixel_function
def sample_taps(source: Any, taps: Taps) -> float:  # noqa: ANN401
    """Value of one band from taps that `place_taps` found."""
    if taps.side == 2:
        return weighted_sum(source, taps, 2)
    if taps.side == 4:
        return weighted_sum(source, taps, 4)
    return weighted_sum(source, taps, 6)


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
    first_line = whole(line - radius * widen_line) + 1
    last_line = -whole(-(line + radius * widen_line)) - 1
    first_sample = whole(sample - radius * widen_sample) + 1
    last_sample = -whole(-(sample + radius * widen_sample)) - 1
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
    """Value of one band where `place_taps` finds none: the nearest pixel where that is asked for, else
    `sample_kernel`, giving way to the bilinear kernel beside a hole or an edge.
    """
    if kernel == BSPLINE3:
        kernel = BICUBIC
    value: float = source[whole(line + 0.5), whole(sample + 0.5)]
    if kernel == NEAREST:
        return value
    for choice in (kernel, BILINEAR):
        value = sample_kernel(source, mask, line, sample, choice, widen_line, widen_sample)
        if not math.isnan(value):
            return value
    return value


@pixel_function
def stored(value: float, largest: float) -> float:
    """The number that is stored: itself, or the nearest whole one from 0 to `largest` where that is positive."""
    if largest > 0.0:
        # 1.5 * 2**52: what is added to it and taken off again is rounded to a whole number, halves to even
        return (min(max(value, 0.0), largest) + 6755399441055744.0) - 6755399441055744.0
    return value

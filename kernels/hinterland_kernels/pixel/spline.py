"""Coefficients of the cubic B-spline that runs through samples, along one axis.

The inverse of the spline's samples 1/6, 4/6, 1/6 is an exponential to both sides; beyond `REACH` samples it is
below the rounding of float32. At an edge or a hole the samples are mirrored about the last valid one, so nothing
under a hole reaches a coefficient and the spline still runs through every sample whose eight neighbours are valid.
Source: Unser 1999, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing Mag. 16(6).
"""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function

POLE = math.sqrt(3.0) - 2.0
REACH = 12
"""|POLE|**13 is 4e-8."""
CENTER = (1.0 - POLE) / (1.0 + POLE - 2.0 * POLE ** (REACH + 1))
"""Weight of the middle, which makes all of them add up to 1."""


@pixel_function
def is_valid(mask: Any, line: int, sample: int) -> bool:  # noqa: ANN401 - host or device array
    """True if the pixel is in the image and valid."""
    if line < 0 or sample < 0 or line >= mask.shape[0] or sample >= mask.shape[1]:
        return False
    valid: bool = mask[line, sample]
    return valid


@pixel_function
def spline_coefficient(source: Any, mask: Any, line: int, sample: int, down: int, right: int) -> float:  # noqa: ANN401
    """Coefficient of a valid sample along (down, right), which is (1, 0) or (0, 1)."""
    total: float = CENTER * source[line, sample]
    for side in range(-1, 2, 2):
        i, j = line, sample
        di, dj = side * down, side * right
        weight = CENTER
        for _ in range(REACH):
            weight *= POLE
            if not is_valid(mask, i + di, j + dj):
                di, dj = -di, -dj
            if is_valid(mask, i + di, j + dj):
                i, j = i + di, j + dj
            total += weight * source[i, j]
    return total

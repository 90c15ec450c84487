"""The flat field of a lens that darkens away from its axis."""

from __future__ import annotations

import math
from typing import NamedTuple

from hinterland_kernels._jit import pixel_function


class Flat(NamedTuple):
    """`exp(k1 t + k2 t^2)` with t the squared distance from the optical centre, 1 at the image's corner.

    The exponential is positive for any coefficients and close to a lens's cos^-4 law with few of them.
    """

    line: float = 0.0
    """Line of the optical centre."""
    sample: float = 0.0
    """Sample of the optical centre."""
    per_square: float = 0.0
    """1 over the squared distance (px) from the optical centre at which t is 1."""
    k1: float = 0.0
    """First coefficient; 0 is a lens that does not darken."""
    k2: float = 0.0
    """Second coefficient."""


@pixel_function
def flat_gain(flat: Flat, line: float, sample: float) -> float:
    """Factor that undoes the darkening at a line and sample; 1 at the optical centre."""
    down = line - flat.line
    right = sample - flat.sample
    t = (down * down + right * right) * flat.per_square
    return math.exp(t * (flat.k1 + t * flat.k2))

"""Azimuth and elevation in a local-level frame (X north, Y east, Z down).

Azimuth runs from north through east, elevation is positive upwards, both in radians. West is 3/2 pi.
"""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.vector import Vector


@pixel_function
def direction(azimuth: float, elevation: float) -> Vector:
    """Unit vector towards an azimuth and elevation."""
    level = math.cos(elevation)
    return level * math.cos(azimuth), level * math.sin(azimuth), -math.sin(elevation)


@pixel_function
def azimuth_elevation(vector: Vector) -> tuple[float, float]:
    """Azimuth in (-pi, pi] and elevation of a vector of any length."""
    return math.atan2(vector[1], vector[0]), math.atan2(-vector[2], math.hypot(vector[0], vector[1]))

"""The surface that a panorama's rays are carried to: a plane, or the sphere at infinity."""

from __future__ import annotations

import math
from typing import NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.vector import Vector, dot

FARTHEST = 1e5
"""m. A hit farther than this is a direction: 1 m of baseline moves it by 1e-5 rad, under 1/20 px."""


class Surface(NamedTuple):
    """A plane `normal . point = distance`, or infinity where `distance` is nan."""

    normal: Vector
    """Unit normal in the local-level frame; (0, 0, -1) is straight up."""
    distance: float
    """m along the normal from the origin of the local-level frame; nan for the surface at infinity."""


@pixel_function
def range_to(surface: Surface, origin: Vector, ray: Vector) -> float:
    """Range (m) along a unit ray to the surface; nan where it meets none, or too far away to matter."""
    approach = dot(surface.normal, ray)
    reach = (surface.distance - dot(surface.normal, origin)) / approach
    if reach > 0.0 and reach < FARTHEST:
        return reach
    return math.nan

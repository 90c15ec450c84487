"""The CAHV camera: linear perspective.

`C` is the centre, `A` the axis, `H = hs H' + hc A` and `V = vs V' + vc A` the horizontal and vertical
vectors. Line and sample are 0-based with whole numbers at pixel centres.
Source: Yakimovsky and Cunningham 1978; the formulas of docs/conventions.md, section "Cameras".
"""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.vector import Vector, add_scaled, cross, dot, norm, scale


@pixel_function
def project_cahv(offset: Vector, axis: Vector, horizontal: Vector, vertical: Vector) -> tuple[float, float]:
    """Line and sample of a point `offset` (m) from the centre; nan for a point not in front of the camera."""
    depth = dot(offset, axis)
    if depth <= 0.0:
        return math.nan, math.nan
    return dot(offset, vertical) / depth, dot(offset, horizontal) / depth


@pixel_function
def look_cahv(line: float, sample: float, axis: Vector, horizontal: Vector, vertical: Vector) -> Vector:
    """Unit ray through a line and sample, pointing away from the camera."""
    ray = cross(add_scaled(vertical, -line, axis), add_scaled(horizontal, -sample, axis))
    length = norm(ray)
    # the handedness of H and V decides the sign of the product, never the direction of the look
    if dot(cross(vertical, horizontal), axis) < 0.0:
        length = -length
    return scale(1.0 / length, ray)

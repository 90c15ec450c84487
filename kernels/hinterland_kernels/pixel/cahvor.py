"""The CAHVOR camera: CAHV with radial distortion about the optical axis.

`O` is the unit optical axis and `R = (r0, r1, r2)` the distortion polynomial.
Source: Gennery 2001, "Least-squares camera calibration including lens distortion and automatic editing of
calibration points"; docs/conventions.md, section "Cameras".
"""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.vector import Vector, add_scaled, dot, norm, scale

NEWTON_STEPS = 20
NEWTON_STOP = 1e-13


@pixel_function
def distort(offset: Vector, optical: Vector, radial: Vector) -> Vector:
    """Move a point (m from the centre) to where the linear CAHV part sees it; nan behind the camera."""
    along = dot(offset, optical)
    if along <= 0.0:
        return math.nan, math.nan, math.nan
    lateral = add_scaled(offset, -along, optical)
    tau = dot(lateral, lateral) / (along * along)
    mu = radial[0] + tau * (radial[1] + tau * radial[2])
    return add_scaled(offset, mu, lateral)


@pixel_function
def undistort(ray: Vector, optical: Vector, radial: Vector) -> Vector:
    """Unit ray in the world of a unit ray of the linear CAHV part; nan where the model folds over."""
    along = dot(ray, optical)
    lateral = add_scaled(ray, -along, optical)
    tau = dot(lateral, lateral) / (along * along)
    k1 = 1.0 + radial[0]
    k3 = radial[1] * tau
    k5 = radial[2] * tau * tau
    s = 1.0 - (radial[0] + k3 + k5)
    for _ in range(NEWTON_STEPS):
        square = s * s
        slope = k1 + square * (3.0 * k3 + 5.0 * k5 * square)
        if slope <= 0.0:
            return math.nan, math.nan, math.nan
        step = (s * (k1 + square * (k3 + k5 * square)) - 1.0) / slope
        s -= step
        if abs(step) < NEWTON_STOP:
            break
    world = add_scaled(ray, s - 1.0, lateral)
    return scale(1.0 / norm(world), world)

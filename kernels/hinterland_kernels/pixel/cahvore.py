"""The CAHVORE camera: fish-eye and general lenses with a moving entrance pupil.

`E = (e0, e1, e2)` moves the entrance pupil along the optical axis; the linearity is 1 for a perspective lens
(type 1), 0 for a fish-eye (type 2) and the model's parameter for a general lens (type 3).
Source: Gennery 2006, "Generalized camera calibration including fish-eye lenses", IJCV 68(3);
docs/conventions.md, section "Cameras".
"""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.vector import Vector, add_scaled, cross, dot, norm, scale

NEWTON_STEPS = 100
NEWTON_STOP = 1e-13
ON_AXIS = 1e-8
LINEARITY_ZERO = 1e-15


@pixel_function
def pupil_shift(theta: float, entrance: Vector) -> float:
    """Distance (m) of the entrance pupil from the centre along O for a ray `theta` off the axis."""
    square = theta * theta
    polynomial = entrance[0] + square * (entrance[1] + square * entrance[2])
    return (theta / math.sin(theta) - 1.0) * polynomial


@pixel_function
def angle_of_point(lateral: float, along: float, entrance: Vector) -> float:
    """Angle (rad) off the optical axis at which a point at finite range enters the moving pupil."""
    theta = math.atan2(lateral, along)
    for _ in range(NEWTON_STEPS):
        sine = math.sin(theta)
        cosine = math.cos(theta)
        square = theta * theta
        polynomial = entrance[0] + square * (entrance[1] + square * entrance[2])
        error = along * sine - lateral * cosine - (theta - sine) * polynomial
        slope = (
            along * cosine
            + lateral * sine
            - (1.0 - cosine) * polynomial
            - (theta - sine) * theta * (2.0 * entrance[1] + 4.0 * square * entrance[2])
        )
        step = error / slope
        theta -= step
        if abs(step) < NEWTON_STOP:
            break
    return theta


@pixel_function
def bend(
    offset: Vector, optical: Vector, radial: Vector, entrance: Vector, linearity: float, finite: bool
) -> Vector:
    """Move a point (m from the centre), or a direction where not `finite`, to where the linear part sees it.

    nan where the lens law has no image of the angle.
    """
    along = dot(offset, optical)
    sideways = add_scaled(offset, -along, optical)
    lateral = norm(sideways)
    # a direction has no pupil shift: the shift is millimetres, the point is infinitely far
    theta = angle_of_point(lateral, along, entrance) if finite else math.atan2(lateral, along)
    if theta * abs(linearity) >= 0.5 * math.pi:
        return math.nan, math.nan, math.nan
    if theta < ON_AXIS:
        return offset
    if linearity > LINEARITY_ZERO:
        chi = math.tan(linearity * theta) / linearity
    elif linearity < -LINEARITY_ZERO:
        chi = math.sin(linearity * theta) / linearity
    else:
        chi = theta
    square = chi * chi
    mu = radial[0] + square * (radial[1] + square * radial[2])
    return add_scaled(scale(lateral / chi, optical), 1.0 + mu, sideways)


@pixel_function
def look_cahvore(
    line: float,
    sample: float,
    axis: Vector,
    horizontal: Vector,
    vertical: Vector,
    optical: Vector,
    radial: Vector,
    entrance: Vector,
    linearity: float,
) -> tuple[float, Vector]:
    """Pupil shift along O (m) and unit ray through a line and sample; nan where the model folds over."""
    plane = cross(add_scaled(vertical, -line, axis), add_scaled(horizontal, -sample, axis))
    plane = scale(1.0 / dot(axis, cross(vertical, horizontal)), plane)
    along = dot(plane, optical)
    sideways = add_scaled(plane, -along, optical)
    lateral = norm(sideways)
    bent = lateral / along
    if abs(bent) < ON_AXIS:
        return 0.0, optical
    chi = bent
    for _ in range(NEWTON_STEPS):
        square = chi * chi
        slope = 1.0 + radial[0] + square * (3.0 * radial[1] + 5.0 * square * radial[2])
        if slope <= 0.0:
            return math.nan, (math.nan, math.nan, math.nan)
        step = (chi * (1.0 + radial[0] + square * (radial[1] + square * radial[2])) - bent) / slope
        chi -= step
        if abs(step) < NEWTON_STOP:
            break
    if linearity > LINEARITY_ZERO:
        theta = math.atan(linearity * chi) / linearity
    elif linearity < -LINEARITY_ZERO:
        theta = math.asin(linearity * chi) / linearity
    else:
        theta = chi
    ray = add_scaled(scale(math.cos(theta), optical), math.sin(theta) / lateral, sideways)
    return pupil_shift(theta, entrance), ray

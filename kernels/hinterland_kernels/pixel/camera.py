"""One camera value for CAHV, CAHVOR and CAHVORE, and its two questions: project and look."""

from __future__ import annotations

import math
from typing import NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.cahv import look_cahv, project_cahv
from hinterland_kernels.pixel.cahvor import distort, undistort
from hinterland_kernels.pixel.cahvore import bend, look_cahvore
from hinterland_kernels.pixel.vector import Vector, add_scaled, dot, norm

CAHV = 0
CAHVOR = 1
CAHVORE = 2


class Camera(NamedTuple):
    """The numbers of a camera model, in one coordinate frame."""

    center: Vector
    """C, m."""
    axis: Vector
    """A, as the label gives it: tied to H and V, so never normalised alone."""
    horizontal: Vector
    """H, pixels."""
    vertical: Vector
    """V, pixels."""
    optical: Vector
    """O, unit vector; the axis where the model is CAHV."""
    radial: Vector
    """R."""
    entrance: Vector
    """E, m."""
    linearity: float
    """1 perspective, 0 fish-eye, otherwise the parameter of a general CAHVORE model."""
    kind: int
    """`CAHV`, `CAHVOR` or `CAHVORE`."""
    cos_field: float
    """Cosine of the widest angle off O that the frame sees; beyond it the polynomials fold back into it."""


@pixel_function
def project(camera: Camera, offset: Vector, finite: bool) -> tuple[float, float]:
    """Line and sample of a point.

    Parameters
    ----------
    camera : Camera
        The camera.
    offset : Vector
        The point minus the camera's centre (m), or the direction of a point at infinity.
    finite : bool
        False for a direction.

    Returns
    -------
    line, sample : float
        0-based, may lie outside the image; nan behind the camera or outside its field of view.
    """
    if dot(offset, camera.optical) < camera.cos_field * norm(offset):
        return math.nan, math.nan
    seen = offset
    if camera.kind == CAHVOR:
        seen = distort(offset, camera.optical, camera.radial)
    elif camera.kind == CAHVORE:
        seen = bend(offset, camera.optical, camera.radial, camera.entrance, camera.linearity, finite)
    return project_cahv(seen, camera.axis, camera.horizontal, camera.vertical)


@pixel_function
def look(camera: Camera, line: float, sample: float) -> tuple[Vector, Vector]:
    """Origin (m) and unit direction of the ray through a line and sample; nan where the lens sees none."""
    if camera.kind == CAHVORE:
        shift, ray = look_cahvore(
            line,
            sample,
            camera.axis,
            camera.horizontal,
            camera.vertical,
            camera.optical,
            camera.radial,
            camera.entrance,
            camera.linearity,
        )
        return add_scaled(camera.center, shift, camera.optical), ray
    ray = look_cahv(line, sample, camera.axis, camera.horizontal, camera.vertical)
    if camera.kind == CAHVOR:
        ray = undistort(ray, camera.optical, camera.radial)
    return camera.center, ray

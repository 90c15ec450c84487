"""The exact map of a panorama: direction -> ray -> surface -> camera, and back."""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.camera import Camera, look, project
from hinterland_kernels.pixel.direction import azimuth_elevation, direction
from hinterland_kernels.pixel.surface import Surface, range_to
from hinterland_kernels.pixel.vector import Vector, add_scaled


@pixel_function
def direction_to_image(
    camera: Camera, surface: Surface, viewpoint: Vector, azimuth: float, elevation: float
) -> tuple[float, float]:
    """Line and sample at which a camera sees what lies in a direction (rad) from the viewpoint (m)."""
    ray = direction(azimuth, elevation)
    reach = range_to(surface, viewpoint, ray)
    if math.isnan(reach):
        return project(camera, ray, False)
    hit = add_scaled(viewpoint, reach, ray)
    return project(camera, add_scaled(hit, -1.0, camera.center), True)


@pixel_function
def image_to_direction(
    camera: Camera, surface: Surface, viewpoint: Vector, line: float, sample: float
) -> tuple[float, float]:
    """Azimuth and elevation (rad) from the viewpoint (m) of what a camera sees at a line and sample."""
    origin, ray = look(camera, line, sample)
    reach = range_to(surface, origin, ray)
    if math.isnan(reach):
        return azimuth_elevation(ray)
    return azimuth_elevation(add_scaled(add_scaled(origin, reach, ray), -1.0, viewpoint))


@pixel_function
def image_to_image(
    camera: Camera, other: Camera, surface: Surface, line: float, sample: float
) -> tuple[float, float]:
    """Line and sample in the other camera of what a camera sees at a line and sample, on the surface."""
    origin, ray = look(camera, line, sample)
    reach = range_to(surface, origin, ray)
    if math.isnan(reach):
        return project(other, ray, False)
    hit = add_scaled(origin, reach, ray)
    return project(other, add_scaled(hit, -1.0, other.center), True)

"""Loops that evaluate the exact maps of `pixel/` at points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.camera import Camera, look, project
from hinterland_kernels.pixel.panorama import direction_to_image, image_to_direction, image_to_image
from hinterland_kernels.pixel.surface import Surface
from hinterland_kernels.pixel.vector import Vector

Points = NDArray[np.float64]


@loop
def project_points(camera: Camera, offsets: Points, finite: bool, out: Points) -> None:
    """`project` at offsets (n, 3); out is (n, 2): line, sample."""
    for i in range(offsets.shape[0]):
        offset = (offsets[i, 0], offsets[i, 1], offsets[i, 2])
        out[i, 0], out[i, 1] = project(camera, offset, finite)


@loop
def look_points(camera: Camera, points: Points, origins: Points, rays: Points) -> None:
    """`look` at points (n, 2): line, sample; origins and rays are (n, 3)."""
    for i in range(points.shape[0]):
        origin, ray = look(camera, points[i, 0], points[i, 1])
        origins[i, 0], origins[i, 1], origins[i, 2] = origin
        rays[i, 0], rays[i, 1], rays[i, 2] = ray


@loop
def directions_to_image(
    camera: Camera, surface: Surface, viewpoint: Vector, directions: Points, out: Points
) -> None:
    """`direction_to_image` at directions (n, 2): azimuth, elevation; out is (n, 2): line, sample."""
    for i in range(directions.shape[0]):
        out[i, 0], out[i, 1] = direction_to_image(
            camera, surface, viewpoint, directions[i, 0], directions[i, 1]
        )


@loop
def image_to_directions(
    camera: Camera, surface: Surface, viewpoint: Vector, points: Points, out: Points
) -> None:
    """`image_to_direction` at points (n, 2): line, sample; out is (n, 2): azimuth, elevation."""
    for i in range(points.shape[0]):
        out[i, 0], out[i, 1] = image_to_direction(camera, surface, viewpoint, points[i, 0], points[i, 1])


@loop
def image_to_images(camera: Camera, other: Camera, surface: Surface, points: Points, out: Points) -> None:
    """`image_to_image` at points (n, 2): line, sample; out is (n, 2) in the other camera."""
    for i in range(points.shape[0]):
        out[i, 0], out[i, 1] = image_to_image(camera, other, surface, points[i, 0], points[i, 1])

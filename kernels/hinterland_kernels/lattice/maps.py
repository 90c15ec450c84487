"""The exact maps of `pixel/` at arrays of points: the public face of `_cpu`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hinterland_kernels.lattice import _cpu
from hinterland_kernels.pixel.camera import Camera
from hinterland_kernels.pixel.surface import Surface
from hinterland_kernels.pixel.vector import Vector

Points = NDArray[np.float64]


def _rows(points: ArrayLike, width: int) -> Points:
    rows = np.ascontiguousarray(points, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != width:
        message = f"points must have shape (n, {width}), got {rows.shape}"
        raise ValueError(message)
    return rows


def project_points(camera: Camera, offsets: ArrayLike, *, finite: bool) -> Points:
    """Project points, given relative to the camera's centre, or directions.

    Parameters
    ----------
    camera : Camera
        The camera.
    offsets : (n, 3) float64
        Points minus the camera's centre, m; directions of any length where not `finite`.
    finite : bool
        False for directions.

    Returns
    -------
    (n, 2) float64
        Line and sample, 0-based; nan behind the camera or outside its field of view.
    """
    rows = _rows(offsets, 3)
    out = np.empty((len(rows), 2))
    _cpu.project_points(camera, rows, finite, out)
    return out


def look_points(camera: Camera, points: ArrayLike) -> tuple[Points, Points]:
    """Cast the rays through points of an image.

    Parameters
    ----------
    camera : Camera
        The camera.
    points : (n, 2) float64
        Line and sample, 0-based.

    Returns
    -------
    origins : (n, 3) float64
        Where each ray starts, m: the centre, or the moving pupil of a CAHVORE camera.
    rays : (n, 3) float64
        Unit directions; nan where the lens sees none.
    """
    rows = _rows(points, 2)
    origins, rays = np.empty((len(rows), 3)), np.empty((len(rows), 3))
    _cpu.look_points(camera, rows, origins, rays)
    return origins, rays


def directions_to_image(camera: Camera, surface: Surface, viewpoint: Vector, directions: ArrayLike) -> Points:
    """Find where a camera sees what lies in given directions on the surface.

    Parameters
    ----------
    camera : Camera
        In the frame of the surface.
    surface : Surface
        Plane or infinity.
    viewpoint : Vector
        Where the directions start, m.
    directions : (n, 2) float64
        Azimuth and elevation, rad.

    Returns
    -------
    (n, 2) float64
        Line and sample, 0-based; nan where the camera cannot see.
    """
    rows = _rows(directions, 2)
    out = np.empty((len(rows), 2))
    _cpu.directions_to_image(camera, surface, viewpoint, rows, out)
    return out


def image_to_directions(camera: Camera, surface: Surface, viewpoint: Vector, points: ArrayLike) -> Points:
    """Find the directions of what a camera sees on the surface; the inverse of `directions_to_image`.

    Parameters
    ----------
    camera, surface, viewpoint
        As in `directions_to_image`.
    points : (n, 2) float64
        Line and sample, 0-based.

    Returns
    -------
    (n, 2) float64
        Azimuth in (-pi, pi] and elevation, rad; nan where the lens sees nothing.
    """
    rows = _rows(points, 2)
    out = np.empty((len(rows), 2))
    _cpu.image_to_directions(camera, surface, viewpoint, rows, out)
    return out


def image_to_images(camera: Camera, other: Camera, surface: Surface, points: ArrayLike) -> Points:
    """Carry points of one image to another over the surface.

    Parameters
    ----------
    camera, other : Camera
        Both in the frame of the surface.
    surface : Surface
        Plane or infinity.
    points : (n, 2) float64
        Line and sample in the first camera, 0-based.

    Returns
    -------
    (n, 2) float64
        Line and sample in the other camera; nan where it cannot see them.
    """
    rows = _rows(points, 2)
    out = np.empty((len(rows), 2))
    _cpu.image_to_images(camera, other, surface, rows, out)
    return out

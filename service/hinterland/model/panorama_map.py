"""Where images fall on the grid of a panorama: the exact map, footprints, and the view that holds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import GridToSource, maps
from hinterland_kernels.pixel.vector import Vector

Window = tuple[int, int, int, int]
"""Line, sample, lines, samples of a part of a grid."""

_NET = 32
_TURN = 2.0 * math.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Directions that an image covers, as bounds; all in rad."""

    azimuth_left: float
    """Azimuth of the western edge."""
    azimuth_width: float
    """From the western to the eastern edge, clockwise; 2 pi where the image holds the nadir or the zenith."""
    elevation_bottom: float
    """Lowest elevation."""
    elevation_top: float
    """Highest elevation."""


def grid_to_image(
    grid: CylindricalGrid, camera_in_local_level: CameraModel, surface: SurfaceModel, viewpoint: Vector
) -> GridToSource:
    """Make the exact map from a panorama to an image.

    Parameters
    ----------
    grid : CylindricalGrid
        The panorama.
    camera_in_local_level : CameraModel
        Camera of the image, in the local-level frame.
    surface : SurfaceModel
        What the rays are carried to.
    viewpoint : Vector
        Where the panorama is seen from, m, in the local-level frame.

    Returns
    -------
    GridToSource
        Maps grid points (n, 2) to lines and samples of the image, float64; nan where the camera cannot see.
        It answers beyond the edges of the grid, so that a window may run across its seam.
    """
    camera, plane = camera_in_local_level.numbers, surface.numbers

    def exact_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return maps.directions_to_image(camera, plane, viewpoint, grid.directions(points))

    return exact_map


def footprint(
    camera_in_local_level: CameraModel, surface: SurfaceModel, viewpoint: Vector
) -> Footprint | None:
    """Bound the directions that an image covers.

    Parameters
    ----------
    camera_in_local_level, surface, viewpoint
        As in `grid_to_image`.

    Returns
    -------
    Footprint or None
        None where the lens sees nothing.
    """
    camera, plane = camera_in_local_level.numbers, surface.numbers
    lines, samples = camera_in_local_level.shape
    net = np.stack(
        np.meshgrid(
            np.linspace(-0.5, lines - 0.5, _NET + 1),
            np.linspace(-0.5, samples - 0.5, _NET + 1),
            indexing="ij",
        ),
        axis=-1,
    )
    directions = maps.image_to_directions(camera, plane, viewpoint, net.reshape(-1, 2)).reshape(net.shape)
    seen = ~np.isnan(directions[..., 0])
    if not seen.any():
        return None
    azimuth, elevation = directions[..., 0], directions[..., 1]
    rise = _sag(elevation, turns=False)
    bottom, top = float(elevation[seen].min()) - rise, float(elevation[seen].max()) + rise
    zenith, nadir = _poles(camera_in_local_level, surface, viewpoint)
    if zenith or nadir:
        left, width = 0.0, _TURN
        bottom, top = (-0.5 * math.pi if nadir else bottom), (0.5 * math.pi if zenith else top)
    else:
        left, width = _narrowest_arc(azimuth[seen])
        swing = _sag(azimuth, turns=True)
        left, width = left - swing, min(width + 2.0 * swing, _TURN)
    return Footprint(
        azimuth_left=left % _TURN,
        azimuth_width=width,
        elevation_bottom=max(bottom, -0.5 * math.pi),
        elevation_top=min(top, 0.5 * math.pi),
    )


def _poles(camera: CameraModel, surface: SurfaceModel, viewpoint: Vector) -> tuple[bool, bool]:
    """Say whether the image holds the zenith and the nadir, or comes within a mesh of the net to one."""
    poles = np.array([[0.0, 0.5 * math.pi], [0.0, -0.5 * math.pi]])
    points = maps.directions_to_image(camera.numbers, surface.numbers, viewpoint, poles)
    margin = 0.5 + max(camera.shape) / _NET  # nearer than a mesh, azimuth turns too fast for the net
    first, last = -margin, np.array(camera.shape) - 1 + margin
    zenith, nadir = (bool(np.all((point > first) & (point < last))) for point in points)
    return zenith, nadir


def _wrapped(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles (rad) brought into [-pi, pi)."""
    return np.mod(angles + math.pi, _TURN) - math.pi


def _sag(angles: NDArray[np.float64], *, turns: bool) -> float:
    """Bound how far (rad) the angles of a net may reach beyond its nodes.

    Between nodes a smooth curve leaves its chord by an eighth of the second difference; where the lens sees
    only a part of the net, its edge may lie a whole mesh beyond the last node.
    """
    sag = 0.0
    for axis in (0, 1):
        first = np.diff(angles, axis=axis)
        first = _wrapped(first) if turns else first
        bound = np.abs(first) if np.isnan(angles).any() else np.abs(np.diff(first, axis=axis)) / 8.0
        sag = max(sag, float(np.nanmax(bound, initial=0.0)))
    return sag


def _narrowest_arc(azimuths: NDArray[np.float64]) -> tuple[float, float]:
    """Left end and width (rad) of the arc that holds all azimuths: the circle without its widest gap."""
    around = np.sort(np.mod(azimuths, _TURN))
    gaps = np.diff(around, append=around[0] + _TURN)
    widest = int(gaps.argmax())
    return float(around[(widest + 1) % len(around)]), _TURN - float(gaps[widest])


def footprint_on_grid(
    grid: CylindricalGrid, camera_in_local_level: CameraModel, surface: SurfaceModel, viewpoint: Vector
) -> tuple[Window, ...]:
    """Bound the part of a panorama that an image covers.

    Parameters
    ----------
    grid, camera_in_local_level, surface, viewpoint
        As in `grid_to_image`.

    Returns
    -------
    tuple of Window
        Empty if the image lies off the grid. On a grid that closes there is one window, which runs beyond
        the last sample where the image lies across the seam: sample `s` is then sample `s % grid.samples`.
        On a grid that does not close there may be two, both inside it.
    """
    return windows_on_grid(grid, footprint(camera_in_local_level, surface, viewpoint))


def windows_on_grid(grid: CylindricalGrid, seen: Footprint | None) -> tuple[Window, ...]:
    """Bound the part of a panorama that a footprint covers, as `footprint_on_grid` does."""
    if seen is None:
        return ()
    scale = grid.pixels_per_degree
    top = max(0, math.floor((grid.elevation_top_deg - math.degrees(seen.elevation_top)) * scale))
    bottom = min(
        grid.lines, math.ceil((grid.elevation_top_deg - math.degrees(seen.elevation_bottom)) * scale)
    )
    if bottom <= top:
        return ()
    left = ((math.degrees(seen.azimuth_left) - grid.azimuth_left_deg) % 360.0) * scale
    right = left + math.degrees(seen.azimuth_width) * scale
    if grid.wraps:
        start, stop = math.floor(left), math.ceil(right)
        if stop - start >= grid.samples:
            return ((top, 0, bottom - top, grid.samples),)
        return ((top, start % grid.samples, bottom - top, stop - start),)
    spans = [
        (max(0, math.floor(left - turn)), min(grid.samples, math.ceil(right - turn)))
        for turn in (360.0 * scale, 0.0)
    ]
    if spans[0][1] >= spans[1][0]:  # both ends of the footprint reach into the grid and meet
        spans = [(spans[0][0], max(spans[0][1], spans[1][1]))]
    return tuple((top, start, bottom - top, stop - start) for start, stop in spans if stop > start)


def fit_grid(
    cameras: Sequence[CameraModel],
    surface: SurfaceModel,
    viewpoint: Vector,
    pixels_per_degree: float | None = None,
    wrap_multiple: int = 64,
    footprints: Sequence[Footprint | None] | None = None,
) -> CylindricalGrid:
    """Find the smallest view that holds all images.

    Parameters
    ----------
    cameras : sequence of CameraModel
        In the local-level frame.
    surface, viewpoint
        As in `grid_to_image`.
    pixels_per_degree : float, optional
        Scale; by default the median of the images' own scales at their axes, so that none is lost.
    wrap_multiple : int
        A view all round closes to exactly 360 degrees with a multiple of this many samples; the scale is then
        raised to fit.
    footprints : sequence of Footprint or None, optional
        Of the cameras, if they are known already.

    Returns
    -------
    CylindricalGrid
        The circle without its widest gap in azimuth, the elevations that are seen. A view all round starts
        in the north.

    Raises
    ------
    ValueError
        If no camera sees anything, or the scale is not positive.
    """
    if footprints is None:
        footprints = [footprint(camera, surface, viewpoint) for camera in cameras]
    seen = [one for one in footprints if one is not None]
    if not seen:
        message = f"a view needs an image that sees something, got {len(cameras)} cameras"
        raise ValueError(message)
    if pixels_per_degree is None:
        pixels_per_degree = math.radians(float(np.median([camera.pixels_per_radian for camera in cameras])))
    if not (pixels_per_degree > 0 and math.isfinite(pixels_per_degree)):
        message = f"pixels per degree must be positive, got {pixels_per_degree}"
        raise ValueError(message)
    left_deg, width_deg = (math.degrees(angle) for angle in _union(seen))
    if 360.0 - width_deg < 1.0 / pixels_per_degree:
        samples = math.ceil(360.0 * pixels_per_degree / wrap_multiple) * wrap_multiple
        left_deg, pixels_per_degree = 0.0, samples / 360.0
    else:
        samples = max(1, math.ceil(width_deg * pixels_per_degree))
    top_deg = math.degrees(max(one.elevation_top for one in seen))
    bottom_deg = math.degrees(min(one.elevation_bottom for one in seen))
    lines = (top_deg - bottom_deg) * pixels_per_degree
    # below the nadir there is nothing: the last line is left out rather than half outside
    lines = math.floor(lines + 1e-6) if bottom_deg <= -90.0 else math.ceil(lines)
    return CylindricalGrid(
        azimuth_left_deg=left_deg % 360.0,
        elevation_top_deg=top_deg,
        pixels_per_degree=pixels_per_degree,
        lines=max(1, lines),
        samples=samples,
    )


def _union(footprints: Sequence[Footprint]) -> tuple[float, float]:
    """Left end and width (rad) of the circle without the widest gap between footprints."""
    arcs = sorted((one.azimuth_left, one.azimuth_left + one.azimuth_width) for one in footprints)
    arcs += [(start + _TURN, end + _TURN) for start, end in arcs]
    reach, widest, left = arcs[0][1], 0.0, arcs[0][0]
    for start, end in arcs[1:]:
        if start - reach > widest:
            widest, left = start - reach, start
        reach = max(reach, end)
    return left % _TURN, _TURN - widest

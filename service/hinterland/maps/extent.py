"""How much ground the map and its inset cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.local_frame import LocalFrame, MapGrid
from hinterland.maps.routes import Line, LonLat
from hinterland.maps.view import GroundView

_ROOM = 1.4
"""The map's side over that of what the panorama sees: room for where the rover came from."""
_LEAST_SIDE_M = 60.0
_INSET_ROOM = 1.15
_INSET_SIDES = 3.0
"""The inset covers at least so many sides of the map, or it would show nothing new."""


def map_grid(frame: LocalFrame, view: GroundView, samples: int, *, side_m: float | None = None) -> MapGrid:
    """Cover the stop and the ground seen.

    Parameters
    ----------
    frame : LocalFrame
        About the stop.
    view : GroundView
        What the panorama sees.
    samples : int
        Of a side of the map.
    side_m : float, optional
        Ground that a side covers; by default 1.4 times the extent of the ground seen, 60 m at least.

    Returns
    -------
    MapGrid
        A square, north up.
    """
    rings = [ring for polygon in view.polygons for ring in polygon]
    points = frame.to_metres(_points((view.viewpoint,), *rings, *view.edges))
    low, high = _bounds(np.vstack((points, np.zeros((1, 2)))))
    wanted = _ROOM * float((high - low).max()) if side_m is None else side_m
    return _square(frame, 0.5 * (low + high), max(wanted, _LEAST_SIDE_M if side_m is None else 0.0), samples)


def inset_grid(grid: MapGrid, lines: Sequence[Line], samples: int) -> MapGrid:
    """Cover the map and all routes.

    Parameters
    ----------
    grid : MapGrid
        The map.
    lines : sequence of Line
        Routes driven and planned.
    samples : int
        Of a side of the inset.

    Returns
    -------
    MapGrid
        A square in a frame about its middle, three sides of the map large at least.
    """
    west, east, south, north = grid.bounds_m
    corners = np.array([(west, south), (east, north)])
    points = np.vstack((corners, grid.frame.to_metres(_points(*lines))))
    low, high = _bounds(points)
    ((lon, lat),) = grid.frame.to_degrees(0.5 * (low + high)[None, :])
    frame = LocalFrame(longitude_deg=float(lon), latitude_deg=float(lat), radius_m=grid.frame.radius_m)
    side = max(_INSET_ROOM * float((high - low).max()), _INSET_SIDES * (east - west))
    return _square(frame, np.zeros(2), side, samples)


def _square(frame: LocalFrame, middle: NDArray[np.float64], side_m: float, samples: int) -> MapGrid:
    return MapGrid(
        frame=frame,
        east_m=float(middle[0]) - 0.5 * side_m,
        north_m=float(middle[1]) + 0.5 * side_m,
        metres_per_sample=side_m / samples,
        lines=samples,
        samples=samples,
    )


def _bounds(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.nanmin(points, axis=0), np.nanmax(points, axis=0)


def _points(*lines: Iterable[LonLat]) -> NDArray[np.float64]:
    return np.array([point for line in lines for point in line], dtype=np.float64).reshape(-1, 2)

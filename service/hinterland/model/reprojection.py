"""From the grid of one map to that of another, exactly: affine, PROJ, affine.

PROJ takes latitudes on a flattened ellipsoid and on a sphere for the same number, which puts a place on Mars up
to 20 km off. So maps of one body on different ellipsoids meet in planetocentric latitudes instead; the datums
of the Earth are left to PROJ.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError

from hinterland.model.map_grids import MapGrid

Array = NDArray[np.float64]
Transform = Callable[[Array], Array]
"""Coordinates (n, 2) of one map to those of another; nan where there are none."""

_EARTH_RADIUS_M = 6378137.0
_ONE_BODY = 0.01
"""Radii of one body agree to this share: Mars is given as 3389.5 to 3396.2 km."""
_CYLINDRICAL = ("Cylindrical", "Mercator", "Plate Carr")


@functools.lru_cache(maxsize=256)
def map_crs(wkt: str) -> pyproj.CRS:
    """Coordinate system of a map.

    Raises
    ------
    ValueError
        If it is not one of a body, counts to the west, or its longitudes are not degrees from the prime meridian.
    """
    try:
        crs = pyproj.CRS.from_user_input(wkt)
    except CRSError as error:
        said = " ".join(str(error).split())  # in one line, whatever was given
        message = f"its coordinate system cannot be understood: {said}"
        raise ValueError(message) from error
    if crs.ellipsoid is None or not (crs.is_projected or is_geographic(crs)):
        message = "its coordinate system is not one of a body's surface"
        raise ValueError(message)
    if any(axis.direction == "west" for axis in crs.axis_info):
        message = "its coordinate system counts to the west"
        raise ValueError(message)
    return crs


def is_geographic(crs: pyproj.CRS) -> bool:
    """True if coordinates are longitudes and latitudes."""
    return bool(crs.is_geographic) or crs.type_name == "Geodetic CRS"


@functools.lru_cache(maxsize=256)
def same_crs(wkt: str, other: str) -> bool:
    """True if coordinates of one are coordinates of the other."""
    return wkt == other or map_crs(wkt).equals(map_crs(other), ignore_axis_order=True)


@functools.lru_cache(maxsize=256)
def transform(source: str, target: str) -> Transform:
    """Carry coordinates of one map to another.

    Parameters
    ----------
    source, target : str
        Coordinate systems, WKT2 or anything PROJ understands.

    Returns
    -------
    Transform
        It may be called from several threads.

    Raises
    ------
    ValueError
        If PROJ knows no way, or they lie on different bodies.
    """
    if same_crs(source, target):
        return _unchanged
    one, other = map_crs(source), map_crs(target)
    a, b = _radii(one), _radii(other)
    if abs(a[0] / b[0] - 1.0) > _ONE_BODY:
        message = f"its body has a radius of {a[0] / 1e3:.1f} km, the mosaic's one of {b[0] / 1e3:.1f} km"
        raise ValueError(message)
    is_earth = abs(a[0] / _EARTH_RADIUS_M - 1.0) < _ONE_BODY
    if (is_earth or a == b) and not (_is_planetocentric(one) or _is_planetocentric(other)):
        return _by_proj(one, other)
    inwards, outwards = to_planetocentric(source), from_planetocentric(target)
    return lambda coordinates: outwards(inwards(coordinates))


@functools.lru_cache(maxsize=256)
def to_planetocentric(wkt: str) -> Transform:
    """From coordinates to longitude and planetocentric latitude, degrees.

    Raises
    ------
    ValueError
        If PROJ knows no way.
    """
    crs = map_crs(wkt)
    squash = _squash(crs)
    to_degrees = _unchanged if is_geographic(crs) else _by_proj(crs, _degrees(crs))

    def planetocentric(coordinates: Array) -> Array:
        degrees = to_degrees(coordinates).copy()
        if squash != 1.0 and not _is_planetocentric(crs):
            latitude = np.radians(degrees[:, 1])
            degrees[:, 1] = np.degrees(np.arctan2(squash * np.sin(latitude), np.cos(latitude)))
        return degrees

    return planetocentric


@functools.lru_cache(maxsize=256)
def from_planetocentric(wkt: str) -> Transform:
    """From longitude and planetocentric latitude, degrees, to coordinates; see `to_planetocentric`."""
    crs = map_crs(wkt)
    squash = _squash(crs)
    from_degrees = _unchanged if is_geographic(crs) else _by_proj(_degrees(crs), crs)

    def coordinates(degrees: Array) -> Array:
        degrees = degrees.copy()
        if squash != 1.0 and not _is_planetocentric(crs):
            latitude = np.radians(degrees[:, 1])
            degrees[:, 1] = np.degrees(np.arctan2(np.sin(latitude), squash * np.cos(latitude)))
        return from_degrees(degrees)

    return coordinates


@functools.lru_cache(maxsize=256)
def turn(wkt: str) -> float:
    """What a turn of longitude adds to x; 0 where x does not grow with longitude alone."""
    crs = map_crs(wkt)
    if is_geographic(crs):
        return 360.0
    operation = crs.coordinate_operation
    method = "" if operation is None else operation.method_name
    if not any(name in method for name in _CYLINDRICAL) or "Transverse" in method or "Oblique" in method:
        return 0.0
    longitudes = np.array([30.0, 31.0, 150.0, 151.0, 270.0, 271.0])
    x = from_planetocentric(wkt)(np.column_stack([longitudes, np.zeros(6)]))[:, 0]
    return abs(360.0 * float(np.median(np.diff(x)[::2])))  # at most one of the three pairs spans the seam


def grid_to_source(grid: MapGrid, source: MapGrid) -> Transform:
    """The exact map from points of a grid to points of a source.

    Parameters
    ----------
    grid, source : MapGrid
        Maps of one body.

    Returns
    -------
    Transform
        Line and sample (n, 2) to line and sample (n, 2), 0-based at centres, also beyond the source's edges; nan
        where the projection has none. Where x goes round the body, the turn nearest to the source's middle.

    Raises
    ------
    ValueError
        As `transform`.
    """
    carry = transform(grid.wkt, source.wkt)
    near = nearest_turn(source.wkt, _middle(source))

    def to_source(points: Array) -> Array:
        return source.points(near(carry(grid.coordinates(points))))

    return to_source


def nearest_turn(wkt: str, middle_x: float) -> Transform:
    """Shift x by whole turns, where it goes round the body, to within half a turn of `middle_x`."""
    period = turn(wkt)
    if period == 0.0:
        return _unchanged

    def near(coordinates: Array) -> Array:
        turns = np.round((middle_x - coordinates[:, 0]) / period)
        if not turns.any():
            return coordinates
        return np.column_stack([coordinates[:, 0] + period * turns, coordinates[:, 1]])

    return near


def on_turn_of(source: MapGrid, grid: MapGrid) -> MapGrid:
    """A source on the coordinate system of a grid, moved by whole turns to where it is nearest to the grid."""
    period = turn(grid.wkt)
    turns = round((_middle(grid) - _middle(source)) / period) if period else 0
    a, b, c, d, e, f = source.affine
    return replace(source, affine=(a, b, c + turns * period, d, e, f)) if turns else source


def ground_steps(grid: MapGrid, points: Array) -> tuple[Array, Array]:
    """Steps on the ground from a grid's samples to those of the next line and to the next along the line.

    Parameters
    ----------
    grid : MapGrid
        The map.
    points : (n, 2) float64
        Lines and samples.

    Returns
    -------
    down, right : (n, 3) float64
        In space, m; nan where the map has no ground.
    """
    half = 0.5
    steps = np.array([(-half, 0.0), (half, 0.0), (0.0, -half), (0.0, half)])
    around = (points[:, None, :] + steps[None]).reshape(-1, 2)
    longitude, latitude = np.radians(to_planetocentric(grid.wkt)(grid.coordinates(around))).T
    equatorial, polar = _radii(map_crs(grid.wkt))
    radius = equatorial * polar / np.hypot(polar * np.cos(latitude), equatorial * np.sin(latitude))
    xyz = radius[:, None] * np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)],
        axis=-1,
    )
    up, down, left, right = xyz.reshape(-1, 4, 3).transpose(1, 0, 2)
    return down - up, right - left


def sample_metres(grid: MapGrid, points: Array) -> Array:
    """Size of a grid's sample on the ground: (n,) m, the root of its area, at points (n, 2).

    nan where the map has no ground.
    """
    down, right = ground_steps(grid, points)
    area: Array = np.linalg.norm(np.cross(down, right), axis=-1)
    return np.sqrt(area)


def _middle(grid: MapGrid) -> float:
    center = np.array([[0.5 * (grid.lines - 1), 0.5 * (grid.samples - 1)]])
    return float(grid.coordinates(center)[0, 0])


def _unchanged(coordinates: Array) -> Array:
    return coordinates


def _by_proj(source: pyproj.CRS, target: pyproj.CRS) -> Transform:
    try:
        transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    except ProjError as error:
        message = f"PROJ knows no way to the mosaic's coordinate system: {error}"
        raise ValueError(message) from error

    def carry(coordinates: Array) -> Array:
        x, y = transformer.transform(coordinates[:, 0], coordinates[:, 1])
        out = np.stack([x, y], axis=-1)
        out[~np.isfinite(out).all(axis=1)] = np.nan
        return out

    return carry


def _degrees(crs: pyproj.CRS) -> pyproj.CRS:
    """East longitudes and planetographic latitudes on the body of a coordinate system."""
    equatorial, polar = _radii(crs)
    return pyproj.CRS.from_dict({"proj": "longlat", "a": equatorial, "b": polar})


def _radii(crs: pyproj.CRS) -> tuple[float, float]:
    """Equatorial and polar radius, m."""
    ellipsoid = crs.ellipsoid
    if ellipsoid is None or not ellipsoid.semi_major_metre > 0.0:
        message = "its coordinate system has no ellipsoid"
        raise ValueError(message)
    flattening = ellipsoid.inverse_flattening
    polar = ellipsoid.semi_major_metre * (1.0 - 1.0 / flattening if flattening else 1.0)
    return float(ellipsoid.semi_major_metre), float(polar)


def _squash(crs: pyproj.CRS) -> float:
    equatorial, polar = _radii(crs)
    return (polar / equatorial) ** 2


def _is_planetocentric(crs: pyproj.CRS) -> bool:
    return is_geographic(crs) and any("lanetocentric" in axis.name for axis in crs.axis_info)

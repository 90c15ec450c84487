"""The grid of an orbital mosaic: coordinate system, resolution and extent as asked for, or the rasters' own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hinterland.errors import InputError, NothingToDoError
from hinterland.model.map_grids import Bounds, MapGrid, north_up_grid
from hinterland.model.outlines import outline
from hinterland.model.reprojection import map_crs, nearest_turn, same_crs, transform
from hinterland.products.georeferenced import MapRaster

LARGEST_OVERSAMPLING = 256.0
"""Samples of a mosaic are at most so much finer than the finest raster's."""
_EQUAL = 1e-6
_PROBES = ((0.5, 0.5), (0.3, 0.2), (0.2, 0.7), (0.7, 0.8), (0.8, 0.3))
"""Shares of lines and samples at which a raster's resolution is looked at."""
_CROSS = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked of a mosaic, as far as samples depend on it."""

    crs: str | None = None
    """Coordinate system, as PROJ reads it; None is the first raster's."""
    resolution: float | None = None
    """Size of a sample in the coordinate system's unit; None is the finest raster's."""
    extent: Bounds | None = None
    """West, south, east, north; None is that of all rasters."""
    method: str = "blend"
    """How samples of several rasters become one."""
    priority: str | None = None
    """"resolution" or "order"; None is resolution for a blend, and order otherwise."""
    kernel: str = "bilinear"
    """Resampling kernel."""
    join: str = "seams"
    """How a blend joins rasters: "seams" or "feather"."""
    feather_px: float = 64.0
    """Width over which a feathered raster fades in from its edge."""
    levels_heights: bool = False
    """Heights will be levelled: whole numbers become float32."""
    fill_m: float | None = None
    """Distance limit of hole filling; None fills none."""
    relief: bool = False
    """Draw shaded relief too."""
    slope: bool = False
    """Draw the slope too."""
    memory_bytes: int = 1 << 30
    """Resident memory not to exceed."""


def fit_map_grid(rasters: Sequence[MapRaster], request: Request) -> MapGrid:
    """Choose the grid: that of a raster, extended, wherever one has the resolution wanted.

    Raises
    ------
    InputError
        If the options make no sense or a raster lies on another body.
    NothingToDoError
        If no raster has a place on the map asked for.
    """
    first = rasters[0]
    wkt = _wkt(request.crs, first)
    middle_x = _middle_x(first, wkt)
    finest = min((_resolution(raster, wkt) for raster in rasters), default=math.nan)
    if not math.isfinite(finest):
        asked = _in_one_line(request.crs)
        message = f"no raster has a place on the map of --crs {asked}; choose one that shows them"
        raise NothingToDoError(message)
    if request.resolution is not None and not finest / LARGEST_OVERSAMPLING <= request.resolution < math.inf:
        message = (
            f"--resolution {request.resolution:g}: the finest raster has {finest:.6g} in the unit of the mosaic's "
            f"coordinates; give {finest / LARGEST_OVERSAMPLING:.3g} or more"
        )
        raise InputError(message)
    bounds = request.extent or _union(rasters, wkt, middle_x)
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    if request.resolution is not None and request.resolution > max(width, height) > 0.0:
        message = (
            f"--resolution {request.resolution:g}: the whole mosaic is {width:.3g} by {height:.3g} in the unit of "
            "its coordinates; give less, or --crs of a map in metres"
        )
        raise InputError(message)
    try:
        for raster in rasters:
            if _is_own(raster.grid, wkt, request.resolution or finest):
                return raster.grid.extended(_checked(bounds))
        return north_up_grid(wkt, bounds, request.resolution or finest)
    except ValueError as error:
        message = f"--extent or --resolution: {error}"
        raise InputError(message) from error


def _wkt(crs: str | None, first: MapRaster) -> str:
    if crs is None:
        return first.grid.wkt
    try:
        return map_crs(crs).to_wkt("WKT2_2019")
    except ValueError as error:
        message = f"--crs {_in_one_line(crs)}: {error}; give a code as IAU_2015:49910, WKT or a PROJ string"
        raise InputError(message) from error


def _is_own(grid: MapGrid, wkt: str, resolution: float) -> bool:
    """True if the mosaic can have a raster's lattice, so that its samples are copied."""
    if not (grid.is_north_up and same_crs(wkt, grid.wkt)):
        return False
    return abs(grid.sample_size / resolution - 1.0) <= _EQUAL


def _checked(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    if not (all(math.isfinite(bound) for bound in bounds) and west < east and south < north):
        message = f"an extent is west, south, east, north, finite and not empty, got {bounds}"
        raise ValueError(message)
    return bounds


def _union(rasters: Sequence[MapRaster], wkt: str, middle_x: float) -> Bounds:
    found = []
    for raster in rasters:
        try:
            lies = outline(raster.grid, wkt, middle_x)
        except ValueError as error:
            message = f"{raster.path}: {error}; leave it out or give another --crs"
            raise InputError(message) from error
        if lies is not None:
            found.append(lies.bounds)
    west, south, east, north = np.array(found).T
    return float(west.min()), float(south.min()), float(east.max()), float(north.max())


def _middle_x(raster: MapRaster, wkt: str) -> float:
    """Where the first raster's middle lies: the others are taken from the turn nearest to it."""
    lines, samples = raster.grid.shape
    middle = raster.grid.coordinates(np.array([[0.5 * (lines - 1), 0.5 * (samples - 1)]]))
    if same_crs(raster.grid.wkt, wkt):
        return float(middle[0, 0])
    try:
        x = float(nearest_turn(wkt, 0.0)(transform(raster.grid.wkt, wkt)(middle))[0, 0])
    except ValueError as error:
        message = f"{raster.path}: {error}; give another --crs"
        raise InputError(message) from error
    return x if math.isfinite(x) else 0.0


def _resolution(raster: MapRaster, wkt: str) -> float:
    """Side of a square as large as one of the raster's samples on the map; infinite where it has no place.

    The median of a few samples: one may lie on a pole or on the map's seam.
    """
    if same_crs(raster.grid.wkt, wkt):
        return raster.grid.sample_size
    probes = np.array(_PROBES) * (raster.grid.lines, raster.grid.samples) - 0.5
    cross = (probes[:, None] + _CROSS).reshape(-1, 2)
    try:
        carried = transform(raster.grid.wkt, wkt)(raster.grid.coordinates(cross)).reshape(-1, 4, 2)
    except ValueError as error:
        message = f"{raster.path}: {error}; leave it out or give another --crs"
        raise InputError(message) from error
    up, down, left, right = carried.transpose(1, 0, 2)
    with np.errstate(invalid="ignore"):  # of what has no place
        areas = np.abs(np.linalg.det(np.stack([down - up, right - left], axis=1)))
    areas = areas[np.isfinite(areas) & (areas > 0.0)]
    return math.sqrt(float(np.median(areas))) if len(areas) else math.inf


def _in_one_line(text: str | None) -> str:
    return " ".join((text or "").split())

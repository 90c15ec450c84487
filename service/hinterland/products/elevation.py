"""Elevation models: a window of one read as a value, and outlines of masks on it."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.features
from numpy.typing import NDArray
from rasterio.windows import Window

from hinterland.errors import InputError
from hinterland.products.driver_errors import DRIVER_ERRORS
from hinterland.products.ground_coordinates import Affine, GroundCoordinates, Scale, coordinates_of

MOST_CELLS = 1 << 27
"""Cells of the largest window: half a gigabyte of heights."""

_SQUARE = math.radians(0.1)  # axes further than this from a right angle are no grid of ours


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dem:
    """Heights on a grid, and where the grid lies; true to scale around its site."""

    product: str
    """The file's name, for messages and reports."""
    heights: NDArray[np.float32]
    """(lines, samples), m above the body's reference; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where valid."""
    affine: Affine
    """Map x = a s + b l + c and y = d s + e l + f of a point s samples and l lines from the grid's outer
    corner, half a cell before the centre of line 0, sample 0; a to f in the CRS's unit."""
    crs_wkt: str
    """The map's coordinate reference system."""
    longitude_deg: float
    """The site: where the metres hold and longitudes are counted near. East positive."""
    latitude_deg: float
    """As `longitude_deg`."""
    metres_per_line: float
    """Size of a cell across lines at the site."""
    metres_per_sample: float
    """Size of a cell across samples at the site."""
    up_azimuth: float
    """Azimuth (rad) towards lower lines at the site: 0 on a map with north up."""
    radius_m: float
    """Of the body: the semi-major axis of its reference."""

    def __post_init__(self) -> None:
        if self.heights.ndim != 2 or self.heights.shape != self.mask.shape or self.mask.dtype != np.bool_:
            message = (
                f"heights and mask must be (lines, samples), got {self.heights.shape}, {self.mask.shape}"
            )
            raise ValueError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        return self.mask.shape[0], self.mask.shape[1]

    def position(self, longitude_deg: float, latitude_deg: float) -> tuple[float, float]:
        """Line and sample of a place; nan where the projection has none. They may lie off the grid."""
        ((line, sample),) = self._coordinates.to_source(np.array([[longitude_deg, latitude_deg]]))
        return float(line), float(sample)

    def places(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Longitude and latitude (n, 2), degrees, of lines and samples (n, 2); longitudes near the site's."""
        return self._coordinates.to_degrees(points, self.longitude_deg)

    @property
    def _coordinates(self) -> GroundCoordinates:
        return _coordinates(self.crs_wkt, self.affine, self.shape, self.product)

    def height_at(self, line: float, sample: float) -> float:
        """Height (m) at a point of the grid, bilinear; nan off the grid or beside a cell without data."""
        lines, samples = self.shape
        if not (0 <= line <= lines - 1 and 0 <= sample <= samples - 1):
            return math.nan
        total = 0.0
        for i, down in ((math.floor(line), 1.0 - line % 1.0), (math.ceil(line), line % 1.0)):
            for j, across in ((math.floor(sample), 1.0 - sample % 1.0), (math.ceil(sample), sample % 1.0)):
                if down * across > 0.0:
                    total += down * across * (float(self.heights[i, j]) if self.mask[i, j] else math.nan)
        return total


def read_dem(
    path: Path,
    *,
    longitude_deg: float | None = None,
    latitude_deg: float | None = None,
    range_m: float | None = None,
    most_cells: int | None = None,
) -> Dem:
    """Read an elevation model, or the part of it around a stop.

    Parameters
    ----------
    path : Path
        A georeferenced raster of one band of heights in metres; its scale and offset are applied.
    longitude_deg, latitude_deg : float, optional
        The stop, east positive; the raster's centre by default.
    range_m : float, optional
        Reads only the square that holds this range around the stop.
    most_cells : int, optional
        Reads only a square of about so many cells around the stop, where the rest would be more.

    Returns
    -------
    Dem
        Cells that are nodata, not finite, or further from the reference than the body's radius (an undeclared
        nodata value) are not valid.

    Raises
    ------
    InputError
        If the file is no georeferenced raster of heights, its axes are mirrored or not at right angles, the
        stop is off it, or the window is too large.
    """
    path = Path(path)
    try:
        with rasterio.open(path) as dataset:
            reach = math.inf if most_cells is None else 0.5 * math.sqrt(most_cells)
            return _read(path, dataset, longitude_deg, latitude_deg, range_m, reach)
    except DRIVER_ERRORS as error:
        message = f"{path}: cannot be read as an elevation model: {error}; give a GeoTIFF of heights"
        raise InputError(message) from error


def outlines(
    mask: NDArray[np.bool_], least_cells: int = 1
) -> list[tuple[NDArray[np.float64], list[NDArray[np.float64]]]]:
    """Trace the edges of what a mask marks.

    Parameters
    ----------
    mask : (lines, samples) bool
        True inside.
    least_cells : int
        Smaller patches are dropped and smaller holes closed first.

    Returns
    -------
    list of (outer, holes)
        Rings (n, 2) of line and sample along cell edges, closed; patches that touch at a corner are apart.
    """
    marks = mask.astype(np.uint8)
    if least_cells > 1:
        marks = rasterio.features.sieve(marks, least_cells, connectivity=4)
    found = []
    for shape, _ in rasterio.features.shapes(marks, mask=marks > 0, connectivity=4):
        rings = [np.array(ring)[:, ::-1] - 0.5 for ring in shape["coordinates"]]
        found.append((rings[0], rings[1:]))
    return found


def _read(
    path: Path,
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    longitude_deg: float | None,
    latitude_deg: float | None,
    range_m: float | None,
    most_reach: float,
) -> Dem:
    if dataset.count != 1 or np.dtype(dataset.dtypes[0]).kind not in "iuf":
        message = (
            f"{path}: has {dataset.count} bands of {dataset.dtypes[0]}, an elevation model has one of heights"
        )
        raise InputError(message)
    coordinates = coordinates_of(dataset, path)
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    if longitude_deg is None or latitude_deg is None:
        longitude_deg, latitude_deg = coordinates.center_deg()
    ((line, sample),) = coordinates.to_source(np.array([[longitude_deg, latitude_deg]]))
    if not (-0.5 <= line <= dataset.height - 0.5 and -0.5 <= sample <= dataset.width - 0.5):
        message = (
            f"{path}: does not hold longitude {longitude_deg:.6f}, latitude {latitude_deg:.6f}; "
            "give an elevation model of the stop"
        )
        raise InputError(message)
    scale = coordinates.scale(line, sample)
    if not abs(scale.off_square) <= _SQUARE:
        message = (
            f"{path}: its lines and samples are mirrored or not at right angles "
            f"({math.degrees(scale.off_square):.1f} degrees off); make it north up with gdalwarp"
        )
        raise InputError(message)
    window = _window(path, dataset, (line, sample), scale, range_m, most_reach)
    heights = dataset.read(1, window=window).astype(np.float64) * dataset.scales[0] + dataset.offsets[0]
    mask = dataset.read_masks(1, window=window) > 0
    mask &= np.isfinite(heights) & (np.abs(heights) < coordinates.radius_m)
    corner = a * window.col_off + b * window.row_off + c, d * window.col_off + e * window.row_off + f
    return Dem(
        product=path.name,
        heights=np.where(mask, heights, 0.0).astype(np.float32),
        mask=mask,
        affine=(a, b, corner[0], d, e, corner[1]),
        crs_wkt=dataset.crs.to_wkt(),
        longitude_deg=longitude_deg,
        latitude_deg=latitude_deg,
        metres_per_line=scale.metres_per_line,
        metres_per_sample=scale.metres_per_sample,
        up_azimuth=scale.up_azimuth,
        radius_m=coordinates.radius_m,
    )


@functools.lru_cache(maxsize=16)
def _coordinates(wkt: str, affine: Affine, shape: tuple[int, int], product: str) -> GroundCoordinates:
    return GroundCoordinates(wkt, affine, shape, Path(product))


def _window(
    path: Path,
    dataset: Any,  # noqa: ANN401
    at: tuple[float, float],
    scale: Scale,
    range_m: float | None,
    most_reach: float,
) -> Window:
    spans = []
    for place, size, cell_m in zip(at, dataset.shape, scale[:2], strict=True):
        reach = min(most_reach, size if range_m is None else range_m / cell_m + 1.0)
        spans.append((max(0, math.floor(place - reach)), min(size, math.ceil(place + reach) + 1)))
    (top, bottom), (left, right) = spans
    if min(bottom - top, right - left) < 2:
        message = f"{path}: has {bottom - top} x {right - left} cells in range; give a finer elevation model"
        raise InputError(message)
    if (bottom - top) * (right - left) > MOST_CELLS:
        message = (
            f"{path}: {(bottom - top) * (right - left) / 1e6:.0f} million cells in range, "
            f"more than {MOST_CELLS / 1e6:.0f}; ask for a shorter range"
        )
        raise InputError(message)
    return Window(left, top, right - left, bottom - top)

"""Places on a raster: longitude and latitude against line and sample."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError


class Scale(NamedTuple):
    """How a raster lies on the ground around a point."""

    metres_per_line: float
    metres_per_sample: float
    up_azimuth: float
    """Azimuth (rad) towards lower lines."""
    off_square: float
    """Angle (rad) by which samples run clockwise of a right angle to that; pi on a mirrored raster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Georeference:
    """A raster's coordinate reference system and affine.

    Raises
    ------
    CRSError
        From any method, if the CRS is neither geographic nor projected.
    """

    crs_wkt: str
    """Any form of WKT."""
    affine: tuple[float, float, float, float, float, float]
    """Map x = a s + b l + c and y = d s + e l + f of a point s samples and l lines from the outer corner."""

    @property
    def radius_m(self) -> float:
        """Semi-major axis of the body."""
        return float(_system(self.crs_wkt).geod.a)

    def position(
        self, longitude_deg: float, latitude_deg: float, shape: tuple[int, int]
    ) -> tuple[float, float]:
        """Line and sample of a place; nan where the projection has none. They may lie off the raster.

        Of the turns that a longitude may be counted in, it takes the one nearest to the middle of a raster of
        `shape` lines and samples.
        """
        a, b, c, d, e, f = self.affine
        determinant = a * e - b * d
        if determinant == 0.0:
            return math.nan, math.nan
        system = _system(self.crs_wkt)
        if system.crs.is_geographic:
            middle_deg = c + 0.5 * (a * shape[1] + b * shape[0])
            longitude_deg = middle_deg + (longitude_deg - middle_deg + 180.0) % 360.0 - 180.0
        try:
            x, y = system.to_map.transform(longitude_deg, latitude_deg, errcheck=True)
        except ProjError:
            return math.nan, math.nan
        x, y = x - c, y - f
        return (a * y - d * x) / determinant - 0.5, (e * x - b * y) / determinant - 0.5

    def places(
        self, points: NDArray[np.float64], near_longitude_deg: float | None = None
    ) -> NDArray[np.float64]:
        """Longitude and latitude (n, 2), degrees, of lines and samples (n, 2); inf where there is none.

        Longitudes are within half a turn of `near_longitude_deg` where it is given.
        """
        a, b, c, d, e, f = self.affine
        lines, samples = points[:, 0] + 0.5, points[:, 1] + 0.5
        longitude, latitude = _system(self.crs_wkt).to_map.transform(
            a * samples + b * lines + c, d * samples + e * lines + f, direction="INVERSE"
        )
        if near_longitude_deg is not None:
            longitude = near_longitude_deg + (longitude - near_longitude_deg + 180.0) % 360.0 - 180.0
        return np.stack([longitude, latitude], axis=-1)

    def scale(self, line: float, sample: float) -> Scale:
        """How the raster lies on the ground, from a cell around a point of it."""
        half = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
        up, down, left, right = self.places(np.array([line, sample]) + half)
        geod = _system(self.crs_wkt).geod
        up_azimuth_deg, _, metres_per_line = geod.inv(*down, *up)
        right_azimuth_deg, _, metres_per_sample = geod.inv(*left, *right)
        off_square_deg = (right_azimuth_deg - up_azimuth_deg - 90.0 + 180.0) % 360.0 - 180.0
        return Scale(
            metres_per_line, metres_per_sample, math.radians(up_azimuth_deg), math.radians(off_square_deg)
        )


@dataclass(frozen=True, slots=True)
class _System:
    crs: pyproj.CRS
    to_map: pyproj.Transformer
    geod: pyproj.Geod


@functools.lru_cache(maxsize=16)
def _system(wkt: str) -> _System:
    crs = pyproj.CRS.from_wkt(wkt)
    geodetic, geod = crs.geodetic_crs, crs.get_geod()
    if geodetic is None or geod is None or not (crs.is_geographic or crs.is_projected):
        message = "it is neither geographic nor projected"
        raise CRSError(message)
    return _System(crs, pyproj.Transformer.from_crs(geodetic, crs, always_xy=True), geod)

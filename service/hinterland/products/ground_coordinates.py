"""Planetocentric degrees against lines and samples of a raster, whatever its projection or ellipsoid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from hinterland.errors import InputError

Affine = tuple[float, float, float, float, float, float]
"""x = a * sample + b * line + c, y = d * sample + e * line + f, at corners: sample 0 starts at 0."""

_LARGEST_SAMPLE_M = 1e6


class Scale(NamedTuple):
    """How a raster lies on the ground around a point."""

    metres_per_line: float
    metres_per_sample: float
    up_azimuth: float
    """Azimuth (rad) towards lower lines."""
    off_square: float
    """Angle (rad) by which samples run clockwise of a right angle to that; pi on a mirrored raster."""


class GroundCoordinates:
    """Where the samples of a raster lie on their body.

    Places are planetocentric degrees, east-positive; a raster on a flattened ellipsoid, whose latitudes are
    planetographic, is converted to exactly (0.3 degrees on Mars at middle latitudes, 20 km).

    Parameters
    ----------
    wkt : str
        Coordinate system.
    affine : Affine
        From sample and line to coordinates.
    shape : (lines, samples)
        Of the raster.
    path : Path
        For messages.

    Raises
    ------
    InputError
        If the coordinate system or the affine cannot be used.
    """

    def __init__(self, wkt: str, affine: Affine, shape: tuple[int, int], path: Path) -> None:
        self._crs = _checked_crs(wkt, path)
        self._shape = shape
        self._affine = np.array(affine, dtype=np.float64).reshape(2, 3)
        matrix = self._affine[:, :2]
        if not (np.isfinite(self._affine).all() and abs(float(np.linalg.det(matrix))) > 0.0):
            message = f"{path}: its georeference is singular: {affine}"
            raise InputError(message)
        self._inverse = np.linalg.inv(matrix)
        ellipsoid = self._crs.ellipsoid
        if ellipsoid is None:
            message = f"{path}: its coordinate system has no ellipsoid: say IAU_2015:49900 for Mars"
            raise InputError(message)
        self.radius_m = float(ellipsoid.semi_major_metre)
        """Equatorial radius of the body."""
        self._squash = (float(ellipsoid.semi_minor_metre) / self.radius_m) ** 2
        # planetographic latitudes differ from planetocentric ones on a flattened body only
        self._is_graphic = self._squash != 1.0 and not _is_planetocentric(self._crs)
        self._transformer = None if _is_geographic(self._crs) else self._projection()
        self._middle = self._coordinates_of_middle()
        self._turn_x = self._period()
        if not 0.0 < self.sample_m(*self.center_deg()) < _LARGEST_SAMPLE_M:
            message = f"{path}: its georeference gives samples of no sensible size: {affine}"
            raise InputError(message)

    def to_source(self, lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find places in the raster.

        Parameters
        ----------
        lon_lat : (n, 2) float64
            Longitudes and planetocentric latitudes, degrees.

        Returns
        -------
        (n, 2) float64
            Line and sample, 0-based at centres, also beyond the edges; nan where the projection has none.
        """
        lon, lat = np.mod(lon_lat[:, 0] + 180.0, 360.0) - 180.0, lon_lat[:, 1]  # PROJ refuses 573 degrees
        if self._is_graphic:
            lat = np.degrees(np.arctan2(np.sin(np.radians(lat)), np.cos(np.radians(lat)) * self._squash))
        x, y = (lon, lat) if self._transformer is None else self._transformer.transform(lon, lat)
        coordinates = np.column_stack((x, y))
        coordinates[~np.isfinite(coordinates).all(axis=1)] = np.nan
        if self._turn_x:  # a raster across the antimeridian, or from 0 to 360: the turn nearest to its middle
            coordinates[:, 0] += self._turn_x * np.round((self._middle[0] - coordinates[:, 0]) / self._turn_x)
        sample_line = (coordinates - self._affine[:, 2]) @ self._inverse.T
        return np.ascontiguousarray(sample_line[:, ::-1]) - 0.5

    def to_degrees(
        self, points: NDArray[np.float64], near_longitude_deg: float | None = None
    ) -> NDArray[np.float64]:
        """Find the places of points of the raster; the inverse of `to_source`.

        Parameters
        ----------
        points : (n, 2) float64
            Line and sample.
        near_longitude_deg : float, optional
            Longitudes are then within half a turn of it.

        Returns
        -------
        (n, 2) float64
            Longitudes and planetocentric latitudes, degrees; nan where the projection has none.
        """
        x, y = self._affine[:, :2] @ (points[:, ::-1] + 0.5).T + self._affine[:, 2:]
        if self._transformer is not None:
            x, y = self._transformer.transform(x, y, direction="INVERSE")
        if self._is_graphic:
            y = np.degrees(np.arctan2(np.sin(np.radians(y)) * self._squash, np.cos(np.radians(y))))
        if near_longitude_deg is not None:
            x = near_longitude_deg + np.mod(x - near_longitude_deg + 180.0, 360.0) - 180.0
        places = np.column_stack((x, y))
        places[~np.isfinite(places).all(axis=1)] = np.nan
        return places

    def center_deg(self) -> tuple[float, float]:
        """Longitude and planetocentric latitude of the raster's middle."""
        middle = np.array([[0.5 * self._shape[0] - 0.5, 0.5 * self._shape[1] - 0.5]])
        ((longitude, latitude),) = self.to_degrees(middle)
        return float(longitude), float(latitude)

    def scale(self, line: float, sample: float) -> Scale:
        """How the raster lies on the ground, from a cell around a point of it; nan off the map."""
        half = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
        places = self.to_degrees(np.array([line, sample]) + np.vstack((half, (0.0, 0.0))))
        *cell, (x, y, z) = self._in_space(places)
        upward, rightward = cell[0] - cell[1], cell[3] - cell[2]
        lon = math.radians(places[4, 0])  # a pole has one too
        to_east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        to_north = np.cross((x, y, z / self._squash), to_east)  # from the ellipsoid's normal
        to_north /= np.linalg.norm(to_north)
        up_azimuth = math.atan2(upward @ to_east, upward @ to_north)
        right_azimuth = math.atan2(rightward @ to_east, rightward @ to_north)
        return Scale(
            metres_per_line=float(np.linalg.norm(upward)),
            metres_per_sample=float(np.linalg.norm(rightward)),
            up_azimuth=up_azimuth,
            off_square=math.remainder(right_azimuth - up_azimuth - 0.5 * math.pi, 2.0 * math.pi),
        )

    def sample_m(self, longitude_deg: float, latitude_deg: float) -> float:
        """Size of a sample (m on the ground, the geometric mean of its sides) at a place; nan off the map."""
        lon, lat = math.radians(longitude_deg), math.radians(latitude_deg)
        up = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        to_east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        to_north = np.cross(up, to_east)
        x, y, z = (up + np.stack((-to_east, to_east, -to_north, to_north)) / self.radius_m).T
        places = np.degrees(np.column_stack((np.arctan2(y, x), np.arctan2(z, np.hypot(x, y)))))
        west, east, south, north = self.to_source(places)
        (a, b), (c, d) = east - west, north - south
        samples_per_m2 = abs(float(a * d - b * c)) / 4.0
        return 1.0 / math.sqrt(samples_per_m2) if samples_per_m2 > 0.0 else math.nan

    def _in_space(self, lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Body-fixed x, y, z (n, 3), m, of places on the ellipsoid."""
        lon, lat = np.radians(lon_lat).T
        radius = self.radius_m / np.sqrt(np.cos(lat) ** 2 + np.sin(lat) ** 2 / self._squash)
        in_plane = radius * np.cos(lat)
        return np.column_stack((in_plane * np.cos(lon), in_plane * np.sin(lon), radius * np.sin(lat)))

    def _coordinates_of_middle(self) -> tuple[float, float]:
        x, y = self._affine[:, :2] @ (0.5 * self._shape[1], 0.5 * self._shape[0]) + self._affine[:, 2]
        return float(x), float(y)

    def _projection(self) -> pyproj.Transformer:
        geographic = pyproj.CRS.from_dict(
            {"proj": "longlat", "a": self.radius_m, "b": self.radius_m * math.sqrt(self._squash)}
        )
        return pyproj.Transformer.from_crs(geographic, self._crs, always_xy=True)

    def _period(self) -> float:
        """One turn of longitude in x, where x is proportional to it; else 0."""
        if self._transformer is None:
            return 360.0
        operation = self._crs.coordinate_operation
        method = "" if operation is None else operation.method_name
        if "Cylindrical" not in method and "Mercator (" not in method:
            return 0.0
        longitudes = np.array([30.0, 31.0, 150.0, 151.0, 270.0, 271.0])
        x, _ = self._transformer.transform(longitudes, np.zeros(6))
        return 360.0 * float(np.median(np.diff(x)[::2]))  # at most one of the three pairs spans the seam


def coordinates_of(dataset: Any, path: Path) -> GroundCoordinates:  # noqa: ANN401 - rasterio is untyped
    """Coordinates of an open raster.

    Raises
    ------
    InputError
        If it has none; the message names the way out.
    """
    if dataset.transform.is_identity:
        message = (
            f"{path}: it is not georeferenced: put a world file beside it, or gdal_edit.py -a_ullr bounds"
        )
        raise InputError(message)
    if dataset.crs is None:
        message = (
            f"{path}: it has no coordinate system: set one with gdal_edit.py -a_srs, "
            "say IAU_2015:49900 for degrees on Mars, or put an .aux.xml beside it"
        )
        raise InputError(message)
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    return GroundCoordinates(dataset.crs.to_wkt(), (a, b, c, d, e, f), dataset.shape, path)


def _checked_crs(wkt: str, path: Path) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_wkt(wkt)
    except CRSError as error:
        message = f"{path}: its coordinate system cannot be understood: {error}"
        raise InputError(message) from error
    axes = crs.axis_info[:2]
    if not (crs.is_projected or _is_geographic(crs)):
        message = f"{path}: its coordinate system is of no body: set one, say IAU_2015:49900 for Mars"
        raise InputError(message)
    if any(axis.direction == "west" for axis in axes):
        message = f"{path}: its coordinate system counts to the west; give it an east-positive one"
        raise InputError(message)
    meridian = crs.prime_meridian
    if _is_geographic(crs) and (
        any(axis.unit_name != "degree" for axis in axes)
        or (meridian is not None and meridian.longitude != 0.0)
    ):
        message = f"{path}: its coordinates must be degrees from the body's prime meridian"
        raise InputError(message)
    return crs


def _is_geographic(crs: pyproj.CRS) -> bool:
    return bool(crs.is_geographic) or crs.type_name == "Geodetic CRS"


def _is_planetocentric(crs: pyproj.CRS) -> bool:
    return _is_geographic(crs) and any("lanetocentric" in axis.name for axis in crs.axis_info)

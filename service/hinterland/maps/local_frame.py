"""The map's own frame: north and east in metres from a point of a sphere, true in azimuth and distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFrame:
    """The azimuthal equidistant projection about a point.

    Azimuths and distances from the origin are those on the ground, so a direction that the rover looks in is
    a straight line on the map at its true angle, whatever the projection of the base map.

    References
    ----------
    Snyder, Map Projections: A Working Manual, USGS Professional Paper 1395, chapter 25.
    """

    longitude_deg: float
    """Of the origin, east-positive."""
    latitude_deg: float
    """Of the origin, planetocentric."""
    radius_m: float
    """Of the sphere."""

    def __post_init__(self) -> None:
        if not (abs(self.latitude_deg) <= 90.0 and math.isfinite(self.longitude_deg)):
            message = f"a frame needs a place, got {self.longitude_deg}, {self.latitude_deg}"
            raise ValueError(message)
        if not (self.radius_m > 0 and math.isfinite(self.radius_m)):
            message = f"a sphere has a positive radius, got {self.radius_m}"
            raise ValueError(message)

    @property
    def crs(self) -> str:
        """The frame as PROJ writes it; its x is east, its y is north."""
        return (
            f"+proj=aeqd +lat_0={self.latitude_deg!r} +lon_0={self.longitude_deg!r} "
            f"+R={self.radius_m!r} +units=m +no_defs"
        )

    def to_metres(self, lon_lat: ArrayLike) -> Points:
        """Carry places into the frame.

        Parameters
        ----------
        lon_lat : (n, 2) float64
            Longitudes and latitudes, degrees.

        Returns
        -------
        (n, 2) float64
            East and north of the origin, m. The antipode has no direction: it is put in the north.
        """
        lon, lat = np.radians(np.asarray(lon_lat, dtype=np.float64).reshape(-1, 2)).T
        turn, lat_0 = lon - math.radians(self.longitude_deg), math.radians(self.latitude_deg)
        toward_east = np.cos(lat) * np.sin(turn)
        # sin(lat - lat_0) and the half angle keep their digits where places are metres apart
        half_turn = np.sin(0.5 * turn) ** 2
        toward_north = np.sin(lat - lat_0) + 2.0 * math.sin(lat_0) * np.cos(lat) * half_turn
        across = np.hypot(toward_east, toward_north)
        along = math.sin(lat_0) * np.sin(lat) + math.cos(lat_0) * np.cos(lat) * np.cos(turn)
        arc = np.arctan2(across, along)
        scale = np.divide(arc, across, out=np.ones_like(arc), where=across > 0.0)
        return self.radius_m * np.column_stack((scale * toward_east, scale * toward_north))

    def to_degrees(self, metres: ArrayLike) -> Points:
        """Carry points of the frame to places; the inverse of `to_metres`.

        Parameters
        ----------
        metres : (n, 2) float64
            East and north of the origin, m.

        Returns
        -------
        (n, 2) float64
            Longitudes within 180 degrees of the origin's and latitudes, degrees; nan beyond the antipode.
        """
        east, north = np.asarray(metres, dtype=np.float64).reshape(-1, 2).T / self.radius_m
        arc = np.hypot(east, north)
        arc = np.where(arc <= math.pi, arc, np.nan)
        ratio = np.sinc(arc / math.pi)  # sin(arc) / arc
        lat_0 = math.radians(self.latitude_deg)
        # latitude as the angle between the place and the axis: arcsin would lose its digits near the poles
        up = np.cos(arc) * math.sin(lat_0) + ratio * north * math.cos(lat_0)
        x = np.cos(arc) * math.cos(lat_0) - ratio * north * math.sin(lat_0)
        y = ratio * east
        return np.column_stack(
            (
                self.longitude_deg + np.degrees(np.arctan2(y, x)),
                np.degrees(np.arctan2(up, np.hypot(x, y))),
            )
        )

    def from_azimuths(self, azimuths_deg: ArrayLike, distances_m: ArrayLike) -> Points:
        """Places at azimuths (from north through east) and ground distances from the origin, degrees."""
        azimuths = np.radians(np.asarray(azimuths_deg, dtype=np.float64))
        east, north = distances_m * np.sin(azimuths), distances_m * np.cos(azimuths)
        return self.to_degrees(np.column_stack((east, north)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """The samples of a map in a local frame; line 0 is the northernmost, positions are those of centres."""

    frame: LocalFrame
    """What its metres are counted in."""
    east_m: float
    """Western outer edge."""
    north_m: float
    """Northern outer edge."""
    metres_per_sample: float
    """The same along lines and samples."""
    lines: int
    """Height."""
    samples: int
    """Width."""

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """Outer edges: west, east, south, north."""
        return (
            self.east_m,
            self.east_m + self.samples * self.metres_per_sample,
            self.north_m - self.lines * self.metres_per_sample,
            self.north_m,
        )

    @property
    def center_deg(self) -> tuple[float, float]:
        """Longitude and latitude of the middle."""
        west, east, south, north = self.bounds_m
        ((lon, lat),) = self.frame.to_degrees(((0.5 * (west + east), 0.5 * (south + north)),))
        return float(lon), float(lat)

    def to_degrees(self, points: Points) -> Points:
        """Longitudes and latitudes (degrees) of grid points (n, 2), line and sample."""
        east = self.east_m + (points[:, 1] + 0.5) * self.metres_per_sample
        north = self.north_m - (points[:, 0] + 0.5) * self.metres_per_sample
        return self.frame.to_degrees(np.column_stack((east, north)))

    def to_points(self, lon_lat: ArrayLike) -> Points:
        """Grid points (n, 2), line and sample, of longitudes and latitudes (degrees)."""
        east, north = self.frame.to_metres(lon_lat).T
        return np.column_stack(
            (
                (self.north_m - north) / self.metres_per_sample - 0.5,
                (east - self.east_m) / self.metres_per_sample - 0.5,
            )
        )

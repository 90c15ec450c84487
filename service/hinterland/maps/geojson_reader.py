"""GeoJSON as the missions' web maps write it, field by field: forgiving in form, strict in sense."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hinterland.errors import InputError
from hinterland.maps.routes import Line, LonLat
from hinterland.products.fields import printable

MARS_RADIUS_M = 3396190.0
M2020_STANDARD_PARALLEL_DEG = 18.4663

_UNKNOWN = {"", "UNK", "N/A", "NULL", "NONE", "NAN"}
_LONGITUDES = ("lon", "longitude", "lon_dd", "lng")
_LATITUDES = ("lat", "latitude", "lat_dd", "planetocentric_latitude")
# Mars 2020 writes easting/northing with the standard parallel of Jezero, MSL easting_m/northing_m with 0
_PLANAR = (("easting", "northing", M2020_STANDARD_PARALLEL_DEG), ("easting_m", "northing_m", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """The properties of a feature or the cells of a row: names in any case, numbers as numbers or strings."""

    fields: Mapping[str, Any]
    """By lower-case name."""
    where: str
    """File and place in it, for messages."""

    def number(self, *names: str) -> float | None:
        """First known value among the fields named; None if there is none.

        Raises
        ------
        InputError
            If a field holds something else than a number.
        """
        for name in names:
            value = self.fields.get(name)
            if value is None or (isinstance(value, str) and value.strip().upper() in _UNKNOWN):
                continue
            return _finite(value, f"{self.where}: {name}")
        return None

    def integer(self, *names: str) -> int | None:
        """As `number`, for a counter.

        Raises
        ------
        InputError
            If a field holds something else than a whole number.
        """
        value = self.number(*names)
        if value is not None and value != round(value):
            message = f"{self.where}: {names[0]} must be a whole number, got {value}"
            raise InputError(message)
        return None if value is None else round(value)

    def text(self, *names: str) -> str | None:
        """First field among those named that is a string with something in it."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, str) and value.strip().upper() not in _UNKNOWN:
                return value.strip()
        return None

    def position(self) -> LonLat | None:
        """Longitude and latitude from the fields, or from easting and northing; None if there are none."""
        lon, lat = self.number(*_LONGITUDES), self.number(*_LATITUDES)
        if lon is not None and lat is not None:
            return checked(lon, lat, self.where)
        for x_name, y_name, parallel_deg in _PLANAR:
            x, y = self.number(x_name), self.number(y_name)
            if x is not None and y is not None:
                return checked(*from_metres(x, y, parallel_deg), self.where)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature: its properties and its geometry, not yet made out."""

    properties: Properties
    """As the file has them."""
    geometry: Mapping[str, Any] | None
    """None where the file has none."""

    @property
    def kind(self) -> str | None:
        """GeoJSON's type of the geometry; None where there is none."""
        return None if self.geometry is None else printable(self.geometry.get("type"), 40)

    def point(self) -> LonLat:
        """Where a point lies: its geometry if that can be degrees, else its properties, else metres.

        Raises
        ------
        InputError
            If it has no position.
        """
        where = self.properties.where
        pair = None
        if self.geometry is not None:
            if self.kind != "Point":
                message = f"{where}: a point is needed, got {self.kind}"
                raise InputError(message)
            pair = _pair(self.geometry.get("coordinates"), where)
        if pair is not None and is_degrees(pair) and pair != (0.0, 0.0):
            return pair
        known = self.properties.position()
        if known is not None:
            return known
        if pair is None:
            message = f"{where}: neither a geometry nor lon and lat nor easting and northing"
            raise InputError(message)
        return _degrees(pair, where)

    def lines(self) -> Iterator[Line]:
        """The lines of a LineString or MultiLineString.

        Raises
        ------
        InputError
            If the geometry is another one or malformed.
        """
        where = self.properties.where
        coordinates = None if self.geometry is None else self.geometry.get("coordinates")
        parts = [coordinates] if self.kind == "LineString" else coordinates
        if self.kind not in {"LineString", "MultiLineString"} or not isinstance(parts, list):
            message = f"{where}: a line is needed, got {self.kind}"
            raise InputError(message)
        for part in parts:
            if not isinstance(part, list) or len(part) < 2:
                message = f"{where}: a line needs two points"
                raise InputError(message)
            yield tuple(_degrees(_pair(position, where), where) for position in part)


def read_features(path: Path) -> tuple[Feature, ...]:
    """Read the features of a GeoJSON file: of a collection, a single feature, or a bare geometry.

    Raises
    ------
    InputError
        If the file cannot be read, is not GeoJSON, or has no feature.
    """
    document = _load(path)
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
    elif kind == "Feature":
        features = [document]
    elif "coordinates" in document:
        features = [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        message = f"{path}: not GeoJSON: its type is {printable(kind, 40)!r}, a FeatureCollection is needed"
        raise InputError(message)
    if not isinstance(features, list) or not features:
        message = f"{path}: no feature in it"
        raise InputError(message)
    return tuple(_feature(entry, f"{path}: feature {number}") for number, entry in enumerate(features, 1))


def from_metres(x: float, y: float, standard_parallel_deg: float) -> LonLat:
    """Degrees of an equirectangular position (m) on the sphere of Mars; longitudes start at 0."""
    lon = math.degrees(x / (MARS_RADIUS_M * math.cos(math.radians(standard_parallel_deg))))
    return lon, math.degrees(y / MARS_RADIUS_M)


def is_degrees(pair: LonLat) -> bool:
    """True if the numbers can be a longitude and a latitude."""
    return abs(pair[0]) <= 360.0 and abs(pair[1]) <= 90.0


def checked(lon: float, lat: float, where: str) -> LonLat:
    """A position that can be.

    Raises
    ------
    InputError
        If it cannot.
    """
    if not is_degrees((lon, lat)):
        message = f"{where}: longitude {lon:g} and latitude {lat:g} are no place: degrees are needed"
        raise InputError(message)
    return lon, lat


def _degrees(pair: LonLat, where: str) -> LonLat:
    """Degrees as they are; what cannot be degrees is metres with the standard parallel 0.

    The exported traverse of Mars 2020 says CRS84 (degrees) and holds metres: radians times the radius.
    """
    return pair if is_degrees(pair) else checked(*from_metres(*pair, 0.0), where)


def _pair(position: Any, where: str) -> LonLat:  # noqa: ANN401 - parsed JSON
    if not isinstance(position, list) or len(position) < 2:
        message = f"{where}: a position is longitude and latitude, got {position!r:.40}"
        raise InputError(message)
    return _finite(position[0], where), _finite(position[1], where)


def _finite(value: Any, where: str) -> float:  # noqa: ANN401 - parsed JSON
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        message = f"{where}: a number is needed, got {value!r:.40}"
        raise InputError(message)
    return number


def _feature(entry: Any, where: str) -> Feature:  # noqa: ANN401 - parsed JSON
    properties = entry.get("properties") if isinstance(entry, dict) else None
    geometry = entry.get("geometry") if isinstance(entry, dict) else None
    if (
        not isinstance(entry, dict)
        or not isinstance(properties, dict | None)
        or not isinstance(geometry, dict | None)
    ):
        message = f"{where} is not a GeoJSON feature"
        raise InputError(message)
    fields = {str(name).lower(): value for name, value in (properties or {}).items()}
    return Feature(properties=Properties(fields=fields, where=where), geometry=geometry)


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: not a text file"
        raise InputError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path}: not JSON: {error}"
        raise InputError(message) from error
    if not isinstance(document, dict):
        message = f"{path}: not GeoJSON: an object is needed"
        raise InputError(message)
    return document

"""Route files: MMGIS waypoints and traverses, MSL waypoints, PLACES tables, planned routes, named places."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import InputError
from hinterland.maps.geojson_reader import Feature, Properties, read_features
from hinterland.maps.routes import Line, LonLat, Route, RouteStop, Segment, SiteDrive, make_route

_PLACES_COLUMNS = ("frame", "site", "drive", "planetocentric_latitude", "longitude")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named place."""

    name: str
    """As it stands on the map."""
    position: LonLat
    """Longitude and latitude, degrees."""


def read_route(path: Path) -> Route:
    """Read the route of a mission.

    Parameters
    ----------
    path : Path
        GeoJSON of MMGIS (waypoints, the current waypoint alone, traverse lines or their points), MSL's older
        waypoints, or a PLACES table (best_interp.csv). Positions are those localised on the map; telemetry
        (`xyz` of the raw feed), which drifts, is never read.

    Returns
    -------
    Route
        Stops ordered by site and drive.

    Raises
    ------
    InputError
        If the file is none of these, or holds something that cannot be.
    """
    if _looks_like_json(path):
        return _geojson_route(path)
    return _places_route(path)


def read_planned(path: Path) -> tuple[Line, ...]:
    """Read a planned route: GeoJSON lines, or points that are joined in their order.

    Raises
    ------
    InputError
        If there is neither.
    """
    features = read_features(path)
    lines = [line for feature in features if feature.kind != "Point" for line in feature.lines()]
    points = tuple(feature.point() for feature in features if feature.kind == "Point")
    if len(points) == 1:
        message = f"{path}: a planned route needs a line or two points"
        raise InputError(message)
    return (*lines, *([points] if points else []))


def read_places(path: Path) -> tuple[Place, ...]:
    """Read named places: GeoJSON points with a `name` (or `title` or `label`).

    Raises
    ------
    InputError
        If a feature is no point or has no name.
    """
    places = []
    for feature in read_features(path):
        name = feature.properties.text("name", "title", "label")
        if name is None:
            message = f"{feature.properties.where}: a place needs a name"
            raise InputError(message)
        places.append(Place(name=name, position=feature.point()))
    return tuple(places)


def _looks_like_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(message) from error


def _geojson_route(path: Path) -> Route:
    features = read_features(path)
    stops = [stop for feature in features if (stop := _stop(feature)) is not None]
    segments = [
        Segment(line=line, first=_motion_counter(feature, "fromrmc"), last=_motion_counter(feature, "tormc"))
        for feature in features
        if feature.kind in {"LineString", "MultiLineString"}
        for line in feature.lines()
    ]
    segments += _segments_of_vertices(feature for feature in features if feature.kind == "Point")
    if not stops and not segments:
        message = f"{path}: no stop with site and drive and no line in it: is it a route?"
        raise InputError(message)
    return make_route([*stops, *_ends(segments, features)], segments, _mission(features))


def _stop(feature: Feature) -> RouteStop | None:
    """The stop that a waypoint is; None if the feature is none."""
    key = _site_drive(feature.properties)
    if key is None or feature.kind not in {"Point", None}:
        return None
    longitude, latitude = feature.point()
    return _make_stop(feature.properties, key, (longitude, latitude))


def _make_stop(properties: Properties, key: SiteDrive, position: LonLat) -> RouteStop:
    return RouteStop(
        site=key[0],
        drive=key[1],
        longitude_deg=position[0],
        latitude_deg=position[1],
        sol=properties.integer("sol"),
        elevation_m=properties.number("elev_geoid", "elev_m", "elevation"),
        yaw_deg=properties.number("yaw_deg", "yaw"),
        name=properties.text("note", "name"),
    )


def _site_drive(properties: Properties) -> SiteDrive | None:
    site, drive = properties.integer("site"), properties.integer("drive", "pos")
    if site is not None and drive is not None:
        return site, drive
    text = properties.text("rmc", "site_pos")
    return None if text is None else _parse_motion_counter(text, properties.where)


def _motion_counter(feature: Feature, name: str) -> SiteDrive | None:
    text = feature.properties.text(name)
    return None if text is None else _parse_motion_counter(text, feature.properties.where)


def _parse_motion_counter(text: str, where: str) -> SiteDrive:
    site, _, drive = text.partition("_")
    if not (site.isdecimal() and drive.isdecimal()):
        message = f"{where}: a motion counter reads SITE_DRIVE, got {text!r:.40}"
        raise InputError(message)
    return int(site), int(drive)


def _segments_of_vertices(points: Iterable[Feature]) -> list[Segment]:
    """Tracks from exported traverse vertices, which name the drive that they belong to."""
    drives: dict[tuple[SiteDrive, SiteDrive], list[tuple[float, LonLat]]] = defaultdict(list)
    for feature in points:
        first, last = _motion_counter(feature, "fromrmc"), _motion_counter(feature, "tormc")
        if first is not None and last is not None:
            vertices = drives[first, last]
            order = feature.properties.number("vertex_part_index", "vertex_index")
            vertices.append((len(vertices) if order is None else order, feature.point()))
    return [
        Segment(line=tuple(point for _, point in sorted(vertices)), first=first, last=last)
        for (first, last), vertices in drives.items()
        if len(vertices) > 1
    ]


def _ends(segments: Sequence[Segment], features: Sequence[Feature]) -> list[RouteStop]:
    """The stops that segments lead from and to."""
    sols = {
        _motion_counter(feature, "tormc"): feature.properties.integer("sol")
        for feature in features
        if feature.properties.text("tormc") is not None
    }
    stops = []
    for segment in segments:
        for key, (longitude, latitude) in (
            (segment.last, segment.line[-1]),
            (segment.first, segment.line[0]),
        ):
            if key is not None:
                stops.append(
                    RouteStop(
                        site=key[0],
                        drive=key[1],
                        longitude_deg=longitude,
                        latitude_deg=latitude,
                        sol=sols.get(key),
                    )
                )
    return stops


def _mission(features: Sequence[Feature]) -> str | None:
    """Which mission's fields these are; None if they do not show it."""
    names = {name for feature in features for name in feature.properties.fields}
    if names & {"rmc", "fromrmc"}:
        return "M2020"
    return "MSL" if "site_pos" in names else None


def _places_route(path: Path) -> Route:
    """Read a PLACES table; of the poses of one site and drive the last is the best known."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _PLACES_COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                message = f"{path}: neither GeoJSON nor a PLACES table: no column {', '.join(missing)}"
                raise InputError(message)
            stops = [
                stop
                for row in rows
                if (stop := _places_stop(row, f"{path}: line {rows.line_num}")) is not None
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: neither GeoJSON nor a table of text"
        raise InputError(message) from error
    if not stops:
        message = f"{path}: no ROVER row in it"
        raise InputError(message)
    return make_route(reversed(stops))


def _places_stop(row: dict[str, str | None], where: str) -> RouteStop | None:
    properties = Properties(fields=row, where=where)
    if properties.text("frame") != "ROVER":  # SITE rows declare frames: no rover stands there
        return None
    key, position = _site_drive(properties), properties.position()
    if key is None or position is None:
        message = f"{where}: a row needs site, drive, latitude and longitude"
        raise InputError(message)
    return _make_stop(properties, key, position)

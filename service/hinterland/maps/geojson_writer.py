"""overview.geojson: what the map shows, as features, the rover's in the form of an MMGIS waypoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hinterland.maps.routes import Line
from hinterland.maps.scene import Scene

_DIGITS = 9  # of a degree: 0.06 mm on Mars


def overview_geojson(
    scene: Scene, map_info: Mapping[str, Any], images: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Make the feature collection.

    Parameters
    ----------
    scene : Scene
        What the map shows.
    map_info : mapping
        The member `map`: the picture's coordinate system and affine.
    images : sequence of mapping
        `images` of the rover's waypoint, as `mmgis_keys` makes them.

    Returns
    -------
    dict
        Features with the property `kind`: rover, view, view_edge, route, route_later, stop, planned, place.
        Coordinates are east longitudes and planetocentric latitudes, degrees; rings turn as RFC 7946 asks.
    """
    return {
        "type": "FeatureCollection",
        "name": "overview",
        "map": dict(map_info),
        "features": list(_features(scene, images)),
    }


def _features(scene: Scene, images: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    yield _rover(scene, images)
    yield _view(scene)
    view = scene.view
    azimuths = (("left", view.azimuth_min_deg), ("right", view.azimuth_max_deg % 360.0))
    for edge, (side, azimuth_deg) in zip(scene.ground_view.edges, azimuths, strict=False):
        yield _feature("LineString", _positions(edge), kind="view_edge", side=side, azimuth_deg=azimuth_deg)
    if scene.track:
        yield _feature("MultiLineString", [_positions(line) for line in scene.track], kind="route")
    if scene.later_track:
        yield _feature(
            "MultiLineString", [_positions(line) for line in scene.later_track], kind="route_later"
        )
    for rank, stop in enumerate((*scene.stops, *scene.later_stops)):
        yield _feature(
            "Point",
            _position(*stop.position),
            kind="stop",
            later=rank >= len(scene.stops),
            RMC=f"{stop.site}_{stop.drive}",
            site=stop.site,
            drive=stop.drive,
            sol=stop.sol,
        )
    if scene.planned:
        yield _feature("MultiLineString", [_positions(line) for line in scene.planned], kind="planned")
    for place in scene.places:
        yield _feature("Point", _position(*place.position), kind="place", name=place.name)


def _rover(scene: Scene, images: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    view, stop = scene.view, scene.stop
    return _feature(
        "Point",
        _position(*stop.position),
        kind="rover",
        name=scene.rover,
        RMC=f"{view.site}_{view.drive}",
        site=view.site,
        drive=view.drive,
        sol=view.sols[-1] if view.sols else stop.sol,
        lon=round(stop.longitude_deg, _DIGITS),
        lat=round(stop.latitude_deg, _DIGITS),
        elev_geoid=stop.elevation_m,
        yaw=stop.yaw_deg,
        position_exact=scene.stop_is_exact,
        position_of_drive=stop.drive,
        images=[dict(image) for image in images],
    )


def _view(scene: Scene) -> dict[str, Any]:
    view, ground_view = scene.view, scene.ground_view
    return _feature(
        "MultiPolygon",
        [[_positions(ring) for ring in polygon] for polygon in ground_view.polygons],
        kind="view",
        method=ground_view.kind.value,
        range_m=ground_view.range_m,
        viewpoint=_position(*ground_view.viewpoint),
        azimuth_min_deg=view.azimuth_min_deg,
        azimuth_max_deg=view.azimuth_max_deg if view.is_all_round else view.azimuth_max_deg % 360.0,
        elevation_min_deg=view.elevation_min_deg,
        elevation_max_deg=view.elevation_max_deg,
        heading_check=None if scene.heading is None else dict(scene.heading),
    )


def _feature(geometry: str, coordinates: Sequence[Any], **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": geometry, "coordinates": list(coordinates)},
    }


def _positions(line: Line) -> list[list[float]]:
    return [_position(*point) for point in line]


def _position(longitude_deg: float, latitude_deg: float) -> list[float]:
    return [round(longitude_deg, _DIGITS), round(latitude_deg, _DIGITS)]

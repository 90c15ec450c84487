import math
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest

from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.panorama_view import PanoramaView
from hinterland.maps.routes import Line, LonLat
from hinterland.maps.view import GroundView, ViewKind, directions_view, viewpoint_frame, viewshed_view

ROOT = Path(__file__).parents[3]
DEM = ROOT / "examples" / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
MARS_M = 3396190.0
SPHERE = pyproj.Geod(a=MARS_M, b=MARS_M)
STOP = LocalFrame(longitude_deg=77.450938891, latitude_deg=18.444722039, radius_m=MARS_M)

EDGE_DEG = 0.05
"""The overview's promise: its edges lie at the panorama's azimuths to this."""


def view(**changes: Any) -> PanoramaView:
    known: dict[str, Any] = {
        "mission": "M2020", "site": 3, "drive": 188, "sols": (15,), "azimuth_min_deg": 196.25,
        "azimuth_width_deg": 148.0, "elevation_min_deg": -36.5, "elevation_max_deg": 9.5,
        "viewpoint_m": (0.7, -0.6, -1.9), "credits": (),
    }  # fmt: skip
    return PanoramaView(**known | changes)


def seen_from(start: LonLat, points: Line) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Azimuths (degrees) and distances (m) of points by geodesics on the sphere."""
    lon, lat = np.array(points).T
    azimuths, _, distances = SPHERE.inv(np.full_like(lon, start[0]), np.full_like(lat, start[1]), lon, lat)
    return azimuths % 360.0, distances


def on_level_ground(seen: PanoramaView, **options: Any) -> GroundView:
    return directions_view(viewpoint_frame(STOP, seen), seen, **options)


def test_the_viewpoint_lies_beside_the_rover_s_origin() -> None:
    frame = viewpoint_frame(STOP, view())
    place = (frame.longitude_deg, frame.latitude_deg)
    azimuth, distance = seen_from((STOP.longitude_deg, STOP.latitude_deg), (place,))
    assert distance[0] == pytest.approx(math.hypot(0.7, 0.6), abs=1e-6)
    assert azimuth[0] == pytest.approx(math.degrees(math.atan2(-0.6, 0.7)) % 360.0, abs=1e-4)


@pytest.mark.parametrize("left", [0.0, 91.5, 196.25, 300.0, 359.9])
@pytest.mark.parametrize("width", [0.5, 90.0, 200.0])
def test_edges_lie_at_the_panorama_s_azimuths_on_the_ground(left: float, width: float) -> None:
    seen = view(azimuth_min_deg=left, azimuth_width_deg=width)
    ground = on_level_ground(seen)
    assert ground.kind is ViewKind.DIRECTIONS
    for edge, azimuth_deg in zip(ground.edges, (left, left + width), strict=True):
        assert edge[0] == ground.viewpoint
        found, distance = seen_from(ground.viewpoint, edge[1:])
        assert abs(math.remainder(found[0] - azimuth_deg, 360.0)) < EDGE_DEG
        assert distance[0] == pytest.approx(30.0, abs=1e-3)


def test_the_sector_spans_the_view_and_no_more() -> None:
    ground = on_level_ground(view(azimuth_min_deg=300.0, azimuth_width_deg=140.0))
    ((ring,),) = ground.polygons
    assert ring[0] == ring[-1]
    azimuths, distances = seen_from(ground.viewpoint, ring)
    past_left = (azimuths - 300.0 + EDGE_DEG) % 360.0
    assert past_left.min() < 2.0 * EDGE_DEG
    assert past_left.max() == pytest.approx(140.0 + EDGE_DEG, abs=EDGE_DEG)
    # from where the lower edge meets level ground 2 m below the eye, to the range
    assert distances.min() == pytest.approx(2.0 / math.tan(math.radians(36.5)), abs=1e-3)
    assert distances.max() == pytest.approx(30.0, abs=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "options", "nearest", "farthest"),
    [
        (-36.5, 9.5, {"range_m": 100.0}, 2.0 / math.tan(math.radians(36.5)), 100.0),
        (-30.0, -10.0, {}, 2.0 / math.tan(math.radians(30.0)), 2.0 / math.tan(math.radians(10.0))),
        (-30.0, -10.0, {"mast_height_m": 1.0}, math.sqrt(3.0), 1.0 / math.tan(math.radians(10.0))),
        (-1.0, 20.0, {}, 0.0, 30.0),
        (3.0, 20.0, {}, 0.0, 30.0),
    ],
)
def test_on_level_ground_the_elevations_bound_what_is_seen(
    low: float, high: float, options: dict[str, float], nearest: float, farthest: float
) -> None:
    ground = on_level_ground(view(elevation_min_deg=low, elevation_max_deg=high), **options)
    ((ring,),) = ground.polygons
    _, distances = seen_from(ground.viewpoint, ring)
    assert distances.min() == pytest.approx(nearest, abs=1e-3)
    assert distances.max() == pytest.approx(farthest, abs=1e-3)
    assert ground.range_m == pytest.approx(farthest)


def signed_area(ring: Line) -> float:
    """Positive where the ring turns counter-clockwise."""
    x, y = STOP.to_metres(ring).T
    return float(0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def test_rings_turn_as_geojson_asks() -> None:
    ((ring,),) = on_level_ground(view()).polygons
    expected = math.radians(148.0) / 2.0 * (30.0**2 - (2.0 / math.tan(math.radians(36.5))) ** 2)
    assert signed_area(ring) == pytest.approx(expected, rel=1e-3)  # 1 degree chords: 5e-5 of the arc
    ((outer, hole),) = on_level_ground(view(azimuth_width_deg=360.0)).polygons
    assert signed_area(outer) > 0.0 > signed_area(hole)


def test_an_all_round_view_has_no_edges() -> None:
    ground = on_level_ground(view(azimuth_min_deg=30.0, azimuth_width_deg=360.0))
    assert ground.edges == ()
    ((outer, _),) = ground.polygons
    assert outer[0] == outer[-1]


def test_on_terrain_the_view_ends_at_the_same_azimuths_and_within_the_range() -> None:
    seen = view()
    ground = viewshed_view(viewpoint_frame(STOP, seen), seen, DEM, range_m=80.0)
    assert ground.kind is ViewKind.VIEWSHED
    corners = tuple(point for polygon in ground.polygons for ring in polygon for point in ring)
    azimuths, distances = seen_from(ground.viewpoint, corners)
    assert distances.max() <= 80.0 * 1.001  # the elevation model's metres and the map's differ by 6e-4
    far = distances > 5.0  # nearer, a centimetre is more than a tenth of a degree
    past_left = (azimuths[far] - 196.25 + EDGE_DEG) % 360.0
    assert past_left.max() <= 148.0 + 2.0 * EDGE_DEG
    area = sum(signed_area(ring) for polygon in ground.polygons for ring in polygon)
    level = sum(signed_area(ring) for ring in on_level_ground(seen, range_m=80.0).polygons[0])
    assert 0.5 * level < area < 0.99 * level  # hollows are hidden, the plain is not


def test_on_terrain_an_edge_ends_with_the_ground_seen_along_it() -> None:
    seen = view()
    ground = viewshed_view(viewpoint_frame(STOP, seen), seen, DEM, range_m=120.0)
    corners = tuple(point for polygon in ground.polygons for ring in polygon for point in ring)
    azimuths, distances = seen_from(ground.viewpoint, corners)
    for edge, azimuth_deg in zip(ground.edges, (196.25, 344.25), strict=True):
        found, reach = seen_from(ground.viewpoint, edge[1:])
        assert abs(math.remainder(found[0] - azimuth_deg, 360.0)) < EDGE_DEG
        on_edge = np.abs(np.remainder(azimuths - azimuth_deg + 180.0, 360.0) - 180.0) < EDGE_DEG
        assert reach[0] == pytest.approx(distances[on_edge].max(), abs=0.3)

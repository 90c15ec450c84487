import json
import re
from pathlib import Path
from typing import Any

import pytest

from hinterland.errors import InputError
from hinterland.maps.route_files import read_places, read_planned, read_route

ROOT = Path(__file__).parents[3]
FORMS = ROOT / "tests" / "data" / "route_forms"
WAYPOINTS = ROOT / "examples" / "m2020_route" / "M20_waypoints.json"
PLACES_TABLE = ROOT / "examples" / "m2020_route" / "places_best_interp_sol0-15.csv"

# easting and northing are rounded to a millimetre, 1.7e-8 degrees; longitudes are printed to 1e-8
PRINTED_DEG = 3e-8


def waypoint(**changes: Any) -> dict[str, Any]:
    """The waypoint of sol 15 as the feed serves it; None takes a property away."""
    features = json.loads(WAYPOINTS.read_text())["features"]
    (feature,) = [one for one in features if one["properties"]["RMC"] == "3_386"]
    properties = {**feature["properties"], **changes}
    feature["properties"] = {key: value for key, value in properties.items() if value is not None}
    return dict(feature)


def written(path: Path, *features: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


def test_the_mission_s_waypoints_are_read_in_the_order_they_were_reached() -> None:
    route = read_route(WAYPOINTS)
    assert route.mission == "M2020"
    assert len(route.stops) == 380
    keys = [stop.key for stop in route.stops]
    assert keys == sorted(set(keys))
    assert (route.stops[2].key, route.stops[2].sol) == ((3, 386), 15)
    assert route.stops[2].position == (77.45103403, 18.44513505)
    assert route.stops[2].elevation_m == -2569.94
    assert route.stops[2].yaw_deg == 88.565


def test_easting_and_northing_stand_in_for_longitude_and_latitude(tmp_path: Path) -> None:
    feature = waypoint(lon=None, lat=None) | {"geometry": None}
    (stop,) = read_route(written(tmp_path / "route.json", feature)).stops
    assert stop.position == pytest.approx((77.45103403, 18.44513505), abs=PRINTED_DEG)


def test_older_snapshots_have_numbers_as_strings_and_fewer_fields(tmp_path: Path) -> None:
    feature = waypoint(
        site="3", drive="386", sol="15", yaw="", elev_geoid="UNK", lon=None, lat=None, easting="4354502.424",
        northing="1093329.801", RMC=None, images=None,
    ) | {"geometry": None}  # fmt: skip
    (stop,) = read_route(written(tmp_path / "route.json", feature)).stops
    assert (stop.key, stop.sol, stop.yaw_deg, stop.elevation_m) == ((3, 386), 15, None, None)
    assert stop.position == pytest.approx((77.45103403, 18.44513505), abs=PRINTED_DEG)


def test_site_and_drive_are_taken_from_the_motion_counter_where_they_are_missing(tmp_path: Path) -> None:
    (stop,) = read_route(written(tmp_path / "route.json", waypoint(site=None, drive=None))).stops
    assert stop.key == (3, 386)


def test_the_current_waypoint_alone_is_a_route_of_one_stop(tmp_path: Path) -> None:
    (stop,) = read_route(FORMS / "M20_waypoints_current.json").stops
    assert (stop.key, stop.sol) == ((75, 0), 1524)
    bare = tmp_path / "current.json"
    bare.write_text(json.dumps(waypoint()))
    assert [one.key for one in read_route(bare).stops] == [(3, 386)]


def test_traverse_points_in_metres_that_say_degrees_are_told_by_their_size() -> None:
    route = read_route(FORMS / "M20_traverse_points.geojson")
    known = {stop.key: stop.position for stop in read_route(WAYPOINTS).stops}
    assert [stop.key for stop in route.stops] == [(3, 24), (3, 110), (3, 386)]
    for stop in route.stops[1:]:
        assert stop.position == pytest.approx(known[stop.key], abs=PRINTED_DEG)
    assert [(one.first, one.last) for one in route.segments] == [((3, 24), (3, 110)), ((3, 110), (3, 386))]
    assert route.segments[0].line[-1] == pytest.approx(route.segments[1].line[0], abs=1e-9)


def test_traverse_lines_lead_from_stop_to_stop(tmp_path: Path) -> None:
    line = {
        "type": "Feature",
        "properties": {"sol": 15, "fromRMC": "3_110", "toRMC": "3_386"},
        "geometry": {"type": "LineString", "coordinates": [[77.45, 18.44, -2570.0], [77.46, 18.45, -2569.0]]},
    }
    route = read_route(written(tmp_path / "traverse.json", line))
    assert [(stop.key, stop.sol) for stop in route.stops] == [((3, 110), None), ((3, 386), 15)]
    assert route.segments[0].line == ((77.45, 18.44), (77.46, 18.45))


def test_msl_s_older_waypoints_are_read() -> None:
    route = read_route(FORMS / "MSL_waypoints.json")
    assert route.mission == "MSL"
    (stop,) = route.stops
    assert (stop.key, stop.sol, stop.yaw_deg) == ((48, 2470), 1051, 85.241223)
    assert stop.position == (137.37024003873523, -4.667983634858819)


def test_msl_s_easting_has_the_standard_parallel_of_the_equator(tmp_path: Path) -> None:
    (feature,) = json.loads((FORMS / "MSL_waypoints.json").read_text())["features"]
    for name in ("lon_dd", "lat_dd"):
        del feature["properties"][name]
    (stop,) = read_route(written(tmp_path / "route.json", feature | {"geometry": None})).stops
    # easting and northing are those of the printed, not of the full longitude: 1 m
    assert stop.position == pytest.approx((137.37024, -4.667984), abs=2e-5)


def test_a_line_without_stops_is_a_track() -> None:
    route = read_route(FORMS / "MSL_line.json")
    assert route.stops == ()
    assert len(route.track()) == 5


def test_places_has_every_pose_and_no_declared_site() -> None:
    route = read_route(PLACES_TABLE)
    stops = {stop.key: stop for stop in route.stops}
    assert stops[3, 188].position == (77.450938891, 18.444722039)
    assert stops[3, 188].sol == 15
    assert min(stop.drive for stop in route.stops) >= 0


def test_of_several_poses_of_one_drive_the_last_counts(tmp_path: Path) -> None:
    header, *rows = PLACES_TABLE.read_text().splitlines()
    row = next(row for row in rows if row.startswith("ROVER,3,188,"))
    table = tmp_path / "places.csv"
    table.write_text("\n".join((header, row.replace("77.450938891", "77.5"), row)))
    (stop,) = read_route(table).stops
    assert stop.longitude_deg == 77.450938891


def test_a_planned_route_is_lines_or_points_that_are_joined(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[77.45, 18.44], [77.46, 18.45]]}
    parts = {"type": "MultiLineString", "coordinates": [line["coordinates"]] * 2}
    features = [{"type": "Feature", "properties": None, "geometry": one} for one in (line, parts)]
    assert len(read_planned(written(tmp_path / "plan.geojson", *features))) == 3
    bare = tmp_path / "bare.geojson"
    bare.write_text(json.dumps(line))
    assert read_planned(bare) == (((77.45, 18.44), (77.46, 18.45)),)
    (flight,) = read_planned(FORMS / "m20_heli_waypoints.json")
    assert flight[0] == (77.45101915, 18.44486301)
    assert len(flight) == 4


def test_places_have_names(tmp_path: Path) -> None:
    place = {
        "type": "Feature",
        "properties": {"Name": "Máaz"},
        "geometry": {"type": "Point", "coordinates": [77.45, 18.44]},
    }
    (found,) = read_places(written(tmp_path / "places.geojson", place))
    assert (found.name, found.position) == ("Máaz", (77.45, 18.44))


POINT = {"type": "Point", "coordinates": [77.45, 18.44]}
STOP = {"type": "Feature", "properties": {"site": 3, "drive": 1}, "geometry": POINT}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "neither GeoJSON nor a PLACES table"),
        ("{", "not JSON"),
        ('{"type": "Topology"}', "a FeatureCollection is needed"),
        ("[1, 2]", "an object is needed"),
        ("[" * 100_000, "not JSON"),
        ('{"type": "FeatureCollection", "features": []}', "no feature in it"),
        ('{"type": "FeatureCollection", "features": [7]}', "feature 1 is not a GeoJSON feature"),
        ('{"type": "FeatureCollection", "features": {"a": 1}}', "no feature in it"),
        (json.dumps(STOP | {"properties": {}}), "no stop with site and drive"),
        (json.dumps(STOP | {"geometry": None}), "neither a geometry nor lon and lat"),
        (json.dumps(STOP | {"geometry": POINT | {"coordinates": [77.45]}}), "longitude and latitude"),
        (json.dumps(STOP | {"geometry": POINT | {"coordinates": ["east", 1]}}), "a number is needed"),
        (json.dumps(STOP | {"geometry": POINT | {"coordinates": [1e9, 1e9]}}), "no place"),
        (json.dumps(STOP | {"geometry": POINT | {"coordinates": [True, 1]}}), "a number is needed"),
        ('{"type": "Point", "coordinates": [NaN, 1]}', "no stop with site and drive"),
        (json.dumps(STOP).replace("18.44", "NaN"), "a number is needed"),
        (json.dumps(STOP | {"properties": {"site": "three", "drive": 1}}), "site: a number is needed"),
        (json.dumps(STOP | {"properties": {"site": 3.5, "drive": 1}}), "must be a whole number"),
        (json.dumps(STOP | {"properties": {"RMC": "3-386"}}), "a motion counter reads SITE_DRIVE"),
        (
            json.dumps(STOP | {"properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2]]}}),
            "a line needs two points",
        ),
        ("site,drive\n3,386\n", "no column frame, planetocentric_latitude, longitude"),
        ("frame,site,drive,planetocentric_latitude,longitude\nSITE,3,-1,18,77\n", "no ROVER row"),
        ("frame,site,drive,planetocentric_latitude,longitude\nROVER,3,1,18,\n", "line 2: a row needs"),
        ("frame,site,drive,planetocentric_latitude,longitude\nROVER,3,1,98,77\n", "are no place"),
        ("frame,site,drive,planetocentric_latitude,longitude\nROVER,3\n", "line 2: a row needs"),
    ],
)  # fmt: skip
def test_what_is_no_route_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "route.json"
    path.write_text(content)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        read_route(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_route(tmp_path / "nowhere.json")
    binary = tmp_path / "route.json"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="neither GeoJSON nor a table of text"):
        read_route(binary)
    binary.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="not a text file"):
        read_route(binary)


def test_a_plan_of_one_point_and_a_place_without_a_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "one.geojson", STOP)
    with pytest.raises(InputError, match="needs a line or two points"):
        read_planned(path)
    with pytest.raises(InputError, match="feature 1: a place needs a name"):
        read_places(path)
    polygon = {
        "type": "Feature",
        "properties": {"name": "x"},
        "geometry": {"type": "Polygon", "coordinates": []},
    }
    area = written(tmp_path / "area.geojson", polygon)
    with pytest.raises(InputError, match="a line is needed, got Polygon"):
        read_planned(area)
    with pytest.raises(InputError, match="a point is needed, got Polygon"):
        read_places(area)


def test_what_a_file_says_reaches_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "route.json"
    for content in ('{"type": "Feature", "geometry": {"type": "\\u001b[2J"}}', '{"type": "\\u001b[2J"}'):
        path.write_text(content)
        for reader in (read_planned, read_route):
            with pytest.raises(InputError) as caught:
                reader(path)
            assert str(caught.value).isprintable()

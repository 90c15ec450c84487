from pathlib import Path

import pyproj
import pytest

from hinterland.errors import InputError
from hinterland.maps.route_files import read_route
from hinterland.maps.routes import Route, RouteStop, Segment, distance_m, find_stop, make_route, merge_routes

EXAMPLES = Path(__file__).parents[3] / "examples" / "m2020_route"
MARS_M = 3396190.0


def stop(site: int, drive: int, longitude_deg: float = 77.0, **known: int) -> RouteStop:
    return RouteStop(site=site, drive=drive, longitude_deg=longitude_deg, latitude_deg=18.0, **known)


def test_a_stop_is_found_by_site_and_drive() -> None:
    found, exact = find_stop(read_route(EXAMPLES / "M20_waypoints.json"), 3, 386)
    assert exact
    assert found.position == (77.45103403, 18.44513505)


def test_the_nearest_drive_of_the_same_site_stands_in_and_is_said_to() -> None:
    route = make_route([stop(3, 110), stop(3, 386), stop(4, 190)])
    found, exact = find_stop(route, 3, 188)
    assert not exact
    assert found.drive == 110


def test_of_two_drives_equally_near_the_earlier_is_taken() -> None:
    found, _ = find_stop(make_route([stop(3, 300), stop(3, 100)]), 3, 200)
    assert found.drive == 100


def test_an_unknown_site_is_refused_and_its_neighbours_named() -> None:
    route = make_route([stop(3, 0), stop(4, 0), stop(9, 0)])
    with pytest.raises(InputError, match="no stop of site 6; its nearest sites are 4 and 9"):
        find_stop(route, 6, 0)
    with pytest.raises(InputError, match="nearest sites are 9: "):
        find_stop(route, 10, 0)
    with pytest.raises(InputError, match="nor any other stop"):
        find_stop(Route(stops=()), 3, 0)


def test_a_route_is_ordered_by_site_and_drive_and_has_each_stop_once() -> None:
    route = make_route([stop(4, 0), stop(3, 386), stop(3, 110), stop(3, 386, 78.0)])
    assert [(one.key, one.longitude_deg) for one in route.stops] == [
        ((3, 110), 77.0),
        ((3, 386), 77.0),
        ((4, 0), 77.0),
    ]


def test_the_first_file_that_knows_a_stop_is_believed() -> None:
    places = read_route(EXAMPLES / "places_best_interp_sol0-15.csv")
    waypoints = read_route(EXAMPLES / "M20_waypoints.json")
    route = merge_routes([places, waypoints])
    known = {one.key for one in places.stops}
    assert len(route.stops) == len(known | {one.key for one in waypoints.stops})
    assert find_stop(route, 3, 110)[0] == find_stop(places, 3, 110)[0]
    assert find_stop(route, 3, 386)[0] == find_stop(waypoints, 3, 386)[0]
    assert route.mission == "M2020"


def test_routes_of_two_missions_are_not_merged() -> None:
    with pytest.raises(InputError, match="different missions: M2020, MSL"):
        merge_routes([Route(stops=(), mission="MSL"), Route(stops=(), mission="M2020")])


def test_the_track_does_not_run_across_sites_that_the_file_leaves_out() -> None:
    stops = [stop(3, 0, 1.0), stop(3, 5, 2.0), stop(4, 0, 3.0), stop(81, 0, 4.0), stop(81, 9, 5.0)]
    lines = make_route(stops).track()
    assert [[longitude for longitude, _ in line] for line in lines] == [[1.0, 2.0, 3.0], [4.0, 5.0]]


def test_stops_at_one_place_make_no_line_of_no_length() -> None:
    assert make_route([stop(3, 0, 1.0), stop(3, 5, 1.0)]).track() == ()
    (line,) = make_route([stop(3, 0, 1.0), stop(3, 5, 1.0), stop(4, 0, 1.0), stop(4, 2, 2.0)]).track()
    assert line == ((1.0, 18.0), (2.0, 18.0))


def test_a_segment_takes_the_place_of_the_straight_lines_that_it_covers() -> None:
    segment = Segment(line=((1.0, 18.0), (1.4, 18.1), (2.0, 18.0)), first=(3, 0), last=(3, 5))
    stops = [stop(3, 0, 1.0), stop(3, 5, 2.0), stop(3, 8, 3.0)]
    assert make_route(stops, [segment]).track() == (segment.line, ((2.0, 18.0), (3.0, 18.0)))


def test_a_route_splits_at_a_stop_into_what_was_driven_and_what_came_later() -> None:
    early = Segment(line=((1.0, 18.0), (2.0, 18.0)), first=(3, 0), last=(3, 5))
    late = Segment(line=((2.0, 18.0), (3.0, 18.0)), first=(3, 5), last=(3, 8))
    here = stop(3, 5, 2.0)
    before, after = make_route([stop(3, 0, 1.0), here, stop(3, 8, 3.0)], [early, late]).split(here)
    assert [one.key for one in before.stops] == [(3, 0), (3, 5)]
    assert [one.key for one in after.stops] == [(3, 5), (3, 8)]
    assert (before.track(), after.track()) == ((early.line,), (late.line,))


def test_distances_are_those_of_the_sphere() -> None:
    geod = pyproj.Geod(a=MARS_M, b=MARS_M)
    for one, other in (((77.45, 18.44), (77.4501, 18.4403)), ((0.0, -89.0), (179.0, 88.0))):
        expected = geod.inv(*one, *other)[2]
        assert distance_m(one, other, MARS_M) == pytest.approx(expected, rel=1e-9)


def test_stops_that_differ_by_the_rounding_of_files_are_not_joined() -> None:
    landing = RouteStop(site=3, drive=0, longitude_deg=77.45088572, latitude_deg=18.44462715)
    again = RouteStop(site=3, drive=24, longitude_deg=77.450885729, latitude_deg=18.444627146)
    moved = RouteStop(site=3, drive=30, longitude_deg=77.450887, latitude_deg=18.444627146)  # 7 cm
    assert make_route([landing, again]).track() == ()
    assert make_route([landing, again, moved]).track() == ((again.position, moved.position),)

import numpy as np
import pytest

from hinterland.maps.extent import inset_grid, map_grid
from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.routes import Line
from hinterland.maps.view import GroundView, ViewKind, as_line

FRAME = LocalFrame(longitude_deg=77.0, latitude_deg=18.0, radius_m=3396190.0)


def square(west: float, east: float, south: float, north: float) -> Line:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return as_line(FRAME.to_degrees(corners))


def seen(ring: Line) -> GroundView:
    return GroundView(
        kind=ViewKind.DIRECTIONS, viewpoint=(77.0, 18.0), range_m=100.0, polygons=((ring,),), edges=()
    )


def test_the_map_holds_the_stop_and_the_ground_seen_with_room_around() -> None:
    grid = map_grid(FRAME, seen(square(-90.0, -10.0, -50.0, 30.0)), 500)
    west, east, south, north = grid.bounds_m
    assert east - west == pytest.approx(north - south)
    assert east - west == pytest.approx(1.4 * 90.0)
    assert (0.5 * (west + east), 0.5 * (south + north)) == pytest.approx((-45.0, -10.0))
    assert grid.samples == grid.lines == 500


def test_a_map_covers_sixty_metres_at_least_unless_told_otherwise() -> None:
    nearby = seen(square(-3.0, 3.0, 0.0, 5.0))
    assert map_grid(FRAME, nearby, 600).metres_per_sample == pytest.approx(0.1)
    assert map_grid(FRAME, nearby, 600, side_m=30.0).metres_per_sample == pytest.approx(0.05)


def test_the_inset_holds_the_map_and_every_route() -> None:
    grid = map_grid(FRAME, seen(square(-40.0, 40.0, -40.0, 40.0)), 500)
    route = as_line(FRAME.to_degrees([(0.0, 0.0), (5000.0, 200.0)]))
    around = inset_grid(grid, [route], 300)
    points = around.to_points(np.array(route))
    assert points.min() > 0.0
    assert points.max() < 299.0
    assert around.metres_per_sample * 300 == pytest.approx(1.15 * (5000.0 + 56.0), rel=1e-3)


def test_without_a_route_the_inset_shows_three_times_the_map() -> None:
    grid = map_grid(FRAME, seen(square(-40.0, 40.0, -40.0, 40.0)), 500)
    assert inset_grid(grid, [], 300).metres_per_sample == pytest.approx(3.0 * 1.4 * 80.0 / 300.0)

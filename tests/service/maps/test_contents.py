from typing import Any

import numpy as np
import pytest

from hinterland.maps.canvas import Canvas
from hinterland.maps.contents import draw_labels, draw_routes, draw_view
from hinterland.maps.furniture import MapArea
from hinterland.maps.local_frame import LocalFrame, MapGrid
from hinterland.maps.panorama_view import PanoramaView
from hinterland.maps.placement import Box
from hinterland.maps.route_files import Place
from hinterland.maps.routes import RouteStop
from hinterland.maps.scene import Scene
from hinterland.maps.view import GroundView, ViewKind, as_line

FRAME = LocalFrame(longitude_deg=77.0, latitude_deg=18.0, radius_m=3396190.0)
GRID = MapGrid(frame=FRAME, east_m=-100.0, north_m=100.0, metres_per_sample=0.2, lines=1000, samples=1000)
AREA = MapArea(grid=GRID, box=Box(left=50, bottom=50, right=1050, top=1050))


def place(east_m: float, north_m: float) -> tuple[float, float]:
    return as_line(FRAME.to_degrees([(east_m, north_m)]))[0]


def stop(drive: int, sol: int, east_m: float, north_m: float = 0.0) -> RouteStop:
    longitude, latitude = place(east_m, north_m)
    return RouteStop(site=3, drive=drive, sol=sol, longitude_deg=longitude, latitude_deg=latitude)


def make_scene(**changes: Any) -> Scene:
    view = PanoramaView(
        mission="M2020", site=3, drive=100, sols=(20,), azimuth_min_deg=200.0, azimuth_width_deg=90.0,
        elevation_min_deg=-30.0, elevation_max_deg=5.0, viewpoint_m=(0.0, 0.0, -2.0), credits=(),
    )  # fmt: skip
    ground_view = GroundView(
        kind=ViewKind.DIRECTIONS, viewpoint=(77.0, 18.0), range_m=30.0, polygons=(), edges=()
    )
    known: dict[str, Any] = {
        "view": view, "stop": stop(100, 20, 0.0), "stop_is_exact": True, "mission": "M2020",
        "ground_view": ground_view, "heading": None, "track": (), "later_track": (), "stops": (),
        "later_stops": (), "planned": (), "places": (),
    }  # fmt: skip
    return Scene(**known | changes)


def labels(scene: Scene, furniture: tuple[Box, ...] = ()) -> tuple[list[str], int]:
    canvas = Canvas(1600, 1250)
    left_out = draw_labels(canvas, AREA, scene, furniture)
    return [text.get_text() for text in canvas._axes.texts], left_out


def test_every_sol_is_labelled_at_its_last_stop_and_the_rover_by_name() -> None:
    stops = (stop(10, 13, -80.0), stop(20, 14, -60.0), stop(30, 14, -40.0), stop(100, 20, 0.0))
    written, left_out = labels(make_scene(stops=stops))
    assert written == ["Perseverance, sol 20", "sol 14", "sol 13"]
    assert left_out == 0


def test_sols_spent_at_one_place_share_a_label() -> None:
    stops = (stop(10, 0, -50.0), stop(20, 13, -50.3), stop(30, 14, -20.0), stop(100, 20, 0.0))
    assert labels(make_scene(stops=stops))[0] == ["Perseverance, sol 20", "sol 14", "sols 0–13"]


def test_a_stop_where_the_rover_is_drawn_has_neither_mark_nor_label() -> None:
    stops = (stop(10, 0, 0.003), stop(100, 20, 0.0))  # files round their degrees
    scene = make_scene(stops=stops)
    assert scene.stops_by_sol == ()
    assert labels(scene)[0] == ["Perseverance, sol 20"]


def test_small_holes_are_bounded_finely_and_the_view_strongly() -> None:
    def yellow(side_m: float) -> int:
        ring = as_line(
            FRAME.to_degrees(0.5 * side_m * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]))
        )
        view = GroundView(
            kind=ViewKind.VIEWSHED, viewpoint=(77.0, 18.0), range_m=90.0, polygons=((ring,),), edges=()
        )
        canvas = Canvas(1600, 1250)
        draw_view(canvas, AREA, view)
        return int((canvas.pixels() == (255, 213, 0)).all(axis=2).sum())

    west, east, _, _ = AREA.grid.bounds_m
    per_metre = [yellow(share * (east - west)) / share for share in (0.05, 0.4)]
    assert per_metre[1] > 1.5 * per_metre[0]


def test_what_lies_off_the_map_is_neither_labelled_nor_counted_as_left_out() -> None:
    stops = (stop(10, 13, -500.0), stop(100, 20, 0.0))
    places = (Place(name="Far", position=place(0.0, 400.0)), Place(name="Near", position=place(30.0, 40.0)))
    assert labels(make_scene(stops=stops, places=places)) == (["Perseverance, sol 20", "Near"], 0)


def test_labels_without_room_are_counted() -> None:
    assert labels(make_scene(), furniture=(AREA.box,)) == ([], 1)


def test_routes_stay_on_the_map() -> None:
    track = (as_line(FRAME.to_degrees([(-900.0, 0.0), (900.0, 0.0)])),)
    canvas = Canvas(1600, 1250)
    draw_routes(canvas, AREA, make_scene(track=track))
    _, column = np.nonzero((canvas.pixels() != 255).any(axis=2))
    assert column.min() == pytest.approx(50, abs=12)
    assert column.min() >= 50
    assert column.max() <= 1050


def test_ground_seen_is_tinted_but_for_its_holes() -> None:
    outer = as_line(FRAME.to_degrees([(-50, -50), (50, -50), (50, 50), (-50, 50), (-50, -50)]))
    hole = as_line(FRAME.to_degrees([(-20, -20), (-20, 20), (20, 20), (20, -20), (-20, -20)]))
    view = GroundView(
        kind=ViewKind.VIEWSHED, viewpoint=(77.0, 18.0), range_m=90.0, polygons=((outer, hole),), edges=()
    )
    canvas = Canvas(1600, 1250)
    draw_view(canvas, AREA, view)
    pixels = canvas.pixels()
    x, y = np.round(AREA.to_pixels([place(0.0, 0.0), place(35.0, 0.0), place(80.0, 0.0)])).astype(int).T
    in_hole, seen, outside = pixels[1250 - y, x]
    assert in_hole.tolist() == outside.tolist() == [255, 255, 255]
    assert seen[2] < 240 < seen[0]

from typing import Any

import numpy as np
import pytest

from hinterland.maps.canvas import Canvas
from hinterland.maps.furniture import MapArea, draw_graticule, draw_north_arrow, draw_scale_bar
from hinterland.maps.local_frame import LocalFrame, MapGrid
from hinterland.maps.placement import Box

AREA_BOX = Box(left=100, bottom=120, right=1100, top=1120)


def area(metres_per_sample: float = 0.31, **frame: float) -> MapArea:
    known = {"longitude_deg": 77.451, "latitude_deg": 18.4447, "radius_m": 3396190.0}
    half = 500.0 * metres_per_sample
    grid = MapGrid(
        frame=LocalFrame(**known | frame), east_m=-half, north_m=half,
        metres_per_sample=metres_per_sample, lines=1000, samples=1000,
    )  # fmt: skip
    return MapArea(grid=grid, box=AREA_BOX)


def texts(canvas: Canvas) -> list[Any]:
    return list(canvas._axes.texts)


def test_a_place_is_drawn_at_the_middle_of_its_pixel() -> None:
    lon_lat = area().grid.to_degrees(np.array([[0.0, 0.0], [999.0, 999.0]]))
    np.testing.assert_allclose(area().to_pixels(lon_lat), [[100.5, 1119.5], [1099.5, 120.5]], atol=1e-5)


@pytest.mark.parametrize(("metres_per_sample", "words"), [(0.31, "50 m"), (0.02, "5 m"), (7.0, "2 km")])
def test_the_scale_bar_is_as_long_as_it_says(metres_per_sample: float, words: str) -> None:
    canvas = Canvas(1600, 1250)
    box = draw_scale_bar(canvas, area(metres_per_sample))
    (written,) = texts(canvas)
    assert written.get_text() == words
    pixels = canvas.pixels()
    row = 1250 - round(box.bottom + canvas.points(2.5))  # through the middle of the bar
    white = np.flatnonzero((pixels[row, 100:1100] == 255).all(axis=1))
    left = round(box.left + canvas.points(1.0)) - 100
    value, unit = words.split()
    length = float(value) * (1000.0 if unit == "km" else 1.0) / metres_per_sample
    right_half = white[white < left + length + 1]
    assert right_half.max() + 1 == pytest.approx(left + length, abs=1.5)
    inside = right_half[right_half > left + 2]
    assert inside.min() == pytest.approx(left + 0.5 * length, abs=1.5)


def test_tick_labels_stand_at_their_degrees_and_apart() -> None:
    canvas, here = Canvas(1600, 1250), area()
    draw_graticule(canvas, here)
    canvas.pixels()
    meridians = [text for text in texts(canvas) if text.get_text().endswith("E")]
    parallels = [text for text in texts(canvas) if text.get_text().endswith("N")]
    assert len(meridians) >= 3
    assert len(parallels) >= 3
    for text in meridians[1:-1]:  # those at the corners may be moved along the edge
        x, _ = text.get_position()
        degrees = float(text.get_text().removesuffix("°E"))
        ((expected, _),) = here.to_pixels([(degrees, 18.4447)])
        # a meridian leans by the convergence: 1e-4 of the map's height
        assert x == pytest.approx(expected, abs=0.5)
    for text in parallels[1:-1]:
        _, y = text.get_position()
        degrees = float(text.get_text().removesuffix("°N"))
        ((_, expected),) = here.to_pixels([(77.451, degrees)])
        assert y == pytest.approx(expected, abs=0.5)


def test_about_a_pole_no_graticule_is_drawn() -> None:
    canvas = Canvas(1600, 1250)
    draw_graticule(canvas, area(latitude_deg=90.0))
    assert texts(canvas) == []


def test_furniture_tells_the_room_it_takes() -> None:
    canvas = Canvas(1600, 1250)
    boxes = (draw_scale_bar(canvas, area()), draw_north_arrow(canvas, area()))
    row, column = np.nonzero((canvas.pixels() != 255).any(axis=2))
    inside = np.zeros(row.shape, dtype=bool)
    for box in boxes:
        assert AREA_BOX.contains(box)
        wide = box.grown(canvas.points(1.2))  # halos
        inside |= (
            (column >= wide.left - 1)
            & (column <= wide.right)
            & (1250 - row >= wide.bottom)
            & (1250 - row <= wide.top + 1)
        )
    assert inside.all()

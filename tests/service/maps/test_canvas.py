import numpy as np
import pytest

from hinterland.maps.canvas import Canvas, LineStyle
from hinterland.maps.placement import Box

BLUE = (38, 168, 255)


@pytest.mark.parametrize(("width", "height"), [(600, 470), (997, 613), (2000, 1565)])
def test_a_sheet_has_exactly_the_pixels_it_was_asked_for(width: int, height: int) -> None:
    assert Canvas(width, height).pixels().shape == (height, width, 3)


def test_a_picture_is_put_pixel_on_pixel() -> None:
    picture = np.random.default_rng(2).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    canvas = Canvas(600, 300)
    canvas.image(picture, 17, 31)
    np.testing.assert_array_equal(canvas.pixels()[300 - 31 - 40 : 300 - 31, 17 : 17 + 60], picture)


@pytest.mark.parametrize("place", [(100.0, 200.0), (100.5, 200.5), (123.3, 77.8)])
def test_a_dot_lies_where_it_was_put(place: tuple[float, float]) -> None:
    canvas = Canvas(2000, 300)
    canvas.dot(*place, 8.0, "#26a8ff")
    line, sample = np.nonzero((canvas.pixels() == BLUE).all(axis=2))
    # pixel i covers i to i + 1; antialiasing leaves the rim out on all sides alike
    assert sample.mean() + 0.5 == pytest.approx(place[0], abs=0.3)
    assert 300 - (line.mean() + 0.5) == pytest.approx(place[1], abs=0.3)


def test_a_line_stays_inside_its_clip() -> None:
    canvas = Canvas(600, 300)
    ends = np.array([[10.0, 150.0], [590.0, 150.0]])
    canvas.line(ends, LineStyle(color="#ff0000", width_pt=3.0), Box(left=200, bottom=100, right=400, top=200))
    _, sample = np.nonzero((canvas.pixels() != 255).any(axis=2))
    assert (sample.min(), sample.max()) == (200, 399)


def test_texts_are_measured_shortened_and_wrapped_to_a_width() -> None:
    canvas = Canvas(2000, 300)
    words = "Base maps of many missions, credited as they should be"
    width = canvas.text_width(words, 7.5)
    assert canvas.shortened(words, 7.5, width + 1.0) == words
    short = canvas.shortened(words, 7.5, 0.5 * width)
    assert short.endswith("…")
    assert words.startswith(short[:-1])
    assert 0.4 * width < canvas.text_width(short, 7.5) <= 0.5 * width
    lines = canvas.wrapped(words, 7.5, 0.6 * width, 2)
    assert " ".join(lines) == words
    assert all(canvas.text_width(line, 7.5) <= 0.6 * width for line in lines)
    assert canvas.wrapped(words, 7.5, 0.3 * width, 2)[-1].endswith("…")


def test_dollars_in_a_name_are_no_formula() -> None:
    canvas = Canvas(600, 300)
    box = canvas.extent(canvas.text(10.0, 10.0, "$x$ and $", size_pt=7.5))
    assert box.right - box.left == pytest.approx(canvas.text_width("$x$ and $", 7.5))
    assert box.right - box.left > 2.0 * canvas.text_width("$x$", 7.5)

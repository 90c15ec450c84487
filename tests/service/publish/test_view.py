import numpy as np
import pytest

from hinterland.model.grids import CylindricalGrid
from hinterland.publish.view import View, compass_word

ROUND = CylindricalGrid(
    azimuth_left_deg=90.0, elevation_top_deg=10.0, pixels_per_degree=2.0, lines=60, samples=720
)
PART = CylindricalGrid(
    azimuth_left_deg=300.0, elevation_top_deg=10.0, pixels_per_degree=2.0, lines=60, samples=200
)


def covered(grid: CylindricalGrid, *, lines: tuple[int, int], samples: list[tuple[int, int]]) -> View:
    """The view where `lines` and each range of `samples`, ends excluded, hold valid pixels."""
    down, across = np.zeros(grid.lines, bool), np.zeros(grid.samples, bool)
    down[slice(*lines)] = True
    for part in samples:
        across[slice(*part)] = True
    return View.covered(grid, down, across)


def edges(view: View) -> tuple[float, float, float, float, float]:
    return (
        view.azimuth_min_deg,
        view.azimuth_max_deg,
        view.azimuth_width_deg,
        view.elevation_min_deg,
        view.elevation_max_deg,
    )


def test_a_view_ends_at_the_outer_edges_of_its_valid_pixels() -> None:
    view = covered(PART, lines=(10, 50), samples=[(20, 100)])
    assert edges(view) == (310.0, 350.0, 40.0, -15.0, 5.0)
    assert (view.azimuth_center_deg, view.compass) == (330.0, "NNW")


def test_a_view_across_north_has_its_left_edge_above_its_right_one() -> None:
    view = covered(PART, lines=(0, 60), samples=[(20, 180)])
    assert edges(view) == (310.0, 30.0, 80.0, -20.0, 10.0)
    assert (view.azimuth_center_deg, view.compass) == (350.0, "N")


def test_a_gap_inside_a_view_is_no_edge() -> None:
    view = covered(PART, lines=(0, 60), samples=[(20, 40), (160, 180)])
    assert edges(view)[:3] == (310.0, 30.0, 80.0)


def test_a_view_across_the_seam_of_a_closed_grid_is_one_view() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(0, 20), (700, 720)])
    assert edges(view)[:3] == (80.0, 100.0, 20.0)


def test_the_widest_gap_of_a_closed_grid_is_what_is_not_seen() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(100, 200), (210, 300), (500, 505)])
    assert edges(view)[:3] == (140.0, 342.5, 202.5)


def test_a_closed_view_is_360_degrees_wide_from_its_left_edge() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(0, 720)])
    assert edges(view)[:3] == (90.0, 450.0, 360.0)
    assert (view.azimuth_center_deg, view.heading) == (270.0, "all round")


def test_one_pixel_is_a_view() -> None:
    for grid in (ROUND, PART):
        view = covered(grid, lines=(20, 21), samples=[(4, 5)])
        left = grid.azimuth_left_deg + 2.0
        assert edges(view) == (left, left + 0.5, 0.5, -0.5, 0.0)


def test_nothing_is_no_view() -> None:
    with pytest.raises(ValueError, match="without valid pixels"):
        covered(PART, lines=(0, 60), samples=[])


@pytest.mark.parametrize(
    ("left_deg", "width_deg", "heading"),
    [
        (225.0, 90.0, "looking west, 270°"),
        (350.0, 20.0, "looking north, 0°"),
        (349.4, 20.0, "looking north, 359°"),
        (349.8, 20.0, "looking north, 0°"),
        (247.0, 90.0, "looking west-northwest, 292°"),
        (0.0, 359.5, "all round"),
        (0.0, 350.0, "looking south, 175°"),
    ],
)
def test_a_heading_is_in_words(left_deg: float, width_deg: float, heading: str) -> None:
    view = View(
        azimuth_min_deg=left_deg, azimuth_width_deg=width_deg, elevation_min_deg=-10.0, elevation_max_deg=10.0
    )
    assert view.heading == heading


@pytest.mark.parametrize(
    ("point", "word"),
    [("E", "east"), ("NE", "northeast"), ("ENE", "east-northeast"), ("SSW", "south-southwest")],
)
def test_compass_points_have_words(point: str, word: str) -> None:
    assert compass_word(point) == word

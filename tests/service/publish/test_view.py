import math
from pathlib import Path

import numpy as np
import pytest
from product_files import HAZCAM_LABEL, label_of, pds3_product

from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import fit_grid, grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY
from hinterland.products.pds3 import read_pds3
from hinterland.products.sources import Source
from hinterland.publish.view import View, compass_word

ROUND = CylindricalGrid(
    azimuth_left_deg=90.0, elevation_top_deg=10.0, pixels_per_degree=2.0, lines=60, samples=720
)
PART = CylindricalGrid(
    azimuth_left_deg=300.0, elevation_top_deg=10.0, pixels_per_degree=2.0, lines=60, samples=200
)


def covered(grid: CylindricalGrid, *, lines: tuple[int, int], samples: list[tuple[int, int]]) -> View:
    """The view where `lines` and each range of `samples`, ends excluded, hold valid pixels."""
    down, across = np.zeros(grid.lines, bool), np.zeros(grid.samples)
    down[slice(*lines)] = True
    for part in samples:
        across[slice(*part)] = 10.0
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
    assert (view.azimuth_center_deg, view.compass) == (pytest.approx(330.0, abs=1e-9), "NNW")


def test_a_view_across_north_has_its_left_edge_above_its_right_one() -> None:
    view = covered(PART, lines=(0, 60), samples=[(20, 180)])
    assert edges(view) == (310.0, 30.0, 80.0, -20.0, 10.0)
    assert (view.azimuth_center_deg, view.compass) == (pytest.approx(350.0, abs=1e-9), "N")


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


def test_two_frames_that_do_not_meet_are_not_looked_for_in_the_gap_between() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(0, 100), (200, 310)])
    assert edges(view)[:3] == (90.0, 245.0, 155.0)
    assert view.azimuth_center_deg == pytest.approx(90.0 + 255.0 / 2)  # the middle of the larger one
    across_the_seam = covered(ROUND, lines=(0, 60), samples=[(0, 60), (200, 300), (660, 720)])
    assert across_the_seam.azimuth_center_deg == pytest.approx(90.0)


def test_frames_back_to_back_are_no_view_all_round() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(0, 90), (360, 452)])
    assert not view.is_all_round
    assert view.azimuth_center_deg == pytest.approx(90.0 + 406.0 / 2)


def test_a_ring_with_a_sliver_missing_is_all_round_and_says_how_wide() -> None:
    view = covered(ROUND, lines=(0, 60), samples=[(0, 680)])
    assert (view.heading, view.azimuth_width_deg) == ("all round", 340.0)
    assert view.azimuth_center_deg == 260.0
    assert not covered(ROUND, lines=(0, 60), samples=[(0, 500)]).is_all_round


def test_a_ring_seen_higher_on_one_side_is_all_round() -> None:
    weights = np.full(ROUND.samples, 10.0)
    weights[:360] = 20.0
    assert View.covered(ROUND, np.ones(ROUND.lines, np.bool_), weights).is_all_round


def test_a_hazcam_that_holds_the_nadir_looks_where_its_axis_points() -> None:
    pixels = np.full((1, 1024, 1024), 500, np.int16)
    source = Source(
        path=Path("hazcam.IMG"), data=pds3_product(label_of(HAZCAM_LABEL), pixels), sha256="0" * 64
    )
    image = read_pds3(source)
    assert isinstance(image, Image)
    camera = image.product.camera_in_local_level
    grid = fit_grid([camera], INFINITY, camera.center, 1.0)
    points = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1).reshape(-1, 2)
    seen = grid_to_image(grid, camera, INFINITY, camera.center)(points.astype(np.float64))
    mask = ((seen > -0.5) & (seen < 1023.5)).all(axis=1).reshape(grid.shape)
    elevations_deg = grid.elevation_top_deg - (np.arange(grid.lines) + 0.5) / grid.pixels_per_degree
    view = View.covered(grid, mask.any(axis=1), np.cos(np.radians(elevations_deg)) @ mask)
    axis_deg = math.degrees(math.atan2(camera.axis[1], camera.axis[0]))
    assert axis_deg == pytest.approx(121.4, abs=0.1)  # east-southeast
    # the rover leans by 15 degrees, so the frame reaches further round on its high side
    assert view.azimuth_center_deg == pytest.approx(axis_deg, abs=5.0)
    assert view.heading.startswith("looking ")
    assert view.azimuth_width_deg == 360.0


@pytest.mark.parametrize(
    ("center_deg", "is_all_round", "heading"),
    [
        (270.0, False, "looking west, 270°"),
        (0.0, False, "looking north, 0°"),
        (359.4, False, "looking north, 359°"),
        (359.8, False, "looking north, 0°"),
        (292.0, False, "looking west-northwest, 292°"),
        (179.75, True, "all round"),
    ],
)
def test_a_heading_is_in_words(center_deg: float, is_all_round: bool, heading: str) -> None:
    view = View(
        azimuth_min_deg=225.0,
        azimuth_width_deg=90.0,
        azimuth_center_deg=center_deg,
        is_all_round=is_all_round,
        elevation_min_deg=-10.0,
        elevation_max_deg=10.0,
    )
    assert view.heading == heading


@pytest.mark.parametrize(
    ("point", "word"),
    [("E", "east"), ("NE", "northeast"), ("ENE", "east-northeast"), ("SSW", "south-southwest")],
)
def test_compass_points_have_words(point: str, word: str) -> None:
    assert compass_word(point) == word

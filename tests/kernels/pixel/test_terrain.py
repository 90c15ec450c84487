import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland_kernels.pixel.terrain import (
    HOLE,
    apparent_height,
    height_on_line,
    height_on_sample,
    highest_on_ray,
    horn_gradient,
    is_hidden,
)

MARS = 3396190.0


@given(
    height=st.floats(-8000, 20000),
    eye_height=st.floats(-8000, 20000),
    distance=st.floats(1.0, 100000.0),
)
def test_apparent_height_is_distance_times_the_tangent_of_the_elevation_in_space(
    height: float, eye_height: float, distance: float
) -> None:
    angle = distance / MARS
    eye = np.array([0.0, MARS + eye_height])
    point = (MARS + height) * np.array([math.sin(angle), math.cos(angle)])
    along, up = point - eye
    # differences of numbers as large as the planet carry 1e-9 m, which the ratio does not enlarge here
    assert apparent_height(height, eye_height, distance, MARS) == pytest.approx(
        distance * up / along, rel=1e-9, abs=1e-8
    )


def test_level_ground_drops_by_the_square_of_its_distance_over_the_diameter() -> None:
    # at 10 km the next term of the series is a millionth of this one
    drop = apparent_height(0.0, 0.0, 10000.0, MARS)
    assert drop == pytest.approx(-(10000.0**2) / (2.0 * MARS), rel=1e-5)


def test_a_point_straight_above_keeps_its_height() -> None:
    assert apparent_height(7.0, 5.0, 0.0, MARS) == 2.0


def test_heights_between_cells_are_linear_and_reach_the_last_cell() -> None:
    heights = np.array([[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]])
    assert height_on_line(heights, 1, 0.25) == 8.0
    assert height_on_line(heights, 1, 2.0) == 13.0
    assert height_on_sample(heights, 0.5, 2) == 9.0
    assert height_on_sample(heights, 1.0, 0) == 7.0


def test_the_ends_of_a_line_of_sight_never_hide() -> None:
    apparent = np.array([[100.0, -1.0, 3.0], [0.0, 0.0, 0.0]])
    assert not is_hidden(apparent, 0.0, 0.0, 0, 2, 0.0, 1.0)


def test_terrain_that_only_touches_a_line_of_sight_does_not_hide() -> None:
    apparent = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
    assert not is_hidden(apparent, 0.0, 0.0, 0, 2, 0.0, 1.0)
    apparent[0, 1] = 1.001
    assert is_hidden(apparent, 0.0, 0.0, 0, 2, 0.0, 1.0)


def test_a_hole_pulls_the_terrain_beside_it_below_every_line_of_sight() -> None:
    apparent = np.array([[0.0, 0.0, 0.0], [0.0, 50.0, 0.0], [0.0, HOLE, 0.0], [0.0, 0.0, 0.0]])
    assert not is_hidden(apparent, 1.4, 0.0, 1, 2, 0.0, 1.0)  # crosses sample 1 between the wall and the hole
    apparent[2, 1] = 50.0
    assert is_hidden(apparent, 1.4, 0.0, 1, 2, 0.0, 1.0)


def test_a_ray_finds_the_steepest_terrain_and_how_far_the_data_go() -> None:
    apparent = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0], [4.0, 4.0], [HOLE, HOLE]])
    slope, distance, reach = highest_on_ray(apparent, 0.0, 0.5, 0.5, 0.0)  # two metres a line
    assert (slope, distance, reach) == (0.75, 4.0, 6.0)


def test_a_ray_along_a_line_crosses_none() -> None:
    slope, distance, reach = highest_on_ray(np.zeros((3, 3)), 1.0, 1.0, 0.0, 1.0)
    assert slope == -math.inf
    assert math.isnan(distance)
    assert reach == 0.0


def test_the_gradient_of_a_plane_is_exact_at_edges_and_beside_holes() -> None:
    lines, samples = np.mgrid[:5, :7]
    heights = 3.0 * lines - 2.0 * samples
    mask = np.ones(heights.shape, dtype=np.bool_)
    mask[2, 3] = False
    heights[2, 3] = 1e6
    for line, sample in zip(*np.nonzero(mask), strict=True):
        assert horn_gradient(heights, mask, line, sample) == (3.0, -2.0)


def test_a_lone_cell_is_level() -> None:
    mask = np.zeros((3, 3), dtype=np.bool_)
    mask[1, 1] = True
    assert horn_gradient(np.full((3, 3), 7.0), mask, 1, 1) == (0.0, 0.0)

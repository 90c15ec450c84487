import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland.model.grids import CylindricalGrid, compass_point

WEST = CylindricalGrid(
    azimuth_left_deg=225.0, elevation_top_deg=10.0, pixels_per_degree=20.0, lines=600, samples=1800
)


@pytest.mark.parametrize(
    ("azimuth_deg", "name"),
    [
        (270.0, "W"),
        (0.0, "N"),
        (359.9, "N"),
        (348.76, "N"),
        (348.74, "NNW"),
        (44.0, "NE"),
        (-90.0, "W"),
        (630.0, "W"),
    ],
)
def test_the_compass_has_sixteen_points(azimuth_deg: float, name: str) -> None:
    assert compass_point(azimuth_deg) == name


def test_the_outer_edges_are_half_a_pixel_beyond_the_centres() -> None:
    edges = np.degrees(WEST.directions(np.array([[-0.5, -0.5], [599.5, 1799.5]])))
    np.testing.assert_allclose(edges, [[225.0, 10.0], [315.0, -20.0]], rtol=0, atol=1e-12)


def test_a_one_pixel_grid_looks_at_its_middle() -> None:
    grid = CylindricalGrid(
        azimuth_left_deg=269.5, elevation_top_deg=0.5, pixels_per_degree=1.0, lines=1, samples=1
    )
    np.testing.assert_allclose(
        np.degrees(grid.directions(np.zeros((1, 2)))), [[270.0, 0.0]], rtol=0, atol=1e-13
    )


@settings(deadline=None)
@given(line=st.floats(-0.5, 599.4), sample=st.floats(-0.5, 1799.4), turns=st.integers(-2, 2))
def test_a_point_returns_from_its_direction_whole_turns_or_not(
    line: float, sample: float, turns: int
) -> None:
    directions = WEST.directions(np.array([[line, sample]]))
    directions[:, 0] += 2.0 * math.pi * turns
    found = WEST.points(directions)[0]
    assert found[0] == pytest.approx(line, abs=1e-9)
    around = 360.0 * WEST.pixels_per_degree
    assert (found[1] - sample + around / 2) % around == pytest.approx(around / 2, abs=1e-9)


def test_only_a_grid_of_360_degrees_wraps() -> None:
    assert not WEST.wraps
    assert dataclasses.replace(WEST, samples=7200).wraps
    assert not dataclasses.replace(WEST, samples=7199).wraps


def test_a_reduced_grid_keeps_the_view_and_covers_it_all() -> None:
    reduced = WEST.reduced(7)
    assert (reduced.lines, reduced.samples) == (86, 258)
    corner = np.array([[-0.5, -0.5]])
    np.testing.assert_allclose(reduced.directions(corner), WEST.directions(corner), rtol=0, atol=1e-15)
    # the middle of a block of 7 x 7 pixels is its fourth pixel
    np.testing.assert_allclose(
        reduced.directions(np.array([[2.0, 5.0]])),
        WEST.directions(np.array([[17.0, 38.0]])),
        rtol=0,
        atol=1e-14,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pixels_per_degree": 0.0}, "pixels per degree must be positive, got 0.0"),
        ({"pixels_per_degree": math.nan}, "pixels per degree must be positive, got nan"),
        ({"pixels_per_degree": math.inf}, "pixels per degree must be positive, got inf"),
        ({"samples": 0}, "got 600 lines x 0 samples"),
    ],
)
def test_what_cannot_be_a_grid_is_refused_with_its_value(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(WEST, **change)

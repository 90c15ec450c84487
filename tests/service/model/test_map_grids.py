import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import Affine

from hinterland.model.map_grids import MapGrid, north_up_grid

WKT = "any"


def grid(*affine: float, lines: int = 40, samples: int = 60) -> MapGrid:
    a, b, c, d, e, f = affine or (6.0, 0.0, 1000.0, 0.0, -6.0, 2000.0)
    return MapGrid(wkt=WKT, affine=(a, b, c, d, e, f), lines=lines, samples=samples)


def test_coordinates_are_those_of_sample_centres() -> None:
    rotated = 3.0, 1.0, 10.0, 0.5, -2.0, 20.0
    points = np.array([(0.0, 0.0), (3.0, 7.0), (-0.5, -0.5)])
    expected = [Affine(*rotated) @ (sample + 0.5, line + 0.5) for line, sample in points]
    np.testing.assert_allclose(grid(*rotated).coordinates(points), expected, rtol=1e-15)


@given(
    st.tuples(*[st.floats(-1e3, 1e3)] * 6).filter(lambda t: abs(t[0] * t[4] - t[1] * t[3]) > 1.0),
    st.floats(-1e4, 1e4),
    st.floats(-1e4, 1e4),
)
def test_points_are_the_inverse_of_coordinates(affine: tuple[float, ...], line: float, sample: float) -> None:
    points = np.array([(line, sample)])
    one = grid(*affine)
    # coordinates up to 1e7 with 16 digits, through a matrix of condition up to 1e6
    np.testing.assert_allclose(one.points(one.coordinates(points)), points, atol=1e-2)


@pytest.mark.parametrize("affine", [(np.nan, 0, 0, 0, -1, 0), (1, 2, 0, 2, 4, 0), (1, 0, np.inf, 0, -1, 0)])
def test_a_geotransform_without_area_or_end_is_refused(affine: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="geotransform"):
        grid(*affine)


def test_a_part_has_the_coordinates_of_the_whole() -> None:
    whole = grid(3.0, 1.0, 10.0, 0.5, -2.0, 20.0)
    part = whole.part((-4, 7, 5, 6))
    np.testing.assert_allclose(
        part.coordinates(np.array([(0.0, 0.0), (4.0, 5.0)])),
        whole.coordinates(np.array([(-4.0, 7.0), (0.0, 12.0)])),
        rtol=1e-14,
    )
    assert part.shape == (5, 6)


def test_a_reduced_grid_has_the_same_corner_and_larger_samples() -> None:
    reduced = grid(lines=41, samples=60).reduced(4)
    assert reduced.shape == (11, 15)
    assert reduced.affine == (24.0, 0.0, 1000.0, 0.0, -24.0, 2000.0)


def test_an_extended_grid_keeps_its_lattice_and_covers_the_bounds() -> None:
    extended = grid().extended((990.0, 1900.0, 1300.0, 2003.0))
    assert extended.shift_to(grid()) == (-1, -2)
    west, south, east, north = extended.bounds
    assert (west, south, east, north) == (988.0, 1898.0, 1300.0, 2006.0)


def test_bounds_a_hair_over_a_sample_add_none() -> None:
    west, south, east, north = grid().bounds
    assert grid().extended((west - 0.01, south - 0.01, east + 0.01, north + 0.01)).shape == grid().shape


def test_grids_half_a_sample_apart_have_no_shift() -> None:
    assert grid().shift_to(grid(6.0, 0.0, 1003.0, 0.0, -6.0, 2000.0)) is None


def test_grids_that_drift_apart_have_no_shift() -> None:
    drifting = grid(6.0 * (1 + 1e-3), 0.0, 1000.0, 0.0, -6.0, 2000.0)
    assert drifting.shift_to(grid()) is None


@pytest.mark.parametrize(
    ("bounds", "resolution"),
    [
        ((0.0, 0.0, 0.0, 1.0), 1.0),
        ((0.0, 0.0, np.inf, 1.0), 1.0),
        ((0.0, 0.0, 1.0, 1.0), 0.0),
        ((0.0, 0.0, 1.0, 1.0), np.nan),
        ((0.0, 0.0, 1.0, 1.0), 1e-12),
        ((-1e300, -1e300, 1e300, 1e300), 1.0),
    ],
)
def test_grids_without_end_or_sense_are_refused(
    bounds: tuple[float, float, float, float], resolution: float
) -> None:
    with pytest.raises(ValueError, match=r"extent|resolution|absurd"):
        north_up_grid(WKT, bounds, resolution)

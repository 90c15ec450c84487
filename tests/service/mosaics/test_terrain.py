import math

import numpy as np
import pytest
from map_rasters import DEGREES, EQUATOR, JEZERO, NORTH_POLE
from numpy.typing import NDArray
from pyproj import Geod
from scipy import ndimage

from hinterland.errors import InputError
from hinterland.model.map_grids import MapGrid
from hinterland.model.reprojection import from_planetocentric, to_planetocentric
from hinterland.mosaics.terrain import HoleLimit, fill_holes, ground_cells, hole_limit, relief_and_slope

RADIUS_M = 3396190.0
LIGHT = (math.radians(315.0), math.radians(45.0))


def grid(crs: str, west: float, north: float, size: float, lines: int = 200, samples: int = 300) -> MapGrid:
    return MapGrid(wkt=crs, affine=(size, 0.0, west, 0.0, -size, north), lines=lines, samples=samples)


def limit(samples: float, aspect: float = 1.0) -> HoleLimit:
    return HoleLimit(samples=samples, aspect=aspect)


def disk(shape: tuple[int, int], line: float, sample: float, radius: float) -> NDArray[np.bool_]:
    i, j = np.indices(shape)
    return np.hypot(i - line, j - sample) <= radius


# -- holes -----------------------------------------------------------------------------------------------------


def test_holes_no_wider_than_twice_the_limit_are_filled_and_wider_ones_stay_whole() -> None:
    shape = (120, 160)
    mask = ~disk(shape, 40, 40, 9) & ~disk(shape, 70, 110, 25)
    mask[90:93, 20:60] = False
    filled, valid = fill_holes(np.where(mask, np.float32(3), np.float32(-1)), mask, limit(10.0))
    np.testing.assert_array_equal(valid, ~disk(shape, 70, 110, 25))
    np.testing.assert_allclose(filled[valid], 3.0, rtol=1e-6)
    assert (filled[~valid] == 0.0).all()


def test_no_cell_further_than_the_limit_from_what_is_valid_is_filled() -> None:
    mask = np.random.default_rng(8).random((150, 150)) < 0.02
    _, valid = fill_holes(np.zeros(mask.shape, dtype=np.float32), mask, limit(4.0))
    assert valid.sum() > mask.sum()
    assert ndimage.distance_transform_edt(~mask)[valid].max() <= 4.0


def test_the_outside_does_not_shrink() -> None:
    mask = np.zeros((80, 80), dtype=np.bool_)
    mask[20:60, 20:60] = True
    mask[30:33, 30:33] = False
    _, valid = fill_holes(np.zeros(mask.shape, dtype=np.float32), mask, limit(8.0))
    expected = mask.copy()
    expected[30:33, 30:33] = True
    np.testing.assert_array_equal(valid, expected)


def test_a_slope_goes_on_through_its_holes() -> None:
    i, j = np.indices((100, 120))
    heights = (0.2 * i - 0.3 * j - 4400.0).astype(np.float32)
    mask = ~disk(heights.shape, 50, 60, 12)
    filled, valid = fill_holes(np.where(mask, heights, np.float32(0)), mask, limit(13.0))
    assert valid.all()
    np.testing.assert_array_equal(filled[mask], heights[mask])
    np.testing.assert_allclose(filled, heights, atol=0.01)  # 0.1 % of the 9 m across the hole


def test_cells_that_are_no_squares_count_by_their_metres() -> None:
    mask = np.ones((60, 60), dtype=np.bool_)
    mask[20:32, 30:33], mask[40:43, 10:22] = False, False
    # along lines 12 cells are 24 units, along samples they are 12
    _, valid = fill_holes(np.zeros(mask.shape, dtype=np.float32), mask, limit(2.5, aspect=2.0))
    assert valid[20:32, 30:33].all()  # three cells across
    assert not valid[41, 16]  # three lines are six units


def test_filling_a_window_gives_what_filling_all_gives() -> None:
    noise = np.random.default_rng(9).normal(size=(220, 240))
    mask = ndimage.gaussian_filter(noise, 3.0) > -0.08
    heights = np.where(mask, 100.0 * ndimage.gaussian_filter(noise, 9.0), 0.0).astype(np.float32)
    some = limit(6.0)
    filled, valid = fill_holes(heights, mask, some)
    assert valid.sum() > mask.sum() + 500
    inner, wide = (
        np.s_[90:130, 100:150],
        np.s_[90 - some.reach : 130 + some.reach, 100 - some.reach : 150 + some.reach],
    )
    here, here_valid = fill_holes(heights[wide], mask[wide], some)
    cut = np.s_[some.reach : -some.reach, some.reach : -some.reach]
    np.testing.assert_array_equal(here_valid[cut], valid[inner])
    np.testing.assert_array_equal(here[cut], filled[inner])


def test_nothing_to_fill_changes_nothing() -> None:
    heights, mask = np.ones((20, 30), dtype=np.float32), np.ones((20, 30), dtype=np.bool_)
    np.testing.assert_array_equal(fill_holes(heights, mask, limit(3.0))[0], heights)
    assert not fill_holes(heights, ~mask, limit(3.0))[1].any()


def test_a_limit_is_metres_on_the_ground() -> None:
    found = hole_limit(grid(DEGREES, 77.0, 60.5, 0.005), 1000.0)
    line_m = math.radians(0.005) * RADIUS_M
    assert found.samples == pytest.approx(1000.0 / (line_m * 0.5), rel=0.01)  # near 60 degrees north
    assert found.aspect == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("metres", [-3.0, 0.0, 0.5, 1e7, math.nan, math.inf])
def test_an_absurd_limit_is_refused(metres: float) -> None:
    with pytest.raises(InputError, match="--fill"):
        hole_limit(grid(EQUATOR, 0.0, 0.0, 1.0), metres)


# -- the ground ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crs", "west", "north", "size"),
    [
        (DEGREES, 77.0, 61.0, 0.01),
        (JEZERO, 4_300_000.0, 3_000_000.0, 500.0),
        (NORTH_POLE, -400_000.0, 900_000.0, 500.0),
        ("+proj=sinu +R=3396190", 3_000_000.0, 2_500_000.0, 500.0),
    ],
)
def test_cells_have_their_size_on_the_ground_in_every_projection(
    crs: str, west: float, north: float, size: float
) -> None:
    """Against great circles of PROJ between cells; straight lines through the sphere are shorter by 1e-9."""
    mars = Geod(a=RADIUS_M, b=RADIUS_M)
    one = grid(crs, west, north, size)
    cells = ground_cells(one, (0, 0, *one.shape))
    for line, sample in ((0, 0), (100, 31), (199, 299), (64, 128)):
        points = np.array(
            [(line - 0.5, sample), (line + 0.5, sample), (line, sample - 0.5), (line, sample + 0.5)]
        )
        (up, down, left, right) = to_planetocentric(crs)(one.coordinates(points))
        _, _, across = mars.inv(*left, *right)
        _, _, steep = mars.inv(*up, *down)
        assert cells.metres_per_sample[line, sample] == pytest.approx(across, rel=2e-5)
        high, lean = cells.metres_per_line[line, sample], cells.lean[line, sample]
        assert math.hypot(high, lean) == pytest.approx(steep, rel=2e-5)


def test_sizes_do_not_depend_on_the_window() -> None:
    one = grid(NORTH_POLE, -400_000.0, 900_000.0, 500.0)
    every, part = ground_cells(one, (0, 0, 200, 300)), ground_cells(one, (37, 61, 90, 100))
    for name in ("metres_per_line", "metres_per_sample", "lean"):
        np.testing.assert_array_equal(getattr(every, name)[37:127, 61:161], getattr(part, name))


def test_coarse_cells_near_a_pole_narrow_as_they_should() -> None:
    one = grid(DEGREES, 0.0, 90.0, 1.0, lines=180, samples=360)
    latitude = np.radians(89.5 - np.arange(180))
    cells = ground_cells(one, (0, 0, 180, 360))
    expected = math.radians(1.0) * RADIUS_M * np.cos(latitude)
    np.testing.assert_allclose(cells.metres_per_sample[:, 7], expected, rtol=2e-4)


def test_the_slope_of_one_hill_is_the_same_on_every_map() -> None:
    """A cone of 0.3 about 77 east, 60 north: 16.7 degrees whichever projection it was sampled in."""
    mars = Geod(a=RADIUS_M, b=RADIUS_M)
    for crs, size in (
        (DEGREES, 0.002),
        (EQUATOR, 100.0),
        (NORTH_POLE, 100.0),
        ("+proj=sinu +R=3396190", 100.0),
    ):
        x, y = from_planetocentric(crs)(np.array([(77.0, 60.0)]))[0]
        one = grid(crs, x - 75 * size, y + 75 * size, size, 150, 150)
        points = np.stack(np.indices(one.shape), axis=-1).reshape(-1, 2).astype(np.float64)
        places = to_planetocentric(crs)(one.coordinates(points))
        away = mars.inv(np.full(len(places), 77.0), np.full(len(places), 60.0), *places.T)[2]
        heights = (-0.3 * away).reshape(one.shape).astype(np.float32)
        mask = np.ones(one.shape, dtype=np.bool_)
        _, slope_deg, drawn = relief_and_slope(heights, mask, ground_cells(one, (0, 0, *one.shape)), LIGHT)
        assert drawn.all()
        flank = (
            away.reshape(one.shape) > 2000.0
        )  # the gradient of a cone bends by the square of cell over distance
        flank[[0, -1]] = flank[:, [0, -1]] = False  # one-sided there
        np.testing.assert_allclose(slope_deg[flank], math.degrees(math.atan(0.3)), atol=0.05)


def test_level_ground_is_grey_and_what_is_not_valid_is_nought() -> None:
    one = grid(JEZERO, 4_300_000.0, 1_000_000.0, 10.0, 40, 50)
    mask = np.ones(one.shape, dtype=np.bool_)
    mask[3:9, 4:20] = False
    relief, slope_deg, drawn = relief_and_slope(
        np.full(one.shape, 17.0, dtype=np.float32), mask, ground_cells(one, (0, 0, 40, 50)), LIGHT
    )
    np.testing.assert_array_equal(drawn, mask)
    assert set(np.unique(relief[mask])) == {181}  # 1 + 254 sin 45
    assert (relief[~mask] == 0).all()
    assert (slope_deg == 0.0).all()

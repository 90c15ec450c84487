import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from hinterland_kernels.terrain import fill, shaded_relief, slope


def hills(lines: int, samples: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    heights = np.random.default_rng(11).normal(size=(lines, samples)).astype(np.float32)
    return heights, np.ones((lines, samples), dtype=np.bool_)


def horn(heights: NDArray[np.float32], line_m: float, sample_m: float) -> NDArray[np.float64]:
    """Rise towards north and east, by SciPy's Sobel filter, which has Horn's weights."""
    wide = heights.astype(np.float64)
    return np.stack(
        [-ndimage.sobel(wide, axis=0) / (8.0 * line_m), ndimage.sobel(wide, axis=1) / (8.0 * sample_m)]
    )


def test_slope_is_that_of_gdal_away_from_edges() -> None:
    heights, mask = hills(23, 31)
    north, east = horn(heights, 3.0, 2.0)
    expected = np.arctan(np.hypot(north, east))  # gdaldem slope
    # float32 keeps 7 digits
    np.testing.assert_allclose(
        slope(heights, mask, 3.0, 2.0)[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=1e-5, atol=1e-6
    )


def test_shaded_relief_is_that_of_gdal_away_from_edges() -> None:
    heights, mask = hills(23, 31)
    north, east = horn(heights, 3.0, 2.0)
    azimuth, elevation = math.radians(300.0), math.radians(35.0)
    # gdaldem hillshade: sin(alt) cos(slope) + cos(alt) sin(slope) cos(light - aspect), aspect downhill
    steepness, aspect = np.arctan(np.hypot(north, east)), np.arctan2(-east, -north)
    expected = math.sin(elevation) * np.cos(steepness) + math.cos(elevation) * np.sin(steepness) * np.cos(
        azimuth - aspect
    )
    shaded = shaded_relief(heights, mask, 3.0, 2.0, light_azimuth=azimuth, light_elevation=elevation)
    np.testing.assert_allclose(shaded[1:-1, 1:-1], np.maximum(expected, 0.0)[1:-1, 1:-1], atol=2e-6)


def test_a_plane_slopes_the_same_up_to_its_edges_and_holes() -> None:
    lines, samples = np.mgrid[:9, :11].astype(np.float32)
    heights = (0.5 * lines * 2.0 + 0.25 * samples * 3.0).astype(np.float32)
    mask = np.ones(heights.shape, dtype=np.bool_)
    mask[4, 5] = False
    steepness = slope(heights, mask, 2.0, 3.0)
    np.testing.assert_allclose(steepness[mask], math.atan(math.hypot(0.5, 0.25)), rtol=1e-6)
    assert steepness[4, 5] == 0.0


def test_cells_may_narrow_from_line_to_line() -> None:
    samples = np.arange(5, dtype=np.float32)
    sizes = np.array([[1.0], [2.0], [4.0]])
    heights = (samples[None, :] * sizes).astype(np.float32)
    heights = heights - heights[:, 2:3]
    steepness = slope(heights, np.ones(heights.shape, dtype=np.bool_), 1e9, sizes)
    # Horn's weights mix neighbouring lines: (1 + 2 * 2 + 4) / 4 over 2
    assert math.tan(steepness[1, 2]) == pytest.approx(9.0 / 8.0, rel=1e-6)


def test_level_ground_shines_with_the_sine_of_the_light() -> None:
    heights, mask = np.full((4, 5), 17.0, dtype=np.float32), np.ones((4, 5), dtype=np.bool_)
    np.testing.assert_allclose(shaded_relief(heights, mask, 1.0, 1.0), math.sin(math.radians(45)), rtol=1e-6)


def test_a_cell_without_size_is_refused() -> None:
    heights, mask = hills(4, 4)
    with pytest.raises(ValueError, match="cell sizes must be positive"):
        slope(heights, mask, 0.0, 1.0)


@pytest.mark.parametrize("aspect", [1.0, 1.7])
def test_holes_in_a_plane_come_back(aspect: float) -> None:
    lines, samples = np.mgrid[-40:41, -50:51].astype(np.float64)
    plane = (0.3 * lines - 0.7 * samples - 4400.0).astype(np.float32)
    round_, gap = np.hypot(lines * aspect, samples + 20) < 15, np.abs(lines - samples + 25) < 5
    holes = round_ | (gap & (np.abs(lines + 5) < 20))
    rim = ndimage.binary_dilation(holes, np.ones((3, 3), dtype=np.bool_)) & ~holes
    filled = fill(np.where(holes, np.float32(0), plane), rim, holes, 40.0, cell_aspect=aspect)
    np.testing.assert_array_equal(filled[~holes], plane[~holes])
    # a hundredth of the rim's spread is withheld from the slope that corrects it: 0.2 % of the 30 m there are
    np.testing.assert_allclose(filled[holes], plane[holes], atol=0.06)


def test_a_round_hole_is_filled_by_the_membrane() -> None:
    lines, samples = np.mgrid[-40:41, -40:41].astype(np.float64)
    saddle = 0.02 * (lines**2 - samples**2)  # harmonic: its own membrane
    holes = np.hypot(lines, samples) < 15
    rim = ndimage.binary_dilation(holes, np.ones((3, 3), dtype=np.bool_)) & ~holes
    filled = fill(np.where(holes, 0.0, saddle).astype(np.float32), rim, holes, 400.0)
    # the rim is a ring of one or two cells, not a circle: half a cell of 15 at 4.5 m
    np.testing.assert_allclose(filled[holes], saddle[holes], atol=0.15)


def test_a_hole_without_a_rim_in_reach_stays() -> None:
    heights = np.zeros((5, 30), dtype=np.float32)
    rim, holes = np.zeros((2, 5, 30), dtype=np.bool_)
    rim[:, 0], holes[2, 20] = True, True
    heights[:, 0], heights[2, 20] = 7.0, -1.0
    assert fill(heights, rim, holes, 10.0)[2, 20] == -1.0
    assert fill(heights, rim, holes, 25.0)[2, 20] == 7.0
    with pytest.raises(ValueError, match="rim and holes"):
        fill(heights, rim, holes, 0.0)


def test_lines_that_lean_slope_as_upright_ones_do() -> None:
    """A plane of known gradient on cells sheared by half a cell a line."""
    lines, samples = np.mgrid[:6, :7].astype(np.float64)
    north_m, east_m = -3.0 * lines, 2.0 * samples + 1.0 * lines
    heights = (0.4 * north_m - 0.2 * east_m).astype(np.float32)
    steepness = slope(heights, np.ones(heights.shape, dtype=np.bool_), 3.0, 2.0, lean=1.0)
    np.testing.assert_allclose(steepness, math.atan(math.hypot(0.4, 0.2)), rtol=1e-5)


def test_relief_and_slope_are_what_gdaldem_made_of_the_same_heights() -> None:
    """GDAL 3.6.2, `gdaldem hillshade -az 300 -alt 35` and `gdaldem slope`, cells of 20 x 30 m."""
    i, j = np.mgrid[:6, :7]
    heights = ((7 * i * i + 11 * j * j + 5 * i * j + 13 * ((i * j) % 4)) % 50).astype(np.float32)
    mask = np.ones(heights.shape, dtype=np.bool_)
    hillshade = np.array(
        [
            [240, 137, 40, 147, 176],
            [184, 104, 169, 155, 111],
            [201, 117, 169, 92, 82],
            [227, 128, 77, 142, 203],
        ]
    )
    slope_deg = np.array(
        [
            [37.634300231933594, 2.5804998874664307, 27.888500213623047, 6.37939977645874, 8.494999885559082],
            [
                21.265899658203125,
                12.529999732971191,
                10.147000312805176,
                20.001800537109375,
                14.63010025024414,
            ],
            [17.54840087890625, 11.10949993133545, 19.06170082092285, 15.503399848937988, 17.083099365234375],
            [29.686899185180664, 21.926300048828125, 22.22439956665039, 11.07040023803711, 18.00550079345703],
        ]
    )
    light = {"light_azimuth": math.radians(300.0), "light_elevation": math.radians(35.0)}
    shade = shaded_relief(heights, mask, 30.0, 20.0, **light)[1:-1, 1:-1]
    np.testing.assert_allclose(1.0 + 254.0 * shade, hillshade, atol=0.51)  # stored as whole numbers
    found = np.degrees(slope(heights, mask, 30.0, 20.0))[1:-1, 1:-1]
    np.testing.assert_allclose(found, slope_deg, atol=1e-3)  # stored to four digits; GDAL has float32

import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from hinterland.maps.skyline import check_heading, predict_skyline
from hinterland.maps.skyline_trace import trace_skyline
from hinterland.model.grids import CylindricalGrid
from hinterland.products.elevation import Dem, read_dem

GALE = Path(__file__).parents[2] / "data" / "gale_stop"
CELL_M = 10.0
MARS = 3396190.0
STOP = (10.0, 0.0)
MIDDLE = 150.0


def hills() -> NDArray[np.float64]:
    """A plain ringed by hills 700 to 1150 m away, 3 km across."""
    lines, samples = np.mgrid[:301, :301]
    north, east = CELL_M * (MIDDLE - lines), CELL_M * (samples - MIDDLE)
    heights = np.zeros(lines.shape)
    generator = np.random.default_rng(17)
    for azimuth in np.arange(0.0, 2.0 * math.pi, 0.25):
        away = generator.uniform(700.0, 1150.0)
        width = generator.uniform(50.0, 110.0)
        height = generator.uniform(25.0, 90.0)
        off = (north - away * math.cos(azimuth)) ** 2 + (east - away * math.sin(azimuth)) ** 2
        heights = np.maximum(heights, height * np.exp(-off / (2.0 * width**2)))
    return heights


def valley(heights: NDArray[np.float64] | None = None) -> Dem:
    """Heights around the stop, by default the hills."""
    heights = hills() if heights is None else heights
    step_deg = math.degrees(CELL_M / MARS)
    return Dem(
        product="valley.tif",
        heights=heights.astype(np.float32),
        mask=np.ones(heights.shape, dtype=np.bool_),
        affine=(
            step_deg,
            0.0,
            STOP[0] - (MIDDLE + 0.5) * step_deg,
            0.0,
            -step_deg,
            STOP[1] + (MIDDLE + 0.5) * step_deg,
        ),
        crs_wkt=pyproj.CRS.from_proj4(f"+proj=longlat +R={MARS} +no_defs").to_wkt(),
        longitude_deg=STOP[0],
        latitude_deg=STOP[1],
        metres_per_line=CELL_M,
        metres_per_sample=CELL_M,
        up_azimuth=0.0,
        radius_m=MARS,
    )


def skyline_of(dem: Dem, azimuths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest elevation (rad) in each direction, sampled every 2 m by SciPy on a plane dropped by d**2 / 2R."""
    distances = np.arange(5.0, 1480.0, 2.0)
    lines = MIDDLE - distances * np.cos(azimuths)[:, None] / CELL_M
    samples = MIDDLE + distances * np.sin(azimuths)[:, None] / CELL_M
    heights = ndimage.map_coordinates(dem.heights.astype(np.float64), [lines, samples], order=1)
    eye = float(dem.heights[int(MIDDLE), int(MIDDLE)]) + 2.0
    return np.asarray(np.arctan((heights - eye - distances**2 / (2.0 * MARS)) / distances).max(axis=1))


def photograph(
    dem: Dem, grid: CylindricalGrid, off_deg: float, *, dark_sky: bool = False
) -> NDArray[np.float32]:
    """A panorama whose azimuths are `off_deg` too small: noise on smooth sky, rough ground below it."""
    generator = np.random.default_rng(23)
    azimuths = grid.directions(
        np.stack([np.zeros(grid.samples), np.arange(grid.samples, dtype=np.float64)], axis=-1)
    )[:, 0]
    edge = np.degrees(skyline_of(dem, azimuths + math.radians(off_deg)))
    lines = (grid.elevation_top_deg - edge) * grid.pixels_per_degree - 0.5
    below = np.clip(np.arange(grid.lines)[:, None] - lines[None, :] + 0.5, 0.0, 1.0)  # share of ground
    sky = (5.0 if dark_sky else 150.0) + np.linspace(0.0, 10.0, grid.lines)[:, None]
    rocks = ndimage.gaussian_filter(generator.normal(size=grid.shape), 1.5) * 90.0
    picture = (1.0 - below) * sky + below * (90.0 + rocks) + generator.normal(scale=1.5, size=grid.shape)
    return picture.astype(np.float32)


def view(left_deg: float = 200.0, width_deg: float = 150.0) -> CylindricalGrid:
    scale = 10.0
    return CylindricalGrid(
        azimuth_left_deg=left_deg,
        elevation_top_deg=12.0,
        pixels_per_degree=scale,
        lines=200,
        samples=round(width_deg * scale),
    )


def test_the_predicted_skyline_is_that_of_a_ray_march() -> None:
    dem = valley()
    predicted = predict_skyline(dem, *STOP)
    azimuths = np.linspace(0.0, 2.0 * math.pi, 720, endpoint=False)
    elevations, inside = predicted.at(azimuths)
    off_deg = np.degrees(np.abs(elevations - skyline_of(dem, azimuths)))
    # between crossings a bilinear top bulges by its curvature times the cell squared over 8, along each axis:
    # 0.9 m for 90 m hills of 50 m width, which is 0.07 degrees at 700 m
    assert off_deg.max() < 0.08
    assert np.median(off_deg) < 0.003
    assert inside.all()


@pytest.mark.parametrize("off_deg", [1.37, -4.21, 0.0])
def test_a_known_heading_error_is_found(off_deg: float) -> None:
    dem, grid = valley(), view()
    picture = photograph(dem, grid, off_deg)
    traced = trace_skyline(picture[None], np.ones(grid.shape, dtype=np.bool_), grid.samples)
    check = check_heading(traced, grid, predict_skyline(dem, *STOP))
    assert check.reason is None
    assert check.correction_deg == pytest.approx(off_deg, abs=0.05)
    assert check.uncertainty_deg is not None
    assert abs(check.correction_deg - off_deg) < 4.0 * check.uncertainty_deg
    assert check.uncertainty_deg < 0.05
    assert check.elevation_offset_deg == pytest.approx(0.0, abs=0.05)  # half a pixel
    assert 600.0 < check.horizon_m < 1300.0


def test_a_view_across_north_under_a_dark_sky_is_as_good() -> None:
    dem, grid = valley(), view(left_deg=290.0)
    picture = photograph(dem, grid, 2.5, dark_sky=True)
    traced = trace_skyline(picture[None], np.ones(grid.shape, dtype=np.bool_), grid.samples // 2)
    check = check_heading(traced, grid, predict_skyline(dem, *STOP))
    assert check.correction_deg == pytest.approx(2.5, abs=0.05)


def test_a_horizon_beyond_the_elevation_model_is_no_measure() -> None:
    dem, grid = valley(), view()
    traced = trace_skyline(photograph(dem, grid, 1.0)[None], np.ones(grid.shape, dtype=np.bool_), 750)
    mask = np.zeros(dem.shape, dtype=np.bool_)
    mask[120:181, 120:181] = True  # 300 m to each side: before the hills
    near = Dem(**{name: getattr(dem, name) for name in Dem.__slots__} | {"mask": mask})
    check = check_heading(traced, grid, predict_skyline(near, *STOP))
    assert check.correction_deg is None
    assert check.reason is not None
    assert "horizon lies beyond" in check.reason


def test_a_horizon_without_features_is_no_measure() -> None:
    lines, samples = np.mgrid[:301, :301]
    away = CELL_M * np.hypot(lines - MIDDLE, samples - MIDDLE)
    dem, grid = valley(40.0 * np.exp(-((away - 900.0) ** 2) / 2e4)), view()
    traced = trace_skyline(photograph(dem, grid, 1.0)[None], np.ones(grid.shape, dtype=np.bool_), 750)
    check = check_heading(traced, grid, predict_skyline(dem, *STOP))
    assert check.correction_deg is None
    assert check.reason is not None
    assert "no features" in check.reason


def test_an_error_beyond_the_search_is_no_measure() -> None:
    dem, grid = valley(), view()
    traced = trace_skyline(photograph(dem, grid, 25.0)[None], np.ones(grid.shape, dtype=np.bool_), 750)
    check = check_heading(traced, grid, predict_skyline(dem, *STOP))
    assert check.correction_deg is None
    assert check.reason is not None


def test_a_panorama_of_the_ground_alone_is_no_measure() -> None:
    dem, grid = valley(), view()
    nothing = np.full(750, np.nan)
    check = check_heading(nothing, grid, predict_skyline(dem, *STOP))
    assert check.reason == "the panorama shows 0 degrees of skyline"


def test_mountains_behind_a_small_elevation_model_are_noticed_in_gale() -> None:
    # Curiosity at site 48: the model reaches 250 m, the skyline is Aeolis Mons and the crater's rim
    picture = np.asarray(Image.open(GALE / "panorama_top.png"), dtype=np.float32)
    scale = picture.shape[1] / 360.0
    grid = CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=379.759 / 4.0 / scale,
        pixels_per_degree=scale,
        lines=picture.shape[0],
        samples=picture.shape[1],
    )
    traced = trace_skyline(picture[None], picture > 4, 962)
    dem = read_dem(GALE / "missionDEM.tif", longitude_deg=137.37024, latitude_deg=-4.667984)
    check = check_heading(traced, grid, predict_skyline(dem, 137.37024, -4.667984))
    assert check.correction_deg is None
    assert check.reason is not None
    assert "beyond" in check.reason

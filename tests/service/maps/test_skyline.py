import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_valley import CELL_M, MIDDLE, STOP, photograph, skyline_of, valley, view

from hinterland.maps.skyline import check_heading, predict_skyline
from hinterland.maps.skyline_trace import trace_skyline
from hinterland.model.grids import CylindricalGrid
from hinterland.products.elevation import Dem, read_dem

GALE = Path(__file__).parents[2] / "data" / "gale_stop"


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

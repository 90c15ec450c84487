import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import fit_grid, footprint, footprint_on_grid, grid_to_image
from hinterland.model.solution import INFINITY, SurfaceModel
from hinterland_kernels.pixel.vector import Vector

GROUND = SurfaceModel(kind="plane", distance=0.0, source="nominal")
VIEWPOINT = (0.0, 0.0, -2.0)


def camera(
    azimuth_deg: float,
    elevation_deg: float,
    *,
    fov_deg: float = 40.0,
    lines: int = 300,
    samples: int = 400,
    center: Vector = VIEWPOINT,
) -> CameraModel:
    """Pinhole camera without twist, by the definition of CAHV: H = f right + s_c A, V = f down + l_c A."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    axis = np.array(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            -math.sin(elevation),
        ]
    )
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    down = np.cross(axis, right)
    focal = 0.5 * samples / math.tan(math.radians(fov_deg) / 2)
    return CameraModel(
        kind="CAHV",
        center=center,
        axis=tuple(axis.tolist()),
        horizontal=tuple((focal * right + 0.5 * (samples - 1) * axis).tolist()),
        vertical=tuple((focal * down + 0.5 * (lines - 1) * axis).tolist()),
        lines=lines,
        samples=samples,
    )


def grid(**changes: Any) -> CylindricalGrid:
    values: dict[str, Any] = {
        "azimuth_left_deg": 0.0,
        "elevation_top_deg": 90.0,
        "pixels_per_degree": 4.0,
        "lines": 720,
        "samples": 1440,
    }
    return CylindricalGrid(**{**values, **changes})


def seen_pixels(view: CylindricalGrid, one: CameraModel, surface: SurfaceModel) -> NDArray[np.bool_]:
    """Oracle: every pixel centre of the grid sent through the exact map."""
    points = np.stack(np.meshgrid(np.arange(view.lines), np.arange(view.samples), indexing="ij"), axis=-1)
    image = grid_to_image(view, one, surface, VIEWPOINT)(points.reshape(-1, 2).astype(np.float64))
    with np.errstate(invalid="ignore"):
        inside = ((image > -0.5) & (image < np.array(one.shape) - 0.5)).all(axis=1)
    return inside.reshape(view.shape)


def test_the_axis_of_a_camera_lands_in_the_middle_of_its_image() -> None:
    west = camera(270.0, -10.0)
    view = grid()
    point = view.points(np.radians([[270.0, -10.0]]))
    line, sample = grid_to_image(view, west, INFINITY, VIEWPOINT)(point)[0]
    assert (line, sample) == pytest.approx(
        (149.5, 199.5), abs=1e-9
    )  # the arithmetic is exact but for rounding


def test_the_map_answers_beyond_the_seam_as_it_does_on_the_other_side() -> None:
    north = camera(0.0, 0.0)
    exact_map = grid_to_image(grid(), north, GROUND, VIEWPOINT)
    beyond = exact_map(np.array([[380.0, 1445.0]]))
    assert beyond == pytest.approx(exact_map(np.array([[380.0, 5.0]])), abs=1e-9)


@pytest.mark.parametrize("surface", [INFINITY, GROUND], ids=["infinity", "plane"])
@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "center"),
    [
        (0.0, 0.0, VIEWPOINT),
        (133.0, -30.0, VIEWPOINT),
        (355.0, -62.0, (0.3, 0.2, -2.1)),
        (200.0, 60.0, VIEWPOINT),
        (80.0, -90.0, VIEWPOINT),
        (80.0, 88.0, VIEWPOINT),
    ],
)
def test_a_footprint_holds_every_pixel_that_the_image_sees_and_little_more(
    surface: SurfaceModel, azimuth_deg: float, elevation_deg: float, center: Vector
) -> None:
    one = camera(azimuth_deg, elevation_deg, center=center)
    view = grid()
    seen = seen_pixels(view, one, surface)
    ((line, sample, lines, samples),) = footprint_on_grid(view, one, surface, VIEWPOINT)
    window = np.zeros(view.shape, dtype=bool)
    window[line : line + lines, np.arange(sample, sample + samples) % view.samples] = True
    assert not (seen & ~window).any()
    # bounds are outward by a pixel of rounding a side and the sag of the net, well under another one here
    rows, columns = seen.any(axis=1).sum(), seen.any(axis=0).sum()
    assert lines <= rows + 4
    assert samples <= columns + 4


def test_a_footprint_across_the_seam_is_one_window_that_runs_beyond_the_last_sample() -> None:
    ((_, sample, _, samples),) = footprint_on_grid(grid(), camera(0.0, 0.0), INFINITY, VIEWPOINT)
    assert sample < 1440 < sample + samples
    assert samples == pytest.approx(40.0 * 4.0, abs=2)


def test_a_camera_that_sees_the_nadir_covers_all_azimuths_down_to_it() -> None:
    one = footprint(camera(10.0, -85.0), INFINITY, VIEWPOINT)
    assert one is not None
    assert one.azimuth_width == pytest.approx(2.0 * math.pi)
    assert one.elevation_bottom == -0.5 * math.pi


def test_an_image_whose_edge_just_misses_the_nadir_still_covers_what_it_sees() -> None:
    # the lower edge of the picture passes the nadir at 0.2 degrees: azimuth turns by half a circle there
    one = camera(90.0, -90.0 + math.degrees(math.atan(0.75 * math.tan(math.radians(20.0)))) + 0.2)
    view = grid()
    ((line, sample, lines, samples),) = footprint_on_grid(view, one, INFINITY, VIEWPOINT)
    window = np.zeros(view.shape, dtype=bool)
    window[line : line + lines, np.arange(sample, sample + samples) % view.samples] = True
    assert not (seen_pixels(view, one, INFINITY) & ~window).any()


def test_an_image_off_the_grid_has_no_window() -> None:
    sky = grid(lines=200)
    assert footprint_on_grid(sky, camera(0.0, -40.0), INFINITY, VIEWPOINT) == ()
    east = grid(azimuth_left_deg=45.0, samples=360)
    assert footprint_on_grid(east, camera(270.0, 0.0), INFINITY, VIEWPOINT) == ()


def test_an_image_in_the_gap_of_a_grid_that_does_not_close_has_two_windows() -> None:
    open_north = grid(azimuth_left_deg=10.0, samples=1360)
    windows = footprint_on_grid(open_north, camera(0.0, 0.0), INFINITY, VIEWPOINT)
    # 40 samples at either end, widened by up to a pixel of outward rounding
    (_, first, _, first_samples), (_, second, _, second_samples) = windows
    assert first == 0
    assert first_samples == pytest.approx(40, abs=1)
    assert second + second_samples == 1360
    assert second_samples == pytest.approx(40, abs=1)


def test_a_view_of_one_image_is_as_large_as_its_footprint_at_the_scale_of_the_image() -> None:
    west = camera(270.0, 0.0)
    view = fit_grid([west], INFINITY, VIEWPOINT)
    focal = 200.0 / math.tan(math.radians(20.0))
    assert view.pixels_per_degree == pytest.approx(math.radians(focal), rel=1e-12)
    assert view.azimuth_left_deg == pytest.approx(250.0, abs=0.05)
    assert view.samples / view.pixels_per_degree == pytest.approx(40.0, abs=0.1)
    # the highest direction is the middle of the upper edge: tan(elevation) = 150 / focal
    assert view.elevation_top_deg == pytest.approx(math.degrees(math.atan(150.0 / focal)), abs=0.05)


def test_a_view_spans_the_north_rather_than_the_long_way_round() -> None:
    view = fit_grid([camera(340.0, 0.0), camera(15.0, 0.0)], INFINITY, VIEWPOINT)
    assert view.azimuth_left_deg == pytest.approx(320.0, abs=0.05)
    assert view.samples / view.pixels_per_degree == pytest.approx(75.0, abs=0.1)


def test_images_all_round_close_the_view_to_exactly_360_degrees() -> None:
    ring = [camera(azimuth, 0.0) for azimuth in range(0, 360, 30)]
    view = fit_grid(ring, INFINITY, VIEWPOINT)
    assert view.wraps
    assert view.samples % 64 == 0
    assert view.pixels_per_degree >= fit_grid(ring[:1], INFINITY, VIEWPOINT).pixels_per_degree


def test_a_ring_with_a_gap_stays_open_at_the_gap() -> None:
    ring = [camera(azimuth, 0.0) for azimuth in range(0, 360, 30) if azimuth not in {90, 120}]
    view = fit_grid(ring, INFINITY, VIEWPOINT)
    assert not view.wraps
    assert view.azimuth_left_deg == pytest.approx(130.0, abs=0.05)


def test_a_view_keeps_the_scale_that_was_asked_for() -> None:
    assert fit_grid([camera(0.0, 0.0)], INFINITY, VIEWPOINT, pixels_per_degree=3.5).pixels_per_degree == 3.5


def test_a_view_never_looks_below_the_nadir() -> None:
    down = fit_grid([camera(0.0, -85.0)], GROUND, VIEWPOINT, pixels_per_degree=7.3)
    assert down.elevation_top_deg - down.lines / down.pixels_per_degree >= -90.0
    assert down.wraps


def test_a_view_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="an image that sees something, got 0 cameras"):
        fit_grid([], INFINITY, VIEWPOINT)


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="pixels per degree must be positive, got 0"):
        fit_grid([camera(0.0, 0.0)], INFINITY, VIEWPOINT, pixels_per_degree=0.0)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from hinterland.errors import InputError
from hinterland.products.elevation import outlines, read_dem

ROOT = Path(__file__).parents[3]
JEZERO = ROOT / "examples" / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
GALE = ROOT / "tests" / "data" / "gale_stop" / "missionDEM.tif"

MARS_DEGREES = "+proj=longlat +R=3396190 +no_defs"

# RMC, longitude, latitude, elev_geoid of NASA's waypoints (M20_waypoints.json)
WAYPOINTS = [
    ("3_0", 77.45088572, 18.44462715, -2569.91),
    ("3_828", 77.4518217, 18.44516437, -2568.93),
    ("3_2208", 77.45229762, 18.44452862, -2569.32),
    ("4_738", 77.45031774, 18.4417782, -2568.672852),
]


def write(path: Path, heights: NDArray[Any], **changes: Any) -> Path:
    options = {
        "crs": MARS_DEGREES,
        "transform": Affine(1e-4, 0.0, 77.0, 0.0, -1e-4, 18.0),
        "height": heights.shape[-2],
        "width": heights.shape[-1],
        "count": 1 if heights.ndim == 2 else len(heights),
        "dtype": heights.dtype,
    } | changes
    with rasterio.open(path, "w", driver="GTiff", **options) as dataset:
        dataset.write(heights if heights.ndim == 3 else heights[None])
    return path


@pytest.mark.parametrize("waypoint", WAYPOINTS, ids=lambda waypoint: waypoint[0])
def test_the_ground_is_as_high_as_the_rovers_waypoints_say(waypoint: tuple[str, float, float, float]) -> None:
    _, longitude_deg, latitude_deg, elevation_m = waypoint
    dem = read_dem(JEZERO, longitude_deg=longitude_deg, latitude_deg=latitude_deg)
    height = dem.height_at(*dem.position(longitude_deg, latitude_deg))
    # the two differ by 0.03 m (one standard deviation) over all 37 waypoints on this map
    assert height == pytest.approx(elevation_m, abs=0.03)


def test_a_projected_map_is_as_good_as_one_in_degrees() -> None:
    # Curiosity's waypoint of sol 1051: lon_dd, lat_dd, elev_m
    dem = read_dem(GALE, longitude_deg=137.37024, latitude_deg=-4.667984, range_m=50.0)
    height = dem.height_at(*dem.position(137.37024, -4.667984))
    assert height == pytest.approx(-4446.783203, abs=0.1)  # the place is printed to 6 decimals, 0.06 m
    assert dem.metres_per_line == pytest.approx(1.0, rel=1e-6)
    assert dem.metres_per_sample == pytest.approx(np.cos(np.radians(4.667984)), rel=1e-6)
    assert dem.radius_m == 3396190.0


def test_a_window_around_a_stop_holds_the_same_heights_at_the_same_places() -> None:
    whole = read_dem(GALE)
    part = read_dem(GALE, longitude_deg=137.37024, latitude_deg=-4.667984, range_m=40.0)
    assert part.shape < whole.shape
    corner = whole.position(*part.places(np.array([[0.0, 0.0]]))[0])
    line, sample = (round(number) for number in corner)
    assert corner == pytest.approx((line, sample), abs=1e-6)
    lines, samples = part.shape
    np.testing.assert_array_equal(part.heights, whole.heights[line : line + lines, sample : sample + samples])
    stop = part.position(137.37024, -4.667984)
    # 40 m to each side
    assert 40.0 <= stop[0] <= lines - 1 - 40.0
    assert 40.0 / part.metres_per_sample <= stop[1] <= samples - 1 - 40.0 / part.metres_per_sample


def test_nodata_declared_or_not_is_a_mask(tmp_path: Path) -> None:
    heights = np.full((4, 5), 7.0, dtype=np.float32)
    heights[0, 0], heights[1, 1], heights[2, 2] = -32767.0, np.nan, -3.4028227e38
    dem = read_dem(write(tmp_path / "dem.tif", heights, nodata=-32767.0))
    expected = np.ones((4, 5), dtype=np.bool_)
    expected[[0, 1, 2], [0, 1, 2]] = False
    np.testing.assert_array_equal(dem.mask, expected)
    assert np.all(dem.heights[~expected] == 0.0)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", np.full((3, 3), 40, dtype=np.int16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.25,), (-1000.0,)
    assert read_dem(path).heights[1, 1] == -990.0


def test_a_height_beside_a_hole_is_not_known(tmp_path: Path) -> None:
    heights = np.arange(12, dtype=np.float32).reshape(3, 4)
    heights[0, 0] = np.nan
    dem = read_dem(write(tmp_path / "dem.tif", heights))
    assert np.isnan(dem.height_at(0.5, 0.5))
    assert dem.height_at(1.0, 1.0) == 5.0
    assert dem.height_at(1.5, 1.25) == 7.25
    assert np.isnan(dem.height_at(2.1, 1.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crs": None}, "has no coordinate system: set one with gdal_edit"),
        ({"transform": Affine(1e-4, 0.0, 77.0, 0.0, 1e-4, 18.0)}, "mirrored or not at right angles"),
        ({"transform": Affine(1e-4, 5e-5, 77.0, 0.0, -1e-4, 18.0)}, "mirrored or not at right angles"),
    ],
)
def test_a_raster_that_lies_wrong_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "dem.tif", np.zeros((4, 4), dtype=np.float32), **changes)
    with pytest.raises(InputError, match=message) as error:
        read_dem(path)
    assert "dem.tif" in str(error.value)


def test_a_rotated_raster_knows_its_north(tmp_path: Path) -> None:
    turned = Affine.translation(77.0, 0.0) @ Affine.rotation(30.0) @ Affine.scale(1e-4, -1e-4)
    dem = read_dem(write(tmp_path / "dem.tif", np.zeros((4, 4), dtype=np.float32), transform=turned))
    # turned counter-clockwise by 30 degrees on the equator, where degrees are square
    assert np.degrees(dem.up_azimuth) == pytest.approx(-30.0, abs=1e-3)


def test_a_picture_is_no_elevation_model(tmp_path: Path) -> None:
    path = write(tmp_path / "picture.tif", np.zeros((3, 4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match=r"picture\.tif: has 3 bands of uint8"):
        read_dem(path)


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    path.write_text("heights")
    with pytest.raises(InputError, match=r"dem\.tif: cannot be read as an elevation model"):
        read_dem(path)
    with pytest.raises(InputError, match=r"none\.tif"):
        read_dem(tmp_path / "none.tif")


def test_a_stop_off_the_map_is_refused() -> None:
    with pytest.raises(InputError, match="does not hold longitude 137"):
        read_dem(JEZERO, longitude_deg=137.37, latitude_deg=-4.67)


def test_a_raster_huge_by_its_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=100000,
        height=100000,
        count=1,
        dtype="float32",
        crs=MARS_DEGREES,
        transform=Affine(1e-5, 0.0, 77.0, 0.0, -1e-5, 18.0),
        tiled=True,
        sparse_ok=True,
        bigtiff="YES",
    ):
        pass
    with pytest.raises(InputError, match="10000 million cells in range"):
        read_dem(path)
    near = read_dem(path, longitude_deg=77.5, latitude_deg=17.5, range_m=20.0)
    assert max(near.shape) < 100


def test_outlines_follow_cell_edges_and_keep_holes() -> None:
    mask = np.zeros((9, 10), dtype=np.bool_)
    mask[2:7, 3:9] = True
    mask[4, 5] = False
    ((outer, holes),) = outlines(mask)
    assert outer.min(axis=0).tolist() == [1.5, 2.5]
    assert outer.max(axis=0).tolist() == [6.5, 8.5]
    (hole,) = holes
    assert hole.min(axis=0).tolist() == [3.5, 4.5]
    assert hole.max(axis=0).tolist() == [4.5, 5.5]


def test_outlines_leave_small_patches_and_holes_out() -> None:
    mask = np.zeros((20, 20), dtype=np.bool_)
    mask[2:12, 2:12] = True
    mask[5, 5] = False
    mask[15, 15:18] = True
    ((_, holes),) = outlines(mask, least_cells=4)
    assert not holes
    assert len(outlines(mask)) == 2
    assert outlines(np.zeros((5, 5), dtype=np.bool_), 4) == []

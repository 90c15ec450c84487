import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from rasterio.warp import reproject

from hinterland.errors import InputError
from hinterland.products import basemaps
from hinterland.products.basemaps import CostlyReadError, open_base_map, read_ground

LANDING_MAP = Path(__file__).parents[3] / "examples" / "jezero_landing_map" / "Lookdown_Map_aligned.jpg"
CRS = "+proj=eqc +lat_ts=0 +R=3396190 +units=m"
EAST_M, NORTH_M = 7.0, 11.0
DEGREE_M = math.radians(1.0) * 3396190.0


def raster(path: Path, values: NDArray[Any], *, size_m: float = 1.0, **profile: Any) -> Path:
    """Samples (bands, lines, samples), the upper left corner 7 m east of and 11 m north of (0, 0)."""
    bands, lines, samples = values.shape
    options = {
        "driver": "GTiff", "count": bands, "height": lines, "width": samples, "dtype": values.dtype,
        "crs": CRS, "transform": Affine(size_m, 0.0, EAST_M, 0.0, -size_m, NORTH_M),
    } | profile  # fmt: skip
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(values)
    return path


def grid(size_m: float, line_m: float = 0.0, sample_m: float = 0.0) -> Any:
    """A grid in the raster's projection, its corner so far below and right of the raster's."""

    def to_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
        east = EAST_M + sample_m + (points[:, 1] + 0.5) * size_m
        north = NORTH_M - line_m - (points[:, 0] + 0.5) * size_m
        return np.column_stack((east, north)) / DEGREE_M

    return to_degrees


def texture(lines: int, samples: int, bands: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(40, 220, (bands, lines, samples)).astype(np.uint8)


def test_a_picture_with_world_file_and_sidecar_is_a_base_map() -> None:
    base_map = open_base_map(LANDING_MAP)
    assert (base_map.lines, base_map.samples) == (4903, 4900)
    assert base_map.radius_m == 3396190.0
    # 1.5574e-6 by 1.5564e-6 degrees at latitude 18.4448
    assert base_map.coordinates.sample_m(77.451, 18.4448) == pytest.approx(0.08988, abs=1e-5)


def test_a_grid_on_the_raster_s_own_samples_gets_them_unchanged(tmp_path: Path) -> None:
    values = texture(60, 80, bands=3)
    base_map = open_base_map(raster(tmp_path / "base.tif", values))
    image = read_ground(base_map, grid(1.0, 10.0, 20.0), 30, 40)
    assert image is not None
    assert image.mask.all()
    np.testing.assert_array_equal(image.samples, values[:, 10:40, 20:60])


def test_resampling_agrees_with_gdal_s_cubic_within_a_grey_level(tmp_path: Path) -> None:
    smooth = np.kron(texture(20, 20)[0], np.ones((8, 8)))[None].astype(np.uint8)
    path = raster(tmp_path / "base.tif", smooth)
    frame = "+proj=aeqd +lat_0=-0.001 +lon_0=0.001 +R=3396190 +units=m"
    step, count = 0.61, 150
    to_frame = Affine(step, 0.0, -45.0, 0.0, -step, 45.0)
    expected = np.zeros((count, count), dtype=np.float32)
    with rasterio.open(path) as dataset:
        reproject(
            dataset.read(1).astype(np.float32), expected, src_crs=dataset.crs,
            src_transform=dataset.transform, dst_crs=frame, dst_transform=to_frame,
            resampling=Resampling.cubic, dst_nodata=np.nan,
        )  # fmt: skip
    projection = pyproj.Proj(frame)

    def to_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
        east, north = -45.0 + (points[:, 1] + 0.5) * step, 45.0 - (points[:, 0] + 0.5) * step
        return np.column_stack(projection(east, north, inverse=True))

    image = read_ground(open_base_map(path), to_degrees, count, count)
    assert image is not None
    inner = (slice(5, -5), slice(5, -5))
    assert not np.isnan(expected[inner]).any()
    # the lattice may be 1/64 px off where neighbours differ by up to 180 levels: 2.8; rounding adds a half
    assert np.abs(image.samples[0][inner] - np.clip(expected[inner], 0, 255)).max() <= 3.4
    assert np.abs(image.samples[0][inner] - np.clip(expected[inner], 0, 255)).mean() <= 0.3


def test_a_fine_raster_is_averaged_not_picked_from(tmp_path: Path) -> None:
    checkered = (np.indices((400, 400)).sum(axis=0) % 2 * 200).astype(np.uint8)[None]
    base_map = open_base_map(raster(tmp_path / "base.tif", checkered))
    image = read_ground(base_map, grid(10.0, 50.0, 50.0), 20, 20)
    assert image is not None
    np.testing.assert_allclose(image.samples, 100, atol=1)


def test_only_the_window_is_read_and_only_as_finely_as_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_map = open_base_map(raster(tmp_path / "base.tif", texture(900, 1100)))
    read: list[tuple[int, ...]] = []
    original = basemaps._read

    def spy(*args: Any) -> Any:
        reduced, mask = original(*args)
        read.append(reduced.shape)
        return reduced, mask

    monkeypatch.setattr(basemaps, "_read", spy)
    read_ground(base_map, grid(1.0, 100.0, 100.0), 50, 70)
    read_ground(base_map, grid(10.0, 0.0, 0.0), 90, 110)
    assert read[0][1] < 50 + 12
    assert read[0][2] < 70 + 12
    assert read[1] == (1, 90, 110)


def test_where_the_raster_ends_or_has_no_data_nothing_is_claimed(tmp_path: Path) -> None:
    values = texture(40, 40)
    values[:, 10:20, 10:20] = 0
    base_map = open_base_map(raster(tmp_path / "base.tif", values, nodata=0))
    image = read_ground(base_map, grid(1.0, -10.0, -10.0), 60, 60)
    assert image is not None
    expected = np.zeros((60, 60), dtype=bool)
    expected[10:50, 10:50] = True
    expected[20:30, 20:30] = False
    np.testing.assert_array_equal(image.mask, expected)
    assert image.samples[:, image.mask].min() >= 40 - 1  # no dark rim from the samples without data


def test_a_raster_elsewhere_shows_nothing(tmp_path: Path) -> None:
    base_map = open_base_map(raster(tmp_path / "base.tif", texture(40, 40)))
    assert read_ground(base_map, grid(1.0, 500.0, 500.0), 30, 30) is None
    assert read_ground(base_map, grid(1.0, -500.0, 0.0), 30, 30) is None


def test_alpha_is_a_mask_and_no_colour(tmp_path: Path) -> None:
    values = texture(40, 40, bands=4)
    values[3] = 255
    values[3, :, :20] = 0
    path = raster(tmp_path / "base.tif", values, photometric="RGB", alpha="YES")
    image = read_ground(open_base_map(path), grid(1.0), 40, 40)
    assert image is not None
    np.testing.assert_array_equal(image.mask, values[3] == 255)
    np.testing.assert_array_equal(image.samples[:, :, 20:], values[:3, :, 20:])


def test_floats_are_stretched_and_nan_is_no_data(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0.1, 0.3, 200, dtype=np.float32), (50, 1))[None].copy()
    ramp[0, :, :10] = np.nan
    image = read_ground(open_base_map(raster(tmp_path / "base.tif", ramp)), grid(1.0), 50, 200)
    assert image is not None
    assert not image.mask[:, :10].any()
    assert image.mask[:, 10:].all()
    line = image.samples[0, 25, 10:].astype(int)
    assert (np.diff(line) >= 0).all()
    assert (line[0], line[-1]) == (0, 255)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    values = np.zeros((1, 20, 30), dtype=np.uint8)
    values[0, :, 15:] = 7
    path = raster(tmp_path / "base.tif", values)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (10, 20, 30), 7: (200, 100, 50)})
        dataset.colorinterp = [ColorInterp.palette]
    image = read_ground(open_base_map(path), grid(1.0), 20, 30)
    assert image is not None
    assert image.samples[:, 5, 5].tolist() == [10, 20, 30]
    assert image.samples[:, 5, 25].tolist() == [200, 100, 50]


def test_the_raster_s_own_credit_is_told(tmp_path: Path) -> None:
    path = raster(tmp_path / "base.tif", texture(8, 8))
    assert open_base_map(path).credit is None
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_COPYRIGHT=" NASA/JPL ")
    assert open_base_map(path).credit == "NASA/JPL"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"crs": None}, "no coordinate system: set one with gdal_edit.py -a_srs, say IAU_2015:49900"),
        ({"transform": Affine.identity(), "crs": None}, "not georeferenced: put a world file"),
        ({"transform": Affine(1e12, 0.0, 0.0, 0.0, -1e12, 0.0)}, "no sensible size"),
    ],
)
def test_a_raster_that_lies_nowhere_is_refused(tmp_path: Path, profile: dict[str, Any], said: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # rasterio's, when the identity is written
        path = raster(tmp_path / "base.tif", texture(8, 8), **profile)
    with pytest.raises(InputError, match=said) as caught:
        open_base_map(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_raster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_base_map(tmp_path / "nowhere.tif")
    text = tmp_path / "text.tif"
    text.write_text("not a raster")
    with pytest.raises(InputError, match=r"text\.tif: cannot be read as a raster"):
        open_base_map(text)


def test_a_raster_cut_off_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = raster(tmp_path / "base.tif", texture(600, 600))
    with path.open("r+b") as file:
        file.truncate(200_000)
    with pytest.raises(InputError, match=r"base\.tif: cannot be read as a raster"):
        read_ground(open_base_map(path), grid(1.0), 600, 600)


def test_a_huge_raster_without_overviews_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    profile = {
        "driver": "GTiff",
        "count": 1,
        "dtype": "uint8",
        "sparse_ok": True,
        "tiled": True,
        "bigtiff": "YES",
    }
    with rasterio.open(
        path, "w", height=60_000, width=60_000, crs=CRS,
        transform=Affine(0.25, 0.0, 0.0, 0.0, -0.25, 0.0), **profile,
    ):  # fmt: skip
        pass
    base_map = open_base_map(path)
    with pytest.raises(CostlyReadError, match="give it overviews"):
        read_ground(base_map, grid(15.0), 1000, 1000)
    assert read_ground(base_map, grid(0.25), 100, 100) is not None

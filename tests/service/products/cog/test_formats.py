"""What other programs read in files of every kind that the writer makes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio
import rasterio.shutil
from cog_layout import layout_faults
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import ColorInterp, Compression, Interleaving
from rio_cogeo import cog_validate

from hinterland.model.map_grids import MapGrid
from hinterland.products.cog import COMPRESSIONS, RasterWriter, Storage, container

MARS = "+proj=eqc +R=3396190 +units=m"


def raster(bands: int, dtype: str, lines: int = 700, samples: int = 1200) -> NDArray[Any]:
    values = np.random.default_rng(3).normal(0.0, 40.0, (bands, lines, samples)).cumsum(axis=2)
    return values.astype(dtype) if dtype == "float32" else values.astype(np.int64).astype(dtype)


def written(path: Path, samples: NDArray[Any], mask: NDArray[np.bool_] | None = None, **options: Any) -> Path:
    bands, lines, columns = samples.shape
    if mask is None and not options.get("labels"):
        mask = np.ones((lines, columns), np.bool_)
    size = {"lines": lines, "samples": columns, "bands": bands, "dtype": samples.dtype}
    with RasterWriter(path, **size, **options) as writer:
        writer.write(0, 0, samples, mask)
        writer.finish()
    return path


def is_valid(path: Path) -> bool:
    valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
    assert (errors, warnings) == ([], [])
    assert layout_faults(path) == []
    return bool(valid)


@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize(
    ("bands", "dtype"),
    [(1, "uint8"), (3, "uint8"), (4, "uint8"), (1, "uint16"), (2, "int16"), (1, "float32"), (3, "float32")],
)
def test_gdal_reads_the_very_samples_of_every_kind(
    tmp_path: Path, bands: int, dtype: str, compress: str
) -> None:
    samples = raster(bands, dtype)
    path = written(tmp_path / "out.tif", samples, storage=Storage(compress=compress))
    assert is_valid(path)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), samples)
        assert dataset.overviews(1) == [2, 4]
        names = {
            "deflate": Compression.deflate,
            "zstd": Compression.zstd,
            "lzw": Compression.lzw,
            "none": None,
        }
        assert dataset.compression == names[compress]
        assert bands == 1 or dataset.interleaving is Interleaving.pixel
        is_colour = bands == 3 and dtype == "uint8"
        assert (dataset.colorinterp[0] is ColorInterp.red) == is_colour


def test_the_driver_of_gdal_lays_its_blocks_so_too(tmp_path: Path) -> None:
    path = written(
        tmp_path / "ours.tif", raster(3, "uint8"), storage=Storage(compress="none", overviews=False)
    )
    rasterio.shutil.copy(path, tmp_path / "gdal.tif", driver="COG", compress="zstd", blocksize=512)
    assert layout_faults(tmp_path / "gdal.tif") == []


def test_a_byte_at_the_end_of_a_block_is_missed(tmp_path: Path) -> None:
    path = written(tmp_path / "out.tif", raster(1, "uint8"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert layout_faults(path) == [
        "the last bytes of the mask of block (1, 2) of overview None are not repeated"
    ]


@pytest.mark.parametrize("compress", ["deflate", "lzw", "none"])
def test_other_readers_see_the_same_picture(tmp_path: Path, compress: str) -> None:
    samples = raster(3, "uint8")
    path = written(tmp_path / "out.tif", samples, storage=Storage(compress=compress))
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(np.moveaxis(found[..., ::-1], 2, 0), samples)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.moveaxis(np.asarray(image), 2, 0), samples)


@pytest.mark.parametrize("big", [False, True])
def test_a_large_file_is_a_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, big: bool) -> None:
    if big:
        monkeypatch.setattr(container, "LARGEST_CLASSIC", 100_000)  # instead of 4 GiB to write
    samples = raster(1, "uint16")
    mask = samples[0] > np.median(samples)
    path = written(tmp_path / "out.tif", samples, mask, description="large")
    assert path.read_bytes()[:4] == (b"II+\0" if big else b"II*\0")
    assert is_valid(path)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)
        np.testing.assert_array_equal(dataset.read()[:, mask], samples[:, mask])
        assert dataset.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "large"


@pytest.mark.parametrize(
    ("lines", "samples", "overviews"),
    [(1, 1, 0), (1, 513, 1), (512, 512, 0), (513, 2, 1), (3, 4100, 4), (1025, 1030, 2)],
)
def test_rasters_of_any_size_are_whole(tmp_path: Path, lines: int, samples: int, overviews: int) -> None:
    values = raster(1, "float32", lines, samples)
    mask = np.ones((lines, samples), np.bool_)
    mask[-1, -1] = lines * samples == 1
    path = written(tmp_path / "out.tif", values, mask)
    assert is_valid(path)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read()[:, mask], values[:, mask])
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)
        assert len(dataset.overviews(1)) == overviews


def test_a_map_lies_where_its_grid_says(tmp_path: Path) -> None:
    affine = (20.0, 0.0, -5e5, 0.0, -20.0, 1.2e6)
    grid = MapGrid(wkt=rasterio.CRS.from_string(MARS).to_wkt(), affine=affine, lines=700, samples=1200)
    path = written(
        tmp_path / "out.tif", raster(1, "uint8"), grid=grid, nodata=7.0, metadata={"METHOD": "mean"}
    )
    assert is_valid(path)
    with rasterio.open(path) as dataset:
        assert tuple(dataset.transform)[:6] == affine
        assert dataset.crs == rasterio.CRS.from_string(MARS)
        assert dataset.nodata == 7.0
        assert dataset.tags()["METHOD"] == "mean"
        assert dataset.tags()["AREA_OR_POINT"] == "Area"


def test_what_is_not_valid_holds_the_nodata_value_at_every_level(tmp_path: Path) -> None:
    samples = np.full((1, 700, 1200), 50.0, np.float32)
    mask = np.zeros((700, 1200), np.bool_)
    mask[100:200, 300:700] = True
    path = written(tmp_path / "out.tif", samples, mask, nodata=-1.5)
    for options in ({}, {"overview_level": 0}, {"overview_level": 1}):
        with rasterio.open(path, **options) as dataset:
            valid = dataset.dataset_mask() > 0
            values = dataset.read(1)
            assert valid.any()
            assert set(np.unique(values[valid])) == {50.0}
            assert set(np.unique(values[~valid])) == {-1.5}


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", None), ("float32", -9.0), ("int16", -9.0)])
def test_a_plain_file_has_no_mask_beside_its_nodata_value(
    tmp_path: Path, dtype: str, nodata: float | None
) -> None:
    samples = raster(1, dtype)
    mask = samples[0] > np.median(samples)
    path = tmp_path / "out.tif"
    plain = Storage(compress="none", overviews=False)
    size = {"lines": 700, "samples": 1200, "bands": 1, "dtype": dtype, "nodata": nodata, "storage": plain}
    with RasterWriter(path, **size) as writer:
        writer.write(0, 300, samples[:, :, 300:], mask[:, 300:])
        writer.finish()
    mask[:, :300] = False
    with rasterio.open(path) as dataset:
        found = dataset.read(1)
        assert dataset.overviews(1) == []
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)
    np.testing.assert_array_equal(found[mask], samples[0][mask])
    missing = np.nan if nodata is None else nodata
    np.testing.assert_array_equal(found[~mask], np.full_like(found[~mask], missing))


@pytest.mark.parametrize("compress", ["deflate", "none"])
def test_a_mask_is_read_at_every_level_however_the_samples_are_kept(tmp_path: Path, compress: str) -> None:
    samples = raster(2, "uint16")
    mask = np.zeros((700, 1200), np.bool_)
    mask[101:333, 300:901] = True
    path = tmp_path / "out.tif"
    size = {
        "lines": 700,
        "samples": 1200,
        "bands": 2,
        "dtype": "uint16",
        "storage": Storage(compress=compress),
    }
    with RasterWriter(path, **size) as writer:
        writer.write(0, 200, samples[:, :, 200:], mask[:, 200:])  # nothing covers the first samples
        writer.finish()
    assert is_valid(path)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)
        np.testing.assert_array_equal(dataset.read()[:, mask], samples[:, mask])
    half = mask.reshape(350, 2, 600, 2).any(axis=(1, 3))
    with rasterio.open(path, overview_level=0) as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, half)

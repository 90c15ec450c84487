from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from map_rasters import textured, write_raster

from hinterland.errors import InputError
from hinterland.products.georeferenced import inspect_raster
from hinterland.products.georeferenced_reader import MapReader
from hinterland.products.plain_blocks import plain_blocks

PLAIN: dict[str, dict[str, Any]] = {
    "lines": {"blockysize": 1},
    "strips": {"blockysize": 7},
    "one strip": {"blockysize": 300},
    "tiles": {"tiled": True, "blockxsize": 128, "blockysize": 64},
    "BigTIFF": {"blockysize": 1, "bigtiff": "YES"},
    "a single block of a BigTIFF": {"blockysize": 300, "bigtiff": "YES"},
    "three bands": {"interleave": "band", "tiled": True, "blockxsize": 64, "blockysize": 64},
}
ENCODED: dict[str, dict[str, Any]] = {
    "compressed": {"compress": "lzw"},
    "the other byte order": {"endianness": "BIG"},
    "bands side by side": {"interleave": "pixel"},
    "blocks that are not there": {"sparse_ok": True, "tiled": True, "blockxsize": 64, "blockysize": 64},
}
WINDOWS = [(0, 0, 300, 500), (13, 127, 200, 2), (299, 499, 1, 1), (60, 100, 70, 300), (0, 3, 9, 497)]


@pytest.mark.parametrize("layout", PLAIN)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_windows_are_what_gdal_reads(tmp_path: Path, layout: str, dtype: str) -> None:
    picture = textured(300, 500, bands=3 if layout == "three bands" else 1).astype(dtype)
    path = write_raster(tmp_path / "in.tif", picture, **PLAIN[layout])
    with rasterio.open(path) as dataset:
        blocks = plain_blocks(path, dataset)
        assert blocks is not None
        for line, sample, lines, samples in WINDOWS:
            window = rasterio.windows.Window(sample, line, samples, lines)
            found = blocks.read(path, len(picture), (line, sample, lines, samples))
            np.testing.assert_array_equal(found, dataset.read(window=window))
            picked = np.arange(lines)[np.arange(lines) % 5 < 2]
            found = blocks.read(path, len(picture), (line, sample, lines, samples), picked)
            np.testing.assert_array_equal(found, dataset.read(window=window)[:, picked])


@pytest.mark.parametrize("layout", PLAIN)
def test_blocks_lie_where_gdal_says(tmp_path: Path, layout: str) -> None:
    path = write_raster(
        tmp_path / "in.tif", textured(300, 500, bands=3 if layout == "three bands" else 1), **PLAIN[layout]
    )
    with rasterio.open(path) as dataset:
        blocks = plain_blocks(path, dataset)
        assert blocks is not None
        high, wide = blocks.block
        down, across = -(-300 // high), -(-500 // wide)
        places = [
            int(dataset.get_tag_item(f"BLOCK_OFFSET_{j}_{i}", "TIFF", bidx=band))
            for band in dataset.indexes
            for i in range(down)
            for j in range(across)
        ]
    assert places == [blocks.first + blocks.stride * index for index in range(len(places))]


@pytest.mark.parametrize("layout", ENCODED)
def test_what_is_encoded_is_left_to_the_driver(tmp_path: Path, layout: str) -> None:
    picture = textured(300, 500, bands=3)
    if layout == "blocks that are not there":
        picture[:, :200] = 0
    path = write_raster(tmp_path / "in.tif", picture, **ENCODED[layout])
    raster = inspect_raster(path)
    assert raster.plain is None
    with MapReader(1 << 20) as reader:
        np.testing.assert_array_equal(reader.read(raster, (0, 0, 300, 500)).values, picture)


def test_a_file_cut_after_it_was_inspected_is_named(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "in.tif", textured(300, 500))
    raster = inspect_raster(path)
    assert raster.plain is not None
    path.write_bytes(path.read_bytes()[:-1000])
    with MapReader(1 << 20) as reader, pytest.raises(InputError, match=r"in\.tif: cannot be read"):
        reader.read(raster, (0, 0, 300, 500))


def test_a_file_cut_before_is_left_to_the_driver(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "in.tif", textured(300, 500))
    path.write_bytes(path.read_bytes()[:-1000])
    with rasterio.open(path) as dataset:
        assert plain_blocks(path, dataset) is None

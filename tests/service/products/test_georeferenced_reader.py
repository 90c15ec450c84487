from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_rasters import EARTH_TILES, textured, write_raster

from hinterland.errors import InputError
from hinterland.products.georeferenced import inspect_raster
from hinterland.products.georeferenced_reader import MapReader, chunk_shape


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "tiles": {"tiled": True, "blockxsize": 256, "blockysize": 128},
    "one strip": {"blockysize": 1100},
    "compressed": {"compress": "deflate", "tiled": True, "blockxsize": 512, "blockysize": 512},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("window", [(0, 0, 1100, 1300), (500, 700, 13, 600), (1099, 1299, 1, 1)])
def test_windows_are_the_samples_of_the_file(
    tmp_path: Path, layout: str, window: tuple[int, int, int, int]
) -> None:
    picture = textured(1100, 1300, bands=3)
    raster = inspect_raster(write_raster(tmp_path / "in.tif", picture, **LAYOUTS[layout]))
    line, sample, lines, samples = window
    with MapReader(1 << 30) as reader:
        values, mask, _ = reader.read(raster, window)
    assert mask.all()
    np.testing.assert_array_equal(values, picture[:, line : line + lines, sample : sample + samples])


@pytest.mark.parametrize("factor", [2, 4, 16])
def test_reduced_samples_are_means_of_the_valid_ones(tmp_path: Path, factor: int) -> None:
    picture = textured(603, 1001, dtype="int16")
    picture[0, 100:180, 200:300] = -1
    raster = inspect_raster(write_raster(tmp_path / "in.tif", picture, nodata=-1))
    shape = -(-603 // factor), -(-1001 // factor)
    with MapReader(1 << 30) as reader:
        values, mask, _ = reader.read(raster, (0, 0, *shape), factor)
    padded = np.full((shape[0] * factor, shape[1] * factor), -1.0)
    padded[:603, :1001] = picture[0]
    blocks = padded.reshape(shape[0], factor, shape[1], factor).swapaxes(1, 2).reshape(*shape, -1)
    expected = np.ma.masked_equal(blocks, -1.0).mean(axis=-1)
    np.testing.assert_array_equal(mask, ~np.ma.getmaskarray(expected))
    np.testing.assert_allclose(values[0][mask], expected.compressed(), rtol=1e-6)  # float32


def test_each_block_is_read_once_where_the_cache_holds_it(tmp_path: Path) -> None:
    picture = textured(2000, 900)
    raster = inspect_raster(write_raster(tmp_path / "in.tif", picture))
    with MapReader(8 << 20) as reader:
        for line in range(0, 2000, 50):
            for sample in range(0, 900, 300):
                reader.read(raster, (line, sample, 50, 300))
        assert reader.bytes_read == picture.nbytes


def test_a_cache_without_room_reads_again_and_gives_the_same(tmp_path: Path) -> None:
    picture = textured(1200, 1100)
    raster = inspect_raster(write_raster(tmp_path / "in.tif", picture))
    with MapReader(0) as reader:
        for _ in range(2):
            values, _, _ = reader.read(raster, (0, 0, 1200, 1100))
            np.testing.assert_array_equal(values, picture)
        assert reader.bytes_read == 2 * picture.nbytes


def test_many_threads_and_rasters_keep_few_files_open(tmp_path: Path) -> None:
    pictures = [textured(600, 700, seed=seed) for seed in range(20)]
    rasters = [
        inspect_raster(write_raster(tmp_path / f"{i}.tif", one, tiled=True, blockxsize=64, blockysize=64))
        for i, one in enumerate(pictures)
    ]

    def read(turn: int) -> tuple[bool, int]:
        values, _, _ = reader.read(rasters[turn % 20], (turn, 0, 500, 700))
        same = np.array_equal(values, pictures[turn % 20][:, turn : turn + 500])
        return same, open_files()

    before = open_files()
    with MapReader(1 << 20, handles=3) as reader, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, range(60)))
    assert all(same for same, _ in found)
    # three idle, one in each thread's hands, one a thread about to be closed, and those that list
    assert max(count for _, count in found) - before <= 3 + 4 + 4 + 4
    assert open_files() <= before


@pytest.mark.parametrize("block", [(1, 5000), (16, 16), (512, 512), (7, 900)])
@pytest.mark.parametrize("factor", [1, 2, 32])
def test_chunks_are_whole_blocks_or_small(block: tuple[int, int], factor: int) -> None:
    raster = inspect_raster(EARTH_TILES[0])
    grid = raster.grid.part((0, 0, 6000, block[1] if block[0] in {1, 7} else 5000))
    values = {name: getattr(raster, name) for name in type(raster).__slots__}
    high, wide = chunk_shape(type(raster)(**(values | {"grid": grid, "block": block})), factor)
    assert high >= 1
    assert wide >= 1
    assert high * wide * factor * factor <= 4 * max(512 * 512, block[0] * block[1]) * 4


def test_a_cut_file_is_named_when_its_samples_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    path.write_bytes(EARTH_TILES[0].read_bytes()[:-200_000])
    raster = inspect_raster(path)
    with MapReader(1 << 20) as reader, pytest.raises(InputError, match=r"in\.tif: cannot be read"):
        reader.read(raster, (0, 0, *raster.grid.shape))

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Compression, MaskFlags
from rio_cogeo import cog_validate

from hinterland.errors import HinterlandError
from hinterland.products.cog import RasterWriter, WriteError
from hinterland.products.cog import writer as cog_writer
from hinterland.products.cog.assembly import Assembly

LINES, SAMPLES = 1031, 1553


def scene(bands: int, dtype: str) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """A textured scene, brighter than 100 where it is valid, with an oblique edge and a hole."""
    random = np.random.default_rng(7)
    line, sample = np.mgrid[:LINES, :SAMPLES]
    texture = random.integers(100, 250, (bands, LINES, SAMPLES))
    mask = (sample > 40 + 0.3 * line) & ((line - 500) ** 2 + (sample - 900) ** 2 > 100**2)
    return texture.astype(dtype), mask


def write_tiles(
    writer: RasterWriter, samples: NDArray[np.generic], mask: NDArray[np.bool_] | None, size: int
) -> None:
    for line in range(0, samples.shape[1], size):
        for sample in range(0, samples.shape[2], size):
            tile = np.s_[line : line + size, sample : sample + size]
            writer.write(line, sample, samples[:, *tile], None if mask is None else mask[tile])


def written(
    path: Path, samples: NDArray[np.generic], mask: NDArray[np.bool_] | None, size: int = 512, **options: Any
) -> Path:
    bands, lines, columns = samples.shape
    with RasterWriter(
        path,
        lines=lines,
        samples=columns,
        bands=bands,
        dtype=samples.dtype,
        labels=mask is None,
        **options,
    ) as writer:
        write_tiles(writer, samples, mask, size)
        writer.finish()
    return path


def names(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir())


@pytest.mark.parametrize("size", [512, 300])
@pytest.mark.parametrize(("bands", "dtype"), [(1, "uint8"), (3, "uint16"), (1, "float32")])
def test_tiles_of_any_size_become_one_valid_cog(tmp_path: Path, bands: int, dtype: str, size: int) -> None:
    samples, mask = scene(bands, dtype)
    path = written(tmp_path / "out.tif", samples, mask, size)
    valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
    assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(path) as dataset:
        assert dataset.dtypes == (dtype,) * bands
        assert dataset.mask_flag_enums == ([MaskFlags.per_dataset],) * bands
        assert dataset.compression is Compression.deflate
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)
        np.testing.assert_array_equal(dataset.read()[:, mask], samples[:, mask])
    assert names(tmp_path) == ["out.tif"]


def test_what_no_tile_covers_has_no_data(tmp_path: Path) -> None:
    samples, mask = scene(1, "uint16")
    path = tmp_path / "out.tif"
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=1, dtype="uint16") as writer:
        writer.write(512, 1024, samples[:, 512:, 1024:], mask[512:, 1024:])
        writer.finish()
    mask[:512] = False
    mask[:, :1024] = False
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, mask)


def test_overviews_average_valid_samples_only(tmp_path: Path) -> None:
    _, mask = scene(1, "uint16")
    path = written(tmp_path / "out.tif", np.full((1, LINES, SAMPLES), 1000, np.uint16), mask)
    for level in range(2):
        with rasterio.open(path, overview_level=level) as overview:
            valid = overview.dataset_mask() > 0
            assert np.unique(overview.read(1)[valid]).tolist() == [1000]
            # an overview pixel is valid where any of its pixels is: the edge moves by less than one
            assert valid.mean() == pytest.approx(mask.mean(), abs=2.0 / min(overview.shape))


def test_overviews_are_means(tmp_path: Path) -> None:
    samples = scene(1, "uint16")[0][:, :1024, :1536]
    path = written(tmp_path / "out.tif", samples, np.ones((1024, 1536), bool))
    means = samples[0].reshape(512, 2, 768, 2).mean(axis=(1, 3))
    with rasterio.open(path, overview_level=0) as overview:
        np.testing.assert_allclose(overview.read(1), means, rtol=0, atol=0.5)  # rounded to whole DN


def test_overviews_of_labels_are_labels(tmp_path: Path) -> None:
    line, sample = np.mgrid[:LINES, :SAMPLES]
    labels = np.where((line // 7 + sample // 5) % 2, 300, 2)[None].astype(np.uint16)
    labels[:, :200] = 0
    path = written(tmp_path / "sources.tif", labels, None)
    assert cog_validate(path, strict=True, quiet=True)[0]
    with rasterio.open(path) as dataset:
        assert dataset.nodata == 0
        np.testing.assert_array_equal(dataset.read(), labels)
        assert len(dataset.overviews(1)) == 2
    for level in range(2):
        with rasterio.open(path, overview_level=level) as overview:
            assert set(np.unique(overview.read(1))) == {0, 2, 300}


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    samples, mask = scene(1, "uint8")
    path = written(
        tmp_path / "out.tif",
        samples,
        mask,
        description="Panorama, west",
        metadata={"azimuth_left_deg": 225.5},
    )
    with rasterio.open(path) as dataset:
        tags = dataset.tags()
        assert dataset.crs is None
    assert tags["TIFFTAG_IMAGEDESCRIPTION"] == "Panorama, west"
    assert tags["TIFFTAG_SOFTWARE"].startswith("hinterland ")
    assert tags["azimuth_left_deg"] == "225.5"


def test_the_same_tiles_give_the_same_bytes(tmp_path: Path) -> None:
    samples, mask = scene(3, "uint16")
    first, second = (written(tmp_path / name, samples, mask).read_bytes() for name in ("a.tif", "b.tif"))
    assert first == second


def test_several_threads_write_one_raster(tmp_path: Path) -> None:
    samples, mask = scene(1, "uint16")
    path = tmp_path / "out.tif"
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=1, dtype="uint16") as writer:

        def column(first: int) -> None:
            for line in range(0, LINES, 128):
                tile = np.s_[line : line + 128, first : first + 128]
                writer.write(line, first, samples[:, *tile], mask[tile])

        threads = [threading.Thread(target=column, args=(first,)) for first in range(0, SAMPLES, 128)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.finish()
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read()[:, mask], samples[:, mask])


@pytest.mark.parametrize("labels", [False, True])
def test_neither_order_nor_size_of_tiles_nor_threads_change_a_byte(tmp_path: Path, labels: bool) -> None:
    samples, mask = scene(1, "uint16")
    in_order = written(tmp_path / "a.tif", samples, None if labels else mask)
    places = [(line, sample) for line in range(0, LINES, 300) for sample in range(0, SAMPLES, 300)]
    np.random.default_rng(11).shuffle(places)
    size = {"lines": LINES, "samples": SAMPLES, "bands": 1, "dtype": "uint16", "labels": labels}
    with RasterWriter(tmp_path / "b.tif", **size) as writer:

        def share(first: int) -> None:
            for line, sample in places[first::3]:
                tile = np.s_[line : line + 300, sample : sample + 300]
                writer.write(line, sample, samples[:, *tile], None if labels else mask[tile])

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(share, range(3)))
        writer.finish()
    assert (tmp_path / "b.tif").read_bytes() == in_order.read_bytes()


def test_what_waits_on_the_disk_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, mask = scene(3, "uint8")
    in_memory = written(tmp_path / "a.tif", samples, mask, 300).read_bytes()
    for limit in (100_000, 0):
        monkeypatch.setattr(cog_writer, "_BLOCKS_IN_MEMORY", limit)
        monkeypatch.setattr(cog_writer, "_PIECES_IN_MEMORY", limit)
        assert written(tmp_path / "b.tif", samples, mask, 300).read_bytes() == in_memory


@pytest.mark.parametrize("size", [400, 512])
def test_more_samples_than_a_block_has_are_refused(tmp_path: Path, size: int) -> None:
    samples, mask = np.zeros((1, size, size), np.uint8), np.ones((size, size), bool)
    with RasterWriter(tmp_path / "a.tif", lines=512, samples=512, bands=1, dtype="uint8") as writer:
        writer.write(0, 0, samples, mask)
        writer.write(512 - size, 512 - size, samples, mask)
        with pytest.raises(ValueError, match="overlap"):
            writer.finish()
    assert names(tmp_path) == []


def test_nothing_is_left_of_a_raster_that_is_not_finished(tmp_path: Path) -> None:
    samples, mask = scene(1, "uint8")
    with RasterWriter(tmp_path / "a.tif", lines=LINES, samples=SAMPLES, bands=1, dtype="uint8") as writer:
        write_tiles(writer, samples, mask, 512)

    def interrupted() -> None:
        with RasterWriter(tmp_path / "b.tif", lines=LINES, samples=SAMPLES, bands=1, dtype="uint8") as writer:
            write_tiles(writer, samples, mask, 512)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    samples, mask = scene(1, "uint8")
    path = written(tmp_path / "out.tif", samples, mask)
    before = path.read_bytes()
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=1, dtype="uint8") as writer:
        write_tiles(writer, samples, mask, 512)
        assert path.read_bytes() == before


def flip_a_bit(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 16
    path.write_bytes(data)


def shorten(path: Path, size: int) -> None:
    os.truncate(path, size)


def lose_a_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: flip_a_bit(path, 300), id="a bit of the header is wrong"),
        pytest.param(
            lambda path: flip_a_bit(path, path.stat().st_size - 100), id="a bit of a block is wrong"
        ),
        pytest.param(lose_a_page, id="a page is empty"),
        pytest.param(lambda path: shorten(path, path.stat().st_size - 1), id="its last byte is missing"),
        pytest.param(lambda path: shorten(path, path.stat().st_size // 2), id="half of it is missing"),
        pytest.param(lambda path: shorten(path, 0), id="it is empty"),
        pytest.param(lambda path: path.unlink(), id="it is not there"),
    ],
)
def test_a_file_that_does_not_read_back_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    write = Assembly.write

    def write_badly(assembly: Assembly, path: Path, pool: Executor) -> None:
        write(assembly, path, pool)
        damage(path)

    monkeypatch.setattr(Assembly, "write", write_badly)
    samples, mask = scene(1, "uint16")
    with pytest.raises(WriteError, match=r"out\.tif: cannot be written"):
        written(tmp_path / "out.tif", samples, mask)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "sample", "dtype", "shape", "complaint"),
    [
        (-1, 0, "uint16", (1, 8, 8), "sticks out"),
        (0, SAMPLES - 7, "uint16", (1, 8, 8), "sticks out"),
        (LINES - 7, 0, "uint16", (1, 8, 8), "sticks out"),
        (0, 0, "uint8", (1, 8, 8), "does not fit"),
        (0, 0, "uint16", (3, 8, 8), "does not fit"),
    ],
)
def test_a_tile_that_does_not_fit_is_refused(
    tmp_path: Path, line: int, sample: int, dtype: str, shape: tuple[int, int, int], complaint: str
) -> None:
    with (
        RasterWriter(tmp_path / "out.tif", lines=LINES, samples=SAMPLES, bands=1, dtype="uint16") as writer,
        pytest.raises(ValueError, match=complaint),
    ):
        writer.write(line, sample, np.zeros(shape, dtype), np.ones(shape[1:], bool))


def test_a_mask_goes_with_samples_and_not_with_labels(tmp_path: Path) -> None:
    tile, mask = np.zeros((1, 8, 8), np.uint16), np.ones((8, 8), bool)
    for labels, given in ((True, mask), (False, None), (False, mask[:7])):
        with (
            RasterWriter(
                tmp_path / "out.tif", lines=8, samples=8, bands=1, dtype="uint16", labels=labels
            ) as writer,
            pytest.raises(ValueError, match="mask"),
        ):
            writer.write(0, 0, tile, given)


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "out.tif"
    with (
        pytest.raises(HinterlandError, match=r"nowhere/out\.tif: cannot be written: No such file"),
        RasterWriter(path, lines=8, samples=8, bands=1, dtype="uint8"),
    ):
        pass

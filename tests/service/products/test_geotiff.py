from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.products.cog import RasterWriter
from hinterland.products.geotiff import read_outlines, read_pyramid, read_reduced

LINES, SAMPLES = 1031, 1553


def test_a_reduced_read_averages_valid_samples_only(tmp_path: Path) -> None:
    line, sample = np.mgrid[:LINES, :SAMPLES]
    mask = (sample > 40 + 0.3 * line) & ((line - 500) ** 2 + (sample - 900) ** 2 > 100**2)
    samples = np.full((3, LINES, SAMPLES), 1000, np.uint16)
    samples[:, :, SAMPLES // 2 :] = 3000
    path = tmp_path / "out.tif"
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=3, dtype="uint16") as writer:
        writer.write(0, 0, samples, mask)
        writer.finish()
    reduced, valid = read_reduced(path, 100, 150)
    assert reduced.shape == (3, 100, 150)
    assert valid.shape == (100, 150)
    assert reduced[:, valid].min() == 1000
    assert reduced[:, valid].max() == 3000
    expected = mask[5::10, 5::10][:100, :150]
    assert (valid != expected).mean() < 0.03  # the edges, 300 of 15,000 pixels, may move by one


def test_what_is_no_geotiff_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "no.tif").write_bytes(b"II*")
    with pytest.raises(InputError, match=r"no\.tif: cannot be read as a GeoTIFF"):
        read_reduced(tmp_path / "no.tif", 10, 10)


def test_the_pyramid_is_the_raster_and_its_overviews_block_by_block(tmp_path: Path) -> None:
    path = tmp_path / "out.tif"
    samples = np.random.default_rng(3).integers(0, 4096, (2, LINES, SAMPLES)).astype(np.uint16)
    mask = np.ones((LINES, SAMPLES), bool)
    mask[600:, 1100:] = False
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=2, dtype="uint16") as writer:
        writer.write(0, 0, samples, mask)
        writer.finish()
    blocks = list(read_pyramid(path))
    places = [(block.level, block.row, block.column) for block in blocks]
    assert places == [
        *((0, row, column) for row in range(3) for column in range(4)),
        *((1, row, column) for row in range(2) for column in range(2)),
        (2, 0, 0),
    ]
    for level in range(3):
        # GDAL's own way to an overview is the oracle
        shape = -(-LINES // 2**level), -(-SAMPLES // 2**level)
        with rasterio.open(path) as dataset:
            expected = dataset.read(out_shape=(2, *shape))
            valid = dataset.dataset_mask(out_shape=shape) > 0
        found, covered = np.zeros_like(expected), np.zeros_like(valid)
        for block in blocks:
            if block.level == level:
                window = np.s_[block.row * 512 :, block.column * 512 :]
                lines, columns = block.mask.shape
                found[:, *window][:, :lines, :columns] = block.samples
                covered[window][:lines, :columns] = block.mask
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(covered, valid)


def labels_at(path: Path, labels: NDArray[np.uint16]) -> Path:
    lines, samples = labels.shape
    with RasterWriter(path, lines=lines, samples=samples, bands=1, dtype="uint16", labels=True) as writer:
        writer.write(0, 0, labels[None])
        writer.finish()
    return path


def test_outlines_follow_the_labels_and_leave_no_gap(tmp_path: Path) -> None:
    line, sample = np.mgrid[:LINES, :SAMPLES]
    labels = np.where(sample < 400 + 0.37 * line, 7, 300).astype(np.uint16)
    labels[(line - 500) ** 2 + (sample - 1200) ** 2 < 150**2] = 0
    factor, outlines = read_outlines(labels_at(tmp_path / "out.tif", labels), 800)
    assert factor == 2
    assert list(outlines) == [7, 300]
    for label, outline in outlines.items():
        # stairs of at most a pixel and a half are cut on borders of some 2000 pixels
        assert outline.area == pytest.approx((labels == label).sum() / factor**2, rel=0.005)
        assert len(outline.exterior.coords) < 200  # the stairs alone have 380 steps
    left, right = outlines.values()
    assert left.intersection(right).area == pytest.approx(0.0, abs=1e-6)
    common = left.intersection(right).length
    assert common == pytest.approx(np.hypot(LINES, 0.37 * LINES) / factor, rel=0.2)
    assert len(right.interiors) == 1


@pytest.mark.parametrize(
    ("largest", "factor"), [(2000, 1), (SAMPLES, 1), (SAMPLES - 1, 2), (400, 4), (10, 4)]
)
def test_outlines_come_from_the_finest_level_that_is_small_enough(
    tmp_path: Path, largest: int, factor: int
) -> None:
    labels = np.ones((LINES, SAMPLES), np.uint16)
    found, outlines = read_outlines(labels_at(tmp_path / "out.tif", labels), largest)
    assert found == factor
    assert outlines[1].bounds == (0, 0, -(-SAMPLES // factor), -(-LINES // factor))


def test_a_raster_without_labels_has_no_outlines(tmp_path: Path) -> None:
    path = labels_at(tmp_path / "out.tif", np.zeros((40, 50), np.uint16))
    assert read_outlines(path, 100) == (1, {})


@pytest.mark.parametrize(
    "read", [lambda path: next(read_pyramid(path)), lambda path: read_outlines(path, 10)]
)
def test_a_damaged_file_is_refused_by_name_whatever_is_read(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    (tmp_path / "no.tif").write_bytes(b"II*")
    with pytest.raises(InputError, match=r"no\.tif: cannot be read as a GeoTIFF"):
        read(tmp_path / "no.tif")

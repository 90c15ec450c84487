from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from hinterland.products.pictures import picture_shape, read_picture
from hinterland.products.sources import Source, read_source

COLOURS = np.random.default_rng(7).integers(0, 256, (11, 17, 3), dtype=np.uint8)


def written(folder: Path, pixels: NDArray[np.generic], mode: str | None = None) -> Source:
    picture = Picture.fromarray(pixels)
    path = folder / "a.png"
    (picture.convert(mode) if mode else picture).save(path)
    return read_source(path)


def test_colour_has_its_bands_first(tmp_path: Path) -> None:
    source = written(tmp_path, COLOURS)
    assert picture_shape(source) == (11, 17)
    found = read_picture(source)
    assert np.array_equal(found.samples, COLOURS.transpose(2, 0, 1))
    assert found.samples.flags.c_contiguous
    assert found.mask.all()


def test_three_equal_bands_are_one(tmp_path: Path) -> None:
    grey = np.repeat(COLOURS[..., :1], 3, axis=2)
    assert np.array_equal(read_picture(written(tmp_path, grey)).samples, COLOURS[np.newaxis, ..., 0])


def test_black_is_a_sample_like_any_other(tmp_path: Path) -> None:
    framed = COLOURS.copy()
    framed[:2], framed[:, -2:] = 0, 0
    assert read_picture(written(tmp_path, framed)).mask.all()


@pytest.mark.parametrize("bands", [1, 3])
def test_what_is_not_opaque_is_masked(tmp_path: Path, bands: int) -> None:
    alpha = np.full((11, 17, 1), 255, dtype=np.uint8)
    alpha[3, 5], alpha[7, 2] = 0, 128
    found = read_picture(written(tmp_path, np.concatenate([COLOURS[..., :bands], alpha], axis=2)))
    assert found.samples.shape == (bands, 11, 17)
    assert np.argwhere(~found.mask).tolist() == [[3, 5], [7, 2]]


def test_16_bits_are_kept(tmp_path: Path) -> None:
    deep = (COLOURS[..., 0].astype(np.uint16) << 7) + 3
    found = read_picture(written(tmp_path, deep))
    assert found.samples.dtype == np.uint16
    assert np.array_equal(found.samples[0], deep)
    assert found.largest == 65535.0


def test_a_palette_stands_for_its_colours(tmp_path: Path) -> None:
    few = (COLOURS // 128) * 255
    found = read_picture(written(tmp_path, few, "P"))
    assert np.array_equal(found.samples, few.transpose(2, 0, 1))

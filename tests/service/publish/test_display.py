"""Samples as people see them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hinterland.publish.display import NO_DATA, Stretch


def shown_by_itself(samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return Stretch.of(samples, mask).applied(samples, mask)


def test_the_stretch_leaves_out_one_percent_at_each_end() -> None:
    samples = np.arange(10_001, dtype=np.uint16).reshape(1, 73, 137)
    shown = shown_by_itself(samples, np.ones((73, 137), bool)).reshape(-1)
    assert shown[[100, 9900]].tolist() == [0, 255]
    assert shown[[0, 50, 9950, 10_000]].tolist() == [0, 0, 255, 255]
    assert shown[[2550, 5000, 7450]].tolist() == [64, 128, 191]  # 63.75, 127.5 and 191.25


def test_the_stretch_is_one_for_all_bands() -> None:
    bands = [np.linspace(0, most, 400).reshape(20, 20) for most in (100, 200, 200)]
    samples = np.stack(bands).astype(np.float32)
    shown = shown_by_itself(samples, np.ones((20, 20), bool)).astype(int).reshape(3, -1)
    # the 99th percentile of all lies near 196, so the weaker band reaches half the range
    assert shown[0].max() == pytest.approx(255 * 100 / 196, abs=3)
    assert shown[1].max() == 255


def test_samples_without_data_do_not_count() -> None:
    samples = np.full((1, 10, 10), 60_000, np.uint16)
    samples[0, 5:] = np.linspace(100, 200, 50).reshape(5, 10)
    mask = np.zeros((10, 10), bool)
    mask[5:] = True
    shown = shown_by_itself(samples, mask)
    assert np.unique(shown[0, :5]).tolist() == [NO_DATA]
    assert (shown[0, 5:].min(), shown[0, 5:].max()) == (0, 255)


@pytest.mark.parametrize(("valid", "grey"), [(True, 128), (False, NO_DATA)])
def test_a_flat_or_empty_panorama_is_grey(valid: bool, grey: int) -> None:
    shown = shown_by_itself(np.full((3, 4, 5), 777.0, np.float32), np.full((4, 5), valid))
    assert np.unique(shown).tolist() == [grey]


def test_a_part_is_shown_as_in_the_whole() -> None:
    samples = np.random.default_rng(5).integers(0, 4096, (3, 64, 96)).astype(np.uint16)
    mask = np.ones((64, 96), bool)
    stretch = Stretch.of(samples, mask)
    whole = stretch.applied(samples, mask)
    np.testing.assert_array_equal(
        stretch.applied(samples[:, 8:20, 50:], mask[8:20, 50:]), whole[:, 8:20, 50:]
    )


@pytest.mark.parametrize(("bands", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_bands_that_are_not_shown_neither_count_nor_appear(bands: int, mode: str) -> None:
    samples = np.broadcast_to(np.arange(101, dtype=np.uint16).reshape(1, 1, 101), (bands, 2, 101)).copy()
    if mode == "L":
        samples[1:] = 60_000
    else:
        samples[3:] = 60_000
    mask = np.ones((2, 101), bool)
    stretch = Stretch.of(samples, mask)
    assert (stretch.low, stretch.high) == (1.0, 99.0)
    picture = stretch.picture(samples, mask)
    assert (picture.mode, picture.size) == (mode, (101, 2))
    expected = Image.fromarray(
        np.rint(np.clip((samples[0] - 1.0) * 255.0 / 98.0, 0.0, 255.0)).astype(np.uint8)
    )
    assert picture.convert("L").tobytes() == expected.tobytes()

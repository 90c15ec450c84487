import warnings

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.pyramid import (
    DTYPES,
    block_means,
    halve,
    halve_full,
    halve_labels,
    paired_block_means,
)

SHAPES = [(1, 1), (1, 6), (2, 2), (7, 1), (64, 66), (33, 35)]


def raster(dtype: str, shape: tuple[int, int]) -> NDArray[np.generic]:
    values = np.random.default_rng(5).normal(0.0, 1e4, (3, *shape))
    if dtype == "float32":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    samples = np.clip(values, limits.min, limits.max).astype(dtype)
    samples[0, 0, 0], samples[0, -1, -1] = limits.min, limits.max
    return samples


def means(samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """nan where nothing is valid."""
    lines, columns = mask.shape
    values = np.full((len(samples), lines + lines % 2, columns + columns % 2), np.nan)
    values[:, :lines, :columns] = np.where(mask, samples.astype(np.float64), np.nan)
    blocks = values.reshape(len(samples), len(values[0]) // 2, 2, -1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of blocks of nothing
        return np.nanmean(blocks, axis=(2, 4))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [1.0, 0.6, 0.0])
def test_a_half_is_the_mean_of_what_is_valid(dtype: str, shape: tuple[int, int], share: float) -> None:
    samples = raster(dtype, shape)
    mask = np.random.default_rng(6).random(shape) < share
    if dtype == "float32":
        samples = np.where(mask, samples, np.float32(np.nan))
    half, half_mask = halve(samples, mask)
    expected = means(samples, mask)
    assert half.dtype == samples.dtype
    np.testing.assert_array_equal(half_mask, ~np.isnan(expected[0]))
    assert not half[:, ~half_mask].any()
    if dtype == "float32":
        np.testing.assert_allclose(half[:, half_mask], expected[:, half_mask], rtol=1e-7)  # one rounding
    else:
        np.testing.assert_array_equal(half[:, half_mask], np.floor(expected[:, half_mask] + 0.5))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_whole_raster_halves_as_opencv_does_by_area(dtype: str) -> None:
    samples = raster(dtype, (64, 96))
    half, _ = halve(samples, np.ones((64, 96), np.bool_))
    for band, one in zip(samples, half, strict=True):
        expected = cv2.resize(band, (48, 32), interpolation=cv2.INTER_AREA)
        # OpenCV adds floats in another order: a rounding of samples up to 4e4
        np.testing.assert_allclose(one, expected, rtol=0, atol=0.02 if dtype == "float32" else 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_raster_without_a_mask_halves_as_with_a_full_one(dtype: str, shape: tuple[int, int]) -> None:
    samples = raster(dtype, shape)
    half, half_mask = halve(samples, np.ones(shape, np.bool_))
    np.testing.assert_array_equal(halve_full(samples), half)
    assert half_mask.all()


def test_halves_of_pieces_are_pieces_of_the_half() -> None:
    samples = raster("uint16", (33, 50))
    mask = np.random.default_rng(8).random((33, 50)) < 0.7
    whole, whole_mask = halve(samples, mask)
    for line, sample in ((0, 0), (0, 24), (16, 0), (16, 24)):
        part = np.s_[line : line + 16 if line == 0 else 33, sample : sample + 24 if sample == 0 else 50]
        half, half_mask = halve(samples[:, *part], mask[part])
        place = np.s_[line // 2 : line // 2 + half.shape[1], sample // 2 : sample // 2 + half.shape[2]]
        np.testing.assert_array_equal(half, whole[:, *place])
        np.testing.assert_array_equal(half_mask, whole_mask[place])


def test_halves_of_labels_are_labels_of_theirs() -> None:
    labels = np.random.default_rng(9).integers(0, 9, (1, 33, 50)).astype(np.uint16)
    half = halve_labels(labels)
    assert half.shape == (1, 17, 25)
    np.testing.assert_array_equal(half[0], labels[0, ::2, ::2])


@pytest.mark.parametrize(
    ("samples", "mask"),
    [
        (np.zeros((1, 4, 4), np.float64), np.ones((4, 4), np.bool_)),
        (np.zeros((4, 4), np.uint8), np.ones((4, 4), np.bool_)),
        (np.zeros((1, 4, 4), np.uint8), np.ones((4, 5), np.bool_)),
    ],
    ids=["double", "no bands", "another size"],
)
def test_what_is_no_raster_is_refused(samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match="no raster to halve"):
        halve(samples, mask)


def test_what_is_no_raster_is_refused_without_a_mask_too() -> None:
    with pytest.raises(ValueError, match="no raster to halve"):
        halve_full(np.zeros((1, 4, 4), np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("factor", [1, 3, 8])
@pytest.mark.parametrize("share", [1.0, 0.4, 0.0])
def test_block_means_are_those_of_what_is_valid(dtype: str, factor: int, share: float) -> None:
    samples = raster(dtype, (35, 50))
    mask = np.random.default_rng(8).random((35, 50)) < share
    if dtype == "float32":
        samples[:, ~mask] = np.nan
    room = (0, -35 % factor), (0, -50 % factor)
    values = np.pad(np.where(mask, samples.astype(np.float64), 0.0), ((0, 0), *room))
    valid = np.pad(mask, room)
    shape = (len(valid) // factor, factor, -1, factor)
    counts = valid.reshape(shape).sum(axis=(1, 3))
    sums = np.stack([band.reshape(shape).sum(axis=(1, 3)) for band in values])
    means, means_mask = block_means(samples, mask, factor)
    np.testing.assert_array_equal(means_mask, counts > 0)
    # float64 sums of at most 64 samples: the rounding to float32 is all
    np.testing.assert_allclose(means, sums / np.maximum(counts, 1), rtol=1e-6, atol=1e-6)
    assert means.dtype == np.float32


def test_blocks_of_a_mean_may_be_wider_than_high() -> None:
    samples, mask = raster("uint16", (32, 40)), np.random.default_rng(8).random((32, 40)) < 0.4
    found = np.ma.masked_where(~mask, samples[0]).reshape(8, 4, 4, 10).mean(axis=(1, 3))
    means, means_mask = block_means(samples, mask, (4, 10))
    assert means_mask.all()
    np.testing.assert_allclose(means[0], found.filled(0.0), rtol=1e-6)  # float32


def test_means_by_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no means by 0"):
        block_means(raster("uint8", (4, 4)), np.ones((4, 4), np.bool_), 0)


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (16, 12), (23, 30)])
def test_paired_means_and_slopes_are_numpys(size: int, shape: tuple[int, int]) -> None:
    values = np.abs(np.random.default_rng(9).normal(0.0, 1e3, (2, 3, *shape))).astype(np.float32)
    masks = np.random.default_rng(10).random((2, *shape)) < 0.97
    values[0, 1, 0, 0] = 0.0
    m, n = (extent // size for extent in shape)

    def blocked(array: NDArray[np.generic]) -> NDArray[np.generic]:
        whole = array[..., : m * size, : n * size]
        return whole.reshape(*array.shape[:-2], m, size, n, size).swapaxes(-3, -2)

    means, slopes, is_usable = paired_block_means(tuple(values), tuple(masks), size, bright=2500.0)
    exact = values.astype(np.float64)
    steps = [np.gradient(exact, axis=axis) if values.shape[axis] > 1 else 0.0 * exact for axis in (2, 3)]
    # sums of at most 16 float64: their order is all that differs
    np.testing.assert_allclose(means, blocked(exact).mean(axis=(-2, -1)), rtol=1e-12)
    np.testing.assert_allclose(slopes, blocked(np.hypot(*steps)).mean(axis=(-2, -1)), rtol=1e-12)
    usable = ((values > 0) & (values < 2500.0)).all(axis=(0, 1)) & masks.all(axis=0)
    np.testing.assert_array_equal(is_usable, blocked(usable).all(axis=(-2, -1)))


def test_images_that_do_not_lie_on_each_other_share_no_blocks() -> None:
    one, other = raster("float32", (4, 4)), raster("float32", (4, 5))
    with pytest.raises(ValueError, match="share no blocks"):
        paired_block_means((one, other), (np.ones((4, 4), np.bool_), np.ones((4, 5), np.bool_)), 2)

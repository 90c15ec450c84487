from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.feather.average import NOBODY, Average

RANDOM = np.random.default_rng(7)
SHAPE = (2, 9, 11)


def rasters(count: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Values and weights, some of them 0 and those values nan."""
    found = []
    for _ in range(count):
        values = RANDOM.normal(1000.0, 200.0, SHAPE).astype(np.float32)
        weights = np.maximum(RANDOM.random(SHAPE[1:]) * 1.5 - 0.5, 0.0).astype(np.float32)
        values[:, weights == 0.0] = np.nan
        found.append((values, weights))
    return found


def laid(
    average: Average, shown: NDArray[np.float64] | None = None, owners: NDArray[np.int32] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    shown = np.zeros(SHAPE) if shown is None else shown
    owners = np.full(SHAPE[1:], NOBODY, dtype=np.int32) if owners is None else owners
    average.lay_over(shown, owners)
    return shown, owners


def test_values_are_averaged_by_their_weights_and_the_heaviest_owns_them() -> None:
    given = rasters(3)
    average = Average(*SHAPE)
    for index, (values, weights) in enumerate(given):
        average.add(np.pad(values, ((0, 0), (2, 1), (3, 0))), (2, 3), weights, 10 * index)
    shown, owners = laid(average)
    all_weights = np.stack([weights for _, weights in given]).astype(np.float64)
    all_values = np.nan_to_num(np.stack([values for values, _ in given]).astype(np.float64))
    covered = all_weights.sum(axis=0) > 0.0
    expected = (all_values * all_weights[:, None]).sum(axis=0)[:, covered] / all_weights.sum(axis=0)[covered]
    np.testing.assert_allclose(shown[:, covered], expected, rtol=1e-14)  # sums of three in another order
    np.testing.assert_array_equal(owners[covered], 10 * all_weights.argmax(axis=0)[covered])
    assert (owners[~covered] == NOBODY).all()
    assert (shown[:, ~covered] == 0.0).all()


def test_an_average_of_one_is_that_one_to_the_bit() -> None:
    ((values, weights),) = rasters(1)
    average = Average(*SHAPE)
    average.add(values, (0, 0), weights, 0)
    shown, _ = laid(average)
    np.testing.assert_array_equal(shown.astype(np.float32)[:, weights > 0.0], values[:, weights > 0.0])


def test_it_fades_into_what_lies_below_and_owns_what_it_has_half_the_say_in() -> None:
    ((values, weights),) = rasters(1)
    average = Average(*SHAPE)
    average.add(values, (0, 0), weights, 3)
    below = RANDOM.normal(size=SHAPE)
    owners = np.where(RANDOM.random(SHAPE[1:]) < 0.8, 1, NOBODY).astype(np.int32)
    shown, found = laid(average, below.copy(), owners.copy())
    share = np.where(owners == NOBODY, weights > 0.0, weights)
    expected = below + share * (np.nan_to_num(values) - below)
    np.testing.assert_allclose(shown, expected, rtol=1e-12, atol=1e-9)  # weights are float32: 1 - w rounds
    np.testing.assert_array_equal(found, np.where((share >= 0.5) & (weights > 0.0), 3, owners))


def test_what_one_raster_has_alone_is_copied_and_where_it_has_nothing_nothing_changes() -> None:
    ((values, weights),) = rasters(1)
    shown, owners = np.full(SHAPE, 5.0, np.float32), np.full(SHAPE[1:], NOBODY, dtype=np.int32)
    average = Average(*SHAPE)
    average.add(values, (0, 0), weights, 4)
    average.lay_over(shown, owners)
    np.testing.assert_array_equal(shown, np.where(weights > 0.0, values, np.float32(5.0)))
    np.testing.assert_array_equal(owners, np.where(weights > 0.0, 4, NOBODY))


@pytest.mark.parametrize("count", [3, 20])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_rasters_that_stick_out_of_the_tile_are_averaged_on_their_parts_of_it(count: int, dtype: Any) -> None:
    bands, lines, samples = 3, 60, 70
    most = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    total, weight = np.zeros((bands, lines, samples)), np.zeros((lines, samples))
    average = Average(bands, lines, samples)
    for index in range(count):
        size = RANDOM.integers(20, 50, 2)
        top, left = RANDOM.integers(-15, 50, 2)
        values = (RANDOM.random((bands, *size)) * most).astype(dtype)
        weights = RANDOM.random(size).astype(np.float32)
        weights[:3] = 0.0
        average.add(
            values[:, 4:], (-4, 0), weights, index, (top, left)
        )  # what has no weight need not be there
        rows, columns = (
            np.arange(max(first, 0), first + length) for first, length in ((top, size[0]), (left, size[1]))
        )
        rows, columns = rows[rows < min(lines, top + size[0])], columns[columns < samples]
        own = np.ix_(rows - top, columns - left)
        kept = np.where(rows - top >= 4, 1.0, 0.0)[:, None] * weights[own]
        total[:, rows[:, None], columns] += kept * values[:, rows[:, None] - top, columns - left]
        weight[rows[:, None], columns] += kept
    canvas = np.full((bands, lines + 10, samples + 10), 7, dtype)
    average.lay_over(canvas, at=(3, 5))
    found = canvas[:, 3 : 3 + lines, 5 : 5 + samples].astype(np.float64)
    covered = weight > 0.0
    expected = total[:, covered] / weight[covered]
    # whole numbers are rounded, and their sums are float32
    atol = 1e-7 if dtype is np.float32 else 0.5 + 2 * (count + 2) * 2.0**-24 * most
    np.testing.assert_allclose(found[:, covered], expected, rtol=0, atol=atol)
    assert (found[:, ~covered] == 7.0).all()
    canvas[:, 3 : 3 + lines, 5 : 5 + samples] = 7
    assert (canvas == 7).all()


def test_a_raster_of_other_bands_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Average(*SHAPE).add(np.zeros((3, 9, 11), np.float32), (0, 0), np.zeros(SHAPE[1:], np.float32), 0)


def test_what_is_shown_must_be_contiguous() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        Average(*SHAPE).lay_over(np.zeros((*SHAPE[1:], SHAPE[0]), np.float32).transpose(2, 0, 1))

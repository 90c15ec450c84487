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


def test_a_tile_that_sticks_out_of_the_values_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Average(*SHAPE).add(np.zeros(SHAPE, np.float32), (1, 0), np.zeros(SHAPE[1:], np.float32), 0)

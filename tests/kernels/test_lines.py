"""Stretches of lines between memory and lanes, against NumPy."""

from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels._lines import (
    copy,
    has_any,
    load_first,
    load_numbers,
    load_pairs_apart,
    load_terms,
    store,
    store_pairs,
    store_terms,
    to_floats,
    wholes,
)

RANDOM = np.random.default_rng(4)


@numba.njit
def _first(values: NDArray[Any], count: int, out: NDArray[np.float32]) -> None:
    store(out, 0, load_first(values, 2, count), 16)


@numba.njit
def _numbers(values: NDArray[np.int16], count: int, out: NDArray[np.float32]) -> None:
    store(out, 0, to_floats(load_numbers(values, 1, count) + wholes(1)), 16)


@numba.njit
def _any(values: NDArray[np.float32]) -> bool:
    return bool(has_any(load_first(values, 0, 16)))


@numba.njit
def _copied(source: NDArray[Any], target: NDArray[Any]) -> None:
    copy(source, 3, target, 1, 20)


@numba.njit
def _summed(values: NDArray[Any], out: NDArray[Any]) -> None:
    store_terms(out, 1, load_terms(values, 0) + load_terms(values, 5))


@numba.njit
def _whole_pairs(values: NDArray[np.uint16], out: NDArray[np.float32]) -> None:
    even, odd = load_pairs_apart(values, 1)
    store_pairs(out, 0, to_floats(even), to_floats(odd))


@numba.njit
def _swapped(values: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    even, odd = load_pairs_apart(values, 1)
    store_pairs(out, 0, odd, even)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 40])
def test_of_the_end_of_a_line_no_more_than_it_has_is_read(dtype: Any, count: int) -> None:
    values = RANDOM.integers(0, 200, 2 + min(count, 16)).astype(dtype)
    out = np.full(16, 77, np.float32)
    _first(values, count, out)
    expected = np.zeros(16)
    expected[: min(count, 16)] = values[2:]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("count", [3, 16])
def test_whole_numbers_keep_their_sign(count: int) -> None:
    values = RANDOM.integers(-5, 5, 1 + count).astype(np.int16)
    out = np.empty(16, np.float32)
    _numbers(values, count, out)
    np.testing.assert_array_equal(out[:count], values[1:] + 1)
    np.testing.assert_array_equal(out[count:], 1)


def test_any_lane_that_is_not_zero_is_seen() -> None:
    assert not _any(np.zeros(16, np.float32))
    for lane in range(16):
        assert _any(np.where(np.arange(16) == lane, 1e-30, 0.0).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_stretches_are_copied_where_they_belong(dtype: Any) -> None:
    source, target = RANDOM.integers(0, 200, 30).astype(dtype), np.full(30, 9, dtype)
    _copied(source, target)
    np.testing.assert_array_equal(target[1:21], source[3:23])
    assert (np.delete(target, range(1, 21)) == 9).all()


def test_an_array_is_not_copied_into_one_of_another_dtype() -> None:
    with pytest.raises(TypeError, match="uint8 is not copied to float32"):
        _copied(np.zeros(30, np.uint8), np.zeros(30, np.float32))


@pytest.mark.parametrize(("dtype", "of_sums"), [(np.uint8, np.uint16), (np.float32, np.float32)])
def test_sums_of_bytes_are_words(dtype: Any, of_sums: Any) -> None:
    values, out = RANDOM.integers(0, 256, 40).astype(dtype), np.zeros(34, of_sums)
    _summed(values, out)
    size = 64 // out.itemsize
    np.testing.assert_array_equal(out[1 : 1 + size], values[:size].astype(int) + values[5 : 5 + size])


def test_pairs_come_apart_and_together_again() -> None:
    words, out = RANDOM.integers(0, 65536, 33).astype(np.uint16), np.empty(32, np.float32)
    _whole_pairs(words, out)
    np.testing.assert_array_equal(out, words[1:])
    floats = RANDOM.random(33).astype(np.float32)
    _swapped(floats, out)
    np.testing.assert_array_equal(out.reshape(16, 2), floats[1:].reshape(16, 2)[:, ::-1])

"""Sixteen numbers at once against NumPy, with and without the processor's permutation."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels._bytes import (
    bytes_of,
    join,
    join_lines,
    lines_of,
    load_table,
    pick_bytes,
    same_bytes,
    store_line,
    where_bits,
)
from hinterland_kernels._lane_memory import load, store
from hinterland_kernels._lanes import (
    COUNT,
    floats,
    from_step,
    has_permutation,
    held,
    to_floats,
    where_same,
    where_under,
    wholes,
    within,
)
from hinterland_kernels._picks import pick
from hinterland_kernels._tap_pairs import (
    fours,
    greatest,
    least_of_fours,
    load_fours,
    paired,
    pairs,
    rounded,
    weighed,
)
from hinterland_kernels._words import pack, share


@numba.njit
def _picked(table: NDArray[np.float32], start: int, step: int, out: NDArray[np.float32]) -> None:
    store(out, 0, pick(load(table, 0), load(table, 16), from_step(start, step) >> 4), 16)


@numba.njit
def _stored(values: NDArray[np.float32], count: int, out: NDArray[np.uint8]) -> None:
    store(out, 0, load(values, 0), count)


@numba.njit
def _computed(values: NDArray[np.uint16], out: NDArray[np.float32]) -> None:
    step = from_step(-3, 1)
    x = load(values, 1)
    y = (x * x - floats(3.0)) / (x + floats(1.0))
    y = where_same(step, wholes(0), floats(-1.0), y)
    store(out, 0, where_under(step, wholes(9), y, to_floats(step & 3)), 16)


@numba.njit
def _blended(table: NDArray[np.uint8], start: int, step: int, count: int, out: NDArray[np.uint8]) -> None:
    # four lines of sixteen, the last of which is held and asked whether it lies in a range
    a, b = from_step(start, step), from_step(start + 16 * step, step)
    c, d = from_step(start + 32 * step, step), from_step(start, 2 * step)
    index = join(a >> 15, b >> 15, c >> 15, held(d >> 15, 4, 9)) + bytes_of(1)
    found = pick_bytes(load_table(table, 0), index)
    found = where_bits(same_bytes(index, bytes_of(7)), bytes_of(-1), found)
    first, second = lines_of(found, 7)
    first = first + share(second - first, pack(a, b) & 32767)
    found = join_lines(first, second, 7)
    store_line(out[0], 0, found, 0, count)
    store_line(out[1], 0, found, 1, count)
    store_line(out[2], 0, found, 2, count)
    store_line(out[3], 0, found, 3, count)
    store_line(out[4], 0, join(within(a, 40_000, 90_001), a, a, a), 0, count)


@pytest.mark.parametrize("count", [0, 5, 15, 16])
def test_bytes_are_picked_from_two_sixteens_and_blended(count: int) -> None:
    table, out = np.random.default_rng(1).integers(0, 256, 40, np.uint8), np.full((5, 20), 77, np.uint8)
    start, step = 30_000, 20_001
    _blended(table, start, step, count, out)
    place = start + step * np.arange(48).reshape(3, 16)
    last = np.clip((start + 2 * step * np.arange(16)) >> 15, 4, 9)
    index = np.concatenate([place >> 15, last[None]]) + 1
    found = np.where(index == 7, 255, table[index % 32].astype(np.int64))
    product = 128 * (found[2:] - found[:2]) * (place[:2] & 32767)
    found[:2] = (128 * found[:2] + ((product >> 14) + 1 >> 1) + 64) >> 7
    np.testing.assert_array_equal(out[:4, :count], found[:, :count])
    np.testing.assert_array_equal(out[4, :count], ((place[0] >= 40_000) & (place[0] <= 90_000))[:count])
    np.testing.assert_array_equal(out[:, count:], 77)


def test_lanes_pick_from_two_sixteens() -> None:
    table, out = np.random.default_rng(1).random(32, dtype=np.float32), np.empty(16, np.float32)
    _picked(table, 27, 19, out)
    np.testing.assert_array_equal(out, table[(27 + 19 * np.arange(16)) >> 4])


@numba.njit
def _weighed(
    picture: NDArray[np.uint8],
    begins: NDArray[np.float32],
    shares: NDArray[np.float32],
    out: NDArray[np.float32],
) -> int:
    index, weights = rounded(load(begins, 0)), rounded(load(shares, 0))
    least = least_of_fours(index)
    a, b, c, d = fours(least)
    taps = pairs(load_fours(picture, a, b, c, d), index - least)
    store(out, 0, to_floats(weighed(taps, paired(weights, wholes(-7) - weights))), 16)
    return int(greatest(index - least))


def test_pairs_from_two_sixteens_and_more_are_weighed() -> None:
    rng = np.random.default_rng(1)
    picture, out = rng.integers(0, 256, 200, np.uint8), np.empty(16, np.float32)
    index = (np.arange(16) // 4 * 37 + rng.integers(3, 18, 16)).astype(np.int64)
    shares = rng.integers(-16384, 16384, 16)
    most = _weighed(picture, index.astype(np.float32), (shares + 0.25).astype(np.float32), out)
    assert most == (index.reshape(4, 4) - index.reshape(4, 4).min(axis=1, keepdims=True)).max() > 8
    samples = picture.astype(np.int64)
    np.testing.assert_array_equal(out, samples[index] * shares + samples[index + 1] * (-7 - shares))


@pytest.mark.parametrize("features", ["", "+sse4.2,+avx,+avx2"])
def test_without_the_permutation_lanes_pick_the_same(features: str) -> None:
    # a process of its own: Numba reads the processor's features once
    arguments = ["-q", "-p", "no:cacheprovider", "-k", "two_sixteens", __file__]
    code = f"import sys, pytest; sys.path[:0] = {sys.path!r}; sys.exit(pytest.main({arguments!r}))"
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-2000:]


@pytest.mark.parametrize(("features", "expected"), [("", False), ("+avx2", False), ("+avx2,+avx512f", True)])
def test_the_permutation_is_used_where_code_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch, features: str, expected: bool
) -> None:
    monkeypatch.setattr(numba.config, "CPU_FEATURES", features)
    assert has_permutation() == expected


@pytest.mark.parametrize("count", [0, 1, 7, 15, 16])
def test_so_many_lanes_are_stored_rounded_to_even_and_kept_in_range(count: int) -> None:
    values = np.array([-3, 0.5, 1.5, 2.5, 254.5, 255.5, 300, 1e9, 0.49, 7, 8, 9, 10, 11, 12, 13], np.float32)
    out = np.full(COUNT + 4, 77, np.uint8)
    _stored(values, count, out)
    np.testing.assert_array_equal(out[:count], np.clip(np.rint(values), 0, 255)[:count])
    np.testing.assert_array_equal(out[count:], 77)


def test_lanes_compute_as_numpy_does() -> None:
    values, out = np.arange(40, 80, dtype=np.uint16), np.empty(16, np.float32)
    _computed(values, out)
    x, step = values[1:17].astype(np.float32), np.arange(-3, 13)
    y = np.where(step == 0, np.float32(-1.0), (x * x - np.float32(3.0)) / (x + np.float32(1.0)))
    np.testing.assert_array_equal(out, np.where((step >= 0) & (step < 9), y, step & 3))

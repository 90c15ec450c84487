"""What `_lanes` and `_compiled_lines` do, in NumPy: for loops that run uncompiled, beside CUDA's simulator.

Lanes are arrays here. Places are flat indices of contiguous arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._lanes import COUNT

Lanes = Any
"""Array of sixteen numbers, or of 32 words; formulas take them for numbers."""


def _part(array: NDArray[Any], at: int, count: int, size: int) -> Lanes:
    """The first `count` of `size` samples from an index on, and zeros."""
    lanes = np.zeros(size, dtype=array.dtype)
    part = array.reshape(-1)[at : at + min(count, size)]
    lanes[: part.size] = part
    return lanes


def floats(value: Any) -> Lanes:  # noqa: ANN401 - a number of any kind
    """A number in all lanes."""
    return np.full(COUNT, value, dtype=np.float32)


def wholes(value: Any) -> Lanes:  # noqa: ANN401
    """A whole number in all lanes."""
    return np.full(COUNT, value, dtype=np.int32)


def to_floats(lanes: Lanes) -> Lanes:
    """The same numbers as float32."""
    return lanes.astype(np.float32)


def where_less(a: Lanes, b: Lanes, this: Lanes, other: Lanes) -> Lanes:
    """What is a < b gives `this`, what is not `other`."""
    return np.where(a < b, this, other)


def where_same(a: Lanes, b: Lanes, this: Lanes, other: Lanes) -> Lanes:
    """What is a = b gives `this`, what is not `other`."""
    return np.where(a == b, this, other)


def has_any(lanes: Lanes) -> bool:
    """True if any lane is not 0."""
    return bool(lanes.any())


def load(array: NDArray[Any], at: int) -> Lanes:
    """Sixteen samples from an index on, as float32."""
    return load_first(array, at, COUNT)


def load_first(array: NDArray[Any], at: int, count: int) -> Lanes:
    """The first `count` of sixteen samples, as float32, and zeros."""
    return to_floats(_part(array, at, count, COUNT))


def load_numbers(array: NDArray[Any], at: int, count: int) -> Lanes:
    """The first `count` of sixteen whole numbers, and zeros."""
    return _part(array, at, count, COUNT).astype(np.int32)


def load_terms(array: NDArray[Any], at: int) -> Lanes:
    """What is summed: 32 words where samples have 8 bits, else sixteen float32."""
    if array.dtype == np.uint8:
        return _part(array, at, 2 * COUNT, 2 * COUNT).astype(np.uint16)
    return load(array, at)


def load_pairs_apart(array: NDArray[Any], at: int) -> tuple[Lanes, Lanes]:
    """Of 32 numbers the even ones and the odd ones."""
    both = _part(array, at, 2 * COUNT, 2 * COUNT)
    both = both.astype(np.int32) if array.dtype == np.uint16 else both
    return both[::2], both[1::2]


def store(array: NDArray[Any], at: int, lanes: Lanes, count: int) -> None:
    """Put the first `count` lanes; into whole numbers they are rounded, and stay at the end of the range."""
    flat = array.reshape(-1)
    if array.dtype.kind == "u":
        lanes = np.clip(np.rint(lanes), 0, np.iinfo(array.dtype).max)
    flat[at : at + min(count, COUNT)] = lanes[:count]


def store_terms(array: NDArray[Any], at: int, lanes: Lanes) -> None:
    """Put all lanes."""
    array.reshape(-1)[at : at + lanes.size] = lanes


def store_pairs(array: NDArray[Any], at: int, even: Lanes, odd: Lanes) -> None:
    """Put the even ones and, between them, the odd ones."""
    array.reshape(-1)[at : at + 2 * COUNT] = np.stack([even, odd], axis=-1).reshape(-1)


def copy(source: NDArray[Any], at: int, target: NDArray[Any], target_at: int, count: int) -> None:
    """Copy `count` samples of one array to another."""
    target.reshape(-1)[target_at : target_at + count] = source.reshape(-1)[at : at + count]


def prefetch(array: NDArray[Any], at: int) -> None:
    """Nothing: there is no cache to fill."""

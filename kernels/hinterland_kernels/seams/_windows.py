"""Images as windows of the canvas: laid end to end for the loops, and reduced to half size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.seams import _cpu

T = TypeVar("T", bound=np.generic)

MOST_IMAGES = 32767
"""Labels are 16 bits wide."""

MOST_LEVELS = 8
"""Of half size; each doubles a preference, and a pixel's capacities must stay within 32 bits."""

_LARGEST_PREFERENCE = 1024.0
_LARGEST_LENGTH_COST = 1024.0


class ImageWindow(NamedTuple):
    """One image on the canvas: the window of the grid it covers."""

    line: int
    """First canvas line."""
    sample: int
    """First canvas sample; on a canvas that wraps the window may run over its right edge."""
    values: NDArray[np.float32]
    """(bands, lines, samples): what is compared, in units of what usually differs."""
    mask: NDArray[np.bool_]
    """(lines, samples): True where the image may own the pixel."""
    preference: NDArray[np.float32]
    """(lines, samples): what owning the pixel is worth, in the units of the squares of `values`."""


def check_canvas(
    windows: Sequence[ImageWindow], shape: tuple[int, ...], *, wraps: bool, length_cost: float
) -> tuple[int, int]:
    """Refuse what does not fit; returns lines and samples."""
    if len(shape) != 2 or min(shape) < 1:
        message = f"a canvas has lines and samples, got {shape}"
        raise ValueError(message)
    if not 0 < len(windows) <= MOST_IMAGES:
        message = f"seams need 1 to {MOST_IMAGES} images, got {len(windows)}"
        raise ValueError(message)
    if not 0 <= length_cost <= _LARGEST_LENGTH_COST:
        message = f"the length cost must be within 0 .. {_LARGEST_LENGTH_COST}, got {length_cost}"
        raise ValueError(message)
    bands = windows[0].values.shape[0]
    for index, window in enumerate(windows):
        _check(index, window, (shape[0], shape[1]), bands, wraps=wraps)
    return shape[0], shape[1]


def _check(index: int, window: ImageWindow, shape: tuple[int, int], bands: int, *, wraps: bool) -> None:
    """Refuse a window that does not fit."""
    lines, samples = window.mask.shape
    if window.values.shape != (bands, lines, samples) or window.preference.shape != (lines, samples):
        message = (
            f"image {index}: values {window.values.shape} and preference {window.preference.shape} "
            f"do not fit the mask {window.mask.shape} and {bands} bands"
        )
        raise ValueError(message)
    last_sample = shape[1] - 1 if wraps else shape[1] - samples
    inside = 0 <= window.line <= shape[0] - lines and 0 <= window.sample <= last_sample
    if not inside or samples > shape[1]:
        message = (
            f"image {index}: a window of {lines} x {samples} at line {window.line}, sample {window.sample} "
            f"does not fit a canvas of {shape[0]} x {shape[1]}"
        )
        raise ValueError(message)
    finite = np.isfinite(window.values).all(axis=0) & (np.abs(window.preference) <= _LARGEST_PREFERENCE)
    if not finite[window.mask].all():
        message = f"image {index}: a valid value is not finite, or a preference is not within 1024 units"
        raise ValueError(message)


def gather(
    windows: Sequence[ImageWindow], shape: tuple[int, int], length_cost: float, *, wraps: bool
) -> _cpu.Images:
    """Lay the windows end to end."""
    bands = windows[0].values.shape[0]
    sizes = np.array([window.mask.size for window in windows], dtype=np.int64)
    values = np.empty((sizes.sum(), bands), dtype=np.float32)
    preference = np.zeros(sizes.sum(), dtype=np.int32)
    mask = np.concatenate([window.mask.reshape(-1) for window in windows])
    first = np.cumsum(sizes) - sizes
    for begin, size, window in zip(first, sizes, windows, strict=True):
        part = slice(begin, begin + size)
        values[part] = window.values.reshape(bands, -1).T
        np.rint(
            window.preference.reshape(-1) * _cpu.UNIT,
            out=preference[part],
            casting="unsafe",
            where=mask[part],
        )
    return _cpu.Images(
        values=values,
        mask=mask,
        preference=preference,
        first=first,
        windows=np.array([(w.line, w.sample, *w.mask.shape) for w in windows], dtype=np.int64),
        lines=shape[0],
        samples=shape[1],
        length_cost=round(length_cost * _cpu.UNIT),
        wraps=wraps,
    )


def groups_apart(windows: NDArray[np.int64], samples: int, *, wraps: bool) -> list[list[int]]:
    """Share images out to groups whose windows (line, sample, lines, samples) do not even touch each other.

    Each goes to the first group that has room for it, in their order.
    """
    groups: list[list[int]] = []
    for image, window in enumerate(windows):
        for group in groups:
            if not any(_touch(window, windows[other], samples, wraps=wraps) for other in group):
                group.append(image)
                break
        else:
            groups.append([image])
    return groups


def _touch(one: NDArray[np.int64], other: NDArray[np.int64], samples: int, *, wraps: bool) -> bool:
    """True if no pixel lies between two windows; on a canvas that closes also round its seam."""
    if one[0] > other[0] + other[2] or other[0] > one[0] + one[2]:
        return False
    turns = (-samples, 0, samples) if wraps else (0,)
    return any(one[1] <= other[1] + turn + other[3] and other[1] + turn <= one[1] + one[3] for turn in turns)


def blocks(array: NDArray[T]) -> NDArray[T]:
    """The four pixels of each whole 2 x 2 block: (4, ..., lines // 2, samples // 2)."""
    lines, samples = array.shape[-2] // 2 * 2, array.shape[-1] // 2 * 2
    return np.stack([array[..., i:lines:2, j:samples:2] for i in (0, 1) for j in (0, 1)])


def halve(window: ImageWindow, shape: tuple[int, int]) -> ImageWindow:
    """The image on the canvas of half size, valid in the blocks of four pixels that lie wholly in it.

    The pixels of a block become its bands, so that the mismatch of two blocks is the mean of their pixels'.
    """
    goes_round = window.mask.shape[1] == shape[1]
    sample = 0 if goes_round else window.sample
    no_block = shape[1] - 1 - sample  # the last sample of a canvas with an odd number
    in_blocks = shape[0] // 2 * 2 - window.line

    def fit(array: NDArray[T]) -> NDArray[T]:
        """Pad to whole blocks of the canvas; beyond its right edge those of its first samples."""
        if goes_round:
            array = np.roll(array, window.sample, axis=-1)
        if shape[1] % 2 and no_block < array.shape[-1]:
            array = np.delete(array, no_block, axis=-1)
        array = array[..., :in_blocks, :]
        lines, samples = array.shape[-2:]
        top, left = window.line % 2, sample % 2
        margin = ((top, (top + lines) % 2), (left, (left + samples) % 2))
        return blocks(np.pad(array, ((0, 0),) * (array.ndim - 2) + margin))

    values = fit(window.values)
    return ImageWindow(
        line=window.line // 2,
        sample=sample // 2 % (shape[1] // 2),
        values=values.reshape(4 * len(window.values), *values.shape[2:]),
        mask=np.logical_and.reduce(fit(window.mask)),
        # a block has four pixels to prefer, but its edge only two pairs to pay for
        preference=2 * fit(window.preference).mean(axis=0),
    )

"""Images as windows of the canvas: laid end to end for the loops, and reduced to half size."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.seams._images import UNIT, Images, halve, lay

MOST_IMAGES = 32767
"""Labels are 16 bits wide."""

MOST_LEVELS = 8
"""Of half size; each doubles a preference, and a pixel's capacities must stay within 32 bits."""

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


def gather(
    windows: Sequence[ImageWindow],
    shape: tuple[int, int],
    length_cost: float,
    pool: ThreadPoolExecutor,
    *,
    wraps: bool,
) -> Images:
    """Lay the windows end to end; refuses valid values that are not finite and preferences out of range."""
    images = _empty(
        np.array([(w.line, w.sample, *w.mask.shape) for w in windows], dtype=np.int64).reshape(-1, 4),
        windows[0].values.shape[0],
        shape,
        round(length_cost * UNIT),
        wraps=wraps,
    )

    def laid(image: int) -> bool:
        values, mask, preference = windows[image][2:]
        return lay(
            np.ascontiguousarray(values, np.float32),
            np.ascontiguousarray(mask),
            np.ascontiguousarray(preference, np.float32),
            images,
            image,
        )

    for image, fits in enumerate(pool.map(laid, range(len(windows)))):
        if not fits:
            message = f"image {image}: a valid value is not finite, or a preference is not within 1024 units"
            raise ValueError(message)
    return images


def _empty(
    windows: NDArray[np.int64], bands: int, shape: tuple[int, int], length_cost: int, *, wraps: bool
) -> Images:
    """Images on a canvas, of which only the windows are known."""
    sizes = windows[:, 2] * windows[:, 3]
    return Images(
        values=np.empty((sizes.sum(), bands), dtype=np.float32),
        mask=np.empty(sizes.sum(), dtype=np.bool_),
        preference=np.empty(sizes.sum(), dtype=np.int32),
        first=np.cumsum(sizes) - sizes,
        windows=windows,
        lines=shape[0],
        samples=shape[1],
        length_cost=length_cost,
        wraps=wraps,
    )


def halved(images: Images, pool: ThreadPoolExecutor) -> Images:
    """The images on the canvas of half size; a last line or sample that has no other is left out."""
    shape = images.lines // 2, images.samples // 2
    half = _empty(
        np.array(
            [_halved_window(window, (images.lines, images.samples)) for window in images.windows.tolist()]
        ),
        4 * images.values.shape[1],
        shape,
        images.length_cost,
        wraps=images.wraps,
    )
    list(pool.map(functools.partial(_halve_into, images, half), range(len(half.first))))
    return half


def _halve_into(images: Images, half: Images, image: int) -> None:
    halve(images, image, half)


def _halved_window(window: tuple[int, int, int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """The blocks of 2 x 2 pixels of a canvas that a window (line, sample, lines, samples) meets."""
    line, sample, lines, samples = window
    top, bottom = line // 2, min(-(-(line + lines) // 2), shape[0] // 2)
    if samples == shape[1]:
        return top, 0, bottom - top, shape[1] // 2
    end = sample + samples
    if shape[1] % 2 and end >= shape[1]:
        end -= 1  # round the edge of the canvas, samples go on where the last that is in a block ended
    left = sample // 2
    return top, left % (shape[1] // 2), bottom - top, -(-end // 2) - left


def touching_images(windows: NDArray[np.int64], samples: int, *, wraps: bool) -> list[list[int]]:
    """For each image the others whose windows (line, sample, lines, samples) meet or touch its own.

    On a canvas that closes windows may also touch round its seam.
    """
    tops, lefts = windows[:, 0], windows[:, 1]
    bottoms, rights = tops + windows[:, 2], lefts + windows[:, 3]
    found = []
    for image, (top, left, lines, columns) in enumerate(windows):
        are_beside = np.zeros(len(windows), dtype=np.bool_)
        for turn in (-samples, 0, samples) if wraps else (0,):
            are_beside |= (left <= rights + turn) & (lefts + turn <= left + columns)
        touch = are_beside & (top <= bottoms) & (tops <= top + lines)
        touch[image] = False
        found.append(np.flatnonzero(touch).tolist())
    return found


def groups_apart(touching: Sequence[Sequence[int]]) -> list[list[int]]:
    """Share images out to groups of which no two touch each other.

    Each goes to the first group that has room for it, in their order.
    """
    groups: list[list[int]] = []
    for image, others in enumerate(touching):
        not_to_join = set(others)
        for group in groups:
            if not_to_join.isdisjoint(group):
                group.append(image)
                break
        else:
            groups.append([image])
    return groups

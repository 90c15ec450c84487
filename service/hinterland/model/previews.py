"""Frames at reduced resolution on the panorama's reduced grid: what levelling and seams are solved on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Slices = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelPreview:
    """One frame on its window of the reduced grid."""

    frame: int
    """Index into the solution's frames."""
    line: int
    """First line of the window."""
    sample: int
    """First sample; on a grid that closes the window may run beyond the last one."""
    values: NDArray[np.float32]
    """(bands, lines, samples)."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where valid."""


def columns_of(preview: LevelPreview, samples: int) -> slice | NDArray[np.intp]:
    """The columns of a window on a grid of so many samples: a slice, which copies nothing, but over the edge."""
    first, width = preview.sample % samples, preview.mask.shape[1]
    if first + width <= samples:
        return slice(first, first + width)
    return np.arange(first, first + width) % samples


def overlap(first: LevelPreview, second: LevelPreview, turn: int) -> Iterator[tuple[Slices, Slices]]:
    """Yield the common parts of two windows, as slices (lines, samples) into each.

    Parameters
    ----------
    first, second : LevelPreview
        On one grid.
    turn : int
        Samples of a grid that closes: the windows then also meet a turn apart. 0 for one that does not.
    """
    top = max(first.line, second.line)
    bottom = min(first.line + first.mask.shape[0], second.line + second.mask.shape[0])
    if bottom <= top:
        return
    for shift in (-turn, 0, turn) if turn else (0,):
        left = max(first.sample, second.sample + shift)
        right = min(first.sample + first.mask.shape[1], second.sample + shift + second.mask.shape[1])
        if right > left:
            yield (
                (
                    slice(top - first.line, bottom - first.line),
                    slice(left - first.sample, right - first.sample),
                ),
                (
                    slice(top - second.line, bottom - second.line),
                    slice(left - second.sample - shift, right - second.sample - shift),
                ),
            )

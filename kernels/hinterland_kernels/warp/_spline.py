"""Spline coefficients on the CPU, sixteen at once where no hole or edge is in reach.

Both axes are filtered a part of the source at a time: what lies between them stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels._lane_memory import load, store
from hinterland_kernels._lanes import COUNT, floats
from hinterland_kernels.pixel.spline import CENTER, POLE, REACH, spline_coefficient

_WIDE = 512
"""Samples along a part, a multiple of the lanes."""
_WEIGHTS = tuple(CENTER * POLE**k for k in range(REACH + 1))


@loop
def _filter_part(
    source: NDArray[Any],
    mask: NDArray[np.bool_],
    is_whole: bool,
    corner: tuple[int, int],
    down: int,
    right: int,
    out: NDArray[np.float32],
) -> None:
    """Fill a part of the coefficients along an axis; it begins at a corner of the source."""
    lines, samples = source.shape
    top, left = corner
    flat = source.reshape(-1)
    pitch = down * samples + right
    for y in range(out.shape[0]):
        i = top + y
        clear = REACH * down <= i < lines - REACH * down
        for x in range(0, out.shape[1], COUNT):
            j = left + x
            begin, end = j - REACH * right, j + COUNT + REACH * right
            plain = clear and begin >= 0 and end <= samples
            if plain and not is_whole:
                for k in range(-REACH * down, REACH * down + 1):
                    for valid in mask[i + k, begin:end]:
                        plain &= valid
            if not plain:
                for m in range(x, min(x + COUNT, out.shape[1])):
                    here = left + m
                    out[y, m] = (
                        spline_coefficient(source, mask, i, here, down, right) if mask[i, here] else 0.0
                    )
            else:
                at = i * samples + j
                total = floats(_WEIGHTS[0]) * load(flat, at)
                for k in range(1, REACH + 1):
                    pair = load(flat, at - k * pitch) + load(flat, at + k * pitch)
                    total = total + floats(_WEIGHTS[k]) * pair
                store(out[y], x, total, COUNT)


@loop
def filter_spline(
    source: NDArray[Any],
    mask: NDArray[np.bool_],
    is_whole: bool,
    first: int,
    last: int,
    out: NDArray[np.float32],
) -> None:
    """Fill the lines from `first` to before `last` as `_cpu.filter_spline` does along both axes, in float32.

    Parameters
    ----------
    source : (lines, samples)
        Samples.
    mask : (lines, samples)
        True where they are valid.
    is_whole : bool
        True says that all are; False says nothing.
    first, last : int
        Lines to fill.
    out : (lines, samples)
        Coefficients.
    """
    lines, samples = out.shape
    # no coefficient depends on what lies farther away
    top, bottom = max(first - REACH, 0), min(last + REACH, lines)
    for left in range(0, samples, _WIDE):
        wide = min(_WIDE, samples - left)
        between = np.empty((bottom - top, wide), np.float32)
        _filter_part(source, mask, is_whole, (top, left), 0, 1, between)
        here = mask[top:bottom, left : left + wide]
        part = out[first:last, left : left + wide]
        _filter_part(between, here, is_whole, (first - top, 0), 1, 0, part)

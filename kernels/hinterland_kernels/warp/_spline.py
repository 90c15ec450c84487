"""Spline coefficients on the CPU, sixteen at once where no hole or edge is in reach."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels._lanes import COUNT, floats, load, store
from hinterland_kernels.pixel.spline import CENTER, POLE, REACH, spline_coefficient

_WEIGHTS = tuple(CENTER * POLE**k for k in range(REACH + 1))


@loop
def filter_spline(
    source: NDArray[Any],
    mask: NDArray[np.bool_],
    is_whole: bool,
    first: int,
    last: int,
    down: int,
    right: int,
    out: NDArray[np.float32],
) -> None:
    """Fill the lines from `first` to before `last` as `_cpu.filter_spline` does, in float32."""
    lines, samples = out.shape
    flat = source.reshape(-1)
    pitch = down * samples + right
    for i in range(first, last):
        clear = REACH * down <= i < lines - REACH * down
        j = 0
        while j < samples:
            begin, end = j - REACH * right, j + COUNT + REACH * right
            plain = clear and begin >= 0 and end <= samples
            if plain and not is_whole:
                for k in range(-REACH * down, REACH * down + 1):
                    for valid in mask[i + k, begin:end]:
                        plain &= valid
            if not plain:
                for m in range(j, min(j + COUNT, samples)):
                    out[i, m] = spline_coefficient(source, mask, i, m, down, right) if mask[i, m] else 0.0
            else:
                at = i * samples + j
                total = floats(_WEIGHTS[0]) * load(flat, at)
                for k in range(1, REACH + 1):
                    pair = load(flat, at - k * pitch) + load(flat, at + k * pitch)
                    total = total + floats(_WEIGHTS[k]) * pair
                store(out[i], j, total, COUNT)
            j += COUNT

"""The warp's loop on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.flat import Flat, flat_gain
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.sampling import holds, place_taps, sample_point, sample_taps


@loop
def warp(
    source: NDArray[Any],
    mask: NDArray[np.bool_],
    lattice: Any,  # noqa: ANN401 - a Lattice, whose arrays Numba types
    first_line: int,
    first_sample: int,
    kernel: int,
    gain: NDArray[np.float64],
    offset: NDArray[np.float64],
    flat: Flat,
    out: NDArray[np.float32],
    out_mask: NDArray[np.bool_],
) -> None:
    """Fill a window of the grid that starts at (first_line, first_sample); see `warp.warp`."""
    for i in range(out_mask.shape[0]):
        for j in range(out_mask.shape[1]):
            line, sample = lattice_to_source(lattice, first_line + i, first_sample + j)
            inside = holds(mask, line, sample)
            out_mask[i, j] = inside
            if not inside:
                for band in range(source.shape[0]):
                    out[band, i, j] = 0.0
                continue
            down, across = footprint(lattice, first_line + i, first_sample + j)
            bright = flat_gain(flat, line, sample)
            taps = place_taps(mask, line, sample, kernel, down, across)
            # two loops: one would make each pixel prepare for both ways
            if taps.side > 0:
                for band in range(source.shape[0]):
                    out[band, i, j] = gain[band] * bright * sample_taps(source[band], taps) + offset[band]
            else:
                for band in range(source.shape[0]):
                    value = sample_point(source[band], mask, line, sample, kernel, down, across)
                    out[band, i, j] = gain[band] * bright * value + offset[band]

"""The warp's loops on the CPU, pixel by pixel: what the faster loops of `_blocks` are measured by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.spline import spline_coefficient
from hinterland_kernels.warp._pixel import fill_pixel


@loop
def warp(
    source: NDArray[Any],
    taps_source: NDArray[Any],
    mask: NDArray[np.bool_],
    lattice: Any,  # noqa: ANN401 - a Lattice, whose arrays Numba types
    first_line: int,
    first_sample: int,
    kernel: int,
    gain: NDArray[np.float64],
    offset: NDArray[np.float64],
    flat: Flat,
    largest: float,
    out: NDArray[Any],
    out_mask: NDArray[np.bool_],
) -> None:
    """Fill a window of the grid that starts at (first_line, first_sample); see `warp.warp`."""
    for i in range(out_mask.shape[0]):
        for j in range(out_mask.shape[1]):
            point = lattice_to_source(lattice, first_line + i, first_sample + j)
            widen = footprint(lattice, first_line + i, first_sample + j)
            fill_pixel(
                source,
                taps_source,
                mask,
                point,
                widen,
                kernel,
                gain,
                offset,
                flat,
                largest,
                out,
                out_mask,
                i,
                j,
            )


@loop
def filter_spline(
    source: NDArray[Any],
    mask: NDArray[np.bool_],
    down: int,
    right: int,
    out: NDArray[np.float32],
) -> None:
    """Fill `out` with the coefficients of a band along (down, right); 0 where not valid."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = spline_coefficient(source, mask, i, j, down, right) if mask[i, j] else 0.0

"""The warp's loops on a GPU: the twin of `_cpu`."""

from __future__ import annotations

from typing import Any

from numba import cuda

from hinterland_kernels.backend import device_loop
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.spline import spline_coefficient
from hinterland_kernels.warp._pixel import fill_pixel


@device_loop(over="out_mask")
def warp(
    source: Any,  # noqa: ANN401 - device arrays, as in the twin
    taps_source: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    lattice: Any,  # noqa: ANN401
    first_line: int,
    first_sample: int,
    kernel: int,
    gain: Any,  # noqa: ANN401
    offset: Any,  # noqa: ANN401
    flat: Flat,
    largest: float,
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
) -> None:
    """Fill a window of the grid that starts at (first_line, first_sample); see `warp.warp`."""
    j, i = cuda.grid(2)
    if i >= out_mask.shape[0] or j >= out_mask.shape[1]:
        return
    point = lattice_to_source(lattice, first_line + i, first_sample + j)
    widen = footprint(lattice, first_line + i, first_sample + j)
    fill_pixel(
        source, taps_source, mask, point, widen, kernel, gain, offset, flat, largest, out, out_mask, i, j
    )


@device_loop(over="out")
def filter_spline(
    source: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    down: int,
    right: int,
    out: Any,  # noqa: ANN401
) -> None:
    """Fill `out` with the coefficients of a band along (down, right); 0 where not valid."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = spline_coefficient(source, mask, i, j, down, right) if mask[i, j] else 0.0

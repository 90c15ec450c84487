"""The warp's loop on a GPU: the twin of `_cpu`."""

from __future__ import annotations

from typing import Any

from numba import cuda

from hinterland_kernels.backend import device_loop
from hinterland_kernels.pixel.flat import Flat, flat_gain
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.sampling import holds, place_taps, sample_point, sample_taps


@device_loop(over="out_mask")
def warp(
    source: Any,  # noqa: ANN401 - device arrays, as in the twin
    mask: Any,  # noqa: ANN401
    lattice: Any,  # noqa: ANN401
    first_line: int,
    first_sample: int,
    kernel: int,
    gain: Any,  # noqa: ANN401
    offset: Any,  # noqa: ANN401
    flat: Flat,
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
) -> None:
    """Fill a window of the grid that starts at (first_line, first_sample); see `warp.warp`."""
    j, i = cuda.grid(2)
    if i >= out_mask.shape[0] or j >= out_mask.shape[1]:
        return
    line, sample = lattice_to_source(lattice, first_line + i, first_sample + j)
    inside = holds(mask, line, sample)
    out_mask[i, j] = inside
    if not inside:
        for band in range(source.shape[0]):
            out[band, i, j] = 0.0
        return
    down, across = footprint(lattice, first_line + i, first_sample + j)
    bright = flat_gain(flat, line, sample)
    taps = place_taps(mask, line, sample, kernel, down, across)
    if taps.side > 0:
        for band in range(source.shape[0]):
            out[band, i, j] = gain[band] * bright * sample_taps(source[band], taps) + offset[band]
    else:
        for band in range(source.shape[0]):
            value = sample_point(source[band], mask, line, sample, kernel, down, across)
            out[band, i, j] = gain[band] * bright * value + offset[band]

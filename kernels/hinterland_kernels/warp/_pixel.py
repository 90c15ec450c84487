"""One pixel of a warp, whatever is about it: holes, edges, widened kernels, blocks that hold the exact map."""

from __future__ import annotations

from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.flat import Flat, flat_gain
from hinterland_kernels.pixel.sampling import holds, place_taps, sample_point, sample_taps, stored


@pixel_function
def fill_pixel(
    source: Any,  # noqa: ANN401 - host or device arrays
    taps_source: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    point: tuple[float, float],
    widen: tuple[float, float],
    kernel: int,
    gain: Any,  # noqa: ANN401
    offset: Any,  # noqa: ANN401
    flat: Flat,
    largest: float,
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
    i: int,
    j: int,
) -> None:
    """Fill (i, j) of the result from a source point, line and sample; nan is no point."""
    line, sample = point
    inside = holds(mask, line, sample)
    out_mask[i, j] = inside
    if not inside:
        for band in range(source.shape[0]):
            out[band, i, j] = 0
        return
    bright = flat_gain(flat, line, sample)
    taps = place_taps(mask, line, sample, kernel, widen[0], widen[1])
    # two loops: one would make each pixel prepare for both ways
    if taps.side > 0:
        for band in range(source.shape[0]):
            value = gain[band] * bright * sample_taps(taps_source[band], taps) + offset[band]
            out[band, i, j] = stored(value, largest)
    else:
        for band in range(source.shape[0]):
            value = sample_point(source[band], mask, line, sample, kernel, widen[0], widen[1])
            out[band, i, j] = stored(gain[band] * bright * value + offset[band], largest)

"""Weights that rise from the edge of a raster to its middle: for averages without a step where a raster ends.

The distance to the edge has ridges along the diagonals of corners and through every neck, and they show as
creases in shaded relief. So a weight is made from the smooth distance d of Belyaev and others instead: `d**-2` is
the sum of `r**-4` over all that is missing, which no corner breaks. Wide feathers are worked out on blocks of
samples and interpolated by quadratic B-splines, which have no creases either.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.feather._steps import Ends, block_size, missing_shape, steps_of

__all__ = ["NARROWEST_PX", "WIDEST_PX", "Ends", "block_size", "check_width", "feather_weights", "reach"]

NARROWEST_PX = 4
WIDEST_PX = 2048
"""Widths of a feather, in samples."""

_SPLINE = 1
"""Blocks beside its own that a sample is interpolated from."""


def reach(width_px: float) -> int:
    """Samples beyond a tile that change its weights."""
    size = block_size(width_px)
    return (math.ceil(width_px / size) + _SPLINE) * size


def feather_weights(
    mask: NDArray[np.bool_], width_px: float, origin: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Weigh the samples of a raster on a tile: nothing at its edge and at its holes, 1 a width further in.

    Parameters
    ----------
    mask : (l, s) bool
        True where valid, on the tile and what is `reach` around it; where it is less, the grid ends, and the
        raster is taken to go on as it does at that end.
    width_px : float
        Of the feather, samples. The weight from a straight edge is a half after a quarter of it.
    origin : (line, sample)
        Of the tile in the mask; both and those of the mask itself are multiples of `block_size` on the grid.
    shape : (lines, samples)
        Of the tile.

    Returns
    -------
    (lines, samples) float32
        Above 0 where valid, 0 elsewhere, at most 1; the same whatever the tile.

    Raises
    ------
    ValueError
        If the width is not between `NARROWEST_PX` and `WIDEST_PX`, the origin is not on a block, or the tile is
        not on the mask.

    References
    ----------
    Belyaev, Fayolle and Pasko 2013, "Signed Lp-distance fields", Computer-Aided Design 45(2).
    """
    check_width(width_px)
    size = block_size(width_px)
    line, sample = origin
    if line % size or sample % size:
        message = f"a tile begins on a block of {size} samples, got {origin}"
        raise ValueError(message)
    if min(origin) < 0 or line + shape[0] > mask.shape[0] or sample + shape[1] > mask.shape[1]:
        message = f"a tile of {shape} at {origin} does not lie on a mask of {mask.shape}"
        raise ValueError(message)
    from hinterland_kernels.feather import _cpu  # noqa: PLC0415 - loads Numba

    valid = np.ascontiguousarray(mask).view(np.uint8)
    wide, fine = steps_of(width_px)
    missing = np.empty(missing_shape(shape, wide), np.float32)
    weights = np.empty(shape, dtype=np.float32)
    _cpu.fill(valid, origin, missing, wide, fine, weights)
    return weights


def check_width(width_px: float) -> None:
    """Raise a ValueError if a feather cannot be so wide."""
    if not NARROWEST_PX <= width_px <= WIDEST_PX:
        message = f"a feather is {NARROWEST_PX} to {WIDEST_PX} samples wide, got {width_px}"
        raise ValueError(message)

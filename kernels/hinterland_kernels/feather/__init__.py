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

from hinterland_kernels.feather import _cpu

__all__ = ["NARROWEST_PX", "WIDEST_PX", "block_size", "feather_weights", "reach"]

NARROWEST_PX = 4
WIDEST_PX = 2048
"""Widths of a feather, in samples."""

_BLOCKS = 16
"""At least so many blocks make up the width, where blocks are larger than a sample."""
_SPLINE = 1
"""Blocks beside its own that a sample is interpolated from."""
_FINE_PX = 8.0
"""Width, on samples, of a second feather within wide ones."""
_HALF = 0.25
"""Share of the width at which the weight from a straight edge is a half."""
_OWN = 32.0
"""What a block has to say that is missing itself in part: about the sum of `r**-4` over its own area, an eighth of
a block left out."""


def block_size(width_px: float) -> int:
    """Samples along one block, a power of two: tiles must begin on multiples of it."""
    return 1 << max(0, math.floor(math.log2(width_px / _BLOCKS)))


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
        If the width is not between `NARROWEST_PX` and `WIDEST_PX`, or the origin is not on a block.

    References
    ----------
    Belyaev, Fayolle and Pasko 2013, "Signed Lp-distance fields", Computer-Aided Design 45(2).
    """
    if not NARROWEST_PX <= width_px <= WIDEST_PX:
        message = f"a feather is {NARROWEST_PX} to {WIDEST_PX} samples wide, got {width_px}"
        raise ValueError(message)
    size = block_size(width_px)
    line, sample = origin
    if line % size or sample % size:
        message = f"a tile begins on a block of {size} samples, got {origin}"
        raise ValueError(message)
    if mask.all():
        return np.ones(shape, dtype=np.float32)
    weights = np.ones(shape, dtype=np.float32)
    mask = np.ascontiguousarray(mask)
    _weigh(mask, width_px, origin, weights)
    if size > 1:  # blocks pass over gaps of few samples
        _weigh(mask, _FINE_PX, origin, weights)
    return weights


def _weigh(
    mask: NDArray[np.bool_], width_px: float, origin: tuple[int, int], weights: NDArray[np.float32]
) -> None:
    """Multiply by the weights of one width; see `feather_weights`."""
    size, around = block_size(width_px), reach(width_px)
    line, sample = origin
    lines, samples = weights.shape
    missing = np.empty([-(-extent // size) + 2 * around // size for extent in weights.shape], np.float32)
    _cpu.share_missing(mask, line - around, sample - around, size, missing)
    width = width_px / size
    rises = np.empty([extent - 2 * (around // size - _SPLINE) for extent in missing.shape])
    _cpu.rise(missing, _kernel(width), width * _HALF, rises)
    inner = mask[line : line + lines, sample : sample + samples]
    _cpu.spread(rises, _splines(size), inner, weights)


def _kernel(width: float) -> NDArray[np.float64]:
    """`r**-4` out to the width, where it is 0, scaled so that a half plane d away sums to `d**-2`."""
    radius = math.ceil(width)
    axis = np.arange(-radius, radius + 1.0)
    squares = axis[:, None] ** 2 + axis[None, :] ** 2
    squares[radius, radius] = math.inf
    kernel = np.maximum(squares**-2 - width**-4.0, 0.0)
    kernel[radius, radius] = _OWN
    return np.asarray(kernel * (4.0 / math.pi))


def _splines(size: int) -> NDArray[np.float64]:
    """Quadratic B-spline weights (size, 3) of the block before, the block itself and the next for each sample."""
    off = (np.arange(size) + 0.5) / size - 0.5
    return np.stack([0.5 * (0.5 - off) ** 2, 0.75 - off**2, 0.5 * (0.5 + off) ** 2], axis=-1)

"""Weights that rise from the edge of a raster to its middle: for averages without a step where a raster ends.

The distance to the edge has ridges along the diagonals of corners and through every neck, and they show as
creases in shaded relief. So a weight is made from the smooth distance d of Belyaev and others instead: `d**-2` is
the sum of `r**-4` over all that is missing, which no corner breaks. Wide feathers are worked out on blocks of
samples and interpolated by quadratic B-splines, which have no creases either.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

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
        If the width is not between `NARROWEST_PX` and `WIDEST_PX`, the origin is not on a block, or the tile is
        not on the mask.

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
    if min(origin) < 0 or line + shape[0] > mask.shape[0] or sample + shape[1] > mask.shape[1]:
        message = f"a tile of {shape} at {origin} does not lie on a mask of {mask.shape}"
        raise ValueError(message)
    from hinterland_kernels.feather import _cpu  # noqa: PLC0415 - loads Numba

    mask = np.ascontiguousarray(mask)
    weights = np.empty(shape, dtype=np.float32)
    _cpu.show_valid(mask, line, sample, weights)
    # blocks pass over gaps of few samples
    for width in (width_px, _FINE_PX) if size > 1 else (width_px,):
        block = block_size(width)
        kernel = _kernel(width / block)
        _cpu.weigh(mask, line, sample, block, kernel, width / block * _HALF, _splines(block), weights)
    return weights


@functools.cache
def _kernel(width: float) -> NDArray[np.float32]:
    """`r**-4` out to the width, where it is 0, scaled so that a half plane d away sums to `d**-2`.

    Columns of 0 fill it up to a multiple of four.
    """
    radius = math.ceil(width)
    axis = np.arange(-radius, radius + 1.0)
    squares = axis[:, None] ** 2 + axis[None, :] ** 2
    squares[radius, radius] = math.inf
    kernel = np.maximum(squares**-2 - width**-4.0, 0.0)
    kernel[radius, radius] = _OWN
    kernel = np.pad(kernel * (4.0 / math.pi), ((0, 0), (0, -kernel.shape[1] % 4)))
    return kernel.astype(np.float32)


@functools.cache
def _splines(size: int) -> NDArray[np.float32]:
    """Quadratic B-spline weights of the block before, the block itself and the next: (3, size + 16), in turns."""
    from hinterland_kernels._lines import COUNT  # noqa: PLC0415 - loads Numba

    off = (np.arange(size + COUNT) % size + 0.5) / size - 0.5
    return np.stack([0.5 * (0.5 - off) ** 2, 0.75 - off**2, 0.5 * (0.5 + off) ** 2]).astype(np.float32)

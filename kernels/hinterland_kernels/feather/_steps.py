"""The steps in which weights are worked out: a wide feather on blocks, and a fine one on samples within it."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCKS = 16
"""At least so many blocks make up the width, where blocks are larger than a sample."""
_FINE_PX = 8.0
"""Width, on samples, of a second feather within wide ones."""
_HALF = 0.25
"""Share of the width at which the weight from a straight edge is a half."""
_OWN = 32.0
"""What a block has to say that is missing itself in part: about the sum of `r**-4` over its own area, an eighth of
a block left out."""

Ends = tuple[bool, bool, bool, bool]
"""Of a raster: whether it goes on beyond its first line, its first sample, its last line, its last sample."""

NONE, SOME, ALL, DEEP = range(4)
"""What of a part of a raster is valid; deep is all of it, and all within reach of it."""


class Feather(NamedTuple):
    """How weights rise over a width."""

    size: int
    """Samples along a block, a power of two."""
    kernel: NDArray[np.float32]
    """(2 r + 1, >= 2 r + 1): what a missing block adds to the closeness of those about it, with columns of 0 to a
    multiple of four."""
    half: float
    """Distance, in blocks, at which the weight is a half."""
    splines: NDArray[np.float32]
    """(3, size + 16): weights of the block before, its own and the next, from the first sample of a block on."""


def block_size(width_px: float) -> int:
    """Samples along one block, a power of two: tiles must begin on multiples of it."""
    return 1 << max(0, math.floor(math.log2(width_px / _BLOCKS)))


@functools.cache
def steps_of(width_px: float) -> tuple[Feather, Feather]:
    """The wide feather, on blocks, and the fine one, on samples: blocks pass over gaps of few samples."""
    return _feather(width_px), _feather(_FINE_PX)


def _feather(width_px: float) -> Feather:
    size = block_size(width_px)
    width = width_px / size
    return Feather(size, _kernel(width), width * _HALF, _splines(size))


def radius_of(feather: Feather) -> int:
    """Blocks around a part of a raster that change its weights, one of them for the splines."""
    return len(feather.kernel) // 2 + 1


def missing_shape(shape: tuple[int, int], feather: Feather) -> tuple[int, int]:
    """Blocks down and across a tile of (lines, samples) and what is around it, of a wide feather."""
    from hinterland_kernels._lines import COUNT  # noqa: PLC0415 - loads Numba

    down, across = (-(-length // feather.size) for length in shape)
    beside = 2 - (-feather.kernel.shape[1] // COUNT)  # whole groups are read
    return down + 2 * radius_of(feather), (-(-across // COUNT) + beside) * COUNT


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


def _splines(size: int) -> NDArray[np.float32]:
    """Quadratic B-spline weights of the block before, the block itself and the next: (3, size + 16), in turns."""
    from hinterland_kernels._lines import COUNT  # noqa: PLC0415 - loads Numba

    off = (np.arange(size + COUNT) % size + 0.5) / size - 0.5
    return np.stack([0.5 * (0.5 - off) ** 2, 0.75 - off**2, 0.5 * (0.5 + off) ** 2]).astype(np.float32)

"""The rasters that lie on a tile, as compiled loops are told of them: by addresses, since they are any number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray
from numpy.typing import NDArray

from hinterland_kernels._addresses import pointer_to
from hinterland_kernels._jit import loop
from hinterland_kernels.feather._steps import Ends

(VALUES, MASK, MASK_LINES, LINES, SAMPLES, TOP, LEFT, NUMBER, ENDS) = range(9)
"""Columns of the table, int64: addresses of the values and of the mask, the mask's lines, the values' size, where
they lie on the tile, what stands for the raster, and from there on whether it goes on beyond its four ends."""

COLUMNS = ENDS + 4


@loop
def mask_of(rasters: NDArray[np.int64], k: int, like: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - as below
    """The mask of a raster: (lines, samples) uint8."""
    return carray(pointer_to(like, rasters[k, MASK]), (rasters[k, MASK_LINES], rasters[k, SAMPLES]))


@loop
def ends_of(rasters: NDArray[np.int64], k: int) -> Ends:
    """Where a raster goes on."""
    first, second, third, fourth = rasters[k, ENDS : ENDS + 4]
    return first != 0, second != 0, third != 0, fourth != 0

"""The loop over stacks on the CPU; its public face is in the package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.stack import column_statistic, count_valid


@loop
def stack_statistic(
    values: NDArray[Any],
    masks: NDArray[np.bool_],
    statistic: int,
    out: NDArray[np.float32],
    out_mask: NDArray[np.bool_],
) -> None:
    """Reduce a stack pixel by pixel; see `stack.stack_statistic`."""
    # the numbers of a column lie far apart and are read many times
    column = np.empty(values.shape[0], dtype=np.float64)
    mask = np.empty(values.shape[0], dtype=np.bool_)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(values.shape[0]):
                column[k], mask[k] = values[k, i, j], masks[k, i, j]
            count = count_valid(mask)
            out[i, j] = column_statistic(column, mask, count, statistic)
            out_mask[i, j] = count > 0

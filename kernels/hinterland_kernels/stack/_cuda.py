"""The loop over stacks on a GPU: the twin of `_cpu`."""

from __future__ import annotations

from typing import Any

from numba import cuda

from hinterland_kernels.backend import device_loop
from hinterland_kernels.pixel.stack import column_statistic, count_valid


@device_loop(over="out")
def stack_statistic(
    values: Any,  # noqa: ANN401 - device arrays, as in the twin
    masks: Any,  # noqa: ANN401
    statistic: int,
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
) -> None:
    """Reduce a stack pixel by pixel; see `stack.stack_statistic`."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        # views: threads side by side read neighbours of one line of each raster
        column, mask = values[:, i, j], masks[:, i, j]
        count = count_valid(mask)
        out[i, j] = column_statistic(column, mask, count, statistic)
        out_mask[i, j] = count > 0

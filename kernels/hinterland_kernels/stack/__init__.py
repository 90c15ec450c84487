"""Stacks of rasters on one grid, reduced to one raster pixel by pixel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from hinterland_kernels.backend import CPU, CUDA_NAME, Backend
from hinterland_kernels.pixel import stack

STATISTICS = {
    "first": stack.FIRST,
    "last": stack.LAST,
    "min": stack.MIN,
    "max": stack.MAX,
    "mean": stack.MEAN,
    "median": stack.MEDIAN,
    "stddev": stack.STDDEV,
    "count": stack.COUNT,
    "nmad": stack.NMAD,
}
"""What `stack_statistic` computes."""


def stack_statistic(
    values: Any,  # noqa: ANN401 - an array of the backend
    masks: Any,  # noqa: ANN401
    statistic: str,
    *,
    backend: Backend = CPU,
) -> tuple[Any, Any]:
    """Reduce a stack of rasters sample by sample, from what is valid.

    Parameters
    ----------
    values : (n, lines, samples) of any real dtype
        The stack, in the order of priority, an array of the backend.
    masks : (n, lines, samples) bool
        True where valid.
    statistic : str
        One of `STATISTICS`. `stddev` is that of the population; `nmad` is 1.4826 times the median absolute
        deviation from the median, the robust kin of `stddev`; the median of an even number is the mean of the
        two in the middle.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    values : (lines, samples) float32
        Computed in float64; 0 where not valid.
    mask : (lines, samples) bool
        True where at least one raster is valid.

    Raises
    ------
    ValueError
        If shapes do not agree, the stack is empty, or the statistic has another name.

    Notes
    -----
    Backends give the same bytes, but for `stddev`: a GPU contracts a product and a sum into one rounding of
    float64, and the result may then round to the next float32.
    """
    if values.ndim != 3 or values.shape != masks.shape or not len(values) or masks.dtype != np.bool_:
        message = f"a stack is (n, lines, samples) with bool masks, got {values.shape} and {masks.shape}"
        raise ValueError(message)
    if statistic not in STATISTICS:
        message = f"a statistic is one of {', '.join(STATISTICS)}, got {statistic!r}"
        raise ValueError(message)
    out = backend.xp.empty(values.shape[1:], dtype=np.float32)
    out_mask = backend.xp.empty(values.shape[1:], dtype=np.bool_)
    _loops(backend).stack_statistic(values, masks, STATISTICS[statistic], out, out_mask)
    return out, out_mask


def _loops(backend: Backend) -> ModuleType:
    if backend.name == CUDA_NAME:
        from hinterland_kernels.stack import _cuda  # noqa: PLC0415 - needs numba.cuda

        return _cuda
    from hinterland_kernels.stack import _cpu  # noqa: PLC0415 - the twin

    return _cpu

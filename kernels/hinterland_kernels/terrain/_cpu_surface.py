"""Loops over surfaces and stacks of them on the CPU; their public faces are in the package."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.terrain import horn_gradient


@loop
def gradient(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: float,
    metres_per_sample: NDArray[np.float64],
    north: NDArray[np.float32],
    east: NDArray[np.float32],
) -> None:
    """Fill the rise a metre towards lower lines and higher samples; 0 where not valid."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            north[i, j] = 0.0
            east[i, j] = 0.0
            if mask[i, j]:
                down, across = horn_gradient(heights, mask, i, j)
                north[i, j] = -down / metres_per_line
                east[i, j] = across / metres_per_sample[i]


@loop
def relax(
    heights: NDArray[np.float64],
    known: NDArray[np.bool_],
    lines: NDArray[np.int64],
    samples: NDArray[np.int64],
    line_weight: float,
    sample_weight: float,
    relaxation: float,
    tolerance: float,
    most_sweeps: int,
) -> float:
    """Solve Laplace's equation on listed cells in place, by successive over-relaxation.

    Neighbours that are neither known nor listed carry no weight. Returns the last sweep's largest change.
    """
    change = 0.0
    for _ in range(most_sweeps):
        change = 0.0
        for k in range(lines.shape[0]):
            i, j = lines[k], samples[k]
            total, weights = 0.0, 0.0
            if i > 0 and known[i - 1, j]:
                total, weights = total + line_weight * heights[i - 1, j], weights + line_weight
            if i + 1 < known.shape[0] and known[i + 1, j]:
                total, weights = total + line_weight * heights[i + 1, j], weights + line_weight
            if j > 0 and known[i, j - 1]:
                total, weights = total + sample_weight * heights[i, j - 1], weights + sample_weight
            if j + 1 < known.shape[1] and known[i, j + 1]:
                total, weights = total + sample_weight * heights[i, j + 1], weights + sample_weight
            if weights > 0.0:
                step = relaxation * (total / weights - heights[i, j])
                heights[i, j] += step
                change = max(change, abs(step))
        if change <= tolerance:
            break
    return change


@loop
def stack_statistic(
    values: NDArray[Any],
    masks: NDArray[np.bool_],
    statistic: int,
    out: NDArray[np.float32],
    out_mask: NDArray[np.bool_],
) -> None:
    """Reduce a stack sample by sample; see `terrain.stack_statistic`."""
    count, lines, samples = values.shape
    column = np.empty(count, dtype=np.float64)
    for i in range(lines):
        for j in range(samples):
            valid = 0
            for k in range(count):
                if masks[k, i, j]:
                    column[valid] = values[k, i, j]
                    valid += 1
            out_mask[i, j] = valid > 0
            out[i, j] = reduce_column(column, valid, statistic)


@loop
def reduce_column(column: NDArray[np.float64], valid: int, statistic: int) -> float:
    """One statistic of the first `valid` numbers, in the order of `STATISTICS`; may sort them in place."""
    if statistic == 7:
        return float(valid)
    if valid == 0:
        return 0.0
    if statistic <= 1:
        return float(column[0 if statistic == 0 else valid - 1])
    if statistic in {4, 6}:
        return moment_of(column, valid, deviation=statistic == 6)
    if statistic in {2, 3}:
        return float(column[:valid].min() if statistic == 2 else column[:valid].max())
    middle = median_of(column, valid)
    if statistic == 8:
        for k in range(valid):
            column[k] = abs(column[k] - middle)
        middle = 1.4826 * median_of(column, valid)  # of a normal distribution, its standard deviation
    return middle


@loop
def moment_of(column: NDArray[np.float64], valid: int, deviation: bool) -> float:
    """Mean of the first `valid` numbers, or the standard deviation of the population."""
    mean = column[:valid].sum() / valid
    if not deviation:
        return float(mean)
    spread = 0.0
    for k in range(valid):
        spread += (column[k] - mean) ** 2
    return math.sqrt(spread / valid)


@loop
def median_of(column: NDArray[np.float64], valid: int) -> float:
    """Median of the first `valid` numbers, which are sorted in place; by insertion, as stacks are shallow."""
    for k in range(1, valid):
        value = column[k]
        at = k
        while at > 0 and column[at - 1] > value:
            column[at] = column[at - 1]
            at -= 1
        column[at] = value
    return float(0.5 * (column[(valid - 1) // 2] + column[valid // 2]))

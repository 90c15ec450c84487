"""Loops over surfaces on the CPU; their public faces are in the package."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.terrain import horn_gradient

_RIDGE = 0.01
"""Share of a rim's spread that is added to it: slopes across a narrow rim would be those of its noise."""


@loop
def gradient(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: NDArray[np.float32],
    metres_per_sample: NDArray[np.float32],
    lean: NDArray[np.float32],
    north: NDArray[np.float32],
    east: NDArray[np.float32],
) -> None:
    """Fill the rise a metre at right angles to lines, upwards, and along them; 0 where not valid."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            north[i, j] = 0.0
            east[i, j] = 0.0
            if mask[i, j]:
                down, across = horn_gradient(heights, mask, i, j)
                along = across / metres_per_sample[i, j]
                north[i, j] = (lean[i, j] * along - down) / metres_per_line[i, j]
                east[i, j] = along


@loop
def bridge(
    heights: NDArray[np.float32],
    rim_starts: NDArray[np.int64],
    rim_samples: NDArray[np.int64],
    lines: NDArray[np.int64],
    samples: NDArray[np.int64],
    reach: float,
    aspect: float,
    out: NDArray[np.float32],
) -> None:
    """Fill listed cells from the rim; see `terrain.fill`.

    The rim is listed line by line, line i from `rim_starts[i]` on.
    """
    farthest = reach * reach
    high = math.floor(reach / aspect)
    for k in range(lines.shape[0]):
        weights, height = 0.0, 0.0
        y_mean, x_mean, yy, xx, xy, yh, xh = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(max(0, lines[k] - high), min(out.shape[0] - 1, lines[k] + high) + 1):
            y = (i - lines[k]) * aspect
            for place in range(rim_starts[i], rim_starts[i + 1]):
                x = float(rim_samples[place] - samples[k])
                square = y * y + x * x
                if square < farthest:
                    weight = 1.0 / square - 1.0 / farthest
                    part = weight * heights[i, rim_samples[place]]
                    weights, height = weights + weight, height + part
                    y_mean, x_mean = y_mean + weight * y, x_mean + weight * x
                    yy, xx, xy = yy + weight * y * y, xx + weight * x * x, xy + weight * x * y
                    yh, xh = yh + y * part, xh + x * part
        if weights > 0.0:
            height, y_mean, x_mean = height / weights, y_mean / weights, x_mean / weights
            yy, xx, xy = yy / weights - y_mean**2, xx / weights - x_mean**2, xy / weights - x_mean * y_mean
            yh, xh = yh / weights - y_mean * height, xh / weights - x_mean * height
            # without a slope where the rim is a single cell or, across it, a straight one
            ridge = _RIDGE * (yy + xx) + 1e-12
            yy, xx = yy + ridge, xx + ridge
            determinant = yy * xx - xy * xy
            rise_y, rise_x = (xx * yh - xy * xh) / determinant, (yy * xh - xy * yh) / determinant
            out[lines[k], samples[k]] = height - rise_y * y_mean - rise_x * x_mean

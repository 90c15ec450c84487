"""Loops over the blocks of a lattice: their points, and what kind each is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function

EMPTY = -2
SMOOTH = -1
ROUGH = 0
Points = NDArray[np.float64]


@pixel_function
def cubic_weights(t: float) -> tuple[float, float, float, float]:
    """Weights of the nodes at -1, 0, 1, 2 in the cubic through them, at `t` in [0, 1)."""
    return (
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    )


@loop
def refine(
    coarse: Points,
    is_rough: NDArray[np.bool_],
    down: NDArray[np.int64],
    right: NDArray[np.int64],
    parts: int,
    out: Points,
) -> None:
    """Fill points between coarse nodes by cubics along lines and samples; those of rough cells with nan.

    Parameters
    ----------
    coarse : (p, q, 2)
        Nodes; two of them are a cell's edge, and the first cell begins at the third.
    is_rough : (cells_down, cells_right)
        Cells that no cubic is good enough for.
    down, right : (m,), (n,)
        Places of the points from the first cell's begin, in parts of a node's distance.
    parts : int
        Parts that a node's distance has.
    out : (m, n, 2)
        The points.
    """
    for i in range(out.shape[0]):
        line = down[i] // parts
        a = cubic_weights((down[i] - line * parts) / parts)
        for j in range(out.shape[1]):
            sample = right[j] // parts
            if is_rough[line // 2, sample // 2]:
                out[i, j, 0] = np.nan
                out[i, j, 1] = np.nan
                continue
            b = cubic_weights((right[j] - sample * parts) / parts)
            for axis in range(2):
                total = 0.0
                for k in range(4):
                    row = 0.0
                    for m in range(4):
                        row += b[m] * coarse[line + 1 + k, sample + 1 + m, axis]
                    total += a[k] * row
                out[i, j, axis] = total


@loop
def judge(
    nine: Any,  # noqa: ANN401 - (m, n, 3, 3, 2) float64, of any strides
    shape: tuple[int, int],
    margin: float,
    tolerance: float,
    kinds: NDArray[np.int32],
) -> None:
    """Say of each block whether it is smooth, rough, or off the source.

    Parameters
    ----------
    nine : (m, n, 3, 3, 2)
        Exact map at corners, edge midpoints and centre of each block.
    shape : (int, int)
        Lines and samples of the source.
    margin : float
        How far beyond an edge of the source all nine points of an empty block lie at least, px.
    tolerance : float
        Largest error (px) of a smooth block's bilinear map at its midpoints and centre.
    kinds : (m, n)
        `EMPTY`, `SMOOTH` or `ROUGH`; a block without an image is empty, one in which the map ends is rough.
    """
    for i in range(kinds.shape[0]):
        for j in range(kinds.shape[1]):
            points = nine[i, j]
            worst = 0.0
            ends = 0
            above = below = before = behind = True
            for k in range(3):
                for m in range(3):
                    line, sample = points[k, m, 0], points[k, m, 1]
                    if np.isnan(line):
                        ends += 1
                        continue
                    above &= line < -margin
                    below &= line > shape[0] - 1 + margin
                    before &= sample < -margin
                    behind &= sample > shape[1] - 1 + margin
                    for axis in range(2):
                        top = 0.5 * ((2 - m) * points[0, 0, axis] + m * points[0, 2, axis])
                        bottom = 0.5 * ((2 - m) * points[2, 0, axis] + m * points[2, 2, axis])
                        worst = max(worst, abs(points[k, m, axis] - 0.5 * ((2 - k) * top + k * bottom)))
            is_off = above or below or before or behind
            if ends == 9 or (is_off and ends == 0):
                kinds[i, j] = EMPTY
            else:
                # where the map ends it may bend so that between points off the source there are some on it
                kinds[i, j] = SMOOTH if ends == 0 and worst <= tolerance else ROUGH

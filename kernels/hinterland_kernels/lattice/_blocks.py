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
    across = np.empty((coarse.shape[1], 2))
    weights = np.empty((out.shape[1], 4))
    for j in range(out.shape[1]):
        weights[j] = cubic_weights((right[j] - right[j] // parts * parts) / parts)
    for i in range(out.shape[0]):
        line = down[i] // parts
        a = cubic_weights((down[i] - line * parts) / parts)
        for k in range(across.shape[0]):
            for axis in range(2):
                upper = a[0] * coarse[line + 1, k, axis] + a[1] * coarse[line + 2, k, axis]
                lower = a[2] * coarse[line + 3, k, axis] + a[3] * coarse[line + 4, k, axis]
                across[k, axis] = upper + lower
        for j in range(out.shape[1]):
            sample = right[j] // parts
            if is_rough[line // 2, sample // 2]:
                out[i, j, 0] = np.nan
                out[i, j, 1] = np.nan
                continue
            for axis in range(2):
                left = weights[j, 0] * across[sample + 1, axis] + weights[j, 1] * across[sample + 2, axis]
                end = weights[j, 2] * across[sample + 3, axis] + weights[j, 3] * across[sample + 4, axis]
                out[i, j, axis] = left + end


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
            worst = 0.0
            ends = 0
            least = (np.inf, np.inf)
            greatest = (-np.inf, -np.inf)
            for k in range(3):
                for m in range(3):
                    line, sample = nine[i, j, k, m, 0], nine[i, j, k, m, 1]
                    if np.isnan(line):
                        ends += 1
                        continue
                    least = (min(least[0], line), min(least[1], sample))
                    greatest = (max(greatest[0], line), max(greatest[1], sample))
            for axis in range(2):
                a, b = nine[i, j, 0, 0, axis], nine[i, j, 0, 2, axis]
                c, d = nine[i, j, 2, 0, axis], nine[i, j, 2, 2, axis]
                worst = max(worst, abs(nine[i, j, 0, 1, axis] - 0.5 * (a + b)))
                worst = max(worst, abs(nine[i, j, 1, 0, axis] - 0.5 * (a + c)))
                worst = max(worst, abs(nine[i, j, 1, 2, axis] - 0.5 * (b + d)))
                worst = max(worst, abs(nine[i, j, 2, 1, axis] - 0.5 * (c + d)))
                worst = max(worst, abs(nine[i, j, 1, 1, axis] - 0.25 * (a + b + c + d)))
            above, below = greatest[0] < -margin, least[0] > shape[0] - 1 + margin
            before, behind = greatest[1] < -margin, least[1] > shape[1] - 1 + margin
            is_off = above or below or before or behind
            if ends == 9 or (is_off and ends == 0):
                kinds[i, j] = EMPTY
            else:
                # where the map ends it may bend so that between points off the source there are some on it
                kinds[i, j] = SMOOTH if ends == 0 and worst <= tolerance else ROUGH

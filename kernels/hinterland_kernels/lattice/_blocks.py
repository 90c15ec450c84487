"""Loops over the blocks of a lattice: their points, and what kind each is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function

EMPTY = -2
SMOOTH = -1
ROUGH = 0
MOST_BENT = 2.0
"""px. A block's middle is off its corners by a quarter of a bend."""
Points = NDArray[np.float64]
_FAR_STEPS = 4.0
"""Steps of a block's points that a map can not make up between them where it ends."""


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
def find_off(coarse: Points, shape: tuple[int, int], is_off: NDArray[np.bool_]) -> None:
    """Find cells that lie beyond one edge of the source with all their neighbours, farther than from node to node.

    Parameters
    ----------
    coarse : (2 p + 5, 2 q + 5, 2)
        Nodes, those of the neighbours too.
    shape : (int, int)
        Lines and samples of the source.
    is_off : (p, q)
        Of each cell of two by two nodes' distances.
    """
    for i in range(is_off.shape[0]):
        for j in range(is_off.shape[1]):
            nodes = coarse[2 * i : 2 * i + 7, 2 * j : 2 * j + 7]
            least, greatest, _ = bounds(nodes)
            longest = longest_step(nodes)
            is_off[i, j] = longest > 0.0 and is_beyond(least, greatest, shape, _FAR_STEPS * longest)


@loop
def judge(
    points: Any,  # noqa: ANN401 - (m, n, k, k, 2) float64, of any strides
    shape: tuple[int, int],
    margin: float,
    tolerance: float,
    tolerance_bent: float,
    kinds: NDArray[np.int32],
    bends: NDArray[np.float64],
) -> None:
    """Say of each block whether it is smooth, rough, or off the source, and how much it bends.

    Parameters
    ----------
    points : (m, n, k, k, 2)
        Exact map at points of each block at even distances, its corners and edge midpoints among them.
    shape : (int, int)
        Lines and samples of the source.
    margin : float
        How far beyond an edge of the source all points of an empty block lie at least, px.
    tolerance, tolerance_bent : float
        Largest error (px) at the points of a smooth block whose map is bilinear, and of one that bends.
    kinds : (m, n)
        `EMPTY`, `SMOOTH` or `ROUGH`; a block without an image is empty, one in which the map ends is rough.
    bends : (m, n, 2, 2)
        As in `Lattice`.
    """
    last = points.shape[2] - 1
    bent = np.empty((2, 2))
    for i in range(kinds.shape[0]):
        for j in range(kinds.shape[1]):
            least, greatest, ends = bounds(points[i, j])
            is_off = is_beyond(least, greatest, shape, margin)
            bends[i, j] = 0.0
            if ends == (last + 1) ** 2 or (is_off and ends == 0):
                kinds[i, j] = EMPTY
            elif ends > 0:
                # where the map ends it may bend so that between points off the source there are some on it,
                # but for those that are farther off than the next point
                longest = longest_step(points[i, j])
                is_far = is_beyond(least, greatest, shape, margin + _FAR_STEPS * longest)
                kinds[i, j] = EMPTY if is_far and longest > 0.0 else ROUGH
            elif _error(points[i, j], bends[i, j]) <= tolerance:
                kinds[i, j] = SMOOTH
            else:
                is_gentle = find_bends(points[i, j], bent)
                kinds[i, j] = SMOOTH if is_gentle and _error(points[i, j], bent) <= tolerance_bent else ROUGH
                if kinds[i, j] == SMOOTH:
                    bends[i, j] = bent


@pixel_function
def bounds(points: Any) -> tuple[tuple[float, float], tuple[float, float], int]:  # noqa: ANN401 - (k, l, 2)
    """Least and greatest line and sample of points, and how many of them have no image."""
    ends = 0
    least = (np.inf, np.inf)
    greatest = (-np.inf, -np.inf)
    for k in range(points.shape[0]):
        for m in range(points.shape[1]):
            line, sample = points[k, m, 0], points[k, m, 1]
            if np.isnan(line):
                ends += 1
                continue
            least = (min(least[0], line), min(least[1], sample))
            greatest = (max(greatest[0], line), max(greatest[1], sample))
    return least, greatest, ends


@pixel_function
def is_beyond(
    least: tuple[float, float], greatest: tuple[float, float], shape: tuple[int, int], margin: float
) -> bool:
    """True if all points between two corners lie beyond one edge of the source by more than a margin, px."""
    above, below = greatest[0] < -margin, least[0] > shape[0] - 1 + margin
    before, behind = greatest[1] < -margin, least[1] > shape[1] - 1 + margin
    return above or below or before or behind


@pixel_function
def longest_step(points: Any) -> float:  # noqa: ANN401 - (k, l, 2)
    """Most lines or samples of the source from a point to the next; 0 where no two neighbours have an image."""
    longest = 0.0
    for k in range(points.shape[0]):
        for m in range(points.shape[1]):
            for axis in range(2):
                here = points[k, m, axis]
                down = points[min(k + 1, points.shape[0] - 1), m, axis] - here
                right = points[k, min(m + 1, points.shape[1] - 1), axis] - here
                longest = longest if np.isnan(down) else max(longest, abs(down))
                longest = longest if np.isnan(right) else max(longest, abs(right))
    return longest


@pixel_function
def find_bends(points: Any, bends: Any) -> bool:  # noqa: ANN401 - (k, k, 2) and (2, 2)
    """Fill the bends of a block by the midpoints of its edges; False if they are more than loops allow for."""
    last = points.shape[0] - 1
    mid = last // 2
    most = 0.0
    for axis in range(2):
        a, b = points[0, 0, axis], points[0, last, axis]
        c, d = points[last, 0, axis], points[last, last, axis]
        down = points[mid, 0, axis] + points[mid, last, axis]
        right = points[0, mid, axis] + points[last, mid, axis]
        # a bend is four times what the middle of an edge is off the line, here of two edges on the average
        bends[0, axis] = 2.0 * (down - 0.5 * (a + b + c + d))
        bends[1, axis] = 2.0 * (right - 0.5 * (a + b + c + d))
        most = max(most, abs(bends[0, axis]), abs(bends[1, axis]))
    return most <= MOST_BENT


@pixel_function
def _error(points: Any, bends: Any) -> float:  # noqa: ANN401
    """Largest error (px) at the points of a block."""
    last = points.shape[0] - 1
    worst = 0.0
    for k in range(last + 1):
        t = k / last
        for m in range(last + 1):
            u = m / last
            for axis in range(2):
                a, b = points[0, 0, axis], points[0, last, axis]
                c, d = points[last, 0, axis], points[last, last, axis]
                found = (1.0 - t) * ((1.0 - u) * a + u * b) + t * ((1.0 - u) * c + u * d)
                found += t * (1.0 - t) * bends[0, axis] + u * (1.0 - u) * bends[1, axis]
                worst = max(worst, abs(points[k, m, axis] - found))
    return worst

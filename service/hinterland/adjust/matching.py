"""Matches between the features of two overlapping images, checked by the prior and by each other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.features import Features

RATIO = 0.8
"""Largest ratio of the distances to the best and to the second best descriptor inside the gate."""

NEIGHBOURS = 10
SUPPORT = 4
"""A match stands if it moves like this many of its `NEIGHBOURS` nearest fellows."""

AGREEMENT_PX, AGREEMENT_SLOPE = 2.0, 0.05
"""Two matches move alike if their displacements differ by less than this plus this share of their distance:
relief and twist bend the field of displacements that gently, chance does not."""

FEWEST = 8
"""Fewer matches than this make no pair."""

_SAME_SPOT_PX = 2.0
_CHUNK = 1 << 14
_ROWS = 128


def match(
    first: Features, second: Features, gate_px: NDArray[np.float64], turn: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Match two sets of features.

    Parameters
    ----------
    first, second : Features
        On one grid.
    gate_px : (n,) float64
        For each feature of the first, how far its partner may lie from it, pixels of the grid.
    turn : float
        Width of a full turn, pixels of the grid: displacements are taken the short way round.

    Returns
    -------
    first, second : (m,) int64
        Indices of the partners, each index once at most; empty if fewer than `FEWEST` stand.
    ratio : (m,) float64
        Distance to the partner over distance to the next best: the smaller, the surer.
    """
    i, j, ratio = _mutual(first, second, gate_px, turn)
    moved = _displacement(first.points[i], second.points[j], turn)
    for _ in range(2):  # the second pass takes away what only wrong matches had supported
        kept = _supported(first.points[i], moved)
        i, j, ratio, moved = i[kept], j[kept], ratio[kept], moved[kept]
    if len(i) < FEWEST:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return i, j, ratio


def _displacement(
    first: NDArray[np.float64], second: NDArray[np.float64], turn: float
) -> NDArray[np.float64]:
    moved = second - first
    moved[:, 1] = np.mod(moved[:, 1] + 0.5 * turn, turn) - 0.5 * turn
    return moved


def _apart(first: Features, second: Features, gate_px: NDArray[np.float64], turn: float) -> bool:
    """Say whether the bounding boxes of the features lie farther apart than the gate."""
    (low, high), (other_low, other_high) = (
        (one.points.min(axis=0), one.points.max(axis=0)) for one in (first, second)
    )
    between = _displacement(0.5 * (low + high)[None], 0.5 * (other_low + other_high)[None], turn)[0]
    reach = 0.5 * (high - low + other_high - other_low) + gate_px.max()
    return bool((np.abs(between) > reach).any())


def _candidates(
    first: Features, second: Features, gate_px: NDArray[np.float64], turn: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of features inside the gate, in ascending order."""
    order = np.argsort(second.points[:, 0], kind="stable")
    lines = second.points[order, 0]
    begin = np.searchsorted(lines, first.points[:, 0] - gate_px, side="left")
    end = np.searchsorted(lines, first.points[:, 0] + gate_px, side="right")
    found = []
    for start in range(0, len(begin), _ROWS):  # a wide gate holds very many pairs of lines that are near
        rows = np.arange(start, min(start + _ROWS, len(begin)))
        counts = end[rows] - begin[rows]
        i = np.repeat(rows, counts)
        j = order[np.arange(len(i)) + np.repeat(begin[rows] - np.cumsum(counts) + counts, counts)]
        moved = _displacement(first.points[i], second.points[j], turn)
        is_near = (moved**2).sum(axis=1) <= gate_px[i] ** 2
        i, j = i[is_near], j[is_near]
        found.append(np.stack([i, j])[:, np.lexsort((j, i))])
    i, j = np.concatenate(found, axis=1)
    return i, j


def _squares(
    first: Features, second: Features, i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Squared distances of descriptors: whole numbers below 2**24, so exact in float32 in any order."""
    out = np.empty(len(i), np.float32)
    for start in range(0, len(i), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = first.descriptors[i[part]] - second.descriptors[j[part]]
        out[part] = np.einsum("nk,nk->n", apart, apart)
    return out


def _mutual(
    first: Features, second: Features, gate_px: NDArray[np.float64], turn: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Best partners both ways that pass the ratio test, inside the gate."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    if min(len(first.points), len(second.points)) < FEWEST or _apart(first, second, gate_px, turn):
        return nothing
    i, j = _candidates(first, second, gate_px, turn)
    if not len(i):
        return nothing
    squares = _squares(first, second, i, j)
    best = np.full(len(first.points), np.inf, np.float32)
    best_back = np.full(len(second.points), np.inf, np.float32)
    np.minimum.at(best, i, squares)
    np.minimum.at(best_back, j, squares)
    pair = np.flatnonzero((squares == best[i]) & (squares == best_back[j]))
    pair = pair[np.unique(i[pair], return_index=True)[1]]
    pair = pair[np.unique(j[pair], return_index=True)[1]]
    partner = np.full(len(first.points), -1)
    partner[i[pair]] = j[pair]
    # a spot with two orientations has two features: the next best must be another spot
    beside = np.linalg.norm(_displacement(second.points[partner[i]], second.points[j], turn), axis=1)
    other = beside >= _SAME_SPOT_PX
    next_best = np.full(len(first.points), np.inf, np.float32)
    np.minimum.at(next_best, i[other], squares[other])
    pair = pair[np.isfinite(next_best[i[pair]])]  # one alone in the gate proves nothing
    ratio = np.sqrt(best[i[pair]].astype(np.float64) / np.maximum(next_best[i[pair]], 1.0))
    sure = ratio < RATIO
    return i[pair][sure], j[pair][sure], ratio[sure]


def _supported(points: NDArray[np.float64], moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which matches move like enough of their neighbours."""
    if len(points) <= SUPPORT:
        return np.zeros(len(points), dtype=np.bool_)
    places = np.ascontiguousarray(points, dtype=np.float32)
    count = min(NEIGHBOURS + 1, len(points))
    distance, near = cv2.batchDistance(places, places, cv2.CV_32F, normType=cv2.NORM_L2, K=count)
    apart = np.linalg.norm(moved[near] - moved[:, None, :], axis=-1)
    alike = (apart < AGREEMENT_PX + AGREEMENT_SLOPE * distance).sum(axis=1) - 1  # itself
    supported: NDArray[np.bool_] = alike >= SUPPORT
    return supported


def spread(points: NDArray[np.float64], ratio: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Choose at most `most` matches, the surest first, evenly over the cells of their bounding box.

    Parameters
    ----------
    points : (n, 2) float64
        Where the matches lie.
    ratio : (n,) float64
        The smaller, the surer.
    most : int
        How many to keep.

    Returns
    -------
    (m,) int64
        Indices in ascending order.
    """
    if len(points) <= most:
        return np.arange(len(points))
    sides = max(1, round((most / 4.0) ** 0.5))
    low, high = points.min(axis=0), points.max(axis=0)
    cells = ((points - low) * sides / np.maximum(high - low, 1e-9)).astype(np.int64).clip(0, sides - 1)
    cell = cells[:, 0] * sides + cells[:, 1]
    order = np.lexsort((ratio, cell))
    rank = np.arange(len(order)) - np.searchsorted(cell[order], cell[order])
    chosen = order[np.lexsort((ratio[order], rank))][:most]
    return np.sort(chosen)

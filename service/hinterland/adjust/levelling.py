"""Radiometric levelling: gains and offsets of the frames, so that overlaps are equally bright.

The residual of a pair of samples is `g_i a + o_i - g_j b - o_j`. All frames that overlaps join are solved at
once, so nothing accumulates along a row or round a ring. Their area-weighted mean gain is held at 1 and their
mean offset at 0: without that, gains of zero would make every overlap equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.model.previews import LevelPreview, Slices, overlap
from hinterland_kernels.pyramid import paired_block_means

Array = NDArray[np.float64]

BLOCK = 4
"""Samples are means over blocks of this many pixels a side, fewer where an overlap is narrow."""

SATURATED = 0.98
"""Blocks with a pixel from this share of full scale up, or without any signal, are left out."""

FEWEST, MOST = 8, 400
"""Samples of an overlap: fewer do not join two frames; more are thinned, since their errors go together."""

FLATTEST = 0.75
"""Share of the blocks that is used: across an edge, misregistration passes for brightness."""

NOISE = 0.005
"""Error of a block's mean, a share of full scale."""

MISREGISTRATION_PX = 0.5
"""Times the gradient, this is added to the error of a block's mean."""

GAIN_SIGMA, OFFSET_SIGMA = 0.3, 0.05
"""Prior of gain about 1 and of offset about 0, the latter a share of full scale."""

GAIN_BOUNDS = (0.3, 3.0)
"""A gain beyond these is a misfit, not an exposure."""

_HUBER = 1.345
_ROUNDS = 12
_ENOUGH = 1e-6  # of a gain, and of full scale
_MAD_TO_SIGMA = 1.4826
_LEAST_SCATTER = 0.1  # sigmas; a perfect overlap must not turn every other one into outliers


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Level sample = gain * DN + offset."""

    gain: tuple[float, ...]
    """Per band."""
    offset: tuple[float, ...]
    """Per band, DN."""


@dataclass(frozen=True, slots=True, eq=False)
class _Overlap:
    """Paired samples of two images."""

    first: int
    second: int
    values_first: Array  # (bands, n), share of full scale
    values_second: Array  # (bands, n)
    sigma: Array  # (bands, n)


def level(previews: Sequence[LevelPreview], frames: int, largest: float, turn: int) -> tuple[Level, ...]:
    """Find the gains and offsets that make overlapping frames equally bright.

    Parameters
    ----------
    previews : sequence of LevelPreview
        On one reduced grid, DN; a frame may have several or none.
    frames : int
        Number of frames.
    largest : float
        Full scale, DN.
    turn : int
        Samples of a grid that closes, 0 for one that does not.

    Returns
    -------
    tuple of Level
        One a frame; gain 1 and offset 0 for a frame that no usable overlap joins to another. Gains stay
        within `GAIN_BOUNDS`.

    Raises
    ------
    ValueError
        If the previews differ in their number of bands.
    """
    counts = {len(preview.values) for preview in previews}
    if len(counts) > 1:
        message = f"levelling needs frames with the same number of bands, got {sorted(counts)}"
        raise ValueError(message)
    bands = counts.pop() if counts else 1
    areas = np.zeros(frames)
    for preview in previews:
        areas[preview.frame] += preview.mask.sum()
    overlaps = _overlaps(previews, largest, turn)
    groups = _groups(overlaps, frames)
    solved = [_solve(overlaps, areas, groups, band) for band in range(bands)]
    # what nothing is compared with keeps its samples: a solved gain may be off 1 by a rounding
    alone = np.bincount(groups, minlength=frames)[groups] == 1
    for gains, offsets in solved:
        gains[alone], offsets[alone] = 1.0, 0.0
    return tuple(
        Level(
            gain=tuple(float(gains[frame]) for gains, _ in solved),
            offset=tuple(float(offsets[frame]) * largest for _, offsets in solved),
        )
        for frame in range(frames)
    )


def _overlaps(previews: Sequence[LevelPreview], largest: float, turn: int) -> list[_Overlap]:
    """Paired samples of every two frames that have enough of them."""
    parts: dict[tuple[int, int], list[tuple[Array, Array, Array]]] = defaultdict(list)
    for position, one in enumerate(previews):
        for other in previews[position + 1 :]:
            if one.frame != other.frame:
                for first, second in overlap(one, other, turn):
                    parts[one.frame, other.frame].append(_paired(one, other, first, second, largest))
    found = []
    for (i, j), some in parts.items():
        a, b, error = (np.concatenate(values, axis=1) for values in zip(*some, strict=True))
        if a.shape[1] >= FEWEST:
            flattest = np.argsort(error.max(axis=0), kind="stable")
            kept = np.sort(flattest[: max(FEWEST, int(FLATTEST * len(flattest)))])
            kept = kept[np.linspace(0, len(kept) - 1, min(MOST, len(kept))).round().astype(np.int64)]
            sigma = np.hypot(NOISE, error[:, kept])
            found.append(_Overlap(i, j, a[:, kept], b[:, kept], sigma))
    return found


def _paired(
    one: LevelPreview, other: LevelPreview, first: Slices, second: Slices, largest: float
) -> tuple[Array, Array, Array]:
    """Block means of two frames over a common part, and their error by misregistration: (bands, n) each."""
    masks = one.mask[first], other.mask[second]
    means, slopes, is_usable = paired_block_means(
        (one.values[:, *first], other.values[:, *second]),
        masks,
        int(np.clip(min(masks[0].shape) // 3, 1, BLOCK)),
        bright=SATURATED * largest,
    )
    pictures = means[:, :, is_usable] / largest
    errors = MISREGISTRATION_PX / largest * slopes[:, :, is_usable].max(axis=0)
    return pictures[0], pictures[1], errors


def _solve(
    overlaps: Sequence[_Overlap], areas: Array, groups: NDArray[np.int64], band: int
) -> tuple[Array, Array]:
    """Gains and offsets (images,) of one band."""
    count = len(areas)
    if not overlaps:
        return np.ones(count), np.zeros(count)
    counts = [one.sigma.shape[1] for one in overlaps]
    pairs = np.array([(one.first, one.second) for one in overlaps])
    starts = np.cumsum([0, *counts[:-1]])
    first, second = np.repeat(pairs, counts, axis=0).T
    a, b, sigma = (
        np.concatenate([values[band] for values in some])
        for some in zip(*((one.values_first, one.values_second, one.sigma) for one in overlaps), strict=True)
    )
    # a residual is the product of one row with (gain, offset) of the first and of the second image
    rows = np.stack([a, np.ones_like(a), -b, -np.ones_like(b)]) / sigma
    upper = np.triu_indices(4)
    products = rows[upper[0]] * rows[upper[1]]
    inertia = np.repeat([GAIN_SIGMA**-2, OFFSET_SIGMA**-2], count)
    prior = np.repeat([1.0, 0.0], count)
    held: dict[int, float] = {}
    weights, state = np.ones(len(a)), prior
    for _ in range(_ROUNDS):
        before = state
        hessian = _hessian(np.add.reduceat(products * weights, starts, axis=1), pairs, count)
        state = _constrained(hessian + np.diag(inertia), inertia * prior, groups, areas, held)
        outside = np.flatnonzero((state[:count] < GAIN_BOUNDS[0]) | (state[:count] > GAIN_BOUNDS[1]))
        held |= {int(i): float(np.clip(state[i], *GAIN_BOUNDS)) for i in outside if i not in held}
        if np.abs(state - before).max() < _ENOUGH:
            break
        gains, offsets = state[:count], state[count:]
        size = np.abs(
            rows[0] * gains[first] + rows[2] * gains[second] + rows[1] * (offsets[first] - offsets[second])
        )
        bend = _HUBER * max(_MAD_TO_SIGMA * float(np.median(size)), _LEAST_SCATTER)
        weights = bend / np.maximum(size, bend)
    return np.clip(state[:count], *GAIN_BOUNDS), state[count:]


def _hessian(sums: Array, pairs: NDArray[np.int64], count: int) -> Array:
    """Put the sums (10, pairs), the upper triangles of 4 x 4, in the places of their images: (2 n, 2 n)."""
    places = np.stack([pairs[:, 0], pairs[:, 0] + count, pairs[:, 1], pairs[:, 1] + count])
    each = np.empty((4, 4, len(pairs)))
    rows, columns = np.triu_indices(4)
    each[rows, columns] = each[columns, rows] = sums
    hessian = np.zeros((2 * count, 2 * count))
    np.add.at(hessian, (places[:, None], places[None]), each)
    return hessian


def _groups(overlaps: Sequence[_Overlap], count: int) -> NDArray[np.int64]:
    """Label (images,) of the group that overlaps join each image to."""
    labels = np.arange(count)
    for one in overlaps:
        lesser, greater = sorted((labels[one.first], labels[one.second]))
        labels[labels == greater] = lesser
    return labels


def _constrained(
    hessian: Array, right: Array, groups: NDArray[np.int64], areas: Array, held: dict[int, float]
) -> Array:
    """Minimum of a quadratic with each group's mean gain and offset held, and single gains held at bounds."""
    count = len(areas)
    rows, values = [], []
    for group in np.unique(groups):
        share = np.where(groups == group, areas, 0.0)
        share = share / share.sum() if share.sum() > 0 else (groups == group) / (groups == group).sum()
        free = np.flatnonzero(groups == group)
        if not set(free.tolist()) <= held.keys():
            rows.append(np.concatenate([share, np.zeros(count)]))
            values.append(1.0)
        rows.append(np.concatenate([np.zeros(count), share]))
        values.append(0.0)
    for i, value in held.items():
        rows.append(np.eye(2 * count)[i])
        values.append(value)
    edge = np.array(rows)
    size = len(values)
    system = np.block([[hessian, edge.T], [edge, np.zeros((size, size))]])
    solution: Array = np.linalg.solve(system, np.concatenate([right, values]))[: 2 * count]
    return solution

"""The darkening of a lens away from its axis, found where frames overlap.

The same ground lies near the axis in one frame and far from it in another, so the ratio of their samples over
the overlap draws the lens's fall-off. Frames of one instrument share it. It is a correction only where it
clearly explains the overlaps: raw products are flat-fielded, or stretched, or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland.model.previews import LevelPreview, overlap
from hinterland_kernels.pixel.flat import Flat

Distances = Callable[[int, NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]

FEWEST_SAMPLES = 200
"""Overlap samples below which nothing is concluded."""
WORTH = 0.8
"""The flat field must bring the scatter of the log ratios below this share of what gains alone leave."""
STRONGEST = 2.5
"""A factor at the corner above this is no lens but a misfit."""
_MOST_SAMPLES = 5_000
"""Of the overlaps of a group: two numbers are not known any better from more."""
_DARKEST_SHARE = 0.02
_ROUNDS = 12
_ENOUGH = 1e-4  # of the scatter
_MAD_TO_SIGMA = 1.4826


def corner_flat(camera: CameraModel, k1: float, k2: float) -> Flat:
    """Place the coefficients on a camera: centred where its optical axis falls, t = 1 at the far corner."""
    axis = camera.optical or camera.axis
    line, sample = (float(value) for value in camera.project_directions(np.array([axis]))[0])
    far = max(line, camera.lines - 1 - line) ** 2 + max(sample, camera.samples - 1 - sample) ** 2
    return Flat(line=line, sample=sample, per_square=1.0 / far, k1=k1, k2=k2)


def fit_flat(
    previews: Sequence[LevelPreview],
    distances: Distances,
    groups: Sequence[str],
    largest: float,
    turn: int,
) -> dict[str, tuple[float, float]]:
    """Fit one fall-off per group of frames to the overlaps.

    Parameters
    ----------
    previews : sequence of LevelPreview
        Frames on a common reduced grid, as they are.
    distances : callable
        Gives, for the index of a preview and lines and samples (n,) of it, t of `Flat` (n,).
    groups : sequence of str
        For each preview, the lens it was taken through.
    largest : float
        Full scale; samples near it, and near 0, are left out.
    turn : int
        Samples of a grid that closes, 0 for one that does not.

    Returns
    -------
    dict of str to (k1, k2)
        Only groups whose overlaps are clearly better explained with it; k1, k2 >= 0.
    """
    fitted = {}
    for group in sorted(set(groups)):
        members = [index for index, name in enumerate(groups) if name == group]
        rows = _log_ratios(previews, distances, members, largest, turn)
        if rows is None:
            continue
        design, ratios, pairs = rows
        _, plain = _robust_fit(design[:, :0], ratios, pairs)
        best = None
        # a coefficient below 0 would brighten the corners again: then the simpler law is tried
        for columns in ((0, 1), (0,)):
            solution, scatter = _robust_fit(design[:, columns], ratios, pairs)
            k1, k2 = (*(float(value) for value in solution), 0.0)[:2]
            if k1 >= 0.0 and k2 >= 0.0 and 0.0 < k1 + k2 < np.log(STRONGEST):
                best = (k1, k2), scatter
                break
        if best is not None and best[1] < WORTH * plain:
            fitted[group] = best[0]
    return fitted


def _log_ratios(
    previews: Sequence[LevelPreview],
    distances: Distances,
    members: Sequence[int],
    largest: float,
    turn: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]] | None:
    """Design (rows, 2), log ratios and pair of all overlaps of a group; None where too few."""
    greys = {i: previews[i].values.mean(axis=0, dtype=np.float64) for i in members}
    usable = {
        i: previews[i].mask & (grey > _DARKEST_SHARE * largest) & (grey < 0.98 * largest)
        for i, grey in greys.items()
    }
    found = []
    for position, i in enumerate(members):
        for j in members[position + 1 :]:
            for first, second in overlap(previews[i], previews[j], turn):
                places = np.nonzero(usable[i][first] & usable[j][second])
                if len(places[0]) >= FEWEST_SAMPLES:
                    found.append((i, j, first, second, places))
    if not found:
        return None
    every = -(-sum(len(places[0]) for *_, places in found) // _MOST_SAMPLES)
    columns, ratios = [], []
    for i, j, first, second, places in found:
        here, there = (
            tuple(place[::every] + part.start for place, part in zip(places, parts, strict=True))
            for parts in (first, second)
        )
        t, u = distances(i, *here), distances(j, *there)
        columns.append(np.stack([u - t, u * u - t * t], axis=1))
        ratios.append(np.log(greys[i][here] / greys[j][there]))
    pairs = np.repeat(np.arange(len(found)), [len(some) for some in ratios])
    return np.concatenate(columns), np.concatenate(ratios), pairs


def _robust_fit(
    design: NDArray[np.float64], ratios: NDArray[np.float64], pairs: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Least squares with Cauchy weights: solution and robust scatter of what it leaves.

    Each pair has its own ratio of gains, which the weighted mean over the pair takes off: a column for each
    pair would come to the same, at pairs times the memory.
    """
    squares, scatter = np.ones(len(ratios)), 0.0
    for _ in range(_ROUNDS):
        total = np.bincount(pairs, squares)
        centred = np.stack(
            [
                values - (np.bincount(pairs, squares * values) / total)[pairs]
                for values in (*design.T, ratios)
            ],
            axis=1,
        )
        columns, rest = centred[:, :-1], centred[:, -1]
        weighed = columns * squares[:, None]
        solution = np.asarray(
            np.linalg.lstsq(weighed.T @ columns, weighed.T @ rest, rcond=None)[0], dtype=np.float64
        )
        left = rest - columns @ solution
        before, scatter = scatter, _MAD_TO_SIGMA * float(np.median(np.abs(left))) + 1e-12
        if abs(scatter - before) < _ENOUGH * scatter:
            break
        squares = 1.0 / (1.0 + (left / scatter) ** 2)
    return solution, scatter

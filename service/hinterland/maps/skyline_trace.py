"""The skyline of a panorama: the line where smooth sky ends and ground begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Lines = NDArray[np.float64]

_EDGE_SIGMA = 1.5  # lines; takes the noise of one line off and keeps an edge in place
_NOISE = 6.0
_FAINT = 0.2  # of the usual strongest edge of a column: a skyline in haze is still as strong
_TEXTURE_COST = 1.0
_STEP_COST = 0.05  # a line of height from column to column, in edges
_LEAST_SKY = 4  # lines
_REFINE = 3
_SHARE_OF_BEST = 0.25  # rocks just below the skyline may be sharper than it is


def trace_skyline(samples: NDArray[np.float32], mask: NDArray[np.bool_], columns: int) -> Lines:
    """Find the upper edge of the ground in a panorama.

    The path from left to right with the strongest edges, the least texture above it and the fewest jumps, by
    dynamic programming (Lie and others 2005, "A robust dynamic programming algorithm to extract skyline in
    images for navigation", Pattern Recognition Letters 26). Sky may be bright or dark.

    Parameters
    ----------
    samples : (bands, lines, samples) float32
        The panorama.
    mask : (lines, samples) bool
        True where valid.
    columns : int
        Steps across the panorama; each is the average of the samples in it.

    Returns
    -------
    (columns,) float64
        Line of the edge, to fractions; nan where there is no sky, or nothing valid.

    Raises
    ------
    ValueError
        If shapes do not agree, or there are more columns than samples.
    """
    if samples.ndim != 3 or samples.shape[1:] != mask.shape or not 0 < columns <= mask.shape[1]:
        message = f"a panorama of {samples.shape} with a mask of {mask.shape} has no {columns} columns"
        raise ValueError(message)
    grey, valid = _columns(samples.mean(axis=0), mask, columns)
    edges = _edges(grey, valid)
    strengths = _strengths(edges, valid)
    path = _best_path(strengths, steepest=max(3, 3 * mask.shape[1] // columns))
    return _accepted(path, edges, strengths, valid)


def _columns(
    grey: NDArray[np.float32], mask: NDArray[np.bool_], columns: int
) -> tuple[Lines, NDArray[np.bool_]]:
    """Average the samples of each column; valid where more than half of them are. Both (lines, columns)."""
    starts = (np.arange(columns) * mask.shape[1]) // columns
    counts = np.add.reduceat(mask.astype(np.float64), starts, axis=1)
    totals = np.add.reduceat(np.where(mask, grey, 0.0).astype(np.float64), starts, axis=1)
    widths = np.diff(np.append(starts, mask.shape[1]))
    return totals / np.maximum(counts, 1.0), counts > 0.5 * widths


def _edges(grey: Lines, valid: NDArray[np.bool_]) -> Lines:
    """Change of grey per line, absolute; 0 where a gap is near."""
    edges = np.abs(ndimage.gaussian_filter1d(grey, _EDGE_SIGMA, axis=0, order=1, mode="nearest"))
    clear = ndimage.binary_erosion(valid, np.ones((9, 1), dtype=np.bool_), border_value=1)
    return np.where(clear, edges, 0.0)


def _strengths(edges: Lines, valid: NDArray[np.bool_]) -> Lines:
    """Edges from 0 to 1, where 1 is certainly more than the noise of the sky."""
    counted = np.sort(np.where(valid & (edges > 0.0), edges, np.inf), axis=0)
    counts = np.isfinite(counted).sum(axis=0)
    some = counts > 0
    if not some.any():
        return np.zeros_like(edges)
    # the quietest tenth of each column is sky where there is any
    quiet = np.median(counted[counts[some] // 10, np.flatnonzero(some)])
    usual = np.median(edges.max(axis=0)[some])
    strengths: Lines = np.minimum(edges / max(_NOISE * quiet, _FAINT * usual, 1e-12), 1.0)
    return strengths


def _best_path(strengths: Lines, steepest: int) -> NDArray[np.int64]:
    """Line of the best path in each column."""
    lines, columns = strengths.shape
    texture = np.cumsum(np.maximum(strengths - 0.5, 0.0), axis=0)
    above = np.zeros_like(strengths)
    above[_REFINE:] = texture[:-_REFINE]  # the edge's own shoulder is not texture
    gains = strengths - _TEXTURE_COST * above
    came_from = np.zeros((columns, lines), dtype=np.int16)
    total = gains[:, 0]
    padded = np.full(lines + 2 * steepest, -np.inf)
    jumps = np.arange(-steepest, steepest + 1)
    costs = _STEP_COST * np.abs(jumps)
    for column in range(1, columns):
        padded[steepest : steepest + lines] = total
        choices = np.lib.stride_tricks.sliding_window_view(padded, 2 * steepest + 1) - costs
        best = choices.argmax(axis=1)
        came_from[column] = jumps[best]
        total = np.take_along_axis(choices, best[:, None], axis=1)[:, 0] + gains[:, column]
    path = np.empty(columns, dtype=np.int64)
    path[-1] = int(total.argmax())
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] + came_from[column, path[column]]
    return path


def _accepted(path: NDArray[np.int64], edges: Lines, strengths: Lines, valid: NDArray[np.bool_]) -> Lines:
    """The path at the crest of its edge, to fractions of a line; nan where no edge or no sky above it."""
    found = np.full(len(path), np.nan)
    for column, line in enumerate(path):
        low, high = max(line - _REFINE, 1), min(line + _REFINE + 1, len(edges) - 1)
        if low >= high:
            continue
        crest = low + _first_crest(edges[low - 1 : high + 1, column])
        sky = valid[:crest, column]
        quiet = strengths[: max(crest - _REFINE, 0), column] < 0.5
        if strengths[crest, column] < 0.5 or np.sum(sky[: len(quiet)] & quiet) < _LEAST_SKY:
            continue
        before, at, after = edges[crest - 1 : crest + 2, column]
        bend = before - 2.0 * at + after
        found[column] = crest + (0.5 * (before - after) / bend if bend < 0.0 else 0.0)
    return found


def _first_crest(edges: Lines) -> int:
    """Index, less one, of the uppermost local maximum that is about as strong as the strongest."""
    inner = edges[1:-1]
    crests = (inner >= edges[:-2]) & (inner >= edges[2:]) & (inner >= _SHARE_OF_BEST * inner.max())
    return int(crests.argmax()) if crests.any() else int(inner.argmax())

"""Least-squares matching of small square patches (Gruen 1985): a shift, with a gain and an offset free.

A GPU has nothing to gain: there are some thousand patches of a few hundred pixels each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.patches import _cpu

Points = NDArray[np.float64]


def values_at(layer: NDArray[np.float32], points: Points) -> Points:
    """Bilinear values of a layer.

    Parameters
    ----------
    layer : (lines, samples) float32
        At least 2 x 2.
    points : (..., 2) float64
        Line and sample; beyond the edge the nearest sample stands.

    Returns
    -------
    (...) float64
        The values.
    """
    values = np.empty(points.shape[:-1])
    _cpu.bilinear(np.ascontiguousarray(layer), points.reshape(-1, 2), values.reshape(-1))
    return values


def fit_shifts(
    templates: Points,
    layer: NDArray[np.float32],
    middles: Points,
    *,
    farthest: float,
    iterations: int,
    still: float,
) -> tuple[Points, Points, Points]:
    """Move patches of a layer to where they fit their templates best.

    Parameters
    ----------
    templates : (n, side, side) float64
        What each patch should look like, but for a gain and an offset; `side` is odd.
    layer : (lines, samples) float32
        Where the patches lie, a pixel inside its edges wherever they move.
    middles : (n, 2) float64
        Line and sample of the patches' middles.
    farthest : float
        A patch stops before a step that would take it farther than this, px.
    iterations : int
        Steps at most.
    still : float
        A patch stops after a step shorter than this, px.

    Returns
    -------
    shifts : (n, 2) float64
        How far each patch moved, px.
    last : (n,) float64
        Length of its last step; nan where none fits.
    correlation : (n,) float64
        Of the template and the patch where it stopped.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    count, side, width = templates.shape
    if side != width or side % 2 == 0 or middles.shape != (count, 2):
        message = f"patches are odd squares about their middles, got {templates.shape} and {middles.shape}"
        raise ValueError(message)
    shifts, last, correlation = np.zeros((count, 2)), np.empty(count), np.empty(count)
    _cpu.fit_shifts(
        np.ascontiguousarray(templates),
        np.ascontiguousarray(layer),
        np.ascontiguousarray(middles),
        farthest,
        iterations,
        still,
        shifts,
        last,
        correlation,
    )
    return shifts, last, correlation

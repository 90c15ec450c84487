"""Linear fits that blunders have no say in."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TUKEY = 4.685  # 95 % efficient on normal residuals
_ROUNDS = 60
_TRIES = 300  # with 40 % of all cells wrong, one in five tries for a plane picks good ones only
_JUDGES = 4096


def robust_fit(design: Array, values: Array) -> tuple[Array, Array]:
    """Fit by least median of squares and refine by Tukey's biweight.

    Parameters
    ----------
    design : (n, terms) float64
        Terms of one size, for the condition of the solve.
    values : (n,) float64
        To be fitted.

    Returns
    -------
    solution : (terms,) float64
        The factors of the terms.
    weights : (n,) float64
        Of each value in the end, 0 to 1.
    """
    solution = _least_median(design, values)
    weights = np.ones(len(values))
    for _ in range(_ROUNDS):
        residuals = values - design @ solution
        spread = max(nmad(residuals), 1e-6)
        weights = np.maximum(1.0 - (residuals / (_TUKEY * spread)) ** 2, 0.0) ** 2
        weighted = design * weights[:, None]
        previous = solution
        solution = np.asarray(np.linalg.lstsq(weighted.T @ design, weighted.T @ values)[0], dtype=np.float64)
        if np.allclose(solution, previous, rtol=0.0, atol=1e-4 * spread):
            break
    return solution, weights


def nmad(residuals: Array) -> float:
    """1.4826 times the median absolute deviation from the median: of normal residuals, their spread."""
    return float(1.4826 * np.median(np.abs(residuals - np.median(residuals))))


def _least_median(design: Array, values: Array) -> Array:
    """The solution through a few cells with the least median of absolute residuals, of many tries."""
    generator = np.random.default_rng(0)
    some = generator.integers(len(values), size=min(len(values), _JUDGES))
    best, least = np.zeros(design.shape[1]), math.inf
    for _ in range(_TRIES):
        picked = generator.integers(len(values), size=design.shape[1])
        tried = np.linalg.lstsq(design[picked], values[picked])[0]
        median = float(np.median(np.abs(values[some] - design[some] @ tried)))
        if median < least:
            best, least = np.asarray(tried, dtype=np.float64), median
    return best

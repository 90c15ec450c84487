"""Tones of two base maps, levelled: a finer one takes the brightness and contrast of the ground under it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FEWEST = 16
"""Blocks that a contrast is judged by; fewer give a brightness only."""
_LEAST_SPREAD = 1.0
"""Of 255; ground flatter than this has no contrast to take."""
_GAINS = (0.5, 2.0)
"""A contrast changed by more than this is another scene, not another exposure."""
_LEAST_AGREEMENT = 0.5
"""Rank correlation; pictures that agree less have contrasts of other things, be it light or season."""
_MOST_BLOCK = 1.0 / 8.0
"""Of the shorter side of a map."""


class Tone(NamedTuple):
    """Level sample = gain * sample + offset."""

    gain: float
    offset: float


AS_IT_IS = Tone(1.0, 0.0)


def level_to(
    ground: NDArray[np.floating], image: NDArray[np.generic], both: NDArray[np.bool_], coarsest: float
) -> Tone:
    """Find what makes an image as bright, and as rich in contrast, as the ground under it.

    Medians and median deviations of means over blocks as large as two samples of the coarser picture: at that
    size both resolve the same, and neither boulders nor a shift by a few samples count. Hues stay as they are:
    one gain and one offset serve all bands.

    Parameters
    ----------
    ground : (lines, samples) float
        Brightness of what lies under the image.
    image : (lines, samples)
        Its own brightness.
    both : (lines, samples) bool
        True where both are valid.
    coarsest : float
        Size of the larger samples of the two, in samples of the map.

    Returns
    -------
    Tone
        `AS_IT_IS` where the two do not meet; a gain of 1 where either is flat, few blocks are known or they do not
        agree.
    """
    side = max(1, min(round(2.0 * coarsest), int(_MOST_BLOCK * min(both.shape))))
    count = _sums(both, side)
    known = count >= 0.5 * side * side
    if not known.any():
        return AS_IT_IS
    under, over = (_sums(np.where(both, one, 0.0), side)[known] / count[known] for one in (ground, image))
    wide, high = _spread(under), _spread(over)
    has_contrast = under.size >= _FEWEST and min(wide, high) >= _LEAST_SPREAD
    agrees = has_contrast and _rank_correlation(under, over) >= _LEAST_AGREEMENT
    gain = float(np.clip(wide / high, *_GAINS)) if agrees else 1.0
    return Tone(gain, float(np.median(under) - gain * np.median(over)))


def _sums(values: NDArray[np.generic], side: int) -> NDArray[np.float64]:
    """Over blocks; those at the end may be smaller."""
    lines, samples = (np.arange(0, size, side) for size in values.shape)
    down = np.add.reduceat(values, lines, axis=0, dtype=np.float64)
    sums: NDArray[np.float64] = np.add.reduceat(down, samples, axis=1)
    return sums


def _spread(values: NDArray[np.float64]) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def _rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    middle = 0.5 * (one.size - 1)
    ranks, others = (values.argsort(kind="stable").argsort(kind="stable") - middle for values in (one, other))
    return float(ranks @ others) / float(ranks @ ranks)  # both have each rank once

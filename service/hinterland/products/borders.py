"""The outermost lines and samples of a frame that the detector or its readout has spoiled.

Seen in MER Navcam products (1N491020376ILFCNY9P0706L0M1): sample 0 holds 3690 DN beside ground of 1240, sample
1 is 18 % and sample 2 is 3 % too bright, the last line is 11 % too dark. MSL Navcam products and the pictures of
the Mars 2020 feed have two or three such lines and samples on each side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDEST_PX = 4
"""At most so many lines or samples are given up on each side."""
_TREND_PX = 12
_SHARE = 0.025
_SIGMAS = 6.0


def sound_border(samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give up border lines whose level leaps off the trend of the lines inside.

    Parameters
    ----------
    samples : (bands, lines, samples)
        The image.
    mask : (lines, samples) bool
        True where valid.

    Returns
    -------
    (lines, samples) bool
        The mask without the spoiled lines; the same where there are none, or the image is too small to tell.
    """
    if min(mask.shape) < 4 * _TREND_PX:
        return mask
    sound = mask.copy()
    for axis in (0, 1):
        pixels, before, after = (
            np.moveaxis(samples, axis - 2, -2),
            np.moveaxis(mask, axis, 0),
            np.moveaxis(sound, axis, 0),
        )
        after[: _spoiled(pixels, before)] = False
        after[::-1][: _spoiled(pixels[:, ::-1], before[::-1])] = False
    return sound


def _spoiled(pixels: NDArray[np.generic], kept: NDArray[np.bool_]) -> int:
    """How many of the first lines of (bands, lines, n) are off the trend of those behind them."""
    if not kept[:_TREND_PX].all():
        return 0  # an edge that is no-data already
    levels = np.median(pixels[:, :_TREND_PX].astype(np.float64), axis=2).mean(axis=0)
    position = np.arange(_TREND_PX)
    trend = np.polynomial.Polynomial.fit(position[WIDEST_PX:], levels[WIDEST_PX:], 1)
    off = np.abs(levels - trend(position))
    allowed = max(_SHARE * float(np.abs(levels[WIDEST_PX:]).mean()), _SIGMAS * float(off[WIDEST_PX:].std()))
    spoiled = np.flatnonzero(off[:WIDEST_PX] > allowed)
    return int(spoiled[-1]) + 1 if spoiled.size else 0

"""Masks, of which many are one value told everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distinct(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A view of a mask without what only repeats: of one broadcast from a number, that number.

    NumPy looks at each repeat, and takes far longer for them than for as many samples in memory.
    """
    return mask[tuple(slice(None) if stride else slice(1) for stride in mask.strides)]

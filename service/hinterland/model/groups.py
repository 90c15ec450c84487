"""Groups of what is linked, link by link."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def linked_groups(first: NDArray[np.integer], second: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Label each of some things by the group that links join it to.

    Parameters
    ----------
    first, second : (n,) int
        The two ends of each link, from 0.
    count : int
        How many things.

    Returns
    -------
    (count,) int64
        Groups from 0, in the order of the first thing of each.
    """
    labels = np.arange(count)
    while True:
        lower = labels.copy()
        least = np.minimum(labels[first], labels[second])
        np.minimum.at(lower, first, least)
        np.minimum.at(lower, second, least)
        lower = lower[lower]  # a label is a thing of the same group, whose label may be lower
        if (lower == labels).all():
            return np.unique(labels, return_inverse=True)[1].astype(np.int64)
        labels = lower

"""Averages of feathered rasters on a tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.feather import _cpu

NOBODY = -1


class Average:
    """The weighted average of rasters of one priority, added one by one.

    Parameters
    ----------
    bands, lines, samples : int
        Of the tile.
    """

    def __init__(self, bands: int, lines: int, samples: int) -> None:
        shape = lines, samples
        self._total = np.zeros((bands, *shape))
        self._weight_sum = np.zeros(shape)
        self._below = np.ones(shape)
        self._most = np.zeros(shape, dtype=np.float32)
        self._leading = np.full(shape, NOBODY, dtype=np.int32)

    def add(
        self, values: NDArray[np.float32], origin: tuple[int, int], weights: NDArray[np.float32], index: int
    ) -> None:
        """Add a raster.

        Parameters
        ----------
        values : (bands, l, s) float32
            Of the raster on the tile and what is around it; anything where it has no weight.
        origin : (line, sample)
            Of the tile in the values.
        weights : (lines, samples) float32
            0 to 1, as `feather_weights` gives them.
        index : int
            What stands for it among the owners, from 0.

        Raises
        ------
        ValueError
            If the tile does not lie in the values, or shapes do not fit.
        """
        line, sample = origin
        lines, samples = self._weight_sum.shape
        inside = 0 <= line <= values.shape[1] - lines and 0 <= sample <= values.shape[2] - samples
        if values.shape[0] != self._total.shape[0] or weights.shape != (lines, samples) or not inside:
            message = (
                f"values {values.shape} and weights {weights.shape} do not fit a tile of {self._total.shape}"
            )
            raise ValueError(message)
        _cpu.add(
            np.ascontiguousarray(values, dtype=np.float32),
            line,
            sample,
            weights,
            index,
            self._total,
            self._weight_sum,
            self._below,
            self._most,
            self._leading,
        )

    def lay_over(self, shown: NDArray[np.float64], owners: NDArray[np.int32]) -> None:
        """Lay it over rasters of lower priority, in place.

        It hides them where a raster of it has a weight of 1, and fades into them towards its edges.

        Parameters
        ----------
        shown : (bands, lines, samples) float64
            Samples so far.
        owners : (lines, samples) int32
            Of those samples, `NOBODY` where there are none: the raster with the most weight where this average has
            at least half of the say.
        """
        _cpu.lay(self._total, self._weight_sum, self._below, self._leading, shown, owners)

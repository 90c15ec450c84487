"""Averages of feathered rasters on a tile."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NOBODY = -1

_STRIP_BYTES = 1 << 19
"""Of the sums of some lines: they stay in the second cache while all rasters are added and the result is laid."""


_MOST_CUT = 8
"""Rasters along whose edges a tile is cut: of more there are too many pieces."""

_LANE_BYTES = 4
"""Of a sample that is copied in lanes."""

_Cell = tuple[int, int, int, int]
"""First line, first sample, and the ends of both, on the tile."""


class _Raster(NamedTuple):
    """What waits to be averaged."""

    values: NDArray[Any]
    line: int
    sample: int
    weights: NDArray[np.float32]
    top: int
    left: int
    number: int

    def is_on(self, cell: _Cell) -> bool:
        """True if any of it lies on a cell."""
        lines, samples = self.weights.shape
        return (
            self.top < cell[2]
            and cell[0] < self.top + lines
            and self.left < cell[3]
            and cell[1] < self.left + samples
        )


class Average:
    """The weighted average of rasters of one priority.

    Rasters are kept as they are and added up at the end, some lines of all of them at a time. Floats are summed in
    float64. Whole numbers are summed in float32: an average of n is off by 2 (n + 2) 2**-24 of itself at most. Of
    a hundred that is 0.003 units of 8 bits and less than one of 16.

    Parameters
    ----------
    bands, lines, samples : int
        Of the tile.
    """

    def __init__(self, bands: int, lines: int, samples: int) -> None:
        self._shape = bands, lines, samples
        self._rasters: list[_Raster] = []

    def add(
        self,
        values: NDArray[Any],
        origin: tuple[int, int],
        weights: NDArray[np.float32],
        index: int,
        place: tuple[int, int] = (0, 0),
    ) -> None:
        """Add a raster; its arrays must stay as they are until it is laid.

        Parameters
        ----------
        values : (bands, l, s) uint8, uint16 or float32
            Of the raster; anything where it has no weight.
        origin : (line, sample)
            Of the weights in the values; where these end, so does the raster.
        weights : (lines, samples) float32
            0 to 1, as `feather_weights` gives them.
        index : int
            What stands for it among the owners, from 0.
        place : (line, sample)
            Of the weights on the tile; what lies off it is left out.

        Raises
        ------
        ValueError
            If the bands do not fit.
        """
        if values.shape[0] != self._shape[0]:
            message = f"values {values.shape} do not fit a tile of {self._shape}"
            raise ValueError(message)
        values, weights = np.ascontiguousarray(values), np.ascontiguousarray(weights)
        self._rasters.append(_Raster(values, *origin, weights, *place, index))

    def lay_over(
        self, shown: NDArray[Any], owners: NDArray[np.int32] | None = None, at: tuple[int, int] = (0, 0)
    ) -> None:
        """Lay it over rasters of lower priority, in place.

        It hides them where a raster of it has a weight of 1, and fades into them towards its edges.

        Parameters
        ----------
        shown : (bands, lines, samples) uint8, uint16, float32 or float64
            Samples so far. Whole numbers are rounded, and end at full scale.
        owners : (lines, samples) int32, optional
            Of those samples, `NOBODY` where there are none: the raster with the most weight where this average has
            at least half of the say. Without them there is nothing below, and nobody asks.
        at : (line, sample)
            Of the tile in both, which may be larger.

        Raises
        ------
        ValueError
            If what is shown is not contiguous.
        """
        if not shown.flags.c_contiguous:
            message = f"what is shown must be contiguous, got strides {shown.strides}"
            raise ValueError(message)
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        asked = np.empty((0, 0), np.int32) if owners is None else owners
        for cell in self._cells():
            rasters = [raster for raster in self._rasters if raster.is_on(cell)]
            rows = slice(at[0] + cell[0], at[0] + cell[2])
            columns = slice(at[1] + cell[1], at[1] + cell[3])
            is_alone = len(rasters) == 1 and shown.itemsize <= _LANE_BYTES
            if is_alone and bool((asked[rows, columns] == NOBODY).all()):
                _average.put(*rasters[0], cell, at, shown, asked)
            elif rasters:
                self._add_up(rasters, cell, at, shown, owners)

    def _cells(self) -> list[_Cell]:
        """The tile, cut where rasters begin and end: where one lies alone there is nothing to add up."""
        _, lines, samples = self._shape
        if len(self._rasters) > _MOST_CUT:
            return [(0, 0, lines, samples)]
        rows, columns = {0, lines}, {0, samples}
        for raster in self._rasters:
            ends = raster.top + raster.weights.shape[0], raster.left + raster.weights.shape[1]
            rows |= {min(max(edge, 0), lines) for edge in (raster.top, ends[0])}
            columns |= {min(max(edge, 0), samples) for edge in (raster.left, ends[1])}
        return [
            (first, start, last, stop)
            for first, last in pairwise(sorted(rows))
            for start, stop in pairwise(sorted(columns))
        ]

    def _add_up(
        self,
        rasters: list[_Raster],
        cell: _Cell,
        at: tuple[int, int],
        shown: NDArray[Any],
        owners: NDArray[np.int32] | None,
    ) -> None:
        """Average rasters on a cell, some lines of it at a time."""
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        bands, samples = self._shape[0], cell[3] - cell[1]
        kind = np.float64 if any(raster.values.dtype.kind == "f" for raster in rasters) else np.float32
        of_line = samples * (bands + 4) * np.dtype(kind).itemsize
        step = min(max(_STRIP_BYTES // of_line, 1), cell[2] - cell[0])
        asked = 0 if owners is None else step
        sums = _average.Sums(
            total=np.empty((bands, step, samples), kind),
            weight=np.empty((step, samples), kind),
            below=np.empty((asked, samples), kind),
            most=np.empty((asked, samples), np.float32),
            leading=np.empty((asked, samples), np.float32),
        )
        add = _average.add if kind is np.float64 else _average.add_in_lanes
        for first in range(cell[0], cell[2], step):
            lines = min(step, cell[2] - first)
            _average.clear(sums)
            for raster in rasters:
                add(*raster[:5], raster.left - cell[1], raster.number, first, sums)
            place = at[0] + first, at[1] + cell[1]
            if owners is None:
                _average.show(sums, lines, *place, shown)
            else:
                _average.lay(sums, lines, *place, shown, owners)

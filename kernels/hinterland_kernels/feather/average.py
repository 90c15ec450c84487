"""Averages of feathered rasters on a tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.feather import check_width
from hinterland_kernels.feather._cells import Cell, Layer, Raster, own, put
from hinterland_kernels.feather._steps import (
    ALL,
    DEEP,
    SOME,
    Ends,
    block_size,
    missing_shares,
    radius_of,
    steps_of,
)

NOBODY = -1

_CELL_BLOCKS = 8, 64
_CELL_PX = 128, 256
"""Lines and samples of a cell, at least: with the sums of a few bands it stays in the second cache."""

DTYPES = ("uint8", "uint16", "float32")
"""Of values, and of what is shown."""

Level = tuple[Sequence[float], Sequence[float]]
"""Gain and offset of each band."""


class Average:
    """The average of rasters of one priority, weighted by feathers.

    Rasters are kept as they are, and averaged at the end, cell by cell: weights are worked out where rasters
    overlap near an edge of one, and nowhere else. An average of n is off by n 2**-24 of full scale, or of the
    largest of the values.

    Parameters
    ----------
    bands, lines, samples : int
        Of the tile, which begins on a multiple of `block_size` on the grid.
    width_px : float
        Of the feathers; see `feather_weights`.

    Raises
    ------
    ValueError
        If a feather cannot be so wide.
    """

    def __init__(self, bands: int, lines: int, samples: int, width_px: float) -> None:
        check_width(width_px)
        self._shape = bands, lines, samples
        self._width_px = width_px
        size = block_size(width_px)
        high, wide = (max(least, blocks * size) for least, blocks in zip(_CELL_PX, _CELL_BLOCKS, strict=True))
        self._cell = min(high, lines), min(wide, samples)
        self._rasters: list[Raster] = []

    def add(
        self,
        values: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        index: int,
        place: tuple[int, int] = (0, 0),
        ends: Ends = (False, False, False, False),
        level: Level | None = None,
    ) -> None:
        """Add a raster; its arrays must stay as they are until it is laid.

        Parameters
        ----------
        values : (bands, l, s) uint8, uint16 or float32
            On the tile and what is `reach` around it; anything where not valid.
        mask : (l, s) bool, optional
            True where valid; without it all is.
        index : int
            What stands for it among the owners, from 0.
        place : (line, sample)
            Of the values on the tile; what lies off it is left out.
        ends : (bool, bool, bool, bool)
            Whether it goes on, as it is there, beyond its first line, first sample, last line and last sample:
            where the grid ends. Elsewhere it is missing beyond them.
        level : (gains, offsets) of the bands, optional
            Each sample is multiplied by a gain, and an offset is added.

        Raises
        ------
        ValueError
            If the bands do not fit.
        """
        if values.shape[0] != self._shape[0]:
            message = f"values {values.shape} do not fit a tile of {self._shape}"
            raise ValueError(message)
        if mask is None:
            mask = np.ones((1, values.shape[2]), np.bool_)
        valid = np.ascontiguousarray(mask).view(np.uint8)
        gains = np.empty((0, 0), np.float32) if level is None else np.array(level, np.float32)
        self._rasters.append(Raster(np.ascontiguousarray(values), gains, valid, ends, *place, index))

    def lay_over(
        self, shown: NDArray[Any], owners: NDArray[np.int32] | None = None, at: tuple[int, int] = (0, 0)
    ) -> None:
        """Lay it over rasters of lower priority, in place.

        It hides them where a raster of it has a weight of 1, and fades into them towards its edges.

        Parameters
        ----------
        shown : (bands, lines, samples) uint8, uint16 or float32
            Samples so far. Whole numbers are rounded, and end at full scale.
        owners : (lines, samples) int32, optional
            Of those samples, `NOBODY` where there are none: the raster with the most weight where this average has
            at least half of the say. Without them there is nothing below, and nobody asks.
        at : (line, sample)
            Of the tile in both, which may be larger.

        Raises
        ------
        ValueError
            If what is shown is not contiguous, or of another dtype.
        """
        if not shown.flags.c_contiguous or shown.dtype.name not in DTYPES:
            kinds = ", ".join(DTYPES)
            message = f"what is shown must be contiguous {kinds}, got {shown.dtype}, strides {shown.strides}"
            raise ValueError(message)
        _, lines, samples = self._shape
        below = None if owners is None else owners[at[0] : at[0] + lines, at[1] : at[1] + samples]
        is_on_top = below is None or bool((below == NOBODY).all())
        if is_on_top and len(self._rasters) == 1:
            alone = self._rasters[0]
            extent = ALL if alone.covers(lines, samples) else SOME
            put(alone, extent, Cell(0, 0, lines, samples, []), at, shown, owners)
            return
        weights, sums = self._room(has_owners=owners is not None, is_on_top=is_on_top)
        for cell in self._cells():
            place = at[0] + cell.line, at[1] + cell.sample
            if is_on_top and len(cell.layers) == 1:
                put(cell.layers[0].raster, cell.layers[0].extent, cell, place, shown, owners)
            else:
                self._average(cell, place, shown, None if is_on_top else owners, weights, sums)
                if is_on_top and owners is not None:
                    own(cell, place, sums, owners)

    def _cells(self) -> Iterator[Cell]:
        """The tile by cells on which anything lies; those side by side that one raster covers alone are one."""
        _, lines, samples = self._shape
        high, wide = self._cell
        of_tile = [(raster, *self._surveyed(raster)) for raster in self._rasters]
        for i, line in enumerate(range(0, lines, high)):
            found = [
                [
                    Layer(raster, missing, extents[i][j])
                    for raster, missing, extents in of_tile
                    if extents[i][j]
                ]
                for j in range(-(-samples // wide))
            ]
            alone = [
                layers[0].raster.number if len(layers) == 1 and layers[0].extent >= ALL else -1 - j
                for j, layers in enumerate(found)
            ]
            for _, same in groupby(range(len(found)), alone.__getitem__):
                columns = list(same)
                start, stop = columns[0] * wide, min((columns[-1] + 1) * wide, samples)
                if found[columns[0]]:
                    yield Cell(line, start, min(high, lines - line), stop - start, found[columns[0]])

    def _surveyed(self, raster: Raster) -> tuple[NDArray[np.float32], list[list[int]]]:
        """What is missing of a raster, and what of each cell, by lines of cells, is valid."""
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        wide, _ = steps_of(self._width_px)
        size = self._shape[1], self._shape[2]
        origin = -raster.top, -raster.left
        missing = missing_shares(raster.mask, raster.values.shape[1], raster.ends, origin, size, wide)
        out = np.empty([-(-length // step) for length, step in zip(size, self._cell, strict=True)], np.uint8)
        down, across = (-(-length // wide.size) for length in self._cell)
        _average.survey(missing, radius_of(wide), -(-size[1] // wide.size), (down, across), out)
        return missing, out.tolist()

    def _room(self, *, has_owners: bool, is_on_top: bool) -> tuple[NDArray[np.float32], Any]:
        """For the weights and the sums of a cell."""
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        asked, seen = (self._cell if has else (0, 0) for has in (has_owners, not is_on_top))
        return np.empty(self._cell, np.float32), _average.Sums(
            mean=np.empty((self._shape[0], *self._cell), np.float32),
            weight=np.empty(self._cell, np.float32),
            most=np.empty(asked, np.float32),
            leading=np.empty(asked, np.float32),
            below=np.empty(seen, np.float32),
        )

    def _average(
        self,
        cell: Cell,
        at: tuple[int, int],
        shown: NDArray[Any],
        below: NDArray[np.int32] | None,
        weights: NDArray[np.float32],
        sums: Any,  # noqa: ANN401 - its type loads Numba
    ) -> None:
        """Average rasters on a cell, which is at (line, sample) of what is shown, over the owners below."""
        from hinterland_kernels.feather import _average, _cpu  # noqa: PLC0415 - loads Numba

        steps, size = steps_of(self._width_px), (cell.lines, cell.samples)
        block = cell.line // steps[0].size, cell.sample // steps[0].size
        is_first = cell.layers[0].extent >= ALL
        if not is_first:
            _average.clear(sums)
        for raster, missing, extent in cell.layers:
            origin = cell.line - raster.top, cell.sample - raster.left
            given = weights[:0] if extent == DEEP else weights[: cell.lines]
            if extent != DEEP:
                lines = raster.values.shape[1]
                _cpu.fill(
                    raster.mask, lines, raster.ends, origin, missing, block, *steps, cell.samples, given
                )
            _average.add(raster.values, raster.level, given, *origin, raster.number, is_first, *size, sums)
            is_first = False
        if below is None:
            is_covered = max(layer.extent for layer in cell.layers) >= ALL
            _average.show(sums, *size, at, is_covered, shown)
        else:
            _average.lay(sums, *size, at, shown, below)

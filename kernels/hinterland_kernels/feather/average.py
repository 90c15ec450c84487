"""Averages of feathered rasters on a tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.feather import check_width
from hinterland_kernels.feather._steps import Ends, missing_shape, steps_of

NOBODY = -1

DTYPES = ("uint8", "uint16", "float32")
"""Of values, and of what is shown."""

Level = tuple[Sequence[float], Sequence[float]]
"""Gain and offset of each band."""


class _Raster(NamedTuple):
    """What waits to be averaged."""

    values: NDArray[Any]
    level: NDArray[np.float32]
    """(2, bands): gains and offsets; (0, 0) where there are none."""
    mask: NDArray[np.uint8]
    """1 where valid, 0 elsewhere; one line stands for all."""
    ends: Ends
    top: int
    left: int
    number: int


class Average:
    """The average of rasters of one priority, weighted by feathers.

    Rasters are kept as they are, and averaged at the end, part by part: weights are worked out where rasters
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
        self._rasters: list[_Raster] = []

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
        self._rasters.append(_Raster(np.ascontiguousarray(values), gains, valid, ends, *place, index))

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
        own = None if owners is None else owners[at[0] : at[0] + lines, at[1] : at[1] + samples]
        is_on_top = own is None or bool((own == NOBODY).all())
        if not self._rasters:
            return
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        wide, fine = steps_of(self._width_px)
        values, levels = self._values(), self._levels()
        like = np.empty(0, values[0].dtype)
        _average.lay_average(
            like,
            self._table(values),
            levels,
            np.empty((len(values), *missing_shape((lines, samples), wide)), np.float32),
            wide,
            fine,
            (lines, samples),
            at,
            is_on_top,
            not levels.size and like.dtype == shown.dtype,
            shown,
            np.empty((0, 0), np.int32) if owners is None else owners,
        )

    def _values(self) -> list[NDArray[Any]]:
        """Values of all rasters, of one dtype: float32, which holds the others, if theirs are not the same."""
        values = [raster.values for raster in self._rasters]
        dtypes = {own.dtype for own in values}
        return values if len(dtypes) == 1 else [own.astype(np.float32) for own in values]

    def _levels(self) -> NDArray[np.float32]:
        """(n, 2, bands): gains and offsets of all rasters; nothing if none has any."""
        if not any(raster.level.size for raster in self._rasters):
            return np.empty((0, 2, self._shape[0]), np.float32)
        same = np.stack([np.ones(self._shape[0], np.float32), np.zeros(self._shape[0], np.float32)])
        return np.stack([raster.level if raster.level.size else same for raster in self._rasters])

    def _table(self, values: list[NDArray[Any]]) -> NDArray[np.int64]:
        """What compiled loops are told of the rasters; see `_rasters`."""
        rows = [
            (
                own.ctypes.data,
                raster.mask.ctypes.data,
                len(raster.mask),
                *own.shape[1:],
                raster.top,
                raster.left,
                raster.number,
                *raster.ends,
            )
            for raster, own in zip(self._rasters, values, strict=True)
        ]
        return np.array(rows, np.int64)

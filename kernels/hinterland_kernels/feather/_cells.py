"""Rasters on the cells of a tile, and the one that lies on a cell alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.feather._steps import ALL, Ends


class Raster(NamedTuple):
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

    def covers(self, lines: int, samples: int) -> bool:
        """True if all of a tile is valid."""
        line, sample = -self.top, -self.left
        high, wide = self.values.shape[1:]
        if min(line, sample) < 0 or line + lines > high or sample + samples > wide:
            return False
        rows = slice(None) if len(self.mask) == 1 else slice(line, line + lines)
        return bool(self.mask[rows, sample : sample + samples].view(np.bool_).all())


class Layer(NamedTuple):
    """A raster on a cell."""

    raster: Raster
    missing: NDArray[np.float32]
    """`missing_shares` on the tile."""
    extent: int
    """What of the cell is valid."""


class Cell(NamedTuple):
    """A part of the tile on which the same rasters lie."""

    line: int
    sample: int
    lines: int
    samples: int
    layers: list[Layer]
    """With what of the cell is valid of each."""


def own(cell: Cell, at: tuple[int, int], sums: Any, owners: NDArray[np.int32]) -> None:  # noqa: ANN401
    """Have the heaviest raster own each sample of a cell."""
    from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

    _average.own(sums, cell.lines, cell.samples, at, owners)


def put(
    raster: Raster,
    extent: int,
    cell: Cell,
    at: tuple[int, int],
    shown: NDArray[Any],
    owners: NDArray[np.int32] | None,
) -> None:
    """Put on a cell the one raster that lies there: an average of one is that one, whatever its weight."""
    line, sample = cell.line - raster.top, cell.sample - raster.left
    here = slice(at[0], at[0] + cell.lines), slice(at[1], at[1] + cell.samples)
    if extent >= ALL and not raster.level.size and raster.values.dtype == shown.dtype:
        shown[:, *here] = raster.values[:, line : line + cell.lines, sample : sample + cell.samples]
    else:
        from hinterland_kernels.feather import _average  # noqa: PLC0415 - loads Numba

        size = cell.lines, cell.samples
        _average.put(raster.values, raster.level, raster.mask, line, sample, *size, at, shown)
    if owners is None:
        return
    if extent >= ALL:
        owners[here] = raster.number
        return
    lines, samples = raster.values.shape[1:]
    top, left = max(line, 0), max(sample, 0)
    last, stop = min(line + cell.lines, lines), min(sample + cell.samples, samples)
    mask = np.broadcast_to(raster.mask, (lines, samples))[top:last, left:stop]
    part = owners[at[0] + top - line : at[0] + last - line, at[1] + left - sample : at[1] + stop - sample]
    np.copyto(part, raster.number, where=mask.view(np.bool_))

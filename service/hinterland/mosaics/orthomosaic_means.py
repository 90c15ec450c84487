"""Rasters on a mosaic's own lattice at reduced resolution: means of their samples, with nothing resampled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window, inside
from hinterland.mosaics.orthomosaic_placing import Placement
from hinterland.products.georeferenced_reader import MapReader, Samples, chunk_shape
from hinterland_kernels.pyramid import block_means

_LINES_OF_CELL = 8
"""Lines that a cell's mean is of, the middle two of each quarter: they lie evenly about the cell's middle, so that
a slope shifts no mean. They are lines of the mosaic: rasters which overlap are compared on the same ground. Of
what needs no decoding the lines between are not read."""


def cell_means(
    reader: MapReader, placement: Placement, factor: int, bands: int
) -> tuple[tuple[int, int], Samples]:
    """Means of a raster over the cells of a reduced grid.

    Parameters
    ----------
    reader : MapReader
        Reads the raster.
    placement : Placement
        Of a raster that needs no resampling, on the grid at full resolution.
    factor : int
        Samples of the grid along a cell, a power of two.
    bands : int
        Of the mosaic: grey stands in for each colour.

    Returns
    -------
    corner : (int, int)
        First line and sample of the cells on the reduced grid.
    means : Samples
        (bands, lines, samples) float32 of all cells that the raster reaches; valid where any sample looked at is.
    """
    line, sample, lines, samples = placement.window
    first, start = line // factor, sample // factor
    shape = -(-(line + lines) // factor) - first, -(-(sample + samples) // factor) - start
    means = Samples(np.empty((bands, *shape), np.float32), np.empty(shape, np.bool_))
    for cells in _pieces(placement, (first, start, *shape), factor):
        found = _means(reader, placement, cells, factor)
        here = inside(cells, (first, start, *shape))
        means.values[:, *here] = found.values
        means.mask[here] = found.mask
    return (first, start), means


def _pieces(placement: Placement, cells: Window, factor: int) -> Iterator[Window]:
    """Windows of cells about as large as what is read at once; lines of cells covered in part stand alone."""
    line, sample, lines, samples = cells
    high, wide = (max(1, length // factor) for length in chunk_shape(placement.raster, 1))
    top, _, height, _ = placement.window
    crossed = -(-top // factor)
    ends = sorted({line, crossed, max(crossed, (top + height) // factor), line + lines})
    for first, last in pairwise(ends):
        for i in range(first, last, high):
            for j in range(sample, sample + samples, wide):
                yield i, j, min(high, last - i), min(wide, sample + samples - j)


def _means(reader: MapReader, placement: Placement, cells: Window, factor: int) -> Samples:
    """Means over some cells; of those that the raster covers in part all lines count."""
    line, sample, lines, samples = (factor * one for one in cells)
    part = placement.part((line, sample, lines, samples))
    if part is None or placement.shift is None:
        message = f"{placement.raster.path} does not reach cells {cells}, or not without resampling"
        raise ValueError(message)
    is_crossed = part[0] == line and part[2] == lines
    picked = _picked(lines, factor) if is_crossed else np.arange(part[2])
    high = min(factor, _LINES_OF_CELL) if is_crossed else factor
    source = part[0] + placement.shift[0], part[1] + placement.shift[1], part[2], part[3]
    values, mask, _ = reader.read_lines(placement.raster, source, picked)
    before = (part[0] - line, 0), (part[1] - sample, 0)
    if before != ((0, 0), (0, 0)):
        values, mask = np.pad(values, ((0, 0), *before)), np.pad(mask, before)
    return Samples(*block_means(values, mask, (high, factor)))


def _picked(lines: int, factor: int) -> NDArray[np.int64]:
    """Lines of cells that their means are of."""
    if factor <= _LINES_OF_CELL:
        return np.arange(lines)
    quarter = 2 * factor // _LINES_OF_CELL
    picked: NDArray[np.int64] = np.arange(0, lines, quarter)[:, None] + (quarter // 2 - 1, quarter // 2)
    return picked.reshape(-1)

"""Rasters laid on a map grid: where each falls, how coarsely it is read, whether it needs resampling at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hinterland.errors import InputError, NothingToDoError
from hinterland.model.map_grids import MapGrid, Window
from hinterland.model.outlines import outline
from hinterland.model.reprojection import grid_to_source, on_turn_of, same_crs, sample_metres
from hinterland.products.georeferenced import MapRaster
from hinterland_kernels.lattice import GridToSource, choose_step

NEAREST_STEP = 32
_PROBE_PX = 512
"""The lattice's step is chosen on a window of this side about the raster's middle."""
_MARGIN_PX = 2
_MIDDLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one raster lies on a grid."""

    raster: MapRaster
    """The raster."""
    index: int
    """Place in the order given, from 0."""
    window: Window
    """Bounds on the grid, cut to it."""
    factor: int
    """Blocks of so many samples a side are read as their mean: the grid is that much coarser."""
    step: int
    """Of its lattices."""
    shift: tuple[int, int] | None
    """Lines and samples from the grid's points to the raster's where they are the same lattice; None where not."""
    metres: float
    """Size of its samples on the ground, m, in its middle."""
    rank: int = 0
    """Priority: those of one rank are equals, 0 is the first."""

    @property
    def grid(self) -> MapGrid:
        """Of the raster as it is read."""
        return self.raster.grid if self.factor == 1 else self.raster.grid.reduced(self.factor)

    def with_rank(self, rank: int) -> Placement:
        """The same with another rank."""
        return replace(self, rank=rank)

    def part(self, window: Window) -> Window | None:
        """What of a window the raster's bounds hold."""
        line, sample, lines, samples = window
        top, left, height, width = self.window
        first, start = max(line, top), max(sample, left)
        last, stop = min(line + lines, top + height), min(sample + samples, left + width)
        return (first, start, last - first, stop - start) if last > first and stop > start else None


def exact_map(grid: MapGrid, placement: Placement) -> GridToSource:
    """The exact map from a grid to a raster as it is read."""
    return grid_to_source(grid, placement.grid)


def place(rasters: Sequence[MapRaster], grid: MapGrid, kernel: str) -> list[Placement]:
    """Lay rasters on a grid, in the order given, those that miss it left out.

    Parameters
    ----------
    rasters : sequence of MapRaster
        The rasters.
    grid : MapGrid
        The mosaic, or a reduced view of it.
    kernel : str
        With "nearest" a raster is never read reduced.

    Raises
    ------
    InputError
        If one lies on another body.
    NothingToDoError
        If none reaches the grid.
    """
    placements = [
        placement
        for index, raster in enumerate(rasters)
        if (placement := place_one(index, raster, grid, kernel)) is not None
    ]
    if not placements:
        message = "no raster reaches the extent of the mosaic; give another --extent, or none"
        raise NothingToDoError(message)
    return placements


def place_one(index: int, raster: MapRaster, grid: MapGrid, kernel: str) -> Placement | None:
    """Lay one raster on a grid, as `place` does; None if it misses it."""
    source = raster.grid
    shift = grid.shift_to(on_turn_of(source, grid)) if same_crs(source.wkt, grid.wkt) else None
    if shift is not None:
        window = _cut((-shift[0], -shift[1], *source.shape), grid)
        factor, step = 1, NEAREST_STEP
    else:
        try:
            window, factor, step = _resampled(raster, grid, kernel)
        except ValueError as error:
            message = f"{raster.path}: {error}; leave it out or give another --crs"
            raise InputError(message) from error
    if window is None:
        return None
    middle = np.array([[0.5 * (source.lines - 1), 0.5 * (source.samples - 1)]])
    metres = float(sample_metres(source, middle)[0])
    return Placement(
        raster=raster,
        index=index,
        window=window,
        factor=factor,
        step=step,
        shift=shift,
        metres=metres if math.isfinite(metres) else math.inf,
    )


def _resampled(raster: MapRaster, grid: MapGrid, kernel: str) -> tuple[Window | None, int, int]:
    """Window, factor and step of a raster that needs resampling."""
    source = raster.grid
    window = _window(source, grid)
    if window is None:
        return None, 1, NEAREST_STEP
    factor = 1 if kernel == "nearest" else _factor(source, grid, window)
    step = NEAREST_STEP
    if kernel != "nearest":
        line, sample, lines, samples = window
        probe = (
            line + max(0, (lines - _PROBE_PX) // 2),
            sample + max(0, (samples - _PROBE_PX) // 2),
            min(lines, _PROBE_PX),
            min(samples, _PROBE_PX),
        )
        reduced = source.reduced(factor)
        step = choose_step(grid_to_source(grid, reduced), probe, reduced.shape, is_gentle=True)
    return window, factor, step


def _window(source: MapGrid, grid: MapGrid) -> Window | None:
    """Bounds of a raster on a grid; the whole grid where the raster is cut by a seam or a pole."""
    west, _, east, _ = grid.bounds
    lies = outline(source, grid.wkt, 0.5 * (west + east))
    if lies is None:
        return None
    if not lies.is_whole:
        return 0, 0, grid.lines, grid.samples
    corners = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]) * lies.reach
    points = grid.points((lies.coordinates[None] + corners[:, None]).reshape(-1, 2))
    low = np.floor(points.min(axis=0)) - _MARGIN_PX
    high = np.ceil(points.max(axis=0)) + _MARGIN_PX + 1
    limits = np.array(grid.shape)
    (line, sample), (last, stop) = np.clip(low, 0, limits).astype(int), np.clip(high, 0, limits).astype(int)
    return _cut((int(line), int(sample), int(last - line), int(stop - sample)), grid)


def _cut(window: Window, grid: MapGrid) -> Window | None:
    line, sample, lines, samples = window
    top, left = max(line, 0), max(sample, 0)
    bottom, right = min(line + lines, grid.lines), min(sample + samples, grid.samples)
    return (top, left, bottom - top, right - left) if bottom > top and right > left else None


def _factor(source: MapGrid, grid: MapGrid, window: Window) -> int:
    """Power of two that leaves two to four of the raster's samples to one of the grid, in the window's middle."""
    line, sample, lines, samples = window
    inner = (np.arange(_MIDDLES) + 0.5) / _MIDDLES
    middles = np.stack(np.meshgrid(line + inner * lines, sample + inner * samples), axis=-1).reshape(-1, 2)
    steps = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])
    cross = grid_to_source(grid, source)((middles[:, None] + steps).reshape(-1, 2)).reshape(-1, 4, 2)
    up, down, left, right = cross.transpose(1, 0, 2)
    with np.errstate(invalid="ignore"):  # of what has no place
        spans = np.sqrt(np.abs(np.linalg.det(np.stack([down - up, right - left], axis=1))))
    span = float(np.nanmedian(spans)) if np.isfinite(spans).any() else 1.0
    return 1 << max(0, math.floor(math.log2(max(span, 1.0))) - 1)

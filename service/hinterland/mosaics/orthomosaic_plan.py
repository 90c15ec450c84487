"""The plan of an orbital mosaic: grid, rasters on it, tiles and memory, made before a sample is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError, PlanTooLargeError
from hinterland.model.map_grids import MapGrid, Window
from hinterland.mosaics.orthomosaic_grid import Request, fit_map_grid
from hinterland.mosaics.orthomosaic_placing import Placement, place
from hinterland.products.georeferenced import MapRaster
from hinterland.products.georeferenced_reader import chunk_bytes
from hinterland_kernels.blend import halo

METHODS = ("blend", "first", "last", "min", "max", "mean", "median", "stddev", "count", "nmad")
PICKS = ("first", "last", "min", "max")
"""Methods that take each sample from one raster."""
PRIORITIES = ("resolution", "order")

LEVELS = 5
"""Detail up to 2**5 samples wide is blended over its own width; levelling deals with what is wider."""
TILES_PX = (1024, 512, 256, 128)
LABEL_GRID_PX = 400_000
MOST_BLENDED = 4096
"""Rasters that one blend levels and cuts at once."""
OWNERS = 8
"""Rasters that are taken to own samples of one tile of a blend."""

_LARGEST_GRID_PX = 1 << 40
_FIXED_BYTES = 96 << 20
"""Loaded kernels, GDAL's caches and the writer of the file."""
_LATTICE_BYTES = 112
"""Of a sample whose place is computed exactly, temporaries included."""
_SAME_RESOLUTION = 1.1
"""Rasters whose resolutions differ by less than this have one priority."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MosaicPlan:
    """What will be made, and of what."""

    grid: MapGrid
    """The mosaic."""
    placements: tuple[Placement, ...]
    """Rasters that reach the grid, the first in priority first."""
    windows: NDArray[np.int64]
    """(n, 4): the placements' windows; the index that says what a tile reads."""
    bands: int
    """Of the mosaic."""
    dtype: np.dtype[Any]
    """Of the mosaic."""
    method: str
    """One of `METHODS`."""
    priority: str
    """One of `PRIORITIES`."""
    kernel: str
    """Resampling kernel."""
    levels: int
    """Pyramid levels of the blend."""
    tile_px: int
    """Edge of a tile; it changes no sample."""
    label_factor: int
    """Samples of the grid along one label of the seams, a power of two."""
    workers: int
    """Tiles made at a time."""
    cache_bytes: int
    """For samples that several tiles need."""
    worker_bytes: int
    """For what a tile is made of."""
    notes: tuple[str, ...]
    """What the user should know."""

    def tiles(self) -> Iterator[Window]:
        """Windows of the tiles, line by line; the last ones are smaller."""
        lines, samples = self.grid.shape
        for line in range(0, lines, self.tile_px):
            for sample in range(0, samples, self.tile_px):
                yield line, sample, min(self.tile_px, lines - line), min(self.tile_px, samples - sample)

    @property
    def tile_count(self) -> int:
        """How many tiles there are."""
        return -(-self.grid.lines // self.tile_px) * -(-self.grid.samples // self.tile_px)

    def touching(self, window: Window) -> list[int]:
        """Indices into the placements that may fall on a window, in order of priority."""
        return np.flatnonzero(_touch(self.windows, window)).tolist()

    def with_halo(self, window: Window) -> Window:
        """Widen a tile by the blend's reach, never off the grid."""
        line, sample, lines, samples = window
        reach = halo(self.levels)
        top, left = max(0, line - reach), max(0, sample - reach)
        bottom = min(self.grid.lines, line + lines + reach)
        right = min(self.grid.samples, sample + samples + reach)
        return top, left, bottom - top, right - left


def plan_mosaic(
    rasters: Sequence[MapRaster], request: Request, *, used_bytes: int, workers: int
) -> MosaicPlan:
    """Plan a mosaic.

    Parameters
    ----------
    rasters : sequence of MapRaster
        The inputs, in the order given.
    request : Request
        What was asked for.
    used_bytes : int
        Memory that the process holds already.
    workers : int
        Tiles to make at a time, fewer where the memory does not allow them.

    Returns
    -------
    MosaicPlan
        Within the memory asked for.

    Raises
    ------
    InputError
        If the rasters do not go together; PlanTooLargeError if the grid is absurd, or the memory too little.
    NothingToDoError
        If no raster reaches the grid.
    """
    bands = _bands(rasters)
    dtype, notes = _dtype(rasters, request.method)
    grid = fit_map_grid(rasters, request)
    if grid.lines * grid.samples > _LARGEST_GRID_PX:
        message = (
            f"the mosaic would have {grid.samples} x {grid.lines} samples of {grid.sample_size:g}, more than "
            f"{_LARGEST_GRID_PX}; give a larger --resolution or a smaller --extent"
        )
        raise PlanTooLargeError(message)
    priority = request.priority or ("resolution" if request.method == "blend" else "order")
    placements = _ordered(place(rasters, grid, request.kernel), priority)
    if request.method == "blend" and len(placements) > MOST_BLENDED:
        message = f"{len(placements)} rasters are more than the {MOST_BLENDED} of a blend; use --method first"
        raise InputError(message)
    windows = np.array([placement.window for placement in placements], dtype=np.int64)
    room = request.memory_bytes - used_bytes - _FIXED_BYTES
    tile_px, workers, cache = _memory(request, grid, placements, windows, bands, room, workers)
    return MosaicPlan(
        grid=grid,
        placements=placements,
        windows=windows,
        bands=bands,
        dtype=dtype,
        method=request.method,
        priority=priority,
        kernel=request.kernel,
        levels=LEVELS,
        tile_px=tile_px,
        label_factor=_label_factor(grid, windows, bands, room),
        workers=workers,
        cache_bytes=cache,
        worker_bytes=(room - cache) // workers,
        notes=notes,
    )


def _bands(rasters: Sequence[MapRaster]) -> int:
    counts = {raster.bands: raster for raster in rasters}
    if len(counts) == 1 or set(counts) == {1, 3}:
        return max(counts)
    names = ", ".join(f"{raster.path.name} has {count}" for count, raster in sorted(counts.items()))
    message = f"the rasters of a mosaic have the same bands, or one and three; {names}: leave some out"
    raise InputError(message)


def _dtype(rasters: Sequence[MapRaster], method: str) -> tuple[np.dtype[Any], tuple[str, ...]]:
    """Dtype of the mosaic, and what is said about it."""
    notes = tuple(
        f"{raster.path.name}: {raster.stored} samples {'with a scale ' if raster.is_scaled else ''}become float32"
        for raster in rasters
        if raster.stored != raster.dtype
    )
    if method == "count":
        return np.dtype(np.uint16), notes
    widest = np.result_type(*(raster.dtype for raster in rasters))
    # int16 and uint16 together need more than 16 bits, and float32 holds both
    exact = widest if widest.name in {"uint8", "uint16", "int16"} else np.dtype(np.float32)
    return (np.dtype(np.float32) if method in {"stddev", "nmad"} else exact), notes


def _ordered(placements: Sequence[Placement], priority: str) -> tuple[Placement, ...]:
    """Finest first, those of about one resolution as given; each with its rank."""
    if priority == "order":
        return tuple(placements)
    by_size = sorted(placements, key=lambda placement: placement.metres)
    ranks: dict[int, int] = {}
    rank, finest = 0, by_size[0].metres
    for placement in by_size:
        if placement.metres > finest * _SAME_RESOLUTION:
            rank, finest = rank + 1, placement.metres
        ranks[placement.index] = rank
    ranked = (placement.with_rank(ranks[placement.index]) for placement in placements)
    return tuple(sorted(ranked, key=lambda placement: placement.rank))


def _touch(windows: NDArray[np.int64], window: Window) -> NDArray[np.bool_]:
    line, sample, lines, samples = window
    top, left, height, width = windows.T
    touch: NDArray[np.bool_] = (
        (top < line + lines) & (top + height > line) & (left < sample + samples) & (left + width > sample)
    )
    return touch


def _memory(
    request: Request,
    grid: MapGrid,
    placements: Sequence[Placement],
    windows: NDArray[np.int64],
    bands: int,
    room: int,
    workers: int,
) -> tuple[int, int, int]:
    """Edge of a tile, workers, and bytes of the cache: the largest that the room allows."""
    reading = max(chunk_bytes(placement.raster, placement.factor) for placement in placements)
    needed = 0
    for count in range(workers, 0, -1):
        for tile_px in TILES_PX:
            deepest = _deepest(windows, grid, tile_px)
            needed = count * (_tile_bytes(request, tile_px, bands, deepest) + reading)
            if needed + reading <= room:
                # at least what tiles need; of the rest half each: a row of tiles shares its rows of chunks
                return tile_px, count, (room - needed) // 2
    given, enough = request.memory_bytes, request.memory_bytes - room + needed + reading
    message = f"--memory {given}: this mosaic needs at least {enough} bytes; give more, or cut the extent"
    raise PlanTooLargeError(message, enough)


def _deepest(windows: NDArray[np.int64], grid: MapGrid, tile_px: int) -> int:
    """At least the largest number of rasters on one tile, from counts on a coarse net of tiles."""
    net = max(tile_px, -(-max(grid.shape) // 512))
    first = windows[:, :2] // net
    last = (windows[:, :2] + windows[:, 2:] - 1) // net
    counts = np.zeros((-(-grid.lines // net) + 1, -(-grid.samples // net) + 1), dtype=np.int64)
    np.add.at(counts, (first[:, 0], first[:, 1]), 1)
    np.add.at(counts, (last[:, 0] + 1, first[:, 1]), -1)
    np.add.at(counts, (first[:, 0], last[:, 1] + 1), -1)
    np.add.at(counts, (last[:, 0] + 1, last[:, 1] + 1), 1)
    return int(counts.cumsum(axis=0).cumsum(axis=1).max())


def _tile_bytes(request: Request, tile_px: int, bands: int, deepest: int) -> int:
    """Bytes that a worker needs at least for a tile."""
    area = tile_px * tile_px
    layer = 4 * bands + 1
    finished = 3 * area * (layer + 6)  # tiles that wait to be written count
    source = 3 * area * layer  # a piece of the source, and what it is laid together from
    lattice = area * _LATTICE_BYTES if request.kernel == "nearest" else area
    if request.method == "blend":
        wide = (tile_px + 2 * halo(LEVELS)) ** 2
        # masks of all; values and pyramids of the owners, and those of one on the way
        return finished + source + wide * (deepest + 4 + (min(deepest, OWNERS) + 2) * (2 * layer + 4))
    if request.method in PICKS:
        return finished + source + lattice + area * 2 * layer
    return finished + source + lattice + 2 * tile_px * deepest * layer  # by the line, where need be


def _label_factor(grid: MapGrid, windows: NDArray[np.int64], bands: int, room: int) -> int:
    """Few enough labels for the seam cut, and for the previews of all rasters at once."""
    overlaps = float((windows[:, 2] * windows[:, 3]).sum()) / (grid.lines * grid.samples)
    previews = room / (max(overlaps, 1.0) * 4 * (8 * bands + 10))
    most = max(min(float(LABEL_GRID_PX), previews), 1.0)
    factor = 1
    while grid.lines * grid.samples > most * factor * factor:
        factor *= 2
    return factor

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
from hinterland.mosaics.orthomosaic_memory import FIXED_BYTES, LEVELS, PICKS, fit_memory, label_factor
from hinterland.mosaics.orthomosaic_placing import Placement, place
from hinterland.mosaics.terrain import HoleLimit, hole_limit
from hinterland.products.georeferenced import MapRaster
from hinterland_kernels.feather import block_size

METHODS = ("blend", "first", "last", "min", "max", "mean", "median", "stddev", "count", "nmad")
JOINS = ("seams", "feather")
"""How a blend joins rasters: cut where they differ least and blended by bands, or faded in from their edges."""
PRIORITIES = ("resolution", "order")
MOST_BLENDED = 4096
"""Rasters that one mosaic levels or cuts at once."""

_LARGEST_GRID_PX = 1 << 40
_SAME_RESOLUTION = 1.1
"""Rasters whose resolutions differ by less than this have one priority."""
_HEIGHTS = ("int16", "float32")
"""Dtypes that heights have; bytes are pictures."""
_NO_HEIGHTS = ("stddev", "count", "nmad")


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
    join: str = "seams"
    """One of `JOINS`."""
    feather_px: float = 0.0
    """Width of a feather."""
    holes: HoleLimit | None = None
    """How wide a hole is filled; None fills none."""
    relief: bool = False
    """Shaded relief is drawn."""
    slope: bool = False
    """The slope is drawn."""

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

    @property
    def drawing_margin(self) -> int:
        """Samples around a tile that its relief and slope need."""
        return self._margins[0]

    @property
    def filling_margin(self) -> int:
        """Samples around a tile that these and its holes need."""
        return self._margins[1]

    @property
    def _margins(self) -> tuple[int, int]:
        unit = _unit(self.method, self.feather_px)
        return _margins(unit, self.holes, draws=self.relief or self.slope)

    @property
    def has_sources(self) -> bool:
        """True if each sample has a raster that it is from."""
        return self.method == "blend" or self.method in PICKS

    def around(self, window: Window, reach: int) -> Window:
        """Widen a window, never off the grid."""
        line, sample, lines, samples = window
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
    dtype, notes = _dtype(rasters, request)
    _check_heights(rasters, bands, request)
    grid = fit_map_grid(rasters, request)
    if grid.lines * grid.samples > _LARGEST_GRID_PX:
        message = (
            f"the mosaic would have {grid.samples} x {grid.lines} samples of {grid.sample_size:g}, more than "
            f"{_LARGEST_GRID_PX}; give a larger --resolution or a smaller --extent"
        )
        raise PlanTooLargeError(message)
    priority = request.priority or ("resolution" if request.method == "blend" else "order")
    placements = _ordered(place(rasters, grid, request.kernel), priority)
    if (request.method == "blend" or request.levels_heights) and len(placements) > MOST_BLENDED:
        message = (
            f"{len(placements)} rasters are more than the {MOST_BLENDED} that are levelled and blended at once; "
            "use --method first and --level none"
        )
        raise InputError(message)
    windows = np.array([placement.window for placement in placements], dtype=np.int64)
    room = request.memory_bytes - used_bytes - FIXED_BYTES
    holes = None if request.fill_m is None else hole_limit(grid, request.fill_m)
    feather_px = request.feather_px if request.method == "blend" and request.join == "feather" else 0.0
    margins = _margins(_unit(request.method, feather_px), holes, draws=request.relief or request.slope)
    tile_px, workers, cache = fit_memory(request, grid, placements, windows, bands, margins, room, workers)
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
        label_factor=label_factor(grid, windows, bands, room),
        workers=workers,
        cache_bytes=cache,
        worker_bytes=(room - cache) // workers,
        notes=notes,
        join=request.join,
        feather_px=feather_px,
        holes=holes,
        relief=request.relief,
        slope=request.slope,
    )


def _bands(rasters: Sequence[MapRaster]) -> int:
    counts = {raster.bands: raster for raster in rasters}
    if len(counts) == 1 or set(counts) == {1, 3}:
        return max(counts)
    names = ", ".join(f"{raster.path.name} has {count}" for count, raster in sorted(counts.items()))
    message = f"the rasters of a mosaic have the same bands, or one and three; {names}: leave some out"
    raise InputError(message)


def _dtype(rasters: Sequence[MapRaster], request: Request) -> tuple[np.dtype[Any], tuple[str, ...]]:
    """Dtype of the mosaic, and what is said about it."""
    notes = tuple(
        f"{raster.path.name}: {raster.stored} samples {'with a scale ' if raster.is_scaled else ''}become float32"
        for raster in rasters
        if raster.stored != raster.dtype
    )
    if request.method == "count":
        return np.dtype(np.uint16), notes
    widest = np.result_type(*(raster.dtype for raster in rasters))
    # int16 and uint16 together need more than 16 bits, and float32 holds both
    exact = widest if widest.name in {"uint8", "uint16", "int16"} else np.dtype(np.float32)
    if request.levels_heights and exact.kind != "f":
        notes += (f"levelled heights are no whole numbers: {exact} samples become float32",)
        exact = np.dtype(np.float32)
    return (np.dtype(np.float32) if request.method in {"stddev", "nmad"} else exact), notes


def _check_heights(rasters: Sequence[MapRaster], bands: int, request: Request) -> None:
    """Refuse to treat pictures, or what is no height any more, as terrain."""
    asked = [
        option
        for option, is_asked in (
            ("--level offset or plane", request.levels_heights),
            ("--fill", request.fill_m is not None),
            ("--relief", request.relief),
            ("--slope", request.slope),
        )
        if is_asked
    ]
    if not asked:
        return
    picture = next((one for one in rasters if bands != 1 or one.dtype.name not in _HEIGHTS), None)
    if picture is not None:
        message = (
            f"{asked[0]}: {picture.path.name} has {picture.bands} band{'s' * (picture.bands > 1)} of "
            f"{picture.dtype}, heights are one band of {' or '.join(_HEIGHTS)}; leave the option or the raster out"
        )
        raise InputError(message)
    if request.method in _NO_HEIGHTS and asked[0] != "--level offset or plane":
        message = (
            f"{asked[0]}: --method {request.method} makes no heights; choose another or leave the option out"
        )
        raise InputError(message)


def _margins(unit: int, holes: HoleLimit | None, *, draws: bool) -> tuple[int, int]:
    """Samples around a tile that its drawings look at, and that the filling of its holes looks at too."""
    drawing = unit if draws else 0
    filling = 0 if holes is None else -(-holes.reach // unit) * unit
    return drawing, drawing + filling


def _unit(method: str, feather_px: float) -> int:
    """What windows begin on multiples of, so that pyramids and feathers fall on the same samples."""
    if method != "blend":
        return 1
    return block_size(feather_px) if feather_px else 1 << LEVELS


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

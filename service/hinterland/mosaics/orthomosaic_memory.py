"""Memory of an orbital mosaic: the largest tiles and most workers that a budget allows, and the reduced grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import PlanTooLargeError
from hinterland.model.map_grids import MapGrid
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_placing import Placement
from hinterland.products.georeferenced_reader import chunk_bytes
from hinterland_kernels import feather
from hinterland_kernels.blend import halo

LEVELS = 5
"""Detail up to 2**5 samples wide is blended over its own width; levelling deals with what is wider."""
PICKS = ("first", "last", "min", "max")
"""Methods that take each sample from one raster."""
TILES_PX = (2048, 1024, 512, 256, 128)
LABEL_GRID_PX = 400_000
OWNERS = 8
"""Rasters that are taken to own samples of one tile of a blend."""

FIXED_BYTES = 96 << 20
"""Loaded kernels, GDAL's caches and the writer of the file."""
_LATTICE_BYTES = 112
"""Of a sample whose place is computed exactly, temporaries included."""
_FILLING_BYTES = 64
"""Of a sample where holes are looked for: distances to what is valid, in float64, and their indices."""
_DRAWING_BYTES = 56
"""Of a sample of relief and slope: sizes on the ground, gradients, temporaries."""


def fit_memory(
    request: Request,
    grid: MapGrid,
    placements: Sequence[Placement],
    windows: NDArray[np.int64],
    bands: int,
    margins: tuple[int, int],
    room: int,
    workers: int,
) -> tuple[int, int, int]:
    """Choose the edge of a tile, workers, and bytes of the cache: the largest that the room allows.

    Parameters
    ----------
    request : Request
        What was asked for.
    grid : MapGrid
        The mosaic.
    placements : sequence of Placement
        Rasters on it.
    windows : (n, 4) int64
        Theirs.
    bands : int
        Of the mosaic.
    margins : (int, int)
        Samples around a tile that its drawings, and the filling of its holes, look at.
    room : int
        Bytes to spend.
    workers : int
        Tiles to make at a time, at most.

    Raises
    ------
    PlanTooLargeError
        If the room is too little.
    """
    reading = max(chunk_bytes(placement.raster, placement.factor) for placement in placements)
    needed = 0
    for count in range(workers, 0, -1):
        for tile_px in TILES_PX:
            deepest = _deepest(windows, grid, tile_px)
            needed = count * (_tile_bytes(request, tile_px, margins, bands, deepest) + reading)
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


def _tile_bytes(request: Request, tile_px: int, margins: tuple[int, int], bands: int, deepest: int) -> int:
    """Bytes that a worker needs at least for a tile."""
    layer = 4 * bands + 1
    finished = 3 * tile_px * tile_px * (layer + 11)  # tiles that wait to be written count
    drawn = (tile_px + 2 * margins[0]) ** 2 * _DRAWING_BYTES if request.relief or request.slope else 0
    tile_px += 2 * max(margins)
    area = tile_px * tile_px
    finished += drawn + (area * _FILLING_BYTES if request.fill_m is not None else 0)
    source = 3 * area * layer  # a piece of the source, and what it is laid together from
    lattice = area * _LATTICE_BYTES if request.kernel == "nearest" else area
    if request.method == "blend" and request.join == "feather":
        wide = (tile_px + 2 * feather.reach(request.feather_px)) ** 2
        # values, masks and missing shares of all with what is around them; sums, and what is shown of whom
        return finished + source + wide * deepest * (layer + 4) + area * (3 * layer + 21)
    if request.method == "blend":
        wide = (tile_px + 2 * halo(LEVELS)) ** 2
        # masks of all; values and pyramids of the owners, and those of one on the way
        return finished + source + wide * (deepest + 4 + (min(deepest, OWNERS) + 2) * (2 * layer + 4))
    if request.method in PICKS:
        return finished + source + lattice + area * 2 * layer
    return finished + source + lattice + 2 * tile_px * deepest * layer  # by the line, where need be


def label_factor(grid: MapGrid, windows: NDArray[np.int64], bands: int, room: int) -> int:
    """Samples along one label: few enough for the seam cut, and for the previews of all rasters at once."""
    overlaps = float((windows[:, 2] * windows[:, 3]).sum()) / (grid.lines * grid.samples)
    previews = room / (max(overlaps, 1.0) * 4 * (8 * bands + 10))
    most = max(min(float(LABEL_GRID_PX), previews), 1.0)
    factor = 1
    while grid.lines * grid.samples > most * factor * factor:
        factor *= 2
    return factor

"""What the ground really resolves in an orbital mosaic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import MapGrid, Window
from hinterland.model.reprojection import sample_metres
from hinterland.mosaics.orthomosaic_owners import SQUARE_PX
from hinterland.mosaics.orthomosaic_placing import Placement, exact_map

RESOLUTION_PX = SQUARE_PX
"""It is worked out once for each square of so many samples a side."""


def coarsest_metres(
    grid: MapGrid,
    placements: Sequence[Placement],
    window: Window,
    squares: Mapping[int, NDArray[np.bool_]],
) -> NDArray[np.float32]:
    """What the ground resolves in each square of a tile: the coarsest of what shows there.

    Parameters
    ----------
    grid : MapGrid
        The mosaic.
    placements : sequence of Placement
        Its rasters.
    window : Window
        The tile, which starts on a multiple of `RESOLUTION_PX`.
    squares : Mapping of int to (squares down, squares across) bool
        Where each placement that owns a sample has one.

    Returns
    -------
    (squares down, squares across) float32
        Metres; 0 where no sample has a source.
    """
    out = np.zeros([-(-size // RESOLUTION_PX) for size in window[2:]], dtype=np.float32)
    points, metres = _middles(grid, window)
    for index, shows in squares.items():
        resolved = _resolved(grid, placements[index], points, metres).reshape(out.shape)
        np.maximum(out, resolved, out=out, where=shows)
    return out


def resolved_metres(grid: MapGrid, placement: Placement, window: Window) -> NDArray[np.float32]:
    """Size on the ground (m) of what a mosaic shows of one raster, for each square of a window.

    It is the raster's own sample, or the mosaic's where that is coarser.

    Parameters
    ----------
    grid : MapGrid
        The mosaic.
    placement : Placement
        The raster.
    window : Window
        That starts on a multiple of `RESOLUTION_PX`.

    Returns
    -------
    (lines, samples) float32
        At the middles of squares of `RESOLUTION_PX` samples a side.
    """
    points, metres = _middles(grid, window)
    return _resolved(grid, placement, points, metres).reshape(
        [-(-size // RESOLUTION_PX) for size in window[2:]]
    )


def _middles(grid: MapGrid, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles of the squares of a window, and the size of the mosaic's samples there, m."""
    line, sample, lines, samples = window
    middles = [
        first + 0.5 * (RESOLUTION_PX - 1) + RESOLUTION_PX * np.arange(-(-size // RESOLUTION_PX))
        for first, size in ((line, lines), (sample, samples))
    ]
    points = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 2)
    return points, sample_metres(grid, points)


def _resolved(
    grid: MapGrid, placement: Placement, points: NDArray[np.float64], metres: NDArray[np.float64]
) -> NDArray[np.float32]:
    """What `resolved_metres` says of points, where the mosaic's samples have a size."""
    if placement.shift is None:
        with np.errstate(invalid="ignore", divide="ignore"):
            metres = metres / np.minimum(_spans(grid, placement, points), 1.0)
    # the middle of a square may lie off the map where its samples do not
    resolved: NDArray[np.float32] = np.where(np.isfinite(metres), metres, placement.metres).astype(np.float32)
    return resolved


def _spans(grid: MapGrid, placement: Placement, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples of the raster along a sample of the grid."""
    steps = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])
    cross = exact_map(grid, placement)((points[:, None] + steps).reshape(-1, 2)).reshape(-1, 4, 2)
    up, down, left, right = cross.transpose(1, 0, 2) * placement.factor
    spans: NDArray[np.float64] = np.sqrt(np.abs(np.linalg.det(np.stack([down - up, right - left], axis=1))))
    return spans

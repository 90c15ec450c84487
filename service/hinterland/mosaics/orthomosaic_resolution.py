"""What the ground really resolves in an orbital mosaic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import MapGrid, Window
from hinterland.model.reprojection import sample_metres
from hinterland.mosaics.orthomosaic_placing import Placement, exact_map

RESOLUTION_PX = 64
"""It is worked out once for each square of so many samples a side."""


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
    line, sample, lines, samples = window
    middles = [
        first + 0.5 * (RESOLUTION_PX - 1) + RESOLUTION_PX * np.arange(-(-size // RESOLUTION_PX))
        for first, size in ((line, lines), (sample, samples))
    ]
    points = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 2)
    steps = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)])
    cross = exact_map(grid, placement)((points[:, None] + steps).reshape(-1, 2)).reshape(-1, 4, 2)
    up, down, left, right = cross.transpose(1, 0, 2) * placement.factor
    with np.errstate(invalid="ignore"):  # of what has no place
        spans = np.sqrt(np.abs(np.linalg.det(np.stack([down - up, right - left], axis=1))))
    metres = sample_metres(grid, points)
    with np.errstate(invalid="ignore", divide="ignore"):
        resolved = metres / np.minimum(spans, 1.0)
    # the middle of a square may lie off the map where its samples do not
    resolved = np.where(np.isfinite(resolved), resolved, placement.metres)
    return resolved.astype(np.float32).reshape(len(middles[0]), len(middles[1]))

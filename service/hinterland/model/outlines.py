"""Where a raster lies on another map: its bounds there, and whether a seam or a pole cuts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hinterland.model.map_grids import Bounds, MapGrid
from hinterland.model.reprojection import Array, from_planetocentric, nearest_turn, transform, turn

_MESH = 20
"""Meshes over a raster along each side."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """Where a raster lies on another map."""

    coordinates: Array
    """(n, 2): a mesh over the raster that has its edges and corners; only what the other map has."""
    reach: Array
    """(2,): how far the raster can lie beyond the mesh's own bounds, in x and y."""
    is_whole: bool
    """False if the raster is cut, by the other map's seam, by its end or by a pole: bounds say little then."""

    @property
    def bounds(self) -> Bounds:
        """That hold the raster, or what of it the other map has."""
        low = self.coordinates.min(axis=0) - self.reach
        high = self.coordinates.max(axis=0) + self.reach
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def outline(source: MapGrid, wkt: str, middle_x: float) -> Outline | None:
    """Lay a raster on another map.

    Parameters
    ----------
    source : MapGrid
        The raster's grid.
    wkt : str
        The other map's coordinate system.
    middle_x : float
        Where x goes round the body, coordinates are the turn nearest to this.

    Returns
    -------
    Outline or None
        None if the other map has no place for it.

    Raises
    ------
    ValueError
        As `transform`.
    """
    near = nearest_turn(wkt, middle_x)
    steps = [np.linspace(-0.5, size - 0.5, _MESH + 1) for size in source.shape]
    mesh = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 2)
    carried = near(transform(source.wkt, wkt)(source.coordinates(mesh))).reshape(_MESH + 1, _MESH + 1, 2)
    found = np.isfinite(carried).all(axis=-1)
    if not found.any():
        return None
    bends = [np.abs(np.diff(carried, n=2, axis=axis)).max(axis=(0, 1), initial=0.0) for axis in (0, 1)]
    half_turn = 0.5 * turn(wkt) or np.inf
    is_cut = any((np.abs(np.diff(carried[..., 0], axis=axis)) > half_turn).any() for axis in (0, 1))
    poles = _poles_inside(source, wkt)
    coordinates = carried[found]
    if turn(wkt) and (is_cut or len(poles)):
        west, east = middle_x - half_turn, middle_x + half_turn
        y = np.concatenate([coordinates[:, 1], poles[:, 1]])
        coordinates = np.array([(west, y.min()), (east, y.max())])
        bends = [np.zeros(2)] * 2
    is_whole = bool(found.all()) and not is_cut and not len(poles)
    return Outline(
        coordinates=coordinates,
        reach=np.nan_to_num(np.maximum(*bends) / 8.0),
        is_whole=is_whole,
    )


def _poles_inside(source: MapGrid, wkt: str) -> Array:
    """Coordinates (n, 2) on another map of the poles that lie in a raster; (0, 2) if none."""
    poles = np.array([(0.0, 90.0), (0.0, -90.0)])
    points = source.points(from_planetocentric(source.wkt)(poles))
    with np.errstate(invalid="ignore"):
        inside = ((points >= -0.5) & (points <= np.array(source.shape) - 0.5)).all(axis=1)
    there = from_planetocentric(wkt)(poles[inside])
    found: Array = there[np.isfinite(there).all(axis=1)]
    return found

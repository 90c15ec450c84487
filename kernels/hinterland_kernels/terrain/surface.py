"""Surfaces: relief, slope, holes. Public face of `_cpu_surface`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hinterland_kernels.terrain import _cpu_surface


def slope(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: ArrayLike,
    metres_per_sample: ArrayLike,
    *,
    lean: ArrayLike = 0.0,
) -> NDArray[np.float32]:
    """Slope (rad) of a surface, by Horn's gradient.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    mask : (lines, samples) bool
        True where valid.
    metres_per_line : float, (lines, 1) or (lines, samples)
        From a line to the next, at right angles to it.
    metres_per_sample : float, (lines, 1) or (lines, samples)
        From a cell to the next along a line.
    lean : float, (lines, 1) or (lines, samples)
        How far the next line's cell of the same sample lies aside, m, positive towards higher samples; 0 where
        lines and samples are at right angles on the ground.

    Returns
    -------
    (lines, samples) float32
        0 is level; 0 where not valid. Up to the edge of what is valid, see `pixel.terrain.horn_gradient`.

    Raises
    ------
    ValueError
        If shapes do not agree or a size is not positive.

    References
    ----------
    Horn 1981, "Hill shading and the reflectance map", Proc. IEEE 69(1).
    """
    north, east = _gradient(heights, mask, metres_per_line, metres_per_sample, lean)
    return np.arctan(np.hypot(north, east))


def shaded_relief(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: ArrayLike,
    metres_per_sample: ArrayLike,
    *,
    lean: ArrayLike = 0.0,
    light_azimuth: float = math.radians(315.0),
    light_elevation: float = math.radians(45.0),
    exaggeration: float = 1.0,
) -> NDArray[np.float32]:
    """Shade a surface as a matt one in parallel light.

    Parameters
    ----------
    heights, mask, metres_per_line, metres_per_sample, lean
        As in `slope`.
    light_azimuth, light_elevation : float
        Where the light comes from, rad; azimuth from the grid's up direction clockwise.
    exaggeration : float
        Factor on heights.

    Returns
    -------
    (lines, samples) float32
        Cosine of the angle of incidence, 0 (in shadow of its own) to 1; level ground has the sine of
        `light_elevation`. 0 where not valid.

    Raises
    ------
    ValueError
        As `slope`.

    References
    ----------
    Horn 1981, as `slope`.
    """
    north, east = _gradient(heights, mask, metres_per_line, metres_per_sample, lean)
    north, east = exaggeration * north, exaggeration * east
    towards_north = math.cos(light_elevation) * math.cos(light_azimuth)
    towards_east = math.cos(light_elevation) * math.sin(light_azimuth)
    cosine = (math.sin(light_elevation) - towards_north * north - towards_east * east) / np.sqrt(
        1.0 + north * north + east * east
    )
    return np.where(mask, np.clip(cosine, 0.0, 1.0), 0.0).astype(np.float32)


def fill(
    heights: NDArray[np.float32],
    rim: NDArray[np.bool_],
    holes: NDArray[np.bool_],
    reach_cells: float,
    *,
    cell_aspect: float = 1.0,
) -> NDArray[np.float32]:
    """Bridge holes by the mean of their rims, weighted by the inverse square of the distance.

    That is Poisson's formula: in round holes and in straight gaps the result is the membrane (the solution of
    Laplace's equation) between the rims. Where the rim's middle is not the cell itself its slope makes up for
    that, so that planes come back. Each cell is a plain sum, which does not depend on what lies far away.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    rim : (lines, samples) bool
        True where a cell beside a hole is valid.
    holes : (lines, samples) bool
        True where heights are wanted.
    reach_cells : float
        Cells of the rim further away have no say; cells count along samples.
    cell_aspect : float
        Metres a line over metres a sample.

    Returns
    -------
    (lines, samples) float32
        The heights with their holes filled; those without a rim in reach stay as they are.

    Raises
    ------
    ValueError
        If shapes do not agree or the reach is not positive.

    References
    ----------
    Shepard 1968, "A two-dimensional interpolation function for irregularly-spaced data", Proc. 23rd ACM.
    """
    if not heights.shape == rim.shape == holes.shape or not reach_cells > 0.0:
        message = (
            f"heights, rim and holes are (lines, samples), got {heights.shape}, {rim.shape}, {holes.shape}"
        )
        raise ValueError(message)
    out = np.array(heights, dtype=np.float32)
    lines, samples = np.nonzero(holes)
    if not len(lines):
        return out
    starts = np.concatenate([[0], np.cumsum(rim.sum(axis=1))])
    _cpu_surface.bridge(
        heights, starts, np.nonzero(rim)[1], lines, samples, float(reach_cells), float(cell_aspect), out
    )
    return out


def _gradient(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: ArrayLike,
    metres_per_sample: ArrayLike,
    lean: ArrayLike,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rise a metre towards north and towards east of the grid, both (lines, samples)."""
    if heights.ndim != 2 or heights.shape != mask.shape or mask.dtype != np.bool_:
        message = f"heights are (lines, samples) with a bool mask, got {heights.shape} and {mask.shape}"
        raise ValueError(message)
    down, across, aside = (
        np.ascontiguousarray(np.broadcast_to(np.asarray(one, dtype=np.float32), heights.shape))
        for one in (metres_per_line, metres_per_sample, lean)
    )
    if not (np.all(down[mask] > 0) and np.all(across[mask] > 0)):
        message = f"cell sizes must be positive, got {down[mask].min()} and {across[mask].min()}"
        raise ValueError(message)
    north = np.empty(heights.shape, dtype=np.float32)
    east = np.empty(heights.shape, dtype=np.float32)
    _cpu_surface.gradient(heights, mask, down, across, aside, north, east)
    return north, east

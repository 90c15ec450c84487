"""Surfaces and stacks of them: relief, slope, holes, statistics. Public face of `_cpu_surface`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hinterland_kernels.terrain import _cpu_surface

STATISTICS = ("first", "last", "min", "max", "mean", "median", "stddev", "count", "nmad")
"""What `stack_statistic` computes; the order is the loop's."""


def slope(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: float,
    metres_per_sample: ArrayLike,
) -> NDArray[np.float32]:
    """Slope (rad) of a surface, by Horn's gradient.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    mask : (lines, samples) bool
        True where valid.
    metres_per_line : float
        Size of a cell across lines.
    metres_per_sample : float or (lines,) float64
        Size of a cell across samples; for each line on a grid in degrees.

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
    north, east = _gradient(heights, mask, metres_per_line, metres_per_sample)
    return np.arctan(np.hypot(north, east))


def shaded_relief(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: float,
    metres_per_sample: ArrayLike,
    *,
    light_azimuth: float = math.radians(315.0),
    light_elevation: float = math.radians(45.0),
    exaggeration: float = 1.0,
) -> NDArray[np.float32]:
    """Shade a surface as a matt one in parallel light.

    Parameters
    ----------
    heights, mask, metres_per_line, metres_per_sample
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
    north, east = _gradient(heights, mask, metres_per_line, metres_per_sample)
    north, east = exaggeration * north, exaggeration * east
    towards_north = math.cos(light_elevation) * math.cos(light_azimuth)
    towards_east = math.cos(light_elevation) * math.sin(light_azimuth)
    cosine = (math.sin(light_elevation) - towards_north * north - towards_east * east) / np.sqrt(
        1.0 + north * north + east * east
    )
    return np.where(mask, np.clip(cosine, 0.0, 1.0), 0.0).astype(np.float32)


def stack_statistic(
    values: NDArray[Any], masks: NDArray[np.bool_], statistic: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Reduce a stack of rasters sample by sample, from what is valid.

    Parameters
    ----------
    values : (n, lines, samples) of any real dtype
        The stack, in the order of priority.
    masks : (n, lines, samples) bool
        True where valid.
    statistic : str
        One of `STATISTICS`. `stddev` is that of the population; `nmad` is 1.4826 times the median absolute
        deviation from the median, the robust kin of `stddev`; the median of an even number is the mean of the
        two in the middle.

    Returns
    -------
    values : (lines, samples) float32
        Computed in float64; 0 where not valid.
    mask : (lines, samples) bool
        True where at least one raster is valid.

    Raises
    ------
    ValueError
        If shapes do not agree, the stack is empty, or the statistic has another name.
    """
    if values.ndim != 3 or values.shape != masks.shape or not len(values) or masks.dtype != np.bool_:
        message = f"a stack is (n, lines, samples) with bool masks, got {values.shape} and {masks.shape}"
        raise ValueError(message)
    if statistic not in STATISTICS:
        message = f"a statistic is one of {', '.join(STATISTICS)}, got {statistic!r}"
        raise ValueError(message)
    out = np.empty(values.shape[1:], dtype=np.float32)
    out_mask = np.empty(values.shape[1:], dtype=np.bool_)
    _cpu_surface.stack_statistic(values, masks, STATISTICS.index(statistic), out, out_mask)
    return out, out_mask


def fill(
    heights: NDArray[np.float64],
    mask: NDArray[np.bool_],
    holes: NDArray[np.bool_],
    widest_cells: float,
    *,
    cell_aspect: float = 1.0,
    tolerance_m: float = 1e-4,
) -> NDArray[np.float64]:
    """Stretch a membrane over holes: each cell becomes the mean of its neighbours (Laplace's equation).

    Parameters
    ----------
    heights : (lines, samples) float64
        Heights, m; in the holes a first guess.
    mask : (lines, samples) bool
        True where heights are given.
    holes : (lines, samples) bool
        True where they are wanted; what is in neither has no say.
    widest_cells : float
        Width of the widest hole; sets the over-relaxation.
    cell_aspect : float
        Metres a line over metres a sample.
    tolerance_m : float
        The largest change of the last sweep.

    Returns
    -------
    (lines, samples) float64
        The heights with their holes filled. Planes and other harmonic surfaces come back.

    Raises
    ------
    ValueError
        If it does not settle.

    References
    ----------
    Young 1954, "Iterative methods for solving partial difference equations of elliptic type".
    """
    out = heights.copy()
    lines, samples = np.nonzero(holes)
    if not len(lines):
        return out
    # the best factor for a square hole as wide
    relaxation = 2.0 / (1.0 + math.sin(math.pi / (widest_cells + 2.0)))
    # the error is some hundred times the last change where holes are wide: settle as much further
    tolerance = tolerance_m / (widest_cells + 2.0)
    most_sweeps = 200 + round(50 * widest_cells)
    change = _cpu_surface.relax(
        out,
        mask | holes,
        lines,
        samples,
        1.0,
        cell_aspect**2,
        relaxation,
        tolerance,
        most_sweeps,
    )
    if not change <= tolerance:
        message = f"holes of {widest_cells:.0f} cells did not settle: the last change was {change:.2g} m"
        raise ValueError(message)
    return out


def _gradient(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    metres_per_line: float,
    metres_per_sample: ArrayLike,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rise a metre towards north and towards east of the grid, both (lines, samples)."""
    if heights.ndim != 2 or heights.shape != mask.shape or mask.dtype != np.bool_:
        message = f"heights are (lines, samples) with a bool mask, got {heights.shape} and {mask.shape}"
        raise ValueError(message)
    sizes = np.broadcast_to(np.asarray(metres_per_sample, dtype=np.float64), heights.shape[:1]).copy()
    if not (metres_per_line > 0 and np.all(sizes > 0)):
        message = f"cell sizes must be positive, got {metres_per_line} and {sizes.min()}"
        raise ValueError(message)
    north = np.empty(heights.shape, dtype=np.float32)
    east = np.empty(heights.shape, dtype=np.float32)
    _cpu_surface.gradient(heights, mask, metres_per_line, sizes, north, east)
    return north, east

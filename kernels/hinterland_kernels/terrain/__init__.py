"""Terrain: what an eye on it sees, and how it slopes.

Everything here is on one grid of heights. Lines run from north to south and samples from west to east of the
grid; a cell has its own size along each. A GPU has little to gain: four million cells take about a second on
two cores, so these loops run on the CPU only.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.terrain import _cpu
from hinterland_kernels.terrain.surface import fill, shaded_relief, slope

__all__ = [
    "Eye",
    "elevation_angles",
    "fill",
    "horizon",
    "shaded_relief",
    "slope",
    "viewshed",
    "wedge",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """Where one looks from, and the cells that are looked at."""

    line: float
    """Place on the grid; whole numbers are cell centres."""
    sample: float
    """As `line`."""
    height: float
    """Above the sphere, m: ground and mast."""
    metres_per_line: float
    """Size of a cell from north to south."""
    metres_per_sample: float
    """Size of a cell from west to east."""
    radius: float
    """Of the planet, m."""

    def __post_init__(self) -> None:
        sizes = (self.metres_per_line, self.metres_per_sample, self.radius)
        if not all(size > 0 and math.isfinite(size) for size in sizes):
            message = f"cell sizes and the radius must be positive, got {sizes}"
            raise ValueError(message)
        if not all(math.isfinite(number) for number in (self.line, self.sample, self.height)):
            message = f"an eye must be somewhere, got line {self.line}, sample {self.sample}, {self.height} m"
            raise ValueError(message)


def viewshed(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    eye: Eye,
    *,
    wanted: NDArray[np.bool_] | None = None,
    threads: int | None = None,
) -> NDArray[np.bool_]:
    """Find the cells that an eye sees.

    A cell is visible if no terrain on the straight line of sight to its centre stands above that line, on a
    sphere and without refraction. Terrain between cells is taken where the line of sight crosses the grid
    lines through their centres, linear between the two beside the crossing; beams are passed over where
    blocks of terrain are too low to matter, which changes no result.

    Parameters
    ----------
    heights : (lines, samples) float32
        Above the sphere, m.
    mask : (lines, samples) bool
        True where valid. What is not valid blocks nothing and is never visible.
    eye : Eye
        Where one looks from, on the grid.
    wanted : (lines, samples) bool, optional
        The cells asked for; all by default.
    threads : int, optional
        As many as the machine has cores by default; the result is the same.

    Returns
    -------
    (lines, samples) bool
        True where wanted, valid and visible.

    Raises
    ------
    ValueError
        If shapes do not agree, the grid has less than 2 lines or samples, or the eye is off it.

    References
    ----------
    Franklin and Ray 1994, "Higher isn't necessarily better: visibility algorithms and experiments" (R3).
    """
    wanted = mask if wanted is None else wanted & mask
    visible = np.zeros(mask.shape, dtype=np.bool_)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        apparent, ceilings = _carried(heights, mask, eye, pool)
        _in_bands(
            pool,
            mask.shape[0],
            _cpu.TILE,
            lambda first, _: _cpu.viewshed(
                apparent,
                ceilings,
                wanted,
                eye.line,
                eye.sample,
                eye.metres_per_line,
                eye.metres_per_sample,
                first,
                visible,
            ),
        )
    return visible


def elevation_angles(
    heights: NDArray[np.float32], mask: NDArray[np.bool_], eye: Eye, *, threads: int | None = None
) -> NDArray[np.float32]:
    """Elevation angle (rad) of each cell from the eye, positive up.

    Parameters
    ----------
    heights, mask, eye, threads
        As in `viewshed`.

    Returns
    -------
    (lines, samples) float32
        nan where not valid; minus or plus 90 degrees straight below or above the eye.
    """
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        apparent, _ = _carried(heights, mask, eye, pool)
    north = (eye.line - np.arange(mask.shape[0])) * eye.metres_per_line
    east = (np.arange(mask.shape[1]) - eye.sample) * eye.metres_per_sample
    distances = np.hypot(north[:, None], east[None, :]).astype(np.float32)
    return np.where(mask, np.arctan2(apparent, distances), np.float32(np.nan))


def horizon(
    heights: NDArray[np.float32], mask: NDArray[np.bool_], eye: Eye, azimuths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find the highest terrain that an eye sees in each direction, on a sphere and without refraction.

    Parameters
    ----------
    heights, mask, eye
        As in `viewshed`.
    azimuths : (n,) float64
        From the grid's up direction clockwise, rad.

    Returns
    -------
    elevations : (n,) float64
        Elevation of the highest terrain, rad; nan where there is none.
    distances : (n,) float64
        How far it is, m; nan where there is none.
    reaches : (n,) float64
        How far the heights reach in that direction, m.

    Raises
    ------
    ValueError
        As `viewshed`.
    """
    with ThreadPoolExecutor(1) as pool:
        apparent, _ = _carried(heights, mask, eye, pool)
    azimuths = np.ascontiguousarray(azimuths, dtype=np.float64)
    out = np.empty((3, len(azimuths)))
    _cpu.horizon(
        apparent,
        eye.line,
        eye.sample,
        eye.metres_per_line,
        eye.metres_per_sample,
        azimuths,
        out[0],
        out[1],
        out[2],
    )
    return out[0], out[1], out[2]


def wedge(
    shape: tuple[int, int],
    eye: Eye,
    azimuth_left: float,
    azimuth_right: float,
    *,
    range_m: float = math.inf,
    margin_m: float = 0.0,
) -> NDArray[np.bool_]:
    """Mark the cells whose centres lie in a sector.

    Parameters
    ----------
    shape : (lines, samples)
        Of the grid.
    eye : Eye
        The sector's apex; its height does not matter.
    azimuth_left, azimuth_right : float
        From the grid's up direction clockwise, rad; the sector runs clockwise from left to right and may
        cross north. A difference of 2 pi or more is all round; equal azimuths are a single direction.
    range_m : float
        Radius of the sector.
    margin_m : float
        Cells this far outside are marked too.

    Returns
    -------
    (lines, samples) bool
        True inside.
    """
    width = azimuth_right - azimuth_left
    width = 2.0 * math.pi if width >= 2.0 * math.pi - 1e-9 else width % (2.0 * math.pi)
    out = np.empty(shape, dtype=np.bool_)
    _cpu.wedge(
        eye.line,
        eye.sample,
        eye.metres_per_line,
        eye.metres_per_sample,
        azimuth_left,
        width,
        range_m,
        margin_m,
        out,
    )
    return out


def _carried(
    heights: NDArray[np.float32], mask: NDArray[np.bool_], eye: Eye, pool: ThreadPoolExecutor
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Apparent heights, and the highest slope of each block."""
    if heights.ndim != 2 or heights.shape != mask.shape or min(heights.shape) < 2 or mask.dtype != np.bool_:
        message = (
            f"heights are (lines, samples), 2 or more, with a bool mask, got {heights.shape}, {mask.shape}"
        )
        raise ValueError(message)
    lines, samples = heights.shape
    if not (0 <= eye.line <= lines - 1 and 0 <= eye.sample <= samples - 1):
        message = (
            f"the eye at line {eye.line:.1f}, sample {eye.sample:.1f} is off the grid of {lines} x {samples}"
        )
        raise ValueError(message)
    heights = np.ascontiguousarray(heights, dtype=np.float32)
    apparent = np.empty(heights.shape, dtype=np.float32)
    ceilings = np.empty((-(-lines // _cpu.BLOCK), -(-samples // _cpu.BLOCK)))

    def carry(first: int, last: int) -> None:
        _cpu.carry(
            heights,
            mask,
            eye.line,
            eye.sample,
            eye.height,
            eye.metres_per_line,
            eye.metres_per_sample,
            eye.radius,
            first,
            last,
            apparent,
            ceilings,
        )

    _in_bands(pool, lines, 8 * _cpu.BLOCK, carry)
    return apparent, ceilings


def _in_bands(pool: ThreadPoolExecutor, lines: int, height: int, work: Callable[[int, int], Any]) -> None:
    """Do `work` on bands of lines (first, past the last) by the threads of the pool."""
    for _ in pool.map(work, range(0, lines, height), [*range(height, lines, height), lines]):
        pass

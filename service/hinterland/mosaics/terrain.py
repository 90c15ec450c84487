"""What is made of the heights of a finished mosaic: holes filled, shaded relief, slope."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.model.map_grids import MapGrid, Window
from hinterland.model.reprojection import ground_steps, map_crs
from hinterland_kernels import terrain

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]

MOST_FILLED_PX = 256
"""The largest distance limit: a tile has to look four times as far."""

_MOST_APART_PX = 64
"""The size of a sample on the ground is worked out at one point in so many, and is linear between them ..."""
_MOST_APART = 0.01
"""... or so many radians, where samples are large: the error is 1e-5."""
_RAGGED = 1.5
"""Cells that a disk of cells falls short of a round one: else specks along ragged edges would be filled."""
_ROUNDING = 1.0 + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleLimit:
    """How wide a hole may be, on the ground in the middle of the mosaic."""

    samples: float
    """The distance limit along samples."""
    aspect: float
    """Metres a line over metres a sample."""

    @property
    def reach(self) -> int:
        """Samples or lines around a cell that can change it.

        A hole is a hole by what is two limits away, and its rim is as far again.
        """
        return math.ceil((4.0 * self.samples + _RAGGED) / min(self.aspect, 1.0)) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundCells:
    """Sizes (lines, samples) of cells on the ground, m; see `hinterland_kernels.terrain.slope`."""

    metres_per_line: NDArray[np.float32]
    metres_per_sample: NDArray[np.float32]
    lean: NDArray[np.float32]


def hole_limit(grid: MapGrid, limit_m: float) -> HoleLimit:
    """Turn a distance limit on the ground into samples of a mosaic.

    Raises
    ------
    InputError
        If it is not positive, less than a sample, or absurd.
    """
    middle = (0.5 * (grid.lines - 1), 0.5 * (grid.samples - 1))
    cells = ground_cells(grid, (round(middle[0]), round(middle[1]), 1, 1))
    line_m, sample_m = float(cells.metres_per_line[0, 0]), float(cells.metres_per_sample[0, 0])
    finest, coarsest = min(line_m, sample_m), max(line_m, sample_m)
    if not (math.isfinite(limit_m) and limit_m > 0.0):
        message = f"--fill {limit_m:g}: give a distance in metres, more than 0"
        raise InputError(message)
    if not math.isfinite(coarsest):
        message = (
            "--fill: the middle of the mosaic has no ground to measure on; give an --extent, or do not fill"
        )
        raise InputError(message)
    if not coarsest <= limit_m <= MOST_FILLED_PX * finest:
        message = (
            f"--fill {limit_m:g}: give {coarsest:.4g} to {MOST_FILLED_PX * finest:.4g} m, "
            f"1 to {MOST_FILLED_PX} samples of this mosaic"
        )
        raise InputError(message)
    return HoleLimit(samples=limit_m / sample_m, aspect=line_m / sample_m)


def fill_holes(heights: Heights, mask: Mask, limit: HoleLimit) -> tuple[Heights, Mask]:
    """Fill the holes of a terrain model.

    A hole is what no empty disk of the limit's radius fits into: gaps and bays narrower than twice the limit are
    filled, wider ones stay as they are and the outside does not shrink.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    mask : (lines, samples) bool
        True where valid; beyond the array nothing is.
    limit : HoleLimit
        Cells further than this from every valid cell are never filled.

    Returns
    -------
    heights : (lines, samples) float32
        Heights that were valid are unchanged; 0 where still not valid.
    mask : (lines, samples) bool
        True where valid now. What is `limit.reach` from the array's edge does not depend on where that is.
    """
    empty = ~mask
    if not empty.any() or not mask.any():
        return np.where(mask, heights, np.float32(0)), mask.copy()
    from scipy import ndimage  # noqa: PLC0415 - slow to load, and few mosaics have holes to fill

    radius = limit.samples * _ROUNDING
    # an empty disk may lie half beyond the edge
    margin = math.ceil(2.0 * radius / min(limit.aspect, 1.0)) + 1
    wide = np.pad(empty, margin, constant_values=True)
    sampling = (limit.aspect, 1.0)
    middles = ndimage.distance_transform_edt(wide, sampling=sampling) > radius
    open_ = (
        ndimage.distance_transform_edt(~middles, sampling=sampling) <= radius + _RAGGED
        if middles.any()
        else ~wide
    )
    holes = empty & ~open_[margin:-margin, margin:-margin]
    rim = mask & ndimage.binary_dilation(holes, np.ones((3, 3), dtype=np.bool_))
    filled = terrain.fill(heights, rim, holes, 2.0 * radius + 1.0, cell_aspect=limit.aspect)
    valid = mask | holes
    return np.where(valid, filled, np.float32(0)), valid


def ground_cells(grid: MapGrid, window: Window) -> GroundCells:
    """Sizes of the cells of a window on the ground, whatever the projection or its unit.

    They are nan where the map has no ground.
    """
    apart = _apart(grid)
    at = [
        np.clip(apart * np.arange(first // apart, (first + size - 1) // apart + 2), 0, end - 1)
        for first, size, end in zip(window[:2], window[2:], grid.shape, strict=True)
    ]
    points = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float64)
    down, right = ground_steps(grid, points)
    across = np.linalg.norm(right, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        lean = (down * right).sum(axis=1) / across
        high = np.linalg.norm(np.cross(down, right), axis=1) / across
    sizes = [_between(one.reshape(len(at[0]), len(at[1])), at, window) for one in (high, across, lean)]
    return GroundCells(metres_per_line=sizes[0], metres_per_sample=sizes[1], lean=sizes[2])


def relief_and_slope(
    heights: Heights, mask: Mask, cells: GroundCells, light: tuple[float, float]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Mask]:
    """Draw a terrain model.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    mask : (lines, samples) bool
        True where valid.
    cells : GroundCells
        Of the same window.
    light : (azimuth, elevation)
        Where the light comes from, rad; azimuth from the grid's up direction clockwise.

    Returns
    -------
    relief : (lines, samples) uint8
        1 in shadow to 255 facing the light; 0 where not valid.
    slope_deg : (lines, samples) float32
        0 is level.
    mask : (lines, samples) bool
        True where the ground has a size too.
    """
    sizes = cells.metres_per_line, cells.metres_per_sample
    valid: Mask = mask & np.isfinite(sizes[0]) & np.isfinite(sizes[1]) & (sizes[0] > 0.0) & (sizes[1] > 0.0)
    shade = terrain.shaded_relief(
        heights, valid, *sizes, lean=cells.lean, light_azimuth=light[0], light_elevation=light[1]
    )
    relief = np.where(valid, np.rint(1.0 + 254.0 * shade), 0.0).astype(np.uint8)
    return relief, np.degrees(terrain.slope(heights, valid, *sizes, lean=cells.lean)), valid


def _apart(grid: MapGrid) -> int:
    """Samples between points at which sizes are worked out: the same for every window of a grid."""
    middle = np.array([[0.5 * (grid.lines - 1), 0.5 * (grid.samples - 1)]])
    ellipsoid = map_crs(grid.wkt).ellipsoid
    widest = max(float(np.linalg.norm(step)) for step in ground_steps(grid, middle))
    if ellipsoid is None or not math.isfinite(widest):
        return 1
    fitting = _MOST_APART * ellipsoid.semi_major_metre / widest
    return min(_MOST_APART_PX, 1 << max(0, math.floor(math.log2(max(fitting, 1.0)))))


def _between(values: NDArray[np.float64], at: list[NDArray[np.intp]], window: Window) -> NDArray[np.float32]:
    """Linear between points, at every cell of a window."""
    for axis in (0, 1):
        places = np.arange(window[axis], window[axis] + window[axis + 2])
        low = np.clip(np.searchsorted(at[axis], places, side="right") - 1, 0, len(at[axis]) - 2)
        apart = np.maximum(at[axis][low + 1] - at[axis][low], 1)
        part = (places - at[axis][low]) / apart
        part = part[:, None] if axis == 0 else part[None, :]
        values = np.take(values, low, axis) * (1.0 - part) + np.take(values, low + 1, axis) * part
    return values.astype(np.float32)

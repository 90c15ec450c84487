"""The plan of a panorama: grid, footprints and tiles, made before anything big is allocated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hinterland.errors import InputError, PlanTooLargeError
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, fit_grid, footprint, windows_on_grid
from hinterland.model.solution import Solution
from hinterland_kernels.blend import halo

TILE_PX = 1536
"""A tile makes all that the blend reads beyond it: less of it the larger the tile is."""
_BLOCK_PX = 512
"""Of the files: a block that two tiles have a part in waits for both."""
LEVELS = 5
"""Detail up to 2**5 pixels wide is blended over its own width; levelling deals with what is wider."""
LABEL_GRID_PX = 400_000
"""Seams are cut on a grid of at most about this many pixels."""
LARGEST_GRID_PX = 1 << 32
LARGEST_OVERSAMPLING = 8.0
LARGEST_REDUCTION = 64.0
_WRAP_MULTIPLE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one frame lies on the grid."""

    frame: int
    """Index into the solution's frames, from 0."""
    window: Window
    """Bounds of the frame on the grid; on a grid that closes it may run beyond the last sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be made, and of what."""

    grid: CylindricalGrid
    """The panorama."""
    placements: tuple[Placement, ...]
    """Frames in the order of the solution; a frame may have two, or none."""
    levels: int
    """Pyramid levels of the blend."""
    tile_px: int
    """Edge that tiles have, more or less: those of a plan are alike. A multiple of 2**levels."""
    label_factor: int
    """Pixels of the grid along one label of the seams, a power of two."""

    @property
    def label_grid(self) -> CylindricalGrid:
        """The reduced view on which levelling and seams are solved."""
        return self.grid.reduced(self.label_factor)

    def tiles(self) -> Iterator[Window]:
        """Windows of the tiles, line by line; the last ones are smaller."""
        height, width = self.largest_tile
        for line in range(0, self.grid.lines, height):
            for sample in range(0, self.grid.samples, width):
                yield (
                    line,
                    sample,
                    min(height, self.grid.lines - line),
                    min(width, self.grid.samples - sample),
                )

    @property
    def tile_count(self) -> int:
        """How many tiles there are."""
        height, width = self.largest_tile
        return -(-self.grid.lines // height) * -(-self.grid.samples // width)

    @property
    def largest_tile(self) -> tuple[int, int]:
        """Lines and samples of a tile, but of the last ones: `tile_px` or so, or all there is."""
        lines, samples = (self._edge(size) for size in self.grid.shape)
        return lines, samples

    def _edge(self, size: int) -> int:
        """Edge of tiles along so many pixels: no narrow one is left over, which would be little but halo."""
        edge = math.ceil(size / max(1, round(size / self.tile_px)))
        unit = max(math.gcd(self.tile_px, _BLOCK_PX), 1 << self.levels)
        return min(-(-edge // unit) * unit, size)

    def touching(self, window: Window) -> Iterator[tuple[Placement, Window, int]]:
        """Yield what falls on a window, which may run off both sides of a grid that closes.

        Yields
        ------
        placement : Placement
            A frame's place.
        part : Window
            Their common part, in the lines and samples of the placement.
        shift : int
            What to subtract from the part's samples to have those of the window.
        """
        line, sample, lines, samples = window
        turns = (-1, 0, 1, 2) if self.grid.wraps else (0,)
        for placement in self.placements:
            top, left, height, width = placement.window
            first, last = max(line, top), min(line + lines, top + height)
            if last <= first:
                continue
            for turn in turns:
                shift = turn * self.grid.samples
                start, stop = max(sample + shift, left), min(sample + shift + samples, left + width)
                if stop > start:
                    yield placement, (first, start, last - first, stop - start), shift


def plan_panorama(
    solution: Solution,
    *,
    pixels_per_degree: float | None = None,
    tile_px: int = TILE_PX,
    levels: int = LEVELS,
) -> Plan:
    """Plan the cylindrical panorama of one stop.

    Parameters
    ----------
    solution : Solution
        Corrected cameras and the surface.
    pixels_per_degree : float, optional
        Scale; the frames' own resolution by default.
    tile_px : int
        Edge of a tile, rounded up to a multiple of `2**levels`.
    levels : int
        Pyramid levels of the blend.

    Returns
    -------
    Plan
        Every frame of the solution placed.

    Raises
    ------
    InputError
        If the scale is far from what the frames resolve, or (PlanTooLargeError) the panorama absurdly large.
    """
    cameras = [frame.camera for frame in solution.frames]
    _check_scale(pixels_per_degree, max(camera.pixels_per_radian for camera in cameras))
    seen = [footprint(camera, solution.surface, solution.viewpoint) for camera in cameras]
    grid = fit_grid(
        cameras, solution.surface, solution.viewpoint, pixels_per_degree, _WRAP_MULTIPLE, footprints=seen
    )
    if grid.lines * grid.samples > LARGEST_GRID_PX:
        message = (
            f"the panorama would have {grid.samples} x {grid.lines} samples, "
            f"more than {LARGEST_GRID_PX}; lower --scale (now {grid.pixels_per_degree:.4g} pixels per degree)"
        )
        raise PlanTooLargeError(message)
    placements = tuple(
        Placement(frame=index, window=window)
        for index, found in enumerate(seen)
        for window in windows_on_grid(grid, found)
    )
    return Plan(
        grid=grid,
        placements=placements,
        levels=levels,
        tile_px=-(-max(tile_px, 1) >> levels) << levels,
        label_factor=_label_factor(grid),
    )


def _check_scale(pixels_per_degree: float | None, pixels_per_radian: float) -> None:
    if pixels_per_degree is None:
        return
    own = math.radians(pixels_per_radian)
    least, most = own / LARGEST_REDUCTION, own * LARGEST_OVERSAMPLING
    if not least <= pixels_per_degree <= most:
        message = (
            f"--scale {pixels_per_degree:g}: give pixels per degree from {least:.4g} to {most:.4g}; "
            f"the frames resolve {own:.4g}"
        )
        raise InputError(message)


def _label_factor(grid: CylindricalGrid) -> int:
    factor = 1
    while grid.lines * grid.samples > LABEL_GRID_PX * factor * factor and factor < _WRAP_MULTIPLE:
        factor *= 2
    return factor


def with_halo(plan: Plan, window: Window) -> Window:
    """Widen a tile by the blend's reach: off the sides only where the grid closes, never off top or bottom."""
    line, sample, lines, samples = window
    reach = halo(plan.levels)
    top, bottom = max(0, line - reach), min(plan.grid.lines, line + lines + reach)
    left, right = sample - reach, sample + samples + reach
    if not plan.grid.wraps:
        left, right = max(0, left), min(plan.grid.samples, right)
    return top, left, bottom - top, right - left

"""The plan of a panorama: grid, footprints and tiles, made before anything big is allocated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hinterland.errors import InputError, PlanTooLargeError
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, fit_grid, footprint, windows_on_grid
from hinterland.model.solution import Solution
from hinterland_kernels.blend import halo

TILE_PX = 1024
LEVELS = 5
"""Detail up to 2**5 pixels wide is blended over its own width; levelling deals with what is wider."""
LABEL_GRID_PX = 400_000
"""Seams are cut on a grid of at most about this many pixels."""
LARGEST_GRID_PX = 1 << 32
LARGEST_OVERSAMPLING = 8.0
LARGEST_REDUCTION = 64.0
SMALLEST_TILE_PX = 128
_WRAP_MULTIPLE = 64
_FIXED_BYTES = 96 << 20
"""Loaded kernels, GDAL's caches and the writers of the files."""
_SEAM_BYTES = 512
"""Of a pixel's length of seam: the steps that the meter keeps of it, 34 of 4 bytes, and sorts in the end."""


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
    """Edge of a tile, a multiple of 2**levels."""
    label_factor: int
    """Pixels of the grid along one label of the seams, a power of two."""

    @property
    def label_grid(self) -> CylindricalGrid:
        """The reduced view on which levelling and seams are solved."""
        return self.grid.reduced(self.label_factor)

    def tiles(self) -> Iterator[Window]:
        """Windows of the tiles, line by line; the last ones are smaller."""
        for line in range(0, self.grid.lines, self.tile_px):
            for sample in range(0, self.grid.samples, self.tile_px):
                yield (
                    line,
                    sample,
                    min(self.tile_px, self.grid.lines - line),
                    min(self.tile_px, self.grid.samples - sample),
                )

    @property
    def tile_count(self) -> int:
        """How many tiles there are."""
        return -(-self.grid.lines // self.tile_px) * -(-self.grid.samples // self.tile_px)

    def bytes_needed(self, bands: int, workers: int, source_bytes: int) -> int:
        """Bound the memory that levelling, seams and tiles take at their worst.

        Parameters
        ----------
        bands : int
            Of the panorama.
        workers : int
            Tiles made at a time.
        source_bytes : int
            Held all the while: frames, lattices, and whatever else the process has.

        Returns
        -------
        int
            Bytes. Samples are taken to be float32, seams as long as the frames' outlines together.
        """
        labels = self.label_grid.lines * self.label_grid.samples
        # previews are gone when tiles are made: only the labels stay
        phases = self._preview_bytes(bands, workers), self._tiles_bytes(bands, workers)
        return source_bytes + _FIXED_BYTES + 2 * labels + max(phases)

    def _preview_bytes(self, bands: int, workers: int) -> int:
        """Levelling and seams: all frames at reduced resolution at once."""
        areas = [
            (-(-window[2] // self.label_factor) + 1) * (-(-window[3] // self.label_factor) + 1)
            for window in (placement.window for placement in self.placements)
        ]
        # frames averaged to less than 4 pixels for each of the preview 16; before and after the flat field 8,
        # scaled for the cut 4, the cut's three sizes twice 24 a band; distance from the axis and the rows of the
        # flat's fit 106, preference and the cut's graph 48, masks of the averaged frames 4
        every = sum(areas) * (52 * bands + 158)
        # of one overlap at a time: samples, slopes and errors of two frames as float64 96 a band; exact maps 100
        one = max(areas, default=0) * (96 * bands + 100 * workers)
        shown = self.label_grid.lines * self.label_grid.samples * (4 * bands + 40)
        return every + one + shown

    def tile_bytes(self, bands: int) -> int:
        """Bound the memory that one tile takes while it is made, bytes; on a GPU it is the GPU's.

        Parameters
        ----------
        bands : int
            Of the panorama.
        """
        reach = halo(self.levels)
        lines, samples = self._largest_tile
        wide = (lines + 2 * reach) * (samples + 2 * reach)
        layer = 4 * bands + 1
        deepest = self._deepest()
        # each frame with its mask, and that again twice for the owners; the piece on its way, and the owners
        full = deepest * (layer + 2) + layer + 2
        # a pyramid without its full size has a third, with odd sizes rounded up less than 2/5: of each frame and
        # its weight, of their sums and of the change
        halved = (deepest + 1) * (4 * bands + 4) + 4 * bands + 1
        return wide * full + wide * 2 * halved // 5 + lines * samples * (4 * bands + 8)  # blended, named

    @property
    def _largest_tile(self) -> tuple[int, int]:
        """Lines and samples."""
        return min(self.tile_px, self.grid.lines), min(self.tile_px, self.grid.samples)

    def _tiles_bytes(self, bands: int, workers: int) -> int:
        """Tiles: those being made, those that wait, the one being written and measured."""
        lines, samples = self._largest_tile
        area, layer = lines * samples, 4 * bands + 1
        waiting = (2 * workers + 2) * area * (layer + 2)
        # what is written 4, its margins 8 and steps 12 a band; places of the steps, weights, masks
        written = area * (24 * bands + 48)
        outlines = sum(2 * (height + width) for *_, height, width in (one.window for one in self.placements))
        margins = self.grid.samples * 17 * (layer + 1) + (self.grid.lines + self.grid.samples) * 16
        return workers * self.tile_bytes(bands) + waiting + written + outlines * _SEAM_BYTES + margins

    def _deepest(self) -> int:
        """The most placements on one tile with its halo."""
        reach, edge = halo(self.levels), self.tile_px
        counts = np.zeros((-(-self.grid.lines // edge), -(-self.grid.samples // edge)), dtype=np.int64)
        turns = (-1, 0, 1) if self.grid.wraps else (0,)
        for placement in self.placements:
            top, left, height, width = placement.window
            rows = slice(max(0, (top - reach) // edge), -(-(top + height + reach) // edge))
            touched = np.zeros(counts.shape[1], dtype=np.bool_)
            for start in (left + turn * self.grid.samples for turn in turns):
                first, last = (start - reach) // edge, -(-(start + width + reach) // edge)
                touched[max(0, first) : max(0, last)] = True
            counts[rows, touched] += 1
        return int(counts.max(initial=0))

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


def plan_within(
    plan: Plan, budget_bytes: int, *, bands: int, workers: int, source_bytes: int
) -> tuple[Plan, int]:
    """Fit a plan to a memory budget: by smaller tiles, then by fewer at a time.

    Parameters
    ----------
    plan : Plan
        As wished.
    budget_bytes : int
        Resident memory not to exceed.
    bands, workers, source_bytes
        As in `Plan.bytes_needed`.

    Returns
    -------
    plan : Plan
        With tiles of this size or smaller; they change no sample.
    workers : int
        This many or fewer.

    Raises
    ------
    PlanTooLargeError
        If the smallest tiles, one at a time, need more.
    """
    needed = 0
    for count in range(workers, 0, -1):
        smaller = plan
        while (needed := smaller.bytes_needed(bands, count, source_bytes)) > budget_bytes:
            if smaller.tile_px // 2 < SMALLEST_TILE_PX:
                break
            smaller = replace(plan, tile_px=smaller.tile_px // 2 >> plan.levels << plan.levels)
        else:
            return smaller, count
    message = (
        f"--memory {budget_bytes}: a panorama of {plan.grid.samples} x {plan.grid.lines} samples needs {needed} "
        f"bytes at least; give more, or lower --scale (now {plan.grid.pixels_per_degree:.4g} pixels per degree)"
    )
    raise PlanTooLargeError(message, needed)


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

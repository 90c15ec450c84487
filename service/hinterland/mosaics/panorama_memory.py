"""Memory of a panorama: a bound of what it takes, and the largest tiles and most workers that a budget allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hinterland.errors import PlanTooLargeError
from hinterland.mosaics.plan import Plan
from hinterland_kernels.blend import halo

SMALLEST_TILE_PX = 128
SHARED_TILE_PX = 512
"""Tiles this small are not halved for workers without one: their halo would be more than they are."""
_FIXED_BYTES = 96 << 20
"""Loaded kernels, GDAL's caches and the writers of the files."""
_SEAM_BYTES = 512
"""Of a pixel's length of seam: the steps that the meter keeps of it, 34 of 4 bytes, and sorts in the end."""


def plan_within(
    plan: Plan, budget_bytes: int, *, bands: int, workers: int, source_bytes: int
) -> tuple[Plan, int]:
    """Fit a plan to a machine: a tile for each worker, and all in its memory, else smaller and fewer tiles.

    Parameters
    ----------
    plan : Plan
        As wished.
    budget_bytes : int
        Resident memory not to exceed.
    bands, workers, source_bytes
        As in `bytes_needed`.

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
    while plan.tile_count < workers and plan.tile_px // 2 >= SHARED_TILE_PX:
        plan = _halved(plan)
    needed = 0
    for count in range(workers, 0, -1):
        smaller = plan
        while (needed := bytes_needed(smaller, bands, count, source_bytes)) > budget_bytes:
            if smaller.tile_px // 2 < SMALLEST_TILE_PX:
                break
            smaller = _halved(smaller)
        else:
            return smaller, count
    message = (
        f"--memory {budget_bytes}: a panorama of {plan.grid.samples} x {plan.grid.lines} samples needs {needed} "
        f"bytes at least; give more, or lower --scale (now {plan.grid.pixels_per_degree:.4g} pixels per degree)"
    )
    raise PlanTooLargeError(message, needed)


def _halved(plan: Plan) -> Plan:
    return replace(plan, tile_px=plan.tile_px // 2 >> plan.levels << plan.levels)


def bytes_needed(plan: Plan, bands: int, workers: int, source_bytes: int) -> int:
    """Bound the memory that levelling, seams and tiles take at their worst.

    Parameters
    ----------
    plan : Plan
        Of the panorama.
    bands : int
        Of its samples.
    workers : int
        Tiles made at a time.
    source_bytes : int
        Held all the while: frames, lattices, and whatever else the process has.

    Returns
    -------
    int
        Bytes. Samples are taken to be float32, seams as long as the frames' outlines together.
    """
    labels = plan.label_grid.lines * plan.label_grid.samples
    # previews are gone when tiles are made: only the labels stay
    phases = _preview_bytes(plan, bands, workers), _tiles_bytes(plan, bands, workers)
    return source_bytes + _FIXED_BYTES + 2 * labels + max(phases)


def _preview_bytes(plan: Plan, bands: int, workers: int) -> int:
    """Levelling and seams: all frames at reduced resolution at once."""
    areas = [
        (-(-window[2] // plan.label_factor) + 1) * (-(-window[3] // plan.label_factor) + 1)
        for window in (placement.window for placement in plan.placements)
    ]
    # frames averaged to less than 4 pixels for each of the preview 16; before and after the flat field 8,
    # scaled for the cut 4, the cut's three sizes twice 24 a band; distance from the axis and the rows of the
    # flat's fit 106, preference and the cut's graph 48, masks of the averaged frames 4
    every = sum(areas) * (52 * bands + 158)
    # of one overlap at a time: samples, slopes and errors of two frames as float64 96 a band; exact maps 100
    one = max(areas, default=0) * (96 * bands + 100 * workers)
    shown = plan.label_grid.lines * plan.label_grid.samples * (4 * bands + 40)
    return every + one + shown


def tile_bytes(plan: Plan, bands: int) -> int:
    """Bound the memory that one tile takes while it is made, bytes; on a GPU it is the GPU's.

    Parameters
    ----------
    plan : Plan
        Of the panorama.
    bands : int
        Of its samples.
    """
    reach = halo(plan.levels)
    lines, samples = plan.largest_tile
    wide = (lines + 2 * reach) * (samples + 2 * reach)
    layer = 4 * bands + 1
    deepest = _deepest(plan)
    # each frame with its mask, and that again twice for the owners; the piece on its way, and the owners
    full = deepest * (layer + 2) + layer + 2
    # a pyramid without its full size has a third, with odd sizes rounded up less than 2/5: of each frame and
    # its weight, of their sums and of the change
    halved = (deepest + 1) * (4 * bands + 4) + 4 * bands + 1
    return wide * full + wide * 2 * halved // 5 + lines * samples * (4 * bands + 8)  # blended, named


def _tiles_bytes(plan: Plan, bands: int, workers: int) -> int:
    """Tiles: those being made, those that wait, the one being written and measured."""
    lines, samples = plan.largest_tile
    area, layer = lines * samples, 4 * bands + 1
    waiting = (2 * workers + 2) * area * (layer + 2)
    # what is written 4, its margins 8 and steps 12 a band; places of the steps, weights, masks
    written = area * (24 * bands + 48)
    outlines = sum(2 * (height + width) for *_, height, width in (one.window for one in plan.placements))
    margins = plan.grid.samples * 17 * (layer + 1) + (plan.grid.lines + plan.grid.samples) * 16
    return workers * tile_bytes(plan, bands) + waiting + written + outlines * _SEAM_BYTES + margins


def _deepest(plan: Plan) -> int:
    """The most placements on one tile with its halo."""
    reach = halo(plan.levels)
    lines, samples = plan.largest_tile
    counts = np.zeros((-(-plan.grid.lines // lines), -(-plan.grid.samples // samples)), dtype=np.int64)
    turns = (-1, 0, 1) if plan.grid.wraps else (0,)
    for placement in plan.placements:
        top, left, height, width = placement.window
        rows = slice(max(0, (top - reach) // lines), -(-(top + height + reach) // lines))
        touched = np.zeros(counts.shape[1], dtype=np.bool_)
        for start in (left + turn * plan.grid.samples for turn in turns):
            first, last = (start - reach) // samples, -(-(start + width + reach) // samples)
            touched[max(0, first) : max(0, last)] = True
        counts[rows, touched] += 1
    return int(counts.max(initial=0))

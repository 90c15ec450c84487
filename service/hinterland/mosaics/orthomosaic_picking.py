"""Mosaics of which each sample is from one raster: the first or last given, the least or the greatest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window, inside
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.products.georeferenced_reader import Samples
from hinterland_kernels.blend import NOBODY

Carry = Callable[[int, Window, np.dtype[Any]], Samples | None]
"""Gives one placement on a window, of a dtype; None where nothing of it is valid."""


def laid(plan: MosaicPlan, window: Window, carry: Carry) -> tuple[Samples, NDArray[np.int32]]:
    """Lay each raster under those before it, or over them.

    What a raster without holes covers is done with: no other is read there.

    Parameters
    ----------
    plan : MosaicPlan
        Of the mosaic; its method is "first" or "last".
    window : Window
        Of the mosaic.
    carry : Carry
        Gives the rasters.

    Returns
    -------
    samples : Samples
        (bands, lines, samples) of the mosaic's dtype.
    owners : (lines, samples) int32
        The placement that each is from, -1 for none.
    """
    touching = plan.touching(window)
    if plan.method == "last":
        touching.reverse()  # what would be laid over all else comes first
    if touching and plan.placements[touching[0]].part(window) == window:
        top = carry(touching[0], window, plan.dtype)
        if top is not None and top.is_whole:
            return top, np.broadcast_to(np.int32(touching[0]), window[2:])
    samples, owners = nothing_shown(plan, window)
    gaps = [window]
    for index in touching:
        gaps = [left for gap in gaps for left in _lay(plan, index, gap, window, carry, samples, owners)]
    return samples, owners


def extreme(plan: MosaicPlan, window: Window, carry: Carry) -> tuple[Samples, NDArray[np.int32]]:
    """Take the least or the greatest of all rasters, band by band; the source is that of the first band.

    Parameters and results are those of `laid`, the method is "min" or "max".
    """
    touching = plan.touching(window)
    first = carry(touching[0], window, plan.dtype) if touching else None
    if first is not None and first.is_whole and len(touching) == 1:
        return first, np.broadcast_to(np.int32(touching[0]), window[2:])
    samples, owners = nothing_shown(plan, window)
    compare = np.less if plan.method == "min" else np.greater
    for position, index in enumerate(touching):
        found = carry(index, window, plan.dtype) if position else first
        if found is None:
            continue
        better = (found.mask & ~samples.mask)[None]
        better = better | (found.mask[None] & compare(found.values, samples.values))
        np.copyto(samples.values, found.values, where=better)
        np.copyto(owners, index, where=better[0])
        np.logical_or(samples.mask, found.mask, out=samples.mask)
    return samples, owners


def nothing_shown(plan: MosaicPlan, window: Window) -> tuple[Samples, NDArray[np.int32]]:
    """A window without a sample, to be filled, and its owners: nobody."""
    shape = window[2:]
    values = np.zeros((plan.bands, *shape), dtype=plan.dtype)
    return Samples(values, np.zeros(shape, np.bool_)), np.full(shape, NOBODY, dtype=np.int32)


def _lay(
    plan: MosaicPlan,
    index: int,
    gap: Window,
    window: Window,
    carry: Carry,
    samples: Samples,
    owners: NDArray[np.int32],
) -> list[Window]:
    """Lay a raster into a gap of a window, in place; returns where gaps are left."""
    part = plan.placements[index].part(gap)
    found = None if part is None else carry(index, part, plan.dtype)
    if part is None or found is None:
        return [gap]
    rows, columns = inside(part, window)
    mask = samples.mask[rows, columns]
    if found.is_whole and not mask.any():
        samples.values[:, rows, columns] = found.values
        owners[rows, columns] = index
        mask[:] = True
        return _around(gap, part)
    better = found.mask & ~mask
    np.copyto(samples.values[:, rows, columns], found.values, where=better[None])
    np.copyto(owners[rows, columns], index, where=better)
    mask |= found.mask
    if found.is_whole:
        return _around(gap, part)
    return [] if samples.mask[inside(gap, window)].all() else [gap]


def _around(window: Window, part: Window) -> list[Window]:
    """What of a window lies above, below, left and right of a part of it."""
    line, sample, lines, samples = window
    top, left, high, wide = part
    pieces = [
        (line, sample, top - line, samples),
        (top + high, sample, line + lines - top - high, samples),
        (top, sample, high, left - sample),
        (top, left + wide, high, sample + samples - left - wide),
    ]
    return [piece for piece in pieces if piece[2] > 0 and piece[3] > 0]

"""The two joins of a blend: cut along seams and blended by bands, or faded in from the edges of the rasters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window, inside
from hinterland.mosaics.orthomosaic_layers import quantised
from hinterland.mosaics.orthomosaic_picking import nothing_shown
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.products.georeferenced_reader import Samples
from hinterland_kernels.backend import Backend
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, halo, multiband
from hinterland_kernels.feather import block_size, feather_weights, reach
from hinterland_kernels.feather.average import Average

Carry = Callable[[int, Window], Samples | None]
"""Gives one placement on a window as float32, levelled; None where nothing of it is valid."""

_MOST_CUT = 8
"""Rasters that touch a window beyond which it is averaged as a whole: each cell takes a while of its own."""
_AT_ONCE_PX = 1 << 15
"""Samples that are averaged at a time: their sums in float64 stay in a core's cache."""


def seamed(
    plan: MosaicPlan,
    window: Window,
    carry: Carry,
    labels: NDArray[np.int16] | None,
    backend: Backend,
) -> tuple[Samples, NDArray[np.int32]]:
    """Blend the rasters across the seams between their labels.

    Parameters
    ----------
    plan : MosaicPlan
        Of the mosaic.
    window : Window
        Of the mosaic.
    carry : Carry
        Gives the rasters, on the backend.
    labels : (label_lines, label_samples) int16
        The placement that owns each label, -1 for none.
    backend : Backend
        Where the loops run.

    Returns
    -------
    samples : Samples
        (bands, lines, samples) of the mosaic's dtype.
    owners : (lines, samples) int32
        The placement that each is from, -1 for none.
    """
    wide = plan.around(window, halo(plan.levels))
    line, sample, lines, samples = window
    rows = slice(line - wide[0], line - wide[0] + lines)
    columns = slice(sample - wide[1], sample - wide[1] + samples)
    kept, masks = _layers(plan, wide, carry)
    if not masks:
        return nothing_shown(plan, window)
    indices = list(masks)
    xp = backend.xp
    owners = assign_owners(
        backend.to_device(labels),
        [Layer(xp.empty((0, 0, 0), dtype=np.float32), masks[index]) for index in indices],
        indices,
        wide[:2],
        plan.label_factor,
        wraps=False,
        backend=backend,
    )
    owner = backend.to_host(owners)
    owning = np.unique(owner[owner != NOBODY]).tolist()
    if not owning:
        return nothing_shown(plan, window)
    layers = []
    for position in owning:
        found = kept.pop(indices[position], None) or carry(indices[position], wide)
        if found is None:  # it had a mask here when the owners were found
            message = f"{plan.placements[indices[position]].raster.path} changed while it was read"
            raise ValueError(message)
        # of a raster without holes it may be one number, seen everywhere; on a GPU it never is
        mask = found.mask if getattr(found.mask.flags, "writeable", True) else found.mask.copy()
        layers.append(Layer(found.values, mask))
    renumbered = np.full(len(indices) + 1, NOBODY, dtype=np.int16)
    renumbered[owning] = np.arange(len(owning))
    owners = backend.to_device(renumbered[owner])
    _fill(layers, owners, xp)
    blended = multiband(layers, owners, plan.levels, backend=backend)
    inner = owner[rows, columns]
    mask = inner != NOBODY
    values = backend.to_host(quantised(blended[:, rows, columns], plan.dtype, xp))
    return (
        Samples(np.where(mask, values, plan.dtype.type(0)), mask),
        np.where(mask, np.array([*indices, NOBODY], dtype=np.int32)[inner], NOBODY),
    )


def feathered(plan: MosaicPlan, window: Window, carry: Carry) -> tuple[Samples, NDArray[np.int32]]:
    """Average rasters of one priority by weights that rise from their edges, and lay each group over those below.

    Parameters
    ----------
    plan : MosaicPlan
        Of the mosaic.
    window : Window
        Of the mosaic, on blocks of the feather.
    carry : Carry
        Gives the rasters.

    Returns
    -------
    samples : Samples
        (bands, lines, samples) of the mosaic's dtype.
    owners : (lines, samples) int32
        The placement with the most say in each, -1 for none.
    """
    cells = _cells(plan, window)
    if len(cells) == 1:
        return _averaged(plan, window, carry)
    samples, owners = nothing_shown(plan, window)
    carry = _carried_once(plan, window, carry)
    for cell in cells:
        made = _averaged(plan, cell, carry)
        rows, columns = inside(cell, window)
        samples.values[:, rows, columns] = made[0].values
        samples.mask[rows, columns] = made[0].mask
        owners[rows, columns] = made[1]
    return samples, owners


def _cells(plan: MosaicPlan, window: Window) -> list[Window]:
    """Cut a window beside the edges of rasters, where weights begin to change, on blocks of the feather."""
    touching = plan.touching(window)
    if not 1 < len(touching) <= _MOST_CUT:
        return [window]
    size, far = block_size(plan.feather_px), reach(plan.feather_px)
    cuts = []
    for axis in (0, 1):
        first, last = window[axis], window[axis] + window[axis + 2]
        lie = [plan.placements[index].window for index in touching]
        edges = {edge for one in lie for edge in (one[axis], one[axis] + one[axis + 2])}
        beside = {(edge - far) // size * size for edge in edges} | {
            -(-(edge + far) // size) * size for edge in edges
        }
        cuts.append([first, *sorted(cut for cut in beside if first < cut < last), last])
    return [
        (top, left, bottom - top, right - left)
        for top, bottom in pairwise(cuts[0])
        for left, right in pairwise(cuts[1])
    ]


def _carried_once(plan: MosaicPlan, window: Window, carry: Carry) -> Carry:
    """Give parts of a window and its surroundings, of which each raster is read once, if the memory allows."""
    wide = plan.around(window, reach(plan.feather_px))
    touching = plan.touching(wide)
    if len(touching) * wide[2] * wide[3] * (4 * plan.bands + 1) > plan.worker_bytes // 3:
        return carry
    found = {index: carry(index, wide) for index in touching}

    def part(index: int, piece: Window) -> Samples | None:
        whole = found[index]
        if whole is None:
            return None
        rows, columns = inside(piece, wide)
        mask = whole.mask[rows, columns]
        is_whole = whole.is_whole or bool(mask.all())
        return Samples(whole.values[:, rows, columns], mask, is_whole) if is_whole or mask.any() else None

    return part


def _averaged(plan: MosaicPlan, window: Window, carry: Carry) -> tuple[Samples, NDArray[np.int32]]:
    """What `feathered` does to a cell."""
    touching = sorted(plan.touching(window), key=lambda index: _priority(plan, index), reverse=True)
    if len(touching) == 1:  # an average of one is that one, whatever its weight
        found = carry(touching[0], window)
        if found is not None and found.is_whole:
            owners = np.broadcast_to(np.int32(touching[0]), window[2:])
            return found._replace(values=quantised(found.values, plan.dtype)), owners
    wide = plan.around(window, reach(plan.feather_px))
    origin = window[0] - wide[0], window[1] - wide[1]
    rows, columns = inside(window, wide)
    groups = [list(group) for _, group in groupby(touching, key=lambda index: _priority(plan, index))]
    kept: dict[int, Samples | None] = {index: carry(index, wide) for index in groups[-1]} if groups else {}
    on_top = [found for found in kept.values() if found is not None]
    if on_top and len(on_top) == len(kept) and all(found.is_whole for found in on_top):
        # each has a weight of 1, and hides what lies below
        owners = np.broadcast_to(np.int32(groups[-1][0]), window[2:])
        return _mean(plan, [found.values[:, rows, columns] for found in on_top]), owners
    shown = np.zeros((plan.bands, *window[2:]), dtype=np.float32)
    owners = np.full(window[2:], NOBODY, dtype=np.int32)
    for group in groups:
        average = Average(plan.bands, *window[2:])
        for index in group:
            found = kept[index] if index in kept else carry(index, wide)
            if found is not None:
                weights = feather_weights(found.mask, plan.feather_px, origin, window[2:])
                average.add(found.values[:, rows, columns], (0, 0), weights, index)
        average.lay_over(shown, owners)
    mask = owners != NOBODY
    return Samples(quantised(shown, plan.dtype), mask), owners


def _mean(plan: MosaicPlan, values: Sequence[NDArray[np.float32]]) -> Samples:
    """The mean of rasters without holes, to the last bit that of `Average`."""
    shape = values[0].shape
    out = np.empty(shape, dtype=plan.dtype)
    high = max(1, _AT_ONCE_PX // shape[2])
    for top in range(0, shape[1], high):
        rows = slice(top, top + high)
        total = values[0][:, rows].astype(np.float64)
        for one in values[1:]:
            total += one[:, rows]
        total /= len(values)
        out[:, rows] = quantised(total.astype(np.float32), plan.dtype)
    return Samples(out, np.broadcast_to(np.True_, shape[1:]), is_whole=True)


def _priority(plan: MosaicPlan, index: int) -> int:
    """0 is on top; placements of one priority are averaged."""
    return index if plan.priority == "order" else plan.placements[index].rank


def _layers(
    plan: MosaicPlan, wide: Window, carry: Carry
) -> tuple[dict[int, Samples], dict[int, NDArray[np.bool_]]]:
    """Masks of all rasters on a window, and as many of the samples as may be kept."""
    kept: dict[int, Samples] = {}
    masks: dict[int, NDArray[np.bool_]] = {}
    room = plan.worker_bytes // 3
    for index in plan.touching(wide):
        found = carry(index, wide)
        if found is not None:
            masks[index] = found.mask
            if found.values.nbytes <= room:
                kept[index] = found
                room -= found.values.nbytes
    return kept, masks


def _fill(layers: Sequence[Layer], owners: Any, xp: Any) -> None:  # noqa: ANN401 - arrays of the backend
    """Go on beyond a raster's edge with what the mosaic shows there, in place.

    Means on one side of an edge are not those on both: without this, tiles of one picture that merely touch
    would change beside their seams. Seams keep off edges wherever rasters overlap, so nothing else changes.
    """
    shown = xp.zeros_like(layers[0].values)
    for index, layer in enumerate(layers):
        xp.copyto(shown, layer.values, where=(owners == index)[None])
    somebody = owners != NOBODY
    for layer in layers:
        xp.copyto(layer.values, shown, where=(somebody & ~layer.mask)[None])
        xp.copyto(layer.mask, somebody, where=somebody)

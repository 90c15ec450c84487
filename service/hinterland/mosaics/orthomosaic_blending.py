"""The two joins of a blend: cut along seams and blended by bands, or faded in from the edges of the rasters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window
from hinterland.mosaics.orthomosaic_layers import quantised
from hinterland.mosaics.orthomosaic_picking import nothing_shown
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.products.georeferenced_reader import Samples
from hinterland_kernels.backend import Backend
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, halo, multiband
from hinterland_kernels.feather import Ends, reach
from hinterland_kernels.feather.average import DTYPES, Average

if TYPE_CHECKING:
    from hinterland.adjust.levelling import Level

Carry = Callable[[int, Window], Samples | None]
"""Gives one placement on a window as float32, levelled; None where nothing of it is valid."""

CarryRaw = Callable[[int, Window], tuple[Samples, "Level | None"] | None]
"""Gives one placement on a part of it as uint8, uint16 or float32, with what levels it; None where nothing is
valid."""


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


def feathered(plan: MosaicPlan, window: Window, carry: CarryRaw) -> tuple[Samples, NDArray[np.int32]]:
    """Average rasters of one priority by weights that rise from their edges, and lay each group over those below.

    Parameters
    ----------
    plan : MosaicPlan
        Of the mosaic.
    window : Window
        Of the mosaic, on blocks of the feather.
    carry : CarryRaw
        Gives the rasters.

    Returns
    -------
    samples : Samples
        (bands, lines, samples) of the mosaic's dtype.
    owners : (lines, samples) int32
        The placement with the most say in each, -1 for none.
    """
    groups = [
        list(group) for _, group in groupby(plan.touching(window), lambda index: _priority(plan, index))
    ]
    if not groups:
        return nothing_shown(plan, window)
    top = _Group(plan, window, groups[0], carry)
    is_direct = plan.dtype.name in DTYPES and (len(groups) == 1 or top.is_hiding)
    shown = np.zeros((plan.bands, *window[2:]), plan.dtype if is_direct else np.float32)
    if top.alone is not None and (len(groups) == 1 or top.is_hiding):
        top.average.lay_over(shown)
        owners = np.broadcast_to(np.int32(top.alone), window[2:])
        whole = np.broadcast_to(np.True_, window[2:])
        return Samples(quantised(shown, plan.dtype), whole, is_whole=True), owners
    owners = np.full(window[2:], NOBODY, dtype=np.int32)
    for group in [] if top.is_hiding else reversed(groups[1:]):
        _Group(plan, window, group, carry).average.lay_over(shown, owners)
    top.average.lay_over(shown, owners)
    return Samples(quantised(shown, plan.dtype), owners != NOBODY), owners


class _Group:
    """Rasters of one priority on a window and what is around it, read and ready to be averaged."""

    def __init__(self, plan: MosaicPlan, window: Window, indices: Sequence[int], carry: CarryRaw) -> None:
        # what lies beside a raster alone changes nothing
        is_alone = len(plan.touching(window)) == 1
        wide = window if is_alone else plan.around(window, reach(plan.feather_px))
        self.average = Average(plan.bands, *window[2:], plan.feather_px)
        self.is_hiding = False
        """Some raster has a weight of 1 everywhere: nothing below is seen."""
        self.alone: int | None = None
        """The one raster, if it is one that covers the window."""
        for index in indices:
            part = plan.placements[index].part(wide)
            found = None if part is None else carry(index, part)
            if part is None or found is None:
                continue
            samples, level = found
            self.average.add(
                samples.values,
                None if samples.is_whole else samples.mask,
                index,
                (part[0] - window[0], part[1] - window[1]),
                _ends(part, wide),
                None if level is None else (level.gain, level.offset),
            )
            if samples.is_whole and part == wide:
                self.is_hiding = True
                self.alone = index if len(indices) == 1 else None


def _ends(part: Window, wide: Window) -> Ends:
    """Where a part of a window ends with it: at the end of the grid, beyond which it goes on, or out of reach."""
    line, sample, lines, samples = part
    return (
        line == wide[0],
        sample == wide[1],
        line + lines == wide[0] + wide[2],
        sample + samples == wide[1] + wide[3],
    )


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

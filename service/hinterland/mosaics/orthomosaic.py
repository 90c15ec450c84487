"""Tiles of an orbital mosaic: picked from the first, reduced from all, or blended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.levelling import Level
from hinterland.model.map_grids import Window
from hinterland.mosaics.orthomosaic_layers import Warper, quantised
from hinterland.mosaics.orthomosaic_plan import PICKS, MosaicPlan
from hinterland.mosaics.orthomosaic_resolution import RESOLUTION_PX, resolved_metres
from hinterland.products.georeferenced_reader import MapReader, Samples
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, multiband
from hinterland_kernels.terrain import stack_statistic

_OF_ONE = ("mean", "median")
"""Statistics that leave a sample alone as it is."""
_FLOAT = np.dtype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """A finished piece of the mosaic."""

    window: Window
    """Line, sample, lines, samples on the grid."""
    samples: NDArray[Any]
    """(bands, lines, samples) of the mosaic's dtype; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where a raster covers the sample."""
    sources: NDArray[np.uint16] | None
    """(lines, samples): 0 none, i the i-th raster as given; None where a sample has no one source."""
    resolution: NDArray[np.float32] | None
    """(lines, samples): what the ground really resolves, m; 0 where not valid."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orthomosaic:
    """All that the tiles of one mosaic are made from."""

    plan: MosaicPlan
    reader: MapReader
    labels: NDArray[np.int16] | None = None
    """Of a blend: (label_lines, label_samples), the placement that owns each label, -1 for none."""
    levels: Sequence[Level] | None = None
    """Of a blend: gain and offset of each placement; None leaves them as they are."""
    backend: Backend = CPU

    def tiles(self) -> Iterator[Tile]:
        """Make all tiles in order, as many at a time as the plan has workers; one more waits at most."""
        waiting: deque[Future[Tile]] = deque()
        with ThreadPoolExecutor(self.plan.workers) as pool:
            for window in self.plan.tiles():
                waiting.append(pool.submit(self.tile, window))
                if len(waiting) > self.plan.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def tile(self, window: Window) -> Tile:
        """Make one tile. Its samples depend on neither its size nor the order in which tiles are made."""
        method = self.plan.method
        if not self.plan.touching(window):
            return self._empty(window)
        if method == "blend":
            samples, owners = self._blended(window)
        elif method in PICKS:
            samples, owners = self._picked(window)
        else:
            samples = self._reduced(window)
            return Tile(
                window=window, samples=samples.values, mask=samples.mask, sources=None, resolution=None
            )
        return Tile(
            window=window,
            samples=samples.values,
            mask=samples.mask,
            sources=self._sources(owners),
            resolution=self._resolution(window, owners),
        )

    def _empty(self, window: Window) -> Tile:
        _, _, lines, samples = window
        has_sources = self.plan.method in {"blend", *PICKS}
        return Tile(
            window=window,
            samples=np.broadcast_to(self.plan.dtype.type(0), (self.plan.bands, lines, samples)),
            mask=np.broadcast_to(np.False_, (lines, samples)),
            sources=np.broadcast_to(np.uint16(0), (lines, samples)) if has_sources else None,
            resolution=np.broadcast_to(np.float32(0), (lines, samples)) if has_sources else None,
        )

    def _warper(self, *, kept_bytes: int = 0) -> Warper:
        plan = self.plan
        return Warper(
            plan.grid,
            self.reader,
            bands=plan.bands,
            kernel=plan.kernel,
            piece_bytes=max((plan.worker_bytes - kept_bytes) // 8, 1 << 20),
            backend=self.backend,
        )

    def _picked(self, window: Window) -> tuple[Samples, NDArray[np.int32]]:
        """Each sample from one raster; and the placement it is from, -1 for none."""
        plan, method = self.plan, self.plan.method
        _, _, lines, samples = window
        out = np.zeros((plan.bands, lines, samples), dtype=plan.dtype)
        mask = np.zeros((lines, samples), dtype=np.bool_)
        owners = np.full((lines, samples), NOBODY, dtype=np.int32)
        warper = self._warper()
        for index in plan.touching(window):
            if method == "first" and mask.all():
                break
            found = warper.carry(plan.placements[index], window, plan.dtype)
            if found is None:
                continue
            new = found.mask & ~mask
            if method == "first":
                better = new[None]
            elif method == "last":
                better = found.mask[None]
            else:
                compare = np.less if method == "min" else np.greater
                better = new[None] | (found.mask[None] & compare(found.values, out))
            np.copyto(out, found.values, where=better)
            owners[better[0]] = index
            mask |= found.mask
        return Samples(out, mask), owners

    def _reduced(self, window: Window) -> Samples:
        """A statistic of all rasters at each sample, by as many lines at a time as the memory allows."""
        plan = self.plan
        line, sample, lines, samples = window
        out = Samples(
            np.zeros((plan.bands, lines, samples), dtype=plan.dtype),
            np.zeros((lines, samples), dtype=np.bool_),
        )
        touching = plan.touching(window)
        per_line = max(len(touching), 1) * samples * (4 * plan.bands + 1)
        high = max(1, min(lines, plan.worker_bytes // 2 // per_line))
        warper = self._warper(kept_bytes=high * per_line)
        for first in range(0, lines, high):
            strip = (line + first, sample, min(high, lines - first), samples)
            rows = slice(first, first + strip[2])
            carried = (warper.carry(plan.placements[index], strip, _FLOAT) for index in touching)
            stack = [found for found in carried if found is not None]
            if not stack:
                continue
            if len(stack) == 1 and plan.method in _OF_ONE:
                out.values[:, rows] = quantised(stack[0].values, plan.dtype)
                out.mask[rows] = stack[0].mask
                continue
            masks = np.stack([found.mask for found in stack])
            for band in range(plan.bands):
                values, valid = stack_statistic(
                    np.stack([found.values[band] for found in stack]), masks, plan.method
                )
                out.values[band, rows] = np.where(valid, quantised(values, plan.dtype), 0)
                out.mask[rows] = valid
        return out

    def _blended(self, window: Window) -> tuple[Samples, NDArray[np.int32]]:
        plan = self.plan
        wide = plan.with_halo(window)
        line, sample, lines, samples = window
        rows = slice(line - wide[0], line - wide[0] + lines)
        columns = slice(sample - wide[1], sample - wide[1] + samples)
        nothing = (
            Samples(
                np.zeros((plan.bands, lines, samples), dtype=plan.dtype), np.zeros((lines, samples), np.bool_)
            ),
            np.full((lines, samples), NOBODY, dtype=np.int32),
        )
        kept, masks = self._layers(wide)
        if not masks:
            return nothing
        indices = list(masks)
        xp = self.backend.xp
        owners = assign_owners(
            self.backend.to_device(self.labels),
            [
                Layer(xp.empty((0, 0, 0), dtype=np.float32), self.backend.to_device(masks[index]))
                for index in indices
            ],
            indices,
            wide[:2],
            plan.label_factor,
            wraps=False,
            backend=self.backend,
        )
        owner = self.backend.to_host(owners)
        owning = np.unique(owner[owner != NOBODY]).tolist()
        layers = [self._layer(indices[position], wide, kept) for position in owning]
        renumbered = np.full(len(indices) + 1, NOBODY, dtype=np.int16)
        renumbered[owning] = np.arange(len(owning))
        if not layers:
            return nothing
        owners = self.backend.to_device(renumbered[owner])
        _fill(layers, owners, xp)
        blended = multiband(layers, owners, plan.levels, backend=self.backend)
        inner = owner[rows, columns]
        mask = inner != NOBODY
        values = quantised(self.backend.to_host(blended[:, rows, columns]), plan.dtype)
        return (
            Samples(np.where(mask, values, plan.dtype.type(0)), mask),
            np.where(mask, np.array([*indices, NOBODY], dtype=np.int32)[inner], NOBODY),
        )

    def _layers(self, wide: Window) -> tuple[dict[int, Samples], dict[int, NDArray[np.bool_]]]:
        """Masks of all rasters on a window, and as many of the samples as may be kept."""
        kept: dict[int, Samples] = {}
        masks: dict[int, NDArray[np.bool_]] = {}
        room = self.plan.worker_bytes // 3
        warper = self._warper()
        for index in self.plan.touching(wide):
            found = self._carry(warper, index, wide)
            if found is not None:
                masks[index] = found.mask
                if found.values.nbytes <= room:
                    kept[index] = found
                    room -= found.values.nbytes
        return kept, masks

    def _layer(self, index: int, wide: Window, kept: dict[int, Samples]) -> Layer:
        found = kept.pop(index, None) or self._carry(self._warper(), index, wide)
        if found is None:  # it had a mask here when the owners were found
            message = f"{self.plan.placements[index].raster.path} changed while it was read"
            raise ValueError(message)
        return Layer(self.backend.to_device(found.values), self.backend.to_device(found.mask))

    def _carry(self, warper: Warper, index: int, wide: Window) -> Samples | None:
        level = None if self.levels is None else self.levels[index]
        return warper.carry(self.plan.placements[index], wide, _FLOAT, level)

    def _sources(self, owners: NDArray[np.int32]) -> NDArray[np.uint16]:
        given = [placement.index + 1 for placement in self.plan.placements]
        return np.array([*given, 0], dtype=np.uint16)[owners]

    def _resolution(self, window: Window, owners: NDArray[np.int32]) -> NDArray[np.float32]:
        """What the owners resolve on a tile, which starts on a multiple of `RESOLUTION_PX`."""
        _, _, lines, samples = window
        out = np.zeros((lines, samples), dtype=np.float32)
        for index in np.unique(owners[owners != NOBODY]).tolist():
            squares = resolved_metres(self.plan.grid, self.plan.placements[index], window)
            spread = squares.repeat(RESOLUTION_PX, axis=0).repeat(RESOLUTION_PX, axis=1)
            np.copyto(out, spread[:lines, :samples], where=owners == index)
        return out


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

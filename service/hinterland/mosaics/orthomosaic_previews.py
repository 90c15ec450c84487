"""An orbital mosaic at reduced resolution, raster by raster: what levelling and seams are solved on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.levelling import Level, level
from hinterland.errors import InputError, NothingToDoError
from hinterland.model.previews import LevelPreview
from hinterland.mosaics.orthomosaic_layers import Warper
from hinterland.mosaics.orthomosaic_means import cell_means
from hinterland.mosaics.orthomosaic_placing import Placement, place, place_one
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.products.georeferenced import MapRaster
from hinterland.products.georeferenced_reader import MapReader, Samples
from hinterland_kernels.backend import CPU, Backend

if TYPE_CHECKING:
    from hinterland.mosaics.vertical_levelling import VerticalLevel


class MosaicPreviews:
    """The rasters of a plan on its reduced grid.

    Parameters
    ----------
    plan : MosaicPlan
        Of the mosaic.
    reader : MapReader
        Reads the rasters.
    backend : Backend
        Where they are warped.
    """

    def __init__(self, plan: MosaicPlan, reader: MapReader, backend: Backend = CPU) -> None:
        self._plan = plan
        self._backend = backend
        self._grid = plan.grid.reduced(plan.label_factor)
        self._reader = reader
        self._warper = Warper(
            self._grid,
            reader,
            bands=plan.bands,
            kernel="bilinear",
            piece_bytes=max(plan.worker_bytes // 4, 1 << 20),
            backend=backend,
        )

    def previews(self) -> list[LevelPreview]:
        """Each raster that shows on the reduced grid, on its own window."""
        with ThreadPoolExecutor(self._plan.workers) as pool:
            found = list(pool.map(self._preview_of, range(len(self._plan.placements))))
        return [preview for preview in found if preview is not None]

    def _preview_of(self, index: int) -> LevelPreview | None:
        """A placement of the plan."""
        placement = self._plan.placements[index]
        if placement.shift is None:
            found = place_one(index, placement.raster, self._grid, "bilinear")
            return None if found is None else self._resampled(found)
        corner, means = cell_means(self._reader, placement, self._plan.label_factor, self._plan.bands)
        return _shown(index, corner, means)

    def _resampled(self, placement: Placement) -> LevelPreview | None:
        """A placement on the reduced grid."""
        with self._backend.own_stream():
            samples = self._warper.carry(placement, placement.window, np.dtype(np.float32))
        return None if samples is None else _shown(placement.index, placement.window[:2], samples)

    def levels(self, previews: Sequence[LevelPreview], levelling: str) -> tuple[Level, ...] | None:
        """Gain and offset of each placement of the plan; None where samples stay as they are."""
        if levelling == "none" or (levelling == "auto" and self._plan.dtype.kind == "f"):
            return None
        largest = max((float(preview.values[:, preview.mask].max()) for preview in previews), default=1.0)
        if self._plan.dtype == np.uint8:
            largest = 255.0
        return level(previews, len(self._plan.placements), max(largest, 1.0), 0)

    def reference(self, raster: MapRaster) -> LevelPreview:
        """What heights are levelled to, on the reduced grid.

        Raises
        ------
        InputError
            If it is not one band, or does not reach the mosaic.
        """
        try:
            placements = place([raster], self._grid, "bilinear") if raster.bands == 1 else []
        except NothingToDoError:
            placements = []
        preview = self._resampled(placements[0]) if placements else None
        if preview is None:
            why = f"has {raster.bands} bands" if raster.bands != 1 else "has no valid sample on the mosaic"
            message = f"--reference {raster.path}: {why}; give a terrain model that overlaps the rasters"
            raise InputError(message)
        return preview

    def heights(
        self, previews: Sequence[LevelPreview], model: str, reference: MapRaster | None
    ) -> dict[int, VerticalLevel]:
        """What levels the heights of each placement that shows; the first raster given is held, or a reference."""
        # gains are found without SciPy's solvers, which take a while to load
        from hinterland.mosaics.vertical_levelling import level_vertically  # noqa: PLC0415

        placements = self._plan.placements
        return level_vertically(
            sorted(previews, key=lambda preview: placements[preview.frame].index),
            [placement.raster.path.name for placement in placements],
            model,
            None if reference is None else self.reference(reference),
            self._plan.label_factor,
        )

    def lifted(
        self, previews: Sequence[LevelPreview], heights: Mapping[int, VerticalLevel]
    ) -> list[LevelPreview]:
        """The previews with their heights levelled."""
        factor = self._plan.label_factor
        return [
            replace(preview, values=preview.values + _lift(preview, heights, factor)) for preview in previews
        ]

    def labels(self, previews: Sequence[LevelPreview], levels: Sequence[Level] | None) -> NDArray[np.int16]:
        """Choose the placement that owns each pixel of the reduced grid, -1 where there is none.

        Among equals seams are cut where they show least; above them stands whatever has priority.
        """
        labels = np.full(self._grid.shape, -1, dtype=np.int16)
        placements = self._plan.placements
        by_order = self._plan.priority == "order"
        for rank in sorted({placement.rank for placement in placements}, reverse=True):
            equals = [preview for preview in previews if placements[preview.frame].rank == rank]
            if not equals:
                continue
            owners = self._first(equals) if by_order else self._cut(equals, levels)
            np.copyto(labels, owners, where=self._deep(owners >= 0) | ((owners >= 0) & (labels < 0)))
        return labels

    def _deep(self, covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What lies so deep inside that a blend at its edge finds samples of both sides."""
        import cv2  # noqa: PLC0415 - as the seams

        depth = cv2.distanceTransform(
            np.pad(covered.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, cv2.DIST_MASK_5
        )[1:-1, 1:-1]
        deep: NDArray[np.bool_] = depth > (1 << self._plan.levels) / self._plan.label_factor
        return deep

    def _first(self, previews: Sequence[LevelPreview]) -> NDArray[np.int16]:
        owners = np.full(self._grid.shape, -1, dtype=np.int16)
        for preview in sorted(previews, key=lambda one: one.frame, reverse=True):
            lines, samples = preview.mask.shape
            here = owners[preview.line : preview.line + lines, preview.sample : preview.sample + samples]
            here[preview.mask] = preview.frame
        return owners

    def _cut(self, previews: Sequence[LevelPreview], levels: Sequence[Level] | None) -> NDArray[np.int16]:
        if len(previews) == 1:
            return self._first(previews)
        from hinterland.mosaics.seams import find_seams  # noqa: PLC0415 - loads much that levels do not need

        return find_seams([_levelled(preview, levels) for preview in previews], self._grid)


def _shown(index: int, corner: tuple[int, int], samples: Samples) -> LevelPreview | None:
    """What is valid of a placement on the reduced grid, whose samples begin at a corner there; None if nothing."""
    lines, columns = np.flatnonzero(samples.mask.any(axis=1)), np.flatnonzero(samples.mask.any(axis=0))
    if not len(lines):
        return None
    shown = np.s_[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1]
    return LevelPreview(
        frame=index,
        line=corner[0] + int(lines[0]),
        sample=corner[1] + int(columns[0]),
        values=samples.values[:, *shown].copy(),
        mask=samples.mask[shown].copy(),
    )


def _lift(preview: LevelPreview, heights: Mapping[int, VerticalLevel], factor: int) -> NDArray[np.float32]:
    """What to add to a preview: the plane at the middles of its cells."""
    lines, samples = preview.mask.shape
    plane = heights[preview.frame]
    corner = plane.on((preview.line * factor, preview.sample * factor, 1, 1))[0, 0]
    half = 0.5 * (factor - 1)
    down = (np.arange(lines) * factor + half) * plane.per_line_m
    across = (np.arange(samples) * factor + half) * plane.per_sample_m
    lift: NDArray[np.float32] = (corner + down[:, None] + across[None, :]).astype(np.float32)
    return lift


def _levelled(preview: LevelPreview, levels: Sequence[Level] | None) -> LevelPreview:
    if levels is None:
        return preview
    found = levels[preview.frame]
    gain, offset = (np.array(one, np.float32)[:, None, None] for one in (found.gain, found.offset))
    return LevelPreview(
        frame=preview.frame,
        line=preview.line,
        sample=preview.sample,
        values=np.where(preview.mask, preview.values * gain + offset, np.float32(0)),
        mask=preview.mask,
    )

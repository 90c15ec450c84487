"""Tiles of an orbital mosaic: picked from the first, reduced from all, or blended."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window, inside
from hinterland.mosaics.in_order import in_order
from hinterland.mosaics.orthomosaic_blending import feathered, seamed
from hinterland.mosaics.orthomosaic_layers import Warper, quantised
from hinterland.mosaics.orthomosaic_memory import PICKS
from hinterland.mosaics.orthomosaic_owners import sources_of, squares_of
from hinterland.mosaics.orthomosaic_picking import extreme, laid
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.mosaics.orthomosaic_resolution import coarsest_metres
from hinterland.mosaics.terrain import fill_holes, ground_cells, relief_and_slope
from hinterland.products.georeferenced_reader import MapReader, Samples
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.blend import NOBODY
from hinterland_kernels.stack import stack_statistic

if TYPE_CHECKING:
    from hinterland.adjust.levelling import Level
    from hinterland.mosaics.vertical_levelling import VerticalLevel

_OF_ONE = ("mean", "median")
"""Statistics that leave a sample alone as it is."""
_FLOAT = np.dtype(np.float32)
LIGHT = (math.radians(315.0), math.radians(45.0))
"""From the upper left, as maps have it: lit from below hills look like hollows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """A finished piece of the mosaic."""

    window: Window
    """Line, sample, lines, samples on the grid."""
    samples: NDArray[Any]
    """(bands, lines, samples) of the mosaic's dtype; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where a raster covers the sample."""
    sources: NDArray[np.uint16] | None = None
    """(lines, samples): 0 none, i the i-th raster as given; None where a sample has no one source."""
    resolution: NDArray[np.float32] | None = None
    """What the ground really resolves, m, in each square of `RESOLUTION_PX` samples a side; 0 where none of them
    has a source."""
    shown: frozenset[int] = frozenset()
    """Sources, from 1, that some sample is from."""
    relief: NDArray[np.uint8] | None = None
    """(lines, samples): 1 in shadow to 255 facing the light; None where it was not asked for or nothing is
    valid."""
    slope_deg: NDArray[np.float32] | None = None
    """(lines, samples), as the relief."""
    drawn: NDArray[np.bool_] | None = None
    """(lines, samples), True where relief and slope are valid."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orthomosaic:
    """All that the tiles of one mosaic are made from."""

    plan: MosaicPlan
    reader: MapReader
    labels: NDArray[np.int16] | None = None
    """Of a blend: (label_lines, label_samples), the placement that owns each label, -1 for none."""
    levels: Sequence[Level] | None = None
    """Gain and offset of each placement; None leaves them as they are."""
    heights: Mapping[int, VerticalLevel] | None = None
    """What is added to the heights of each placement; None leaves all as they are."""
    light: tuple[float, float] = LIGHT
    """Azimuth and elevation, rad, of the light on the shaded relief."""
    backend: Backend = CPU

    def tiles(self) -> Iterator[Tile]:
        """Make all tiles in order, as many at a time as the plan has workers; one more waits at most."""
        return in_order(self.tile, self.plan.tiles(), self.plan.workers, self.plan.workers)

    def tile(self, window: Window) -> Tile:
        """Make one tile. Its samples depend on neither its size nor the order in which tiles are made."""
        with self.backend.own_stream():
            return self._finished(window)

    def _finished(self, window: Window) -> Tile:
        plan = self.plan
        if not plan.touching(plan.around(window, plan.filling_margin)):
            return self._empty(window)
        wide = plan.around(window, plan.drawing_margin)
        samples, owners = self._filled(wide)
        drawn: dict[str, Any] = {}
        inner = inside(window, wide)
        if (plan.relief or plan.slope) and samples.mask[inner].any():
            relief, slope_deg, mask = relief_and_slope(
                samples.values[0].astype(np.float32, copy=False),
                samples.mask,
                ground_cells(plan.grid, wide),
                self.light,
            )
            drawn = {
                "relief": relief[inner].copy(),
                "slope_deg": slope_deg[inner].copy(),
                "drawn": mask[inner],
            }
        if plan.has_sources:
            drawn |= self._origin(window, owners[inner])
        return Tile(
            window=window,
            samples=samples.values[:, *inner] if wide == window else samples.values[:, *inner].copy(),
            mask=samples.mask[inner],
            **drawn,
        )

    def _empty(self, window: Window) -> Tile:
        _, _, lines, samples = window
        has_sources = self.plan.has_sources
        return Tile(
            window=window,
            samples=np.broadcast_to(self.plan.dtype.type(0), (self.plan.bands, lines, samples)),
            mask=np.broadcast_to(np.False_, (lines, samples)),
            sources=np.broadcast_to(np.uint16(0), (lines, samples)) if has_sources else None,
        )

    def _filled(self, window: Window) -> tuple[Samples, NDArray[np.int32]]:
        """What the method makes of a window, its holes filled; they are of no raster."""
        plan = self.plan
        made, owners = self._made(window)
        if plan.holes is None or made.mask.all():
            return made, owners
        wide = plan.around(window, plan.filling_margin - plan.drawing_margin)
        made, owners = self._made(wide)
        heights, mask = fill_holes(made.values[0].astype(np.float32, copy=False), made.mask, plan.holes)
        inner = inside(window, wide)
        return Samples(quantised(heights[inner], plan.dtype)[None], mask[inner]), owners[inner]

    def _made(self, window: Window) -> tuple[Samples, NDArray[np.int32]]:
        """What the method makes of a window; and the placement that each sample is from, -1 for none."""
        plan = self.plan
        if plan.method == "blend":
            if plan.join == "feather":
                return feathered(plan, window, self._carry_raw)
            carry = functools.partial(self._carry, stays=True)
            return seamed(plan, window, carry, self.labels, self.backend)
        if plan.method in PICKS:
            return (laid if plan.method in {"first", "last"} else extreme)(plan, window, self._carry)
        return self._reduced(window), np.broadcast_to(np.int32(NOBODY), window[2:])

    def _carry(
        self,
        index: int,
        window: Window,
        dtype: np.dtype[Any] = _FLOAT,
        kept_bytes: int = 0,
        *,
        stays: bool = False,
    ) -> Samples | None:
        """One raster on a window, levelled; None where nothing of it is valid. It is the host's, or stays on the
        backend.
        """
        plan, warper = self.plan, self._warper(kept_bytes)
        level = None if self.levels is None else self.levels[index]
        found = warper.carry(plan.placements[index], window, dtype, level, stays=stays)
        if found is None or self.heights is None:
            return found
        if index not in self.heights:  # too small to be seen on the reduced grid
            return None
        lift = self.heights[index].on(window)
        found.values[0] += self.backend.to_device(lift) if stays else lift
        return found

    def _carry_raw(self, index: int, window: Window) -> tuple[Samples, Level | None] | None:
        """One raster on a part of it; whole numbers that need not be resampled as they are, with their level."""
        placement = self.plan.placements[index]
        dtype = placement.raster.dtype
        if placement.shift is None or dtype.kind != "u" or self.heights is not None:
            found = self._carry(index, window)
            return None if found is None else (found, None)
        found = self._warper().carry(placement, window, dtype)
        level = None if self.levels is None else self.levels[index]
        return None if found is None else (found, level)

    def _warper(self, kept_bytes: int = 0) -> Warper:
        """Carries rasters, in pieces that leave so many bytes of a worker's."""
        plan = self.plan
        return Warper(
            plan.grid,
            self.reader,
            bands=plan.bands,
            kernel=plan.kernel,
            piece_bytes=max((plan.worker_bytes - kept_bytes) // 8, 1 << 20),
            backend=self.backend,
        )

    def _reduced(self, window: Window) -> Samples:
        """A statistic of all rasters at each sample, by as many lines at a time as the memory allows.

        The rasters stay on the backend; what is made of them comes back.
        """
        plan, xp, to_host = self.plan, self.backend.xp, self.backend.to_host
        line, sample, lines, samples = window
        touching = plan.touching(window)
        if len(touching) == 1 and plan.method in _OF_ONE:
            # what is resampled is rounded here, as it is beside other rasters
            is_resampled = plan.placements[touching[0]].shift is None
            dtype, where = (_FLOAT, xp) if is_resampled else (plan.dtype, np)
            alone = self._carry(touching[0], window, dtype, stays=is_resampled)
            if alone is not None and alone.mask.all():
                values = to_host(quantised(alone.values, plan.dtype, where))
                return alone._replace(values=values, mask=to_host(alone.mask))
        out = Samples(
            np.zeros((plan.bands, lines, samples), dtype=plan.dtype),
            np.zeros((lines, samples), dtype=np.bool_),
        )
        per_line = max(len(touching), 1) * samples * (4 * plan.bands + 1)
        high = max(1, min(lines, plan.worker_bytes // 2 // per_line))
        for first in range(0, lines, high):
            strip = (line + first, sample, min(high, lines - first), samples)
            rows = slice(first, first + strip[2])
            carried = (
                self._carry(index, strip, kept_bytes=high * per_line, stays=True) for index in touching
            )
            stack = [found for found in carried if found is not None]
            if not stack:
                continue
            if len(stack) == 1 and plan.method in _OF_ONE:
                out.values[:, rows] = to_host(quantised(stack[0].values, plan.dtype, xp))
                out.mask[rows] = to_host(stack[0].mask)
                continue
            masks = xp.stack([found.mask for found in stack])
            for band in range(plan.bands):
                values, valid = stack_statistic(
                    xp.stack([found.values[band] for found in stack]),
                    masks,
                    plan.method,
                    backend=self.backend,
                )
                out.values[band, rows] = to_host(quantised(values, plan.dtype, xp))
            out.mask[rows] = to_host(valid)
        return out

    def _origin(self, window: Window, owners: NDArray[np.int32]) -> dict[str, Any]:
        """Sources and resolution of a tile, and which sources show."""
        plan = self.plan
        squares = squares_of(owners)
        numbers = {index: plan.placements[index].index + 1 for index in squares if index != NOBODY}
        owned = {index: squares[index] for index in numbers}
        return {
            "sources": sources_of(owners, squares, numbers),
            "resolution": coarsest_metres(plan.grid, plan.placements, window, owned),
            "shown": frozenset(numbers.values()),
        }

"""Tiles of a panorama: warp, own, blend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.panorama_map import Window
from hinterland.model.solution import Solution
from hinterland.mosaics.in_order import in_order
from hinterland.mosaics.plan import Placement, Plan, with_halo
from hinterland.mosaics.warping import Frames, Source
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, multiband, name_owners, needed_windows
from hinterland_kernels.lattice import Lattice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """A finished piece of the panorama."""

    window: Window
    """Line, sample, lines, samples on the grid."""
    samples: NDArray[Any]
    """(bands, lines, samples) of the output's dtype; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where a frame covers the pixel."""
    sources: NDArray[np.uint16]
    """(lines, samples): 0 none, i the i-th frame of the solution."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Composition:
    """All that the tiles of one panorama are made from."""

    plan: Plan
    solution: Solution
    lattices: dict[Placement, Lattice]
    sources: Sequence[Source]
    labels: NDArray[np.int16]
    """(label_lines, label_samples): frame index that owns each label pixel, on the plan's label grid."""
    dtype: np.dtype[Any]
    """Of the output: uint8, uint16 or float32. So are the frames on the grid: samples are rounded before the
    blend, and again where it changes them, which comes to 1 DN at most."""
    kernel: str = "lanczos3"
    backend: Backend = CPU

    @property
    def bands(self) -> int:
        """Bands of the output."""
        return int(self.sources[0].samples.shape[0])

    def tile(self, window: Window) -> Tile:
        """Make one tile. Its samples depend on neither its size nor the order in which tiles are made."""
        with self.backend.own_stream():
            return self._made(window)

    def _made(self, window: Window) -> Tile:
        wide = with_halo(self.plan, window)
        line, sample, lines, samples = window
        core = (line - wide[0], sample - wide[1], lines, samples)
        frames = Frames(
            plan=self.plan,
            lattices=self.lattices,
            sources=self.sources,
            solution=self.solution,
            kernel=self.kernel,
            dtype=self.dtype,
            backend=self.backend,
        )
        masks = frames.masks(wide)
        if not masks:
            return Tile(
                window=window,
                samples=np.zeros((self.bands, lines, samples), dtype=self.dtype),
                mask=np.zeros((lines, samples), dtype=np.bool_),
                sources=np.zeros((lines, samples), dtype=np.uint16),
            )
        indices = sorted(masks)
        owners = assign_owners(
            self.backend.to_device(self.labels),
            [Layer(None, masks[index]) for index in indices],
            indices,
            wide[:2],
            self.plan.label_factor,
            wraps=self.plan.grid.wraps,
            backend=self.backend,
        )
        # only what the blend reads is worth its resampling: beyond the seams a frame's own part
        needed = needed_windows(owners, len(indices), self.plan.levels, core=core, backend=self.backend)
        layers = [self._layer(frames, index, wide, part) for index, part in zip(indices, needed, strict=True)]
        blended = multiband(
            layers, owners, self.plan.levels, core=core, dtype=self.dtype, backend=self.backend
        )
        owner = self.backend.to_host(owners[core[0] : core[0] + lines, core[1] : core[1] + samples])
        return Tile(
            window=window,
            samples=self.backend.to_host(blended),
            mask=owner != NOBODY,
            sources=name_owners(owner, [index + 1 for index in indices]),
        )

    def _layer(self, frames: Frames, index: int, wide: Window, part: Window | None) -> Layer:
        """One frame on the part of a tile and its halo that the blend reads."""
        if part is None:
            xp = self.backend.xp
            return Layer(xp.empty((self.bands, 0, 0), dtype=self.dtype), xp.empty((0, 0), dtype=np.bool_))
        line, sample, lines, samples = part
        layer = frames.layer(index, (wide[0] + line, wide[1] + sample, lines, samples))
        return layer._replace(line=line + layer.line, sample=sample + layer.sample)

    def tiles(self, workers: int) -> Iterator[Tile]:
        """Make all tiles in order, up to `workers` at a time; twice as many wait at most."""
        return in_order(self.tile, self.plan.tiles(), workers, 2 * workers)

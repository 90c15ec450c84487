"""Tiles of a panorama: warp, own, blend."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.panorama_map import Window
from hinterland.model.solution import Solution
from hinterland.mosaics.plan import Placement, Plan, with_halo
from hinterland.mosaics.warping import Source, warp_window
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.blend import NOBODY, assign_owners, multiband
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
    """Of the output: uint8, uint16 or float32."""
    kernel: str = "lanczos3"
    backend: Backend = CPU

    @property
    def bands(self) -> int:
        """Bands of the output."""
        return int(self.sources[0].samples.shape[0])

    def tile(self, window: Window) -> Tile:
        """Make one tile. Its samples depend on neither its size nor the order in which tiles are made."""
        wide = with_halo(self.plan, window)
        layers = warp_window(
            self.plan,
            self.lattices,
            self.sources,
            self.solution,
            wide,
            kernel=self.kernel,
            backend=self.backend,
        )
        _, _, lines, samples = window
        if not layers:
            return Tile(
                window=window,
                samples=np.zeros((self.bands, lines, samples), dtype=self.dtype),
                mask=np.zeros((lines, samples), dtype=np.bool_),
                sources=np.zeros((lines, samples), dtype=np.uint16),
            )
        frames = sorted(layers)
        ordered = [layers[frame] for frame in frames]
        owners = assign_owners(
            self.backend.to_device(self.labels),
            ordered,
            frames,
            wide[:2],
            self.plan.label_factor,
            wraps=self.plan.grid.wraps,
            backend=self.backend,
        )
        blended = multiband(ordered, owners, self.plan.levels, backend=self.backend)
        rows = slice(window[0] - wide[0], window[0] - wide[0] + lines)
        columns = slice(window[1] - wide[1], window[1] - wide[1] + samples)
        owner = self.backend.to_host(owners[rows, columns])
        return Tile(
            window=window,
            samples=_quantised(self.backend.to_host(blended[:, rows, columns]), self.dtype),
            mask=owner != NOBODY,
            sources=np.where(owner == NOBODY, 0, np.array([*frames, 0], dtype=np.uint16)[owner] + 1).astype(
                np.uint16
            ),
        )

    def tiles(self, workers: int) -> Iterator[Tile]:
        """Make all tiles in order, up to `workers` at a time; twice as many wait at most."""
        waiting: deque[Future[Tile]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            for window in self.plan.tiles():
                waiting.append(pool.submit(self.tile, window))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def _quantised(values: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round to the nearest sample value; what the blend sends beyond the range stays at its end."""
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)

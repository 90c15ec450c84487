"""Frames carried onto the panorama's grid: their lattices, and their samples on a window."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hinterland.model.panorama_map import Window, grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import Solution, SolvedFrame
from hinterland.mosaics.plan import Placement, Plan
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.lattice import Lattice, build_lattice, choose_step
from hinterland_kernels.warp import warp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """One frame as the kernels take it, on the backend."""

    samples: Any
    """(bands, lines, samples)."""
    mask: Any
    """(lines, samples)."""
    is_whole: bool
    """True says that the mask is all True."""
    largest: float
    """Full scale, DN."""


def place_sources(images: Sequence[Image], bands: int, backend: Backend = CPU) -> list[Source]:
    """Move the frames to the backend, each with the same number of bands: grey stands in for each colour."""
    return [
        Source(
            samples=backend.to_device(
                np.ascontiguousarray(np.broadcast_to(image.samples, (bands, *image.mask.shape)))
            ),
            mask=backend.to_device(image.mask),
            is_whole=bool(image.mask.all()),
            largest=image.largest,
        )
        for image in images
    ]


def build_lattices(plan: Plan, solution: Solution, workers: int = 1) -> dict[Placement, Lattice]:
    """Make the checked lattice of every placement, each over its whole window; threads change nothing of it."""

    def built(placement: Placement) -> Lattice:
        camera = solution.frames[placement.frame].camera
        exact_map = grid_to_image(plan.grid, camera, solution.surface, solution.viewpoint)
        step = choose_step(exact_map, placement.window, camera.shape)
        return build_lattice(exact_map, placement.window, camera.shape, step=step, is_gentle=True)

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(plan.placements, pool.map(built, plan.placements), strict=True))


def warp_placement(
    lattice: Lattice,
    source: Source,
    frame: SolvedFrame,
    part: Window,
    *,
    kernel: str,
    backend: Backend = CPU,
) -> tuple[Any, Any]:
    """Warp one frame onto a part of its placement, levelled: values (bands, lines, samples) and mask."""
    return warp(
        source.samples,
        source.mask,
        lattice,
        part,
        kernel=kernel,
        gain=frame.gain,
        offset=frame.offset,
        flat=frame.flat,
        is_whole=source.is_whole,
        backend=backend,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """The frames of a panorama, ready to be carried onto windows of its grid."""

    plan: Plan
    lattices: dict[Placement, Lattice]
    sources: Sequence[Source]
    """In the order of the solution's frames."""
    solution: Solution
    kernel: str
    """Resampling kernel."""
    backend: Backend = CPU

    def masks(self, window: Window) -> dict[int, Any]:
        """Where each frame covers a window, which may run off both sides of a grid that closes.

        Returns
        -------
        dict of int to (lines, samples) bool
            By the frame's index; frames that cover no pixel are left out.
        """
        found = {}
        for frame in sorted({placement.frame for placement, _, _ in self.plan.touching(window)}):
            _, mask = self._carry(frame, window, bands=0, kernel="nearest")
            if mask.any():
                found[frame] = mask
        return found

    def layer(self, frame: int, window: Window) -> tuple[Any, Any]:
        """One frame's levelled samples on a window: values (bands, lines, samples) float32 and mask."""
        return self._carry(frame, window, bands=self.sources[frame].samples.shape[0], kernel=self.kernel)

    def _carry(self, frame: int, window: Window, *, bands: int, kernel: str) -> tuple[Any, Any]:
        line, sample, lines, samples = window
        source, solved = self.sources[frame], self.solution.frames[frame]
        source = replace(source, samples=source.samples[:bands])
        solved = replace(solved, gain=solved.gain[:bands], offset=solved.offset[:bands])
        parts = [
            (part, shift, self.lattices[placement])
            for placement, part, shift in self.plan.touching(window)
            if placement.frame == frame
        ]
        if len(parts) == 1 and parts[0][0][2:] == (lines, samples):
            part, _, lattice = parts[0]
            return warp_placement(lattice, source, solved, part, kernel=kernel, backend=self.backend)
        all_values = self.backend.xp.zeros((bands, lines, samples), dtype=np.float32)
        all_mask = self.backend.xp.zeros((lines, samples), dtype=np.bool_)
        for part, shift, lattice in parts:
            values, mask = warp_placement(lattice, source, solved, part, kernel=kernel, backend=self.backend)
            rows = slice(part[0] - line, part[0] - line + part[2])
            columns = slice(part[1] - shift - sample, part[1] - shift - sample + part[3])
            # a frame all round meets itself at the seam: where both pieces are valid they are the same
            self.backend.xp.copyto(all_values[:, rows, columns], values, where=mask[None])
            all_mask[rows, columns] |= mask
        return all_values, all_mask

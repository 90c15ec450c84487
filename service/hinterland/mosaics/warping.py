"""Frames carried onto the panorama's grid: their lattices, and their samples on a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hinterland.model.panorama_map import Window, grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import Solution, SolvedFrame
from hinterland.mosaics.plan import Placement, Plan
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.blend import Layer
from hinterland_kernels.lattice import Lattice, build_lattice, choose_step
from hinterland_kernels.warp import warp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """One frame as the kernels take it, on the backend."""

    samples: Any
    """(bands, lines, samples)."""
    mask: Any
    """(lines, samples)."""
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
            largest=image.largest,
        )
        for image in images
    ]


def build_lattices(plan: Plan, solution: Solution) -> dict[Placement, Lattice]:
    """Make the checked lattice of every placement, each over its whole window."""
    lattices = {}
    for placement in plan.placements:
        camera = solution.frames[placement.frame].camera
        exact_map = grid_to_image(plan.grid, camera, solution.surface, solution.viewpoint)
        step = choose_step(exact_map, placement.window, camera.shape)
        lattices[placement] = build_lattice(exact_map, placement.window, camera.shape, step=step)
    return lattices


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
        backend=backend,
    )


def warp_window(
    plan: Plan,
    lattices: dict[Placement, Lattice],
    sources: Sequence[Source],
    solution: Solution,
    window: Window,
    *,
    kernel: str,
    backend: Backend = CPU,
) -> dict[int, Layer]:
    """Warp all frames that touch a window.

    Parameters
    ----------
    plan, lattices, sources, solution
        The panorama; `sources` in the order of the solution's frames.
    window : Window
        May run off both sides of a grid that closes.
    kernel : str
        Resampling kernel.
    backend : Backend
        Where the loops run.

    Returns
    -------
    dict of int to Layer
        Levelled samples on the window, by the frame's index.
    """
    line, sample, lines, samples = window
    layers: dict[int, Layer] = {}
    for placement, part, shift in plan.touching(window):
        values, mask = warp_placement(
            lattices[placement],
            sources[placement.frame],
            solution.frames[placement.frame],
            part,
            kernel=kernel,
            backend=backend,
        )
        if not mask.any():
            continue
        if placement.frame not in layers:
            layers[placement.frame] = Layer(
                backend.xp.zeros((values.shape[0], lines, samples), dtype=np.float32),
                backend.xp.zeros((lines, samples), dtype=np.bool_),
            )
        layer = layers[placement.frame]
        rows = slice(part[0] - line, part[0] - line + part[2])
        columns = slice(part[1] - shift - sample, part[1] - shift - sample + part[3])
        # a frame all round meets itself at the seam: where both pieces are valid they are the same
        backend.xp.copyto(layer.values[:, rows, columns], values, where=mask[None])
        layer.mask[rows, columns] |= mask
    return layers

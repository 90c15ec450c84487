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
    is_whole: bool
    """True says that the mask is all True."""
    largest: float
    """Full scale, DN."""


def place_sources(images: Sequence[Image], bands: int, backend: Backend = CPU) -> list[Source]:
    """Move the frames to the backend, each with the same number of bands: grey stands in for each colour."""
    with backend.own_stream():
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


def build_lattices(
    plan: Plan, solution: Solution, workers: int = 1, *, step: int | None = None
) -> dict[Placement, Lattice]:
    """Make the checked lattice of every placement, each over its whole window; threads change nothing of it.

    Without a step each has that which it is made soonest with.
    """

    def built(placement: Placement) -> Lattice:
        camera = solution.frames[placement.frame].camera
        exact_map = grid_to_image(plan.grid, camera, solution.surface, solution.viewpoint)
        edge = step or choose_step(exact_map, placement.window, camera.shape, is_gentle=True)
        return build_lattice(exact_map, placement.window, camera.shape, step=edge, is_gentle=True)

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(plan.placements, pool.map(built, plan.placements), strict=True))


def warp_placement(
    lattice: Lattice,
    source: Source,
    frame: SolvedFrame,
    part: Window,
    *,
    kernel: str,
    dtype: str = "float32",
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
        dtype=dtype,
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
    dtype: np.dtype[Any]
    """Of the layers: uint8, uint16 or float32."""
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
            layer = self._carried(frame, window, bands=0, kernel="nearest")
            if layer.mask.any():
                found[frame] = self._over(window, layer.mask, layer.line, layer.sample)
        return found

    def layer(self, frame: int, window: Window) -> Layer:
        """One frame's levelled samples on a window, or on the part of it that the frame lies on."""
        return self._carried(frame, window, bands=self.sources[frame].samples.shape[0], kernel=self.kernel)

    def _carried(self, frame: int, window: Window, *, bands: int, kernel: str) -> Layer:
        source, solved = self.sources[frame], self.solution.frames[frame]
        source = replace(source, samples=source.samples[:bands])
        solved = replace(solved, gain=solved.gain[:bands], offset=solved.offset[:bands])
        layers = []
        for placement, part, shift in self.plan.touching(window):
            if placement.frame == frame:
                values, mask = warp_placement(
                    self.lattices[placement],
                    source,
                    solved,
                    part,
                    kernel=kernel,
                    dtype=self.dtype.name,
                    backend=self.backend,
                )
                layers.append(Layer(values, mask, part[0] - window[0], part[1] - shift - window[1]))
        return layers[0] if len(layers) == 1 else self._joined(window, layers, bands)

    def _joined(self, window: Window, layers: Sequence[Layer], bands: int) -> Layer:
        """Pieces of one frame; one all round meets itself at the seam, where both pieces are the same."""
        values = self.backend.xp.zeros((bands, *window[2:]), dtype=self.dtype)
        mask = self.backend.xp.zeros(window[2:], dtype=np.bool_)
        for layer in layers:
            place = np.s_[
                layer.line : layer.line + layer.mask.shape[0],
                layer.sample : layer.sample + layer.mask.shape[1],
            ]
            self.backend.xp.copyto(values[:, *place], layer.values, where=layer.mask[None])
            mask[place] |= layer.mask
        return Layer(values, mask)

    def _over(self, window: Window, mask: Any, line: int, sample: int) -> Any:  # noqa: ANN401
        """A mask that begins at a line and sample of a window, over all of it."""
        lines, samples = mask.shape
        if (lines, samples) == window[2:]:
            return mask
        whole = self.backend.xp.zeros(window[2:], dtype=np.bool_)
        whole[line : line + lines, sample : sample + samples] = mask
        return whole

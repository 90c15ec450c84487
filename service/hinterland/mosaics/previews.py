"""A panorama at reduced resolution, frame by frame: what levelling and seams are solved on."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.levelling import level
from hinterland.adjust.vignetting import corner_flat, fit_flat
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, grid_to_image
from hinterland.model.previews import LevelPreview
from hinterland.model.solution import Solution
from hinterland.mosaics.level_step import level_step
from hinterland.mosaics.plan import Placement, Plan
from hinterland.mosaics.seams import find_seams
from hinterland.mosaics.warping import Source, build_lattices, warp_placement
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.lattice import STEPS, Lattice
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pyramid import block_means

Given = TypeVar("Given")
Made = TypeVar("Made")

_SAME_SIZE = 0.05
"""Doublings: a preview that samples averaged frames this much finer than they are shows no less."""


class Previews:
    """The frames of a solution on the plan's reduced grid.

    Frames much finer than it are averaged over blocks first, once: a widened kernel reads each sample many times.

    Parameters
    ----------
    plan : Plan
        Of the panorama.
    solution : Solution
        Cameras and surface; its levelling is not used.
    sources : sequence of Source
        The frames on the backend.
    backend : Backend
        Where they are warped.
    workers : int
        Threads; they change no sample.
    """

    def __init__(
        self,
        plan: Plan,
        solution: Solution,
        sources: Sequence[Source],
        backend: Backend = CPU,
        workers: int = 1,
    ) -> None:
        grid = plan.label_grid
        self._plan = replace(
            plan,
            grid=grid,
            label_factor=1,
            placements=tuple(
                replace(placement, window=_reduced_window(placement.window, plan.label_factor, grid))
                for placement in plan.placements
            ),
        )
        self._solution = solution
        self._backend = backend
        self._workers = workers
        per_radian = math.degrees(grid.pixels_per_degree)
        self._factors = [
            _averaged_px(frame.camera.pixels_per_radian / per_radian, frame.camera.shape)
            for frame in solution.frames
        ]
        self._sources = self._reduced(sources, backend)
        # the same cameras behind coarser pixels
        self._coarse = replace(
            solution,
            frames=tuple(
                replace(frame, camera=frame.camera.scaled(1.0 / factor, *source.mask.shape))
                for frame, factor, source in zip(solution.frames, self._factors, self._sources, strict=True)
            ),
        )
        # so small that to look for a step takes as long as the lattice
        self._lattices: dict[Placement, Lattice] = build_lattices(
            self._plan, self._coarse, workers, step=min(STEPS)
        )

    def on(self, sources: Sequence[Source], backend: Backend) -> Previews:
        """The same, made from the frames on another backend."""
        if backend is self._backend:
            return self
        other = copy.copy(self)
        other.__dict__.update(_sources=self._reduced(sources, backend), _backend=backend)
        return other

    def _reduced(self, sources: Sequence[Source], backend: Backend) -> list[Source]:
        """The frames averaged over blocks, on the backend."""

        def averaged(given: tuple[Source, int]) -> Source:
            source, factor = given
            height, width = (side // factor * factor for side in source.mask.shape)
            samples, mask = block_means(
                backend.to_host(source.samples[:, :height, :width]),
                backend.to_host(source.mask[:height, :width]),
                factor,
            )
            return Source(
                samples=backend.to_device(samples),
                mask=backend.to_device(mask),
                is_whole=bool(mask.all()),
                largest=source.largest,
            )

        return self._in_threads(averaged, list(zip(sources, self._factors, strict=True)), backend)

    def _in_threads(
        self, work: Callable[[Given], Made], given: Sequence[Given], backend: Backend
    ) -> list[Made]:
        def on_own_stream(one: Given) -> Made:
            with backend.own_stream():
                return work(one)

        if self._workers == 1:
            return [on_own_stream(one) for one in given]
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(on_own_stream, given))

    @property
    def _turn(self) -> int:
        """Samples of a grid that closes, 0 for one that does not."""
        return self._plan.grid.samples if self._plan.grid.wraps else 0

    def _warped(self, solution: Solution) -> list[LevelPreview]:
        """Each placement on its own window, levelled as the solution says."""
        frames = [
            replace(
                frame,
                camera=coarse.camera,
                flat=frame.flat._replace(
                    line=(frame.flat.line + 0.5) / factor - 0.5,
                    sample=(frame.flat.sample + 0.5) / factor - 0.5,
                    per_square=frame.flat.per_square * factor * factor,
                ),
            )
            for frame, coarse, factor in zip(solution.frames, self._coarse.frames, self._factors, strict=True)
        ]

        def warped(placement: Placement) -> LevelPreview:
            values, mask = warp_placement(
                self._lattices[placement],
                self._sources[placement.frame],
                frames[placement.frame],
                placement.window,
                kernel="bilinear",
                backend=self._backend,
            )
            return LevelPreview(
                frame=placement.frame,
                line=placement.window[0],
                sample=placement.window[1],
                values=self._backend.to_host(values),
                mask=self._backend.to_host(mask),
            )

        return self._in_threads(warped, self._plan.placements, self._backend)

    def levelled(self) -> Solution:
        """Find what makes the overlaps equally bright: the lens's fall-off, then gain and offset per frame.

        Frames of 8, 12 and 16 bits are first brought to one full scale, the largest of the stop.

        Returns
        -------
        Solution
            The same frames with `flat`, `gain` and `offset`.
        """
        bands = self._sources[0].samples.shape[0]
        largest = max(source.largest for source in self._sources)
        scales = [largest / source.largest for source in self._sources]
        plain = replace(
            self._solution,
            frames=tuple(
                replace(frame, gain=(scale,) * bands, offset=(0.0,) * bands, flat=Flat())
                for frame, scale in zip(self._solution.frames, scales, strict=True)
            ),
        )
        previews = self._warped(plain)
        solution = self._flattened(plain, previews, largest)
        if solution is not plain:
            previews = self._warped(solution)
        levels = level(previews, len(solution.frames), largest, self._turn)
        return replace(
            solution,
            frames=tuple(
                replace(frame, gain=tuple(gain * scale for gain in found.gain), offset=found.offset)
                for frame, found, scale in zip(solution.frames, levels, scales, strict=True)
            ),
        )

    def _flattened(self, solution: Solution, previews: Sequence[LevelPreview], largest: float) -> Solution:
        cameras = [frame.camera for frame in solution.frames]
        lenses = [
            f"{frame.product.instrument} {frame.camera.lines}x{frame.camera.samples}"
            for frame in solution.frames
        ]
        exposures = [frame.product.exposure for frame in solution.frames]
        if len(set(exposures)) < len(exposures):
            return solution  # tiles see only a part of the lens and are stretched one by one
        fitted = fit_flat(
            previews,
            lambda index, lines, samples: self._distances(previews[index], lines, samples),
            [lenses[preview.frame] for preview in previews],
            largest,
            self._turn,
        )
        if not fitted:
            return solution
        return replace(
            solution,
            frames=tuple(
                replace(frame, flat=corner_flat(camera, *fitted[lens])) if lens in fitted else frame
                for frame, camera, lens in zip(solution.frames, cameras, lenses, strict=True)
            ),
        )

    def _distances(
        self, preview: LevelPreview, lines: NDArray[np.intp], samples: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Squared distance (n,) from the optical centre, 1 at the corner, at some pixels of a preview."""
        camera = self._solution.frames[preview.frame].camera
        exact_map = grid_to_image(self._plan.grid, camera, self._solution.surface, self._solution.viewpoint)
        places = np.stack([preview.line + lines, preview.sample + samples], axis=1).astype(np.float64)
        flat = corner_flat(camera, 0.0, 0.0)
        squares: NDArray[np.float64] = ((exact_map(places) - (flat.line, flat.sample)) ** 2).sum(
            axis=1
        ) * flat.per_square
        return squares

    def labels(self, solution: Solution) -> tuple[NDArray[np.int16], float | None]:
        """Cut the seams of the levelled solution.

        Returns
        -------
        labels : (lines, samples) int16
            On the plan's label grid: index of the frame that owns each pixel, -1 where there is none.
        step : float or None
            The `level_step` along the seams.
        """
        previews = self._warped(solution)
        sampling = [solution.frames[preview.frame].camera.pixels_per_radian for preview in previews]
        labels = find_seams(previews, self._plan.grid, sampling=sampling, workers=self._workers)
        return labels, level_step(previews, labels, self._plan.grid)


def _averaged_px(pixels: float, shape: tuple[int, int]) -> int:
    """Edge of the blocks that a frame is averaged over if so many of its pixels lie along one of the preview."""
    doublings = math.floor(math.log2(pixels) + _SAME_SIZE)
    return 1 << max(min(doublings, min(shape).bit_length() - 1), 0)


def _reduced_window(window: Window, factor: int, grid: CylindricalGrid) -> Window:
    """The pixels of the reduced grid that hold a window; all round, not more than once."""
    line, sample, lines, samples = window
    top, left = line // factor, sample // factor
    bottom, right = -(-(line + lines) // factor), -(-(sample + samples) // factor)
    return top, left, bottom - top, min(right - left, grid.samples)

"""A panorama at reduced resolution, frame by frame: what levelling and seams are solved on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.levelling import level
from hinterland.adjust.vignetting import corner_flat, fit_flat
from hinterland.model.panorama_map import footprint_on_grid, grid_to_image
from hinterland.model.previews import LevelPreview
from hinterland.model.solution import Solution
from hinterland.mosaics.level_step import level_step
from hinterland.mosaics.plan import Placement, Plan
from hinterland.mosaics.seams import find_seams
from hinterland.mosaics.warping import Source, build_lattices, warp_placement
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.lattice import Lattice
from hinterland_kernels.pixel.flat import Flat


class Previews:
    """The frames of a solution on the plan's reduced grid.

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
    """

    def __init__(
        self, plan: Plan, solution: Solution, sources: Sequence[Source], backend: Backend = CPU
    ) -> None:
        grid = plan.label_grid
        self._plan = replace(
            plan,
            grid=grid,
            label_factor=1,
            placements=tuple(
                Placement(frame=index, window=window)
                for index, frame in enumerate(solution.frames)
                for window in footprint_on_grid(grid, frame.camera, solution.surface, solution.viewpoint)
            ),
        )
        self._solution = solution
        self._sources = sources
        self._backend = backend
        self._lattices: dict[Placement, Lattice] = build_lattices(self._plan, solution)

    def on(self, sources: Sequence[Source], backend: Backend) -> Previews:
        """The same, made from the frames on another backend."""
        other = copy.copy(self)
        other.__dict__.update(_sources=sources, _backend=backend)
        return other

    @property
    def _turn(self) -> int:
        """Samples of a grid that closes, 0 for one that does not."""
        return self._plan.grid.samples if self._plan.grid.wraps else 0

    def _warped(self, solution: Solution) -> list[LevelPreview]:
        """Each placement on its own window, levelled as the solution says."""
        previews = []
        for placement in self._plan.placements:
            values, mask = warp_placement(
                self._lattices[placement],
                self._sources[placement.frame],
                solution.frames[placement.frame],
                placement.window,
                kernel="bilinear",
                backend=self._backend,
            )
            previews.append(
                LevelPreview(
                    frame=placement.frame,
                    line=placement.window[0],
                    sample=placement.window[1],
                    values=self._backend.to_host(values),
                    mask=self._backend.to_host(mask),
                )
            )
        return previews

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
            [self._distances(preview) for preview in previews],
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

    def _distances(self, preview: LevelPreview) -> NDArray[np.float64]:
        """Squared distance from the optical centre, 1 at the corner, at each pixel of a preview."""
        camera = self._solution.frames[preview.frame].camera
        exact_map = grid_to_image(self._plan.grid, camera, self._solution.surface, self._solution.viewpoint)
        lines, samples = preview.mask.shape
        grid = np.meshgrid(
            np.arange(preview.line, preview.line + lines, dtype=np.float64),
            np.arange(preview.sample, preview.sample + samples, dtype=np.float64),
            indexing="ij",
        )
        points = exact_map(np.stack(grid, axis=-1).reshape(-1, 2))
        flat = corner_flat(camera, 0.0, 0.0)
        squares: NDArray[np.float64] = ((points - (flat.line, flat.sample)) ** 2).sum(
            axis=1
        ) * flat.per_square
        return squares.reshape(lines, samples)

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
        labels = find_seams(previews, self._plan.grid, sampling=sampling)
        return labels, level_step(previews, labels, self._plan.grid)

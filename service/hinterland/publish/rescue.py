"""A stage for which the GPU's memory is not enough: smaller tiles are tried, then the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from hinterland.model.products import Image
from hinterland.mosaics.plan import SMALLEST_TILE_PX, Plan
from hinterland.mosaics.warping import Source, place_sources
from hinterland.publish.observer import Observer
from hinterland_kernels.backend import CPU, Backend

Result = TypeVar("Result")

HALVINGS = 2
"""Of the tiles, before the CPU does the stage."""


class Rescue:
    """Carries stages out on a backend for as long as its memory lasts.

    Parameters
    ----------
    images : sequence of Image
        The frames.
    bands : int
        Of the panorama.
    backend : Backend
        That was asked for.
    observer : Observer
        Told what was done otherwise.
    """

    def __init__(self, images: Sequence[Image], bands: int, backend: Backend, observer: Observer) -> None:
        self._images = images
        self._bands = bands
        self._backend = backend
        self._observer = observer
        self._placed_on: Backend | None = None
        self.placed: list[Source] = []
        """The frames, on the backend that they were last asked for on."""

    def sources(self, backend: Backend) -> list[Source]:
        """The frames on a backend; they lie on one at a time."""
        if self._placed_on is not backend:
            self.placed, self._placed_on = [], None  # gone before room is needed for the others
            self.placed = place_sources(self._images, self._bands, backend)
            self._placed_on = backend
        return self.placed

    def carry_out(
        self, stage: str, plan: Plan, work: Callable[[Plan, Backend], Result], *, is_tiled: bool = False
    ) -> Result:
        """Do a work, and do it again with less where the memory of the GPU was not enough.

        Parameters
        ----------
        stage : str
            Its name, for the user.
        plan : Plan
            That the work is done by.
        work : callable
            Takes the plan, or one with smaller tiles, and the backend.
        is_tiled : bool
            Whether smaller tiles take less memory.

        Raises
        ------
        MemoryError
            If the memory of the machine is not enough either.
        """
        reason = ""
        for smaller, backend in self._tries(plan, is_tiled=is_tiled):
            if reason:
                self._free()
                how = "on the CPU" if backend is CPU else f"in tiles of {smaller.tile_px} pixels"
                self._observer.degraded(stage, f"{reason}: done {how}")
            try:
                return work(smaller, backend)
            except MemoryError as error:
                if backend is CPU:
                    raise
                reason = " ".join(str(error).split()) or "the memory of the GPU is not enough"
        raise AssertionError  # pragma: no cover - the last try is the CPU's

    def _tries(self, plan: Plan, *, is_tiled: bool) -> Iterator[tuple[Plan, Backend]]:
        if self._backend is not CPU:
            yield plan, self._backend
            tile_px = plan.tile_px
            for _ in range(HALVINGS if is_tiled else 0):
                tile_px = tile_px // 2 >> plan.levels << plan.levels
                if tile_px < SMALLEST_TILE_PX:
                    break
                yield replace(plan, tile_px=tile_px), self._backend
        yield plan, CPU

    def _free(self) -> None:
        """Give back what the pools of the GPU hold and nothing uses."""
        pool = getattr(self._backend.xp, "get_default_memory_pool", None)
        if pool is not None:
            pool().free_all_blocks()

"""A stage for which the GPU's memory is not enough: smaller tiles are tried, then the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hinterland.publish.observer import Observer
from hinterland_kernels.backend import CPU, Backend

if TYPE_CHECKING:
    from hinterland.mosaics.orthomosaic_plan import MosaicPlan
    from hinterland.mosaics.plan import Plan

AnyPlan = TypeVar("AnyPlan", "Plan", "MosaicPlan")
Result = TypeVar("Result")

HALVINGS = 2
"""Of the tiles, before the CPU does the stage."""
_SMALLEST_PX = 128
"""Edge of a tile; of smaller ones the halo of a blend is more than they are."""


class Rescue:
    """Carries stages out on a backend for as long as its memory lasts.

    Parameters
    ----------
    backend : Backend
        That was asked for.
    observer : Observer
        Told what was done otherwise.
    """

    def __init__(self, backend: Backend, observer: Observer) -> None:
        self._backend = backend
        self._observer = observer

    def carry_out(
        self,
        stage: str,
        plan: AnyPlan,
        work: Callable[[AnyPlan, Backend], Result],
        *,
        is_tiled: bool = False,
    ) -> Result:
        """Do a work, and do it again with less where the memory of the GPU was not enough.

        Parameters
        ----------
        stage : str
            Its name, for the user.
        plan : Plan or MosaicPlan
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

    def _tries(self, plan: AnyPlan, *, is_tiled: bool) -> Iterator[tuple[AnyPlan, Backend]]:
        if self._backend is not CPU:
            yield plan, self._backend
            tile_px = plan.tile_px
            for _ in range(HALVINGS if is_tiled else 0):
                tile_px = tile_px // 2 >> plan.levels << plan.levels
                if tile_px < _SMALLEST_PX:
                    break
                yield replace(plan, tile_px=tile_px), self._backend
        yield plan, CPU

    def _free(self) -> None:
        """Give back what the pools of the GPU hold and nothing uses."""
        pool = getattr(self._backend.xp, "get_default_memory_pool", None)
        if pool is not None:
            pool().free_all_blocks()

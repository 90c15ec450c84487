"""Room that a mosaic takes: on the disk, and as its plan tells it."""

from __future__ import annotations

import shutil
from pathlib import Path

from hinterland.errors import PlanTooLargeError
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.publish.observer import Outline
from hinterland_kernels.backend import Backend

_REPORT_BYTES = 4 << 20


def check_room(plan: MosaicPlan, folder: Path) -> None:
    """Refuse what the disk cannot hold before hours are spent on it.

    Raises
    ------
    PlanTooLargeError
        If the samples alone are more than is free where the folder lies.
    """
    needed, free = _samples_bytes(plan), shutil.disk_usage(folder).free
    if needed > free:
        message = (
            f"the mosaic of {plan.grid.samples} x {plan.grid.lines} samples needs {needed / 1e9:.1f} GB of disk "
            f"while it is made, {free / 1e9:.1f} GB are free; give a larger --resolution or a smaller --extent"
        )
        raise PlanTooLargeError(message)


def _samples_bytes(plan: MosaicPlan) -> int:
    """All samples of the mosaic, and where there are, of its sources and resolutions, its relief and slope."""
    per_sample = plan.bands * plan.dtype.itemsize + 6 * plan.has_sources + plan.relief + 4 * plan.slope
    return plan.grid.lines * plan.grid.samples * per_sample


def outline(plan: MosaicPlan, memory_bytes: int, backend: Backend) -> Outline:
    """What the plan says; `memory_bytes` is what it was made for."""
    stored = _samples_bytes(plan) + plan.grid.lines * plan.grid.samples  # and a mask
    return Outline(
        lines=plan.grid.lines,
        samples=plan.grid.samples,
        bands=plan.bands,
        tiles=plan.tile_count,
        memory_bytes=memory_bytes,
        output_bytes=stored * 4 // 3 + _REPORT_BYTES,  # overviews add a third
        backend=backend.name,
    )

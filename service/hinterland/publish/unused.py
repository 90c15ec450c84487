"""Why frames that were solved give no pixel of a panorama."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hinterland.model.grids import CylindricalGrid
from hinterland.model.products import Image
from hinterland.model.solution import SolvedFrame
from hinterland.mosaics.compose import Composition
from hinterland.publish.report import HIDDEN, MASKED, TINY


def unused_frames(
    images: Sequence[Image], composition: Composition, seen: frozenset[int]
) -> Mapping[int, str]:
    """Why frames give no pixel, by index."""
    frames = composition.solution.frames
    return {
        index: _why_unused(images[index], frames[index], composition.plan.grid)
        for index in range(len(frames))
        if index not in seen
    }


def _why_unused(image: Image, frame: SolvedFrame, grid: CylindricalGrid) -> str:
    if not image.mask.any():
        return MASKED
    pixels = math.degrees(min(frame.camera.shape) / frame.camera.pixels_per_radian) * grid.pixels_per_degree
    return TINY if pixels < 1.0 else HIDDEN

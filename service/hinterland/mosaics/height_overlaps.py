"""Overlaps of terrain models on a reduced grid, and the offset or plane that parts them in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hinterland.model.previews import LevelPreview, Slices, overlap
from hinterland.mosaics.robust_planes import robust_fit

Array = NDArray[np.float64]

TERMS = {"offset": 1, "plane": 3}
"""By the model's name: one height, or a height and two tilts."""
LEAST_OVERLAP = {"offset": 16, "plane": 64}
"""Cells."""
_MOST_FITTED = 1 << 16  # more change a plane by less than the heights' own steps


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What was found where two rasters overlap; the second may be the reference, None."""

    first: int
    second: int | None
    normal: Array
    """(terms, terms): of the cells' own votes."""
    difference: Array
    """(terms,): second minus first."""
    places: Array
    """(n, 2): line and sample, as `Frame` has them."""
    residuals: Array
    """(n,) m."""
    inliers: int


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines and samples of the mosaic, moved and scaled for the solve."""

    factor: int
    middle: tuple[float, float]
    scale: float

    def places(self, lines: NDArray[np.intp], samples: NDArray[np.intp]) -> Array:
        """Of cells of the reduced grid."""
        full = [
            (one + 0.5) * self.factor - 0.5 - mid
            for one, mid in zip((lines, samples), self.middle, strict=True)
        ]
        return np.stack(full, axis=-1) / self.scale


def frame_of(previews: Sequence[LevelPreview], factor: int) -> Frame:
    """Choose the middle and half the extent of all rasters."""
    ends = (
        np.array([(one.line, one.line + one.mask.shape[0]) for one in previews]),
        np.array([(one.sample, one.sample + one.mask.shape[1]) for one in previews]),
    )
    middle = tuple(0.5 * factor * float(axis.min() + axis.max()) - 0.5 for axis in ends)
    scale = 0.5 * factor * max(float(np.ptp(axis)) for axis in ends)
    return Frame(factor, (middle[0], middle[1]), scale)


def solid_part(preview: LevelPreview) -> LevelPreview:
    """A preview without the cells that an edge cuts."""
    inner = ndimage.binary_erosion(preview.mask, np.ones((3, 3), dtype=np.bool_))
    return LevelPreview(
        frame=preview.frame, line=preview.line, sample=preview.sample, values=preview.values, mask=inner
    )


def compared(
    one: LevelPreview, other: LevelPreview, first: int, second: int | None, model: str, frame: Frame
) -> list[Pair]:
    """The pair, if the two overlap by enough."""
    return [
        pair
        for here, there in overlap(one, other, 0)
        if (pair := _fitted(one, other, (here, there), (first, second), model, frame)) is not None
    ]


def _fitted(
    one: LevelPreview,
    other: LevelPreview,
    parts: tuple[Slices, Slices],
    indices: tuple[int, int | None],
    model: str,
    frame: Frame,
) -> Pair | None:
    here, there = parts
    lines, samples = np.nonzero(one.mask[here] & other.mask[there])
    if len(lines) < LEAST_OVERLAP[model]:
        return None
    thinned = slice(None, None, -(-len(lines) // _MOST_FITTED))
    lines, samples = lines[thinned], samples[thinned]
    difference = (
        other.values[0][there][lines, samples].astype(np.float64) - one.values[0][here][lines, samples]
    )
    places = frame.places(lines + one.line + here[0].start, samples + one.sample + here[1].start)
    design = np.column_stack([np.ones(len(lines)), places])[:, : TERMS[model]]
    solution, weights = robust_fit(design, difference)
    return Pair(
        first=indices[0],
        second=indices[1],
        normal=design.T @ (design * weights[:, None]),
        difference=solution,
        places=places,
        residuals=difference - design @ solution,
        inliers=int((weights > 0.0).sum()),
    )

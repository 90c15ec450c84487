"""The step in brightness that levelling leaves between frames where they meet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.model.grids import CylindricalGrid
from hinterland.model.previews import LevelPreview, columns_of

_MOST_LOOKED_AT = 50_000
"""Pixels about that tell the contrast of a mosaic: its hundredths are not known any better from more."""


def level_step(
    previews: Sequence[LevelPreview], labels: NDArray[np.int16], grid: CylindricalGrid
) -> float | None:
    """Measure how far apart two frames are in brightness where the mosaic passes from one to the other.

    A blend spreads a step over many pixels, so that no pair of neighbours shows it; the frames still do.

    Parameters
    ----------
    previews : sequence of LevelPreview
        As `find_seams` takes them.
    labels : (lines, samples) int16
        As `find_seams` gives them.
    grid : CylindricalGrid
        The reduced grid.

    Returns
    -------
    float or None
        Median absolute difference, over the pixels on both sides of the cut and the bands, of the two frames
        that meet there, divided by the mosaic's contrast: the range from the 1st to the 99th percentile of
        what the owners show. The interquartile range would do worse: it may be nil on a plain. None where
        there is no seam, no pixel beside it with both frames, or no contrast.
    """
    following = np.roll(labels, -1, axis=1) if grid.wraps else np.pad(labels[:, 1:], ((0, 0), (0, 1)), "edge")
    below = np.pad(labels[1:], ((0, 1), (0, 0)), "edge")
    places, owners, others = [], [], []
    for down, right, neighbours in ((0, 1, following), (1, 0, below)):
        line, sample = np.nonzero((labels != neighbours) & (labels >= 0) & (neighbours >= 0))
        ours, theirs = labels[line, sample], neighbours[line, sample]
        places += [(line, sample), (line + down, (sample + right) % grid.samples)]
        owners += [ours, theirs]
        others += [theirs, ours]
    line, sample = (np.concatenate(part) for part in zip(*places, strict=True))
    sides = [_values_at(previews, np.concatenate(frames), line, sample, grid) for frames in (owners, others)]
    steps = np.abs(sides[0] - sides[1])
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return None
    every = math.ceil(math.sqrt(np.count_nonzero(labels >= 0) / _MOST_LOOKED_AT))
    low, high = np.percentile(np.concatenate([_owned(one, labels, every) for one in previews]), (1.0, 99.0))
    return float(np.median(steps) / (high - low)) if high > low else None


def _owned(preview: LevelPreview, labels: NDArray[np.int16], every: int) -> NDArray[np.float32]:
    """What a frame shows (n,) in all bands where it is the owner, of every so many lines and samples."""
    lines = slice(preview.line, preview.line + preview.mask.shape[0])
    owned = (labels[lines, columns_of(preview, labels.shape[1])] == preview.frame) & preview.mask
    return preview.values[:, ::every, ::every][:, owned[::every, ::every]].reshape(-1)


def _values_at(
    previews: Sequence[LevelPreview],
    frames: NDArray[np.int16],
    line: NDArray[np.intp],
    sample: NDArray[np.intp],
    grid: CylindricalGrid,
) -> NDArray[np.float32]:
    """What one frame shows at each of some pixels (bands, n); nan where it is not valid."""
    values = np.full((len(previews[0].values), len(frames)), np.nan, dtype=np.float32)
    for preview in previews:
        lines, samples = preview.mask.shape
        down, right = line - preview.line, sample - preview.sample
        right = right % grid.samples if grid.wraps else right
        chosen = (frames == preview.frame) & (down >= 0) & (down < lines) & (right >= 0) & (right < samples)
        chosen[chosen] = preview.mask[down[chosen], right[chosen]]
        values[:, chosen] = preview.values[:, down[chosen], right[chosen]]
    return values

"""Seams of a mosaic: found on reduced images, and measured on the finished mosaic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.model.previews import LevelPreview, columns_of
from hinterland_kernels.seams import ImageWindow, label_seams

LENGTH_COST = 0.1
"""Of a unit of seam; a pixel where two images differ as they usually do costs 1."""

DEPTH_WORTH = 1e-3
"""What a pixel is worth for each pixel of distance from its image's edge.

Seams keep off the edges of images, where vignetting is strongest and a blend has no room.
"""

SAMPLING_WORTH = 0.05
"""What a pixel is worth for each doubling of its image's sampling."""

NEAR_PX = 8
"""Pairs of pixels this near to a seam are what it is compared with."""

MARGIN_PX = 2 * NEAR_PX + 1
"""A pair that waits for the next tile is this near to it, with all that is near to the pair."""


class SeamGrid(Protocol):
    """What seams ask of a grid: a panorama's and a map's both answer."""

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""

    @property
    def samples(self) -> int:
        """Width."""

    @property
    def wraps(self) -> bool:
        """True if the last sample is the neighbour of the first."""


def find_seams(
    previews: Sequence[LevelPreview],
    grid: SeamGrid,
    *,
    sampling: Sequence[float] | None = None,
    workers: int = 1,
) -> NDArray[np.int16]:
    """Choose the frame that owns each pixel of a reduced grid.

    Parameters
    ----------
    previews : sequence of LevelPreview
        The frames on the grid, with gain and offset applied; all have the same bands.
    grid : SeamGrid
        The reduced grid; about a megapixel at most.
    sampling : sequence of float, optional
        Pixels per radian of each preview's image: where two overlap the finer one is preferred. None takes
        them as equal.
    workers : int
        Threads; they change no label.

    Returns
    -------
    (lines, samples) int16
        The owner's `frame`, -1 where there is none. A frame may own nothing.

    Raises
    ------
    InputError
        If the previews differ in their number of bands.
    ValueError
        If a preview does not fit the grid.
    """
    bands = {preview.values.shape[0] for preview in previews}
    if len(bands) != 1:
        message = f"the images of one mosaic must have the same bands, got {sorted(bands)}: leave some out"
        raise InputError(message)
    unit = np.float32(_typical_mismatch(previews, grid))
    detail = np.zeros(len(previews)) if sampling is None else np.log2(sampling)
    windows = [
        ImageWindow(
            line=preview.line,
            sample=preview.sample % grid.samples,
            values=preview.values / unit,
            mask=preview.mask,
            preference=np.float32(DEPTH_WORTH) * _depth(preview, grid) + np.float32(SAMPLING_WORTH * finer),
        )
        for preview, finer in zip(previews, detail - detail.max(), strict=True)
    ]
    labels = label_seams(windows, grid.shape, wraps=grid.wraps, length_cost=LENGTH_COST, workers=workers)
    frames = np.array([-1, *(preview.frame for preview in previews)], dtype=np.int16)
    return frames[labels + 1]


def _typical_mismatch(previews: Sequence[LevelPreview], grid: SeamGrid) -> float:
    """Median difference of each preview from what the earlier ones show; 1 where nothing differs."""
    shown = np.zeros(grid.shape, dtype=np.float32)
    covered = np.zeros(grid.shape, dtype=np.bool_)
    differences = [np.zeros(0, dtype=np.float32)]
    for preview in previews:
        lines = slice(preview.line, preview.line + preview.mask.shape[0])
        place = (lines, columns_of(preview, grid.samples))
        values = preview.values.mean(axis=0)
        before, seen = shown[place], covered[place]
        differences.append(np.abs(values - before)[preview.mask & seen])
        shown[place] = np.where(seen | ~preview.mask, before, values)
        covered[place] = seen | preview.mask
    every = np.concatenate(differences)
    if every.size == 0:
        return 1.0
    return float(np.median(every)) or float(every.mean()) or 1.0


def _depth(preview: LevelPreview, grid: SeamGrid) -> NDArray[np.float32]:
    """Distance (px) of each pixel from the edge of its image."""
    lines, samples = preview.mask.shape
    goes_round = grid.wraps and samples == grid.samples
    margin = samples // 2 if goes_round else 1
    mask = np.pad(preview.mask, ((0, 0), (margin, margin)), mode="wrap" if goes_round else "constant")
    mask = np.pad(mask, ((1, 1), (0, 0))).astype(np.uint8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.ascontiguousarray(depth[1 : lines + 1, margin : margin + samples], dtype=np.float32)


def seam_visibility(
    samples: NDArray[np.generic],
    mask: NDArray[np.bool_],
    sources: NDArray[np.uint16],
    *,
    wraps: bool = False,
) -> float | None:
    """Measure how much the seams of a finished mosaic show, as `SeamMeter` does, all at once.

    Parameters
    ----------
    samples : (bands, lines, samples)
        The finished mosaic, DN.
    mask : (lines, samples) bool
        True where it is valid.
    sources : (lines, samples) uint16
        The frame behind each pixel, 0 for none.
    wraps : bool
        The mosaic closes: its last sample is the neighbour of its first.

    Returns
    -------
    float or None
        None where there is no seam, or nothing beside it to compare with.
    """
    meter = SeamMeter(mask.shape, wraps=wraps)
    meter.add(0, 0, samples, np.where(mask, sources, np.uint16(0)))
    return meter.visibility


class SeamMeter:
    """How much the seams of a mosaic show, which comes in tiles and is never whole in memory.

    The measure is the median step between neighbouring pixels of different sources, divided by the median step
    between neighbours of one source within `NEAR_PX` of a seam. Invisible seams give about 1.

    Each pair of neighbours counts once, whatever the tiles: of what lies left of a tile and above it, a margin is
    kept that holds what is near. Pairs that a later tile bears upon wait in it.

    Parameters
    ----------
    shape : (lines, samples)
        Of the mosaic.
    wraps : bool
        The mosaic closes: its last sample is the neighbour of its first.
    """

    def __init__(self, shape: tuple[int, int], *, wraps: bool = False) -> None:
        self._shape, self._wraps = shape, wraps
        self._across: list[NDArray[np.float32]] = []
        self._beside: list[NDArray[np.float32]] = []
        self._above: dict[int, _Patch] = {}
        self._left: _Patch | None = None
        self._row_start: _Patch | None = None
        self._dtype: np.dtype[np.generic] = np.dtype(np.float32)
        self._bands = 1

    def add(self, line: int, sample: int, samples: NDArray[np.generic], sources: NDArray[np.uint16]) -> None:
        """Measure the tile that starts at a line and sample; tiles come line by line, then along the lines.

        Parameters
        ----------
        line, sample : int
            Where the tile starts. Those of a row of tiles have the same lines, those of a column the same
            samples; all but the last are at least `MARGIN_PX` wide and high.
        samples : (bands, lines, samples)
            DN.
        sources : (lines, samples) uint16
            The frame behind each pixel, 0 for none.
        """
        self._bands, self._dtype = len(samples), samples.dtype
        patch = _Patch(samples, sources)
        lines, columns = sources.shape
        above = self._above.pop(sample, None)
        if line + lines < self._shape[0]:
            self._above[sample] = patch.part(np.s_[-MARGIN_PX:, :])
        if above is not None:
            patch = above.joined(patch, axis=0)
        first_row = 0 if above is None else NEAR_PX
        last_row = len(patch.sources) - (NEAR_PX + 1 if line + lines < self._shape[0] else 0)
        first_column = 0
        if sample > 0 and self._left is not None:
            patch, first_column = self._left.joined(patch, axis=1), NEAR_PX
        elif self._wraps:  # what is left of it comes last
            self._row_start, first_column = patch.part(np.s_[:, :MARGIN_PX]), NEAR_PX
        ends = sample + columns == self._shape[1]
        if ends and self._wraps and self._row_start is not None:
            patch = patch.joined(self._row_start, axis=1)
        last_column = patch.sources.shape[1] - (0 if ends and not self._wraps else NEAR_PX + 1)
        self._left = patch.part(np.s_[:, -MARGIN_PX:])
        across, beside = _steps(patch, np.s_[first_row:last_row, first_column:last_column])
        self._across += across
        self._beside += beside

    @property
    def visibility(self) -> float | None:
        """The measure over all tiles so far."""
        shown = np.concatenate([np.zeros(0, dtype=np.float32), *self._across])
        usual = np.concatenate([np.zeros(0, dtype=np.float32), *self._beside])
        if shown.size == 0 or usual.size == 0:
            return None
        whole = np.issubdtype(self._dtype, np.integer)
        # the mean of whole DN comes in steps of 1 / bands; of the others float32 cannot tell more apart
        quantum = 1.0 / self._bands if whole else float(np.finfo(np.float32).eps * max(usual.max(), 1.0))
        return _median(shown, quantum) / _median(usual, quantum)


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """A piece of the mosaic."""

    samples: NDArray[np.generic]
    sources: NDArray[np.uint16]

    def part(self, window: tuple[slice, slice]) -> _Patch:
        """A copy of a part, which does not keep the whole alive."""
        return _Patch(self.samples[:, *window].copy(), self.sources[window].copy())

    def joined(self, other: _Patch, axis: int) -> _Patch:
        """Lay together this piece and the one below it (axis 0) or right of it (axis 1)."""
        return _Patch(
            np.concatenate([self.samples, other.samples], axis=axis + 1),
            np.concatenate([self.sources, other.sources], axis=axis),
        )


def _steps(
    patch: _Patch, counted: tuple[slice, slice]
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Steps between neighbours of different owners, and of one owner near them, that start where counted."""
    owners = patch.sources
    inside = np.zeros(owners.shape, dtype=np.bool_)
    inside[counted] = True
    pairs, changes = [], []
    for down, right in ((0, 1), (1, 0)):
        other = np.zeros_like(owners)
        other[: -down or None, : -right or None] = owners[down:, right:]
        pairs.append((owners > 0) & (other > 0))
        changes.append(pairs[-1] & (owners != other))
    box = np.ones((2 * NEAR_PX + 1, 2 * NEAR_PX + 1), dtype=np.uint8)
    near = cv2.dilate((changes[0] | changes[1]).astype(np.uint8), box) > 0
    across: list[NDArray[np.float32]] = []
    beside: list[NDArray[np.float32]] = []
    for (down, right), pair, change in zip(((0, 1), (1, 0)), pairs, changes, strict=True):
        for steps, chosen in ((across, change), (beside, pair & ~change & near)):
            line, sample = np.nonzero(chosen & inside)
            here = patch.samples[:, line, sample].astype(np.float32)
            there = patch.samples[:, line + down, sample + right].astype(np.float32)
            steps.append(np.abs(there - here).mean(axis=0))
    return across, beside


def _median(steps: NDArray[np.float32], quantum: float) -> float:
    """Median of rounded steps, as if each lay anywhere within half a quantum of what it was rounded to."""
    middle = float(np.median(steps))
    low, high = max(middle - quantum / 2, 0.0), middle + quantum / 2
    below, tied = np.mean(steps < low), np.mean((steps >= low) & (steps <= high))
    return float(low + (high - low) * (0.5 - below) / tied) if tied else middle

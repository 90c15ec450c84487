"""Terrain models brought to one height: an offset or a tilted plane for each, fitted where they overlap.

The fit is made on reduced rasters. A mean over a block of cells shifts no plane; blocks that a raster's edge
cuts do, and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from hinterland.errors import InputError
from hinterland.model.map_grids import Window
from hinterland.model.previews import LevelPreview
from hinterland.mosaics.height_overlaps import (
    LEAST_OVERLAP,
    TERMS,
    Frame,
    Pair,
    compared,
    frame_of,
    solid_part,
)
from hinterland.mosaics.robust_planes import nmad

Array = NDArray[np.float64]

_FARTHEST = 50.0
"""A tilt may be carried on so many times the overlap's own spread: at 5 % of overlap it is mostly noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerticalLevel:
    """What to add to the heights of one raster."""

    model: str
    """One of `levellings.MODELS`."""
    offset_m: float
    """At the raster's middle."""
    per_line_m: float
    """Rise a line of the mosaic; 0 in an offset."""
    per_sample_m: float
    """Rise a sample of the mosaic; 0 in an offset."""
    middle: tuple[float, float]
    """Line and sample of the raster's middle on the mosaic."""
    overlap_cells: int
    """Cells of the reduced rasters that were compared."""
    inlier_share: float
    """Share of them, 0 to 1, that has a say."""
    residual_nmad_m: float
    """Robust spread of what is left in the overlaps."""

    def on(self, window: Window) -> NDArray[np.float32]:
        """What to add on a window of the mosaic: (lines, samples), m."""
        line, sample, lines, samples = window
        down = np.arange(line, line + lines) - self.middle[0]
        across = np.arange(sample, sample + samples) - self.middle[1]
        plane = self.offset_m + self.per_line_m * down[:, None] + self.per_sample_m * across[None, :]
        return plane.astype(np.float32)


def level_vertically(
    previews: Sequence[LevelPreview],
    names: Sequence[str],
    model: str,
    reference: LevelPreview | None,
    factor: int,
) -> dict[int, VerticalLevel]:
    """Find what brings terrain models to one height.

    Parameters
    ----------
    previews : sequence of LevelPreview
        The rasters on the reduced grid, one band of heights (m) each; the first one is held where there is no
        reference.
    names : sequence of str
        The products, by the previews' `frame`, for messages.
    model : str
        One of `levellings.MODELS`.
    reference : LevelPreview or None
        What each raster is levelled to; without it all overlaps are solved at once, so that nothing adds up
        along a row of rasters.
    factor : int
        Samples of the mosaic along a cell of the reduced grid.

    Returns
    -------
    dict of int to VerticalLevel
        By the previews' `frame`. Each overlap is fitted by least median of squares and refined by Tukey's
        biweight at the spread found, so that blunders and changed ground have no say.

    Raises
    ------
    InputError
        If a raster overlaps neither the reference nor, by way of others, the first; or by too little for the
        model.

    References
    ----------
    Rousseeuw 1984, "Least median of squares regression", JASA 79; Holland and Welsch 1977, "Robust regression
    using iteratively reweighted least-squares".
    """
    if not previews:
        return {}
    frame = frame_of(previews, factor)
    solid = [solid_part(preview) for preview in previews]
    pairs = []
    for position, one in enumerate(solid):
        if reference is not None:
            pairs += compared(one, solid_part(reference), position, None, model, frame)
            continue
        for other in range(position):
            pairs += compared(one, solid[other], position, other, model, frame)
    own = {one: [pair for pair in pairs if one in {pair.first, pair.second}] for one in range(len(solid))}
    held = None if reference is not None else 0
    _check(previews, names, model, own, pairs, held, frame)
    planes = _solved(len(previews), pairs, TERMS[model], held)
    return {
        preview.frame: _described(preview, plane, model, own[position], frame)
        for position, (preview, plane) in enumerate(zip(previews, planes, strict=True))
    }


def _check(
    previews: Sequence[LevelPreview],
    names: Sequence[str],
    model: str,
    own: dict[int, list[Pair]],
    pairs: Sequence[Pair],
    held: int | None,
    frame: Frame,
) -> None:
    """Refuse what cannot be solved."""
    reached = _reached(len(previews), pairs, held)
    to = "the reference" if held is None else f"{names[previews[held].frame]} by way of the others"
    for position, preview in enumerate(previews):
        name = names[preview.frame]
        if not reached[position]:
            message = (
                f"{name}: cannot be levelled to {to}: they share fewer than {LEAST_OVERLAP[model]} cells; "
                "give a --reference that covers it, leave it out, or pass --level none"
            )
            raise InputError(message)
        if model == "plane" and position != held and not _carries_tilt(preview, own[position], frame):
            among = "the reference" if held is None else "the others"
            message = (
                f"{name}: overlaps {among} in a strip too narrow for a plane; "
                "pass --level offset, or leave it out"
            )
            raise InputError(message)


def _reached(count: int, pairs: Sequence[Pair], held: int | None) -> NDArray[np.bool_]:
    """Which rasters overlaps join to what is held; the reference is one more node."""
    ends = np.array(
        [(pair.first, count if pair.second is None else pair.second) for pair in pairs], dtype=int
    )
    ends = ends.reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count + 1, count + 1))
    _, component = connected_components(graph, directed=False)
    reached: NDArray[np.bool_] = component[:count] == component[count if held is None else held]
    return reached


def _carries_tilt(preview: LevelPreview, pairs: Sequence[Pair], frame: Frame) -> bool:
    """Whether the overlaps are wide enough, in each direction, for how far the raster reaches from them."""
    places = np.concatenate([pair.places for pair in pairs])
    spreads, axes = np.linalg.eigh(np.cov(places.T))
    lines, samples = preview.mask.shape
    corners = np.array([(i, j) for i in (0, lines - 1) for j in (0, samples - 1)])
    corners = frame.places(corners[:, 0] + preview.line, corners[:, 1] + preview.sample)
    reaches = np.abs((corners - places.mean(axis=0)) @ axes).max(axis=0)
    cell = frame.factor / frame.scale
    return bool((np.sqrt(np.maximum(spreads, 0.0)) >= np.maximum(reaches / _FARTHEST, cell)).all())


def _solved(count: int, pairs: Sequence[Pair], terms: int, held: int | None) -> Array:
    """Planes (count, terms) that agree best with what was found in each overlap, each cell having one vote."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    right = np.zeros((count, terms))

    def add(i: int, j: int, block: Array) -> None:
        for row in range(terms):
            for column in range(terms):
                rows.append(i * terms + row)
                columns.append(j * terms + column)
                values.append(float(block[row, column]))

    for pair in pairs:
        vote = pair.normal @ pair.difference
        add(pair.first, pair.first, pair.normal)
        right[pair.first] += vote
        if pair.second is not None:
            add(pair.second, pair.second, pair.normal)
            add(pair.first, pair.second, -pair.normal)
            add(pair.second, pair.first, -pair.normal)
            right[pair.second] -= vote
    if held is not None:  # as if it had been seen without error
        largest = max((pair.normal[0, 0] for pair in pairs), default=1.0)
        add(held, held, np.eye(terms) * largest * 1e9)
    size = count * terms
    matrix = coo_array((values, (rows, columns)), shape=(size, size)).tocsc()
    found = np.asarray(spsolve(matrix, right.ravel()), dtype=np.float64).reshape(count, terms)
    if held is not None:
        found = found - found[held]
    return found


def _described(
    preview: LevelPreview, plane: Array, model: str, pairs: Sequence[Pair], frame: Frame
) -> VerticalLevel:
    lines, samples = preview.mask.shape
    middle = (
        (preview.line + 0.5 * lines) * frame.factor - 0.5,
        (preview.sample + 0.5 * samples) * frame.factor - 0.5,
    )
    tilts = plane[1:] / frame.scale if model == "plane" else np.zeros(2)
    off = np.array(middle) - frame.middle
    cells = sum(len(pair.residuals) for pair in pairs)
    residuals = np.concatenate([pair.residuals for pair in pairs]) if pairs else np.zeros(1)
    return VerticalLevel(
        model=model,
        offset_m=float(plane[0] + tilts @ off),
        per_line_m=float(tilts[0]),
        per_sample_m=float(tilts[1]),
        middle=middle,
        overlap_cells=cells,
        inlier_share=sum(pair.inliers for pair in pairs) / max(cells, 1),
        residual_nmad_m=nmad(residuals),
    )

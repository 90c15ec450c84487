"""Terrain models made one: levelled to a reference, weighted towards their middles, their holes filled.

All rasters of a call are on one grid. Heights are metres, masks are True where valid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from hinterland.errors import InputError
from hinterland_kernels import terrain

Heights = NDArray[np.float32]
Mask = NDArray[np.bool_]

MODELS = ("offset", "plane")
"""What a levelling adds: one height, or a height and two tilts."""

_LEAST_OVERLAP = {"offset": 16, "plane": 64}
_TUKEY = 4.685  # 95 % efficient on normal residuals
_ROUNDS = 60
_TRIES = 300  # with 40 % of all cells wrong, one in five tries for a plane picks good ones only
_JUDGES = 4096
_MOST_FITTED = 1 << 17  # more change a plane by less than the heights' own steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelling:
    """What to add to a terrain model's heights; lines and samples count from the grid's middle."""

    offset_m: float
    """At the grid's middle."""
    per_line_m: float
    """Rise a line; 0 in an offset."""
    per_sample_m: float
    """Rise a sample; 0 in an offset."""
    overlap_cells: int
    """Cells that both models have."""
    inlier_share: float
    """Share of the overlap, 0 to 1, that has a say."""
    residual_nmad_m: float
    """Robust spread of what is left in the overlap."""

    def apply(self, heights: Heights) -> Heights:
        """Add the levelling to heights (lines, samples)."""
        down, across = _centred(heights.shape)
        plane = self.offset_m + self.per_line_m * down[:, None] + self.per_sample_m * across[None, :]
        return (heights + plane).astype(np.float32)


def level_to_reference(
    heights: Heights, mask: Mask, reference: Heights, reference_mask: Mask, model: str = "offset"
) -> Levelling:
    """Find what brings a terrain model to the heights of a reference.

    Parameters
    ----------
    heights, reference : (lines, samples) float32
        Heights, m.
    mask, reference_mask : (lines, samples) bool
        True where valid.
    model : str
        One of `MODELS`.

    Returns
    -------
    Levelling
        Fitted to the overlap by least median of squares and refined by Tukey's biweight at the spread found,
        so that boulders, blunders and changed ground have no say even where they fill a corner.

    Raises
    ------
    InputError
        If the overlap is too small, or too narrow to give a plane.
    ValueError
        If shapes do not agree or the model has another name.

    References
    ----------
    Rousseeuw 1984, "Least median of squares regression", JASA 79; Holland and Welsch 1977, "Robust regression
    using iteratively reweighted least-squares".
    """
    if not heights.shape == mask.shape == reference.shape == reference_mask.shape:
        message = f"heights must be on one grid, got {heights.shape} and {reference.shape}"
        raise ValueError(message)
    if model not in MODELS:
        message = f"a levelling is one of {', '.join(MODELS)}, got {model!r}"
        raise ValueError(message)
    cells = np.flatnonzero(mask & reference_mask)
    if len(cells) < _LEAST_OVERLAP[model]:
        message = (
            f"a terrain model shares {len(cells)} cells with its reference, to level it by {model} takes "
            f"{_LEAST_OVERLAP[model]}; give a reference that overlaps it or do not level"
        )
        raise InputError(message)
    down, across = _centred(heights.shape)
    lines, samples = np.divmod(cells[:: -(-len(cells) // _MOST_FITTED)], heights.shape[1])
    terms = [np.ones(len(lines))]
    if model == "plane":
        terms += [down[lines], across[samples]]
    design = np.stack(terms, axis=-1)  # (n, 1 or 3)
    _check_spread(design, model)
    difference = reference[lines, samples].astype(np.float64) - heights[lines, samples]
    solution, weights = _robust_fit(design, difference)
    residuals = difference - design @ solution
    tilts = solution[1:] if model == "plane" else (0.0, 0.0)
    return Levelling(
        offset_m=float(solution[0]),
        per_line_m=float(tilts[0]),
        per_sample_m=float(tilts[1]),
        overlap_cells=len(cells),
        inlier_share=float(np.mean(weights > 0.0)),
        residual_nmad_m=_nmad(residuals),
    )


def blend_weights(mask: Mask, feather_cells: float) -> NDArray[np.float32]:
    """Weigh the cells of a terrain model: nothing at its edge, all in its middle, smooth everywhere.

    The distance to the edge has ridges along the diagonals of corners and through every neck, and they show
    as creases in shaded relief. This takes the smooth distance d of Belyaev and others instead: `d**-2` is
    the sum of `r**-4` over all cells without data, scaled so that d is the distance to a straight edge. The
    weight is `d**2 / (d**2 + feather**2)`: it rises with the square of the distance at the edge. The sum ends
    at eight feathers, which adds up to 6 % to weights two feathers from the edge.

    Parameters
    ----------
    mask : (lines, samples) bool
        True where valid; beyond the grid nothing is.
    feather_cells : float
        Distance from a straight edge at which the weight is a half, cells. Cells without data further
        than eight times this have no influence.

    Returns
    -------
    (lines, samples) float32
        0 where not valid, above 0 where valid, at most 1.

    Raises
    ------
    ValueError
        If the feather is not positive.

    References
    ----------
    Belyaev, Fayolle and Pasko 2013, "Signed Lp-distance fields", Computer-Aided Design 45(2).
    """
    if not (feather_cells > 0 and math.isfinite(feather_cells)):
        message = f"a feather must be positive, got {feather_cells} cells"
        raise ValueError(message)
    reach = math.ceil(8.0 * feather_cells)
    axis = np.arange(-reach, reach + 1.0)
    squares = axis[:, None] ** 2 + axis[None, :] ** 2
    squares[reach, reach] = 1.0
    kernel = np.maximum(squares**-2 - (reach + 0.5) ** -4.0, 0.0)
    kernel[reach, reach] = 0.0
    missing = np.pad(~mask, reach, constant_values=True).astype(np.float64)
    influence = signal.oaconvolve(missing, kernel, mode="valid")
    closeness = np.maximum(influence, 0.0) * (4.0 / math.pi)  # a half plane d away sums to pi / (4 d**2)
    weights = 1.0 / (1.0 + feather_cells**2 * closeness)
    return np.where(mask, weights, 0.0).astype(np.float32)


def blend(
    stack: Sequence[Heights], masks: Sequence[Mask], weights: Sequence[NDArray[np.float32]]
) -> tuple[Heights, Mask]:
    """Average terrain models by weight.

    Parameters
    ----------
    stack : sequence of (lines, samples) float32
        Heights, m.
    masks : sequence of (lines, samples) bool
        True where valid.
    weights : sequence of (lines, samples) float32
        As `blend_weights` gives them; what is not valid has no weight whatever stands here.

    Returns
    -------
    heights : (lines, samples) float32
        0 where not valid.
    mask : (lines, samples) bool
        True where a model with weight is valid.
    """
    total = np.zeros(masks[0].shape)
    weight_sum = np.zeros(masks[0].shape)
    for heights, mask, weight in zip(stack, masks, weights, strict=True):
        share = np.where(mask, weight, 0.0)
        total += share * np.where(mask, heights, 0.0)
        weight_sum += share
    valid = weight_sum > 0.0
    return np.divide(total, weight_sum, out=np.zeros_like(total), where=valid).astype(np.float32), valid


def fill_holes(
    heights: Heights, mask: Mask, limit_cells: float, *, cell_aspect: float = 1.0
) -> tuple[Heights, Mask]:
    """Fill holes in a terrain model by a membrane stretched between their rims.

    Parameters
    ----------
    heights : (lines, samples) float32
        Heights, m.
    mask : (lines, samples) bool
        True where valid.
    limit_cells : float
        Cells further than this from every valid cell stay empty.
    cell_aspect : float
        Metres a line over metres a sample.

    Returns
    -------
    heights : (lines, samples) float32
        Heights that were valid are unchanged; 0 where still not valid.
    mask : (lines, samples) bool
        True where valid now. What is connected with the grid's border by cells without data is outside and
        not a hole: it is never filled.

    Raises
    ------
    ValueError
        If the limit is negative.
    """
    if not limit_cells >= 0:
        message = f"a distance limit must not be negative, got {limit_cells} cells"
        raise ValueError(message)
    inside: Mask = ndimage.binary_fill_holes(mask)
    if not mask.any() or not np.any(inside & ~mask):
        return np.where(mask, heights, np.float32(0)), mask.copy()
    distances, nearest = ndimage.distance_transform_edt(~mask, return_indices=True)
    holes = inside & ~mask & (distances <= limit_cells)
    level = float(np.mean(heights[mask], dtype=np.float64))
    guess = np.where(mask | holes, heights[tuple(nearest)].astype(np.float64) - level, 0.0)
    widest = 2.0 * float(distances[holes].max(initial=0.0))
    filled = terrain.fill(guess, mask, holes, widest, cell_aspect=cell_aspect)
    valid = mask | holes
    result = np.where(mask, heights, (filled + level).astype(np.float32))
    return np.where(valid, result, np.float32(0)), valid


def _centred(shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lines and samples counted from the grid's middle."""
    lines, samples = (np.arange(size, dtype=np.float64) - 0.5 * (size - 1) for size in shape)
    return lines, samples


def _check_spread(design: NDArray[np.float64], model: str) -> None:
    if model == "plane":
        narrow = float(np.sqrt(np.linalg.eigvalsh(np.cov(design[:, 1:].T))[0]))
        if narrow < 1.0:
            message = (
                "a terrain model overlaps its reference in a strip too narrow for a plane; level by offset"
            )
            raise InputError(message)


def _robust_fit(
    design: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solution and final weights."""
    scale = np.abs(design).max(axis=0)  # tilts and offsets of one size, for the condition of the solve
    scaled = design / scale
    solution = _least_median(scaled, values)
    weights = np.ones(len(values))
    for _ in range(_ROUNDS):
        residuals = values - scaled @ solution
        spread = max(_nmad(residuals), 1e-6)
        weights = np.maximum(1.0 - (residuals / (_TUKEY * spread)) ** 2, 0.0) ** 2
        weighted = scaled * weights[:, None]
        previous = solution
        solution = np.linalg.lstsq(weighted.T @ scaled, weighted.T @ values)[0]
        if np.allclose(solution, previous, rtol=0.0, atol=1e-4 * spread):
            break
    return np.asarray(solution / scale, dtype=np.float64), weights


def _least_median(design: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution through a few cells with the least median of absolute residuals, of many tries."""
    generator = np.random.default_rng(0)
    some = generator.integers(len(values), size=min(len(values), _JUDGES))
    best, least = np.zeros(design.shape[1]), math.inf
    for _ in range(_TRIES):
        picked = generator.integers(len(values), size=design.shape[1])
        tried = np.linalg.lstsq(design[picked], values[picked])[0]
        median = float(np.median(np.abs(values[some] - design[some] @ tried)))
        if median < least:
            best, least = tried, median
    return best


def _nmad(residuals: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(residuals - np.median(residuals))))

"""The multi-band blend's loops on a GPU, each over one level of one image: the twins of `_cpu`."""

from __future__ import annotations

from typing import Any

from numba import cuda

from hinterland_kernels.backend import device_loop
from hinterland_kernels.pixel.ownership import owner
from hinterland_kernels.pixel.pyramid import expanded, reduced, reduced_ownership, reduced_weight

Values = Any
"""Device array, (bands, lines, samples) float32."""
Weights = Any
"""Device array, (lines, samples) float32."""
Mask = Any
"""Device array, (lines, samples) bool."""
Owners = Any
"""Device array, (lines, samples) int16."""


@device_loop(over="out")
def assign_owners(
    labels: Owners,
    masks: Mask,
    layer_labels: Owners,
    first_line: int,
    first_sample: int,
    factor: int,
    wraps: bool,
    out: Owners,
) -> None:
    """Owner of each pixel of a window that starts at (first_line, first_sample) of the grid."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        line = (first_line + i + 0.5) / factor - 0.5
        sample = (first_sample + j + 0.5) / factor - 0.5
        out[i, j] = owner(labels, masks, layer_labels, i, j, line, sample, wraps)


@device_loop(over="out_mask")
def reduce_values(values: Values, mask: Mask, out: Values, out_mask: Mask) -> None:
    """Next coarser level (bands, lines, samples) and its mask: valid where any tap is."""
    j, i = cuda.grid(2)
    if i < out_mask.shape[0] and j < out_mask.shape[1]:
        weight = 0.0
        for band in range(values.shape[0]):
            out[band, i, j], weight = reduced(values[band], mask, i, j)
        out_mask[i, j] = weight > 0.0


@device_loop(over="out")
def reduce_ownership(owners: Owners, index: int, out: Weights) -> None:
    """Weight of one image at level 1."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = reduced_ownership(owners, index, i, j)


@device_loop(over="out")
def reduce_weights(weights: Weights, out: Weights) -> None:
    """Weight of one image at the next coarser level."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = reduced_weight(weights, i, j)


@device_loop(over="mask")
def add_detail(
    values: Values,
    mask: Mask,
    coarser: Values,
    coarser_mask: Mask,
    weights: Weights,
    total: Values,
    total_weights: Weights,
) -> None:
    """Add one image's weighted Laplacian of a level: the level less what the coarser one predicts."""
    j, i = cuda.grid(2)
    if i < mask.shape[0] and j < mask.shape[1]:
        weight = weights[i, j]
        if mask[i, j] and weight > 0.0:
            for band in range(values.shape[0]):
                predicted, _ = expanded(coarser[band], coarser_mask, i, j)
                total[band, i, j] += weight * (values[band, i, j] - predicted)
            total_weights[i, j] += weight


@device_loop(over="mask")
def add_base(values: Values, mask: Mask, weights: Weights, total: Values, total_weights: Weights) -> None:
    """Add one image's weighted values of the coarsest level."""
    j, i = cuda.grid(2)
    if i < mask.shape[0] and j < mask.shape[1]:
        weight = weights[i, j]
        if mask[i, j] and weight > 0.0:
            for band in range(values.shape[0]):
                total[band, i, j] += weight * values[band, i, j]
            total_weights[i, j] += weight


@device_loop(over="mask")
def normalise(total: Values, total_weights: Weights, mask: Mask) -> None:
    """Divide a level's sums by their weights, in place; valid where there is weight."""
    j, i = cuda.grid(2)
    if i < mask.shape[0] and j < mask.shape[1]:
        weight = total_weights[i, j]
        mask[i, j] = weight > 0.0
        if weight > 0.0:
            for band in range(total.shape[0]):
                total[band, i, j] /= weight


@device_loop(over="mask")
def collapse(total: Values, mask: Mask, coarser: Values, coarser_mask: Mask) -> None:
    """Add what the collapsed coarser level predicts, in place; detail that is not valid counts as none."""
    j, i = cuda.grid(2)
    if i < mask.shape[0] and j < mask.shape[1]:
        weight = 0.0
        for band in range(total.shape[0]):
            predicted, weight = expanded(coarser[band], coarser_mask, i, j)
            if mask[i, j]:
                total[band, i, j] += predicted
            else:
                total[band, i, j] = predicted
        mask[i, j] = weight > 0.0


@device_loop(over="mask")
def subtract(
    blended: Values, blended_mask: Mask, values: Values, mask: Mask, out: Values, out_mask: Mask
) -> None:
    """What the blend changes in one image at level 1; valid where both are."""
    j, i = cuda.grid(2)
    if i < mask.shape[0] and j < mask.shape[1]:
        valid = blended_mask[i, j] and mask[i, j]
        out_mask[i, j] = valid
        for band in range(values.shape[0]):
            out[band, i, j] = blended[band, i, j] - values[band, i, j] if valid else 0.0


@device_loop(over="owners")
def add_change(
    values: Values, owners: Owners, index: int, change: Values, change_mask: Mask, out: Values
) -> None:
    """Where one image owns: its own sample plus the expanded change."""
    j, i = cuda.grid(2)
    if i < owners.shape[0] and j < owners.shape[1] and owners[i, j] == index:
        for band in range(values.shape[0]):
            predicted, _ = expanded(change[band], change_mask, i, j)
            out[band, i, j] = values[band, i, j] + predicted

"""The multi-band blend's loops on the CPU, each over one level of one image; `_cuda` has their twins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.ownership import owner
from hinterland_kernels.pixel.pyramid import expanded, reduced, reduced_ownership, reduced_weight

Values = NDArray[np.float32]
Weights = NDArray[np.float32]
Mask = NDArray[np.bool_]
Owners = NDArray[np.int16]


@loop
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
    for i in range(out.shape[0]):
        line = (first_line + i + 0.5) / factor - 0.5
        for j in range(out.shape[1]):
            sample = (first_sample + j + 0.5) / factor - 0.5
            out[i, j] = owner(labels, masks, layer_labels, i, j, line, sample, wraps)


@loop
def reduce_values(values: Values, mask: Mask, out: Values, out_mask: Mask) -> None:
    """Next coarser level (bands, lines, samples) and its mask: valid where any tap is."""
    for i in range(out_mask.shape[0]):
        for j in range(out_mask.shape[1]):
            weight = 0.0
            for band in range(values.shape[0]):
                out[band, i, j], weight = reduced(values[band], mask, i, j)
            out_mask[i, j] = weight > 0.0


@loop
def reduce_ownership(owners: Owners, index: int, out: Weights) -> None:
    """Weight of one image at level 1."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = reduced_ownership(owners, index, i, j)


@loop
def reduce_weights(weights: Weights, out: Weights) -> None:
    """Weight of one image at the next coarser level."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = reduced_weight(weights, i, j)


@loop
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
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            weight = weights[i, j]
            if mask[i, j] and weight > 0.0:
                for band in range(values.shape[0]):
                    predicted, _ = expanded(coarser[band], coarser_mask, i, j)
                    total[band, i, j] += weight * (values[band, i, j] - predicted)
                total_weights[i, j] += weight


@loop
def add_base(values: Values, mask: Mask, weights: Weights, total: Values, total_weights: Weights) -> None:
    """Add one image's weighted values of the coarsest level."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            weight = weights[i, j]
            if mask[i, j] and weight > 0.0:
                for band in range(values.shape[0]):
                    total[band, i, j] += weight * values[band, i, j]
                total_weights[i, j] += weight


@loop
def normalise(total: Values, total_weights: Weights, mask: Mask) -> None:
    """Divide a level's sums by their weights, in place; valid where there is weight."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            weight = total_weights[i, j]
            mask[i, j] = weight > 0.0
            if weight > 0.0:
                for band in range(total.shape[0]):
                    total[band, i, j] /= weight


@loop
def collapse(total: Values, mask: Mask, coarser: Values, coarser_mask: Mask) -> None:
    """Add what the collapsed coarser level predicts, in place; detail that is not valid counts as none."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            weight = 0.0
            for band in range(total.shape[0]):
                predicted, weight = expanded(coarser[band], coarser_mask, i, j)
                if mask[i, j]:
                    total[band, i, j] += predicted
                else:
                    total[band, i, j] = predicted
            mask[i, j] = weight > 0.0


@loop
def subtract(
    blended: Values, blended_mask: Mask, values: Values, mask: Mask, out: Values, out_mask: Mask
) -> None:
    """What the blend changes in one image at level 1; valid where both are."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            valid = blended_mask[i, j] and mask[i, j]
            out_mask[i, j] = valid
            for band in range(values.shape[0]):
                out[band, i, j] = blended[band, i, j] - values[band, i, j] if valid else 0.0


@loop
def add_change(
    values: Values, owners: Owners, index: int, change: Values, change_mask: Mask, out: Values
) -> None:
    """Where one image owns: its own sample plus the expanded change."""
    for i in range(owners.shape[0]):
        for j in range(owners.shape[1]):
            if owners[i, j] == index:
                for band in range(values.shape[0]):
                    predicted, _ = expanded(change[band], change_mask, i, j)
                    out[band, i, j] = values[band, i, j] + predicted

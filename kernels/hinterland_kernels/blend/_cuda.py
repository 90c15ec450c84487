"""The multi-band blend's loops on a GPU, each over the busy blocks of one level: the twins of `_cpu`."""

from __future__ import annotations

from typing import Any

from numba import cuda

from hinterland_kernels.backend import device_loop
from hinterland_kernels.pixel.ownership import owner
from hinterland_kernels.pixel.pyramid import expanded, reduced, tap

_FLOAT_BYTES = 4

Values = Any
"""Device array, (bands, lines, samples); float32 but for an image and the result."""
Weights = Any
"""Device array, (lines, samples) float32."""
Mask = Any
"""Device array, (lines, samples) bool."""
Blocks = Any
"""Device array, (block lines, block samples) bool."""
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


@device_loop(over="out")
def find_owners(owners: Owners, shift: int, out: Blocks) -> None:
    """Who owns a pixel of each block: (images, block lines, block samples)."""
    j, i = cuda.grid(2)
    if i < out.shape[1] and j < out.shape[2]:
        for image in range(out.shape[0]):
            out[image, i, j] = False
        for line in range(i << shift, min((i + 1) << shift, owners.shape[0])):
            for sample in range(j << shift, min((j + 1) << shift, owners.shape[1])):
                if owners[line, sample] >= 0:
                    out[owners[line, sample], i, j] = True


@device_loop(over="out_mask")
def reduce_values(
    values: Values,
    mask: Mask,
    line: int,
    sample: int,
    busy: Blocks,
    shift: int,
    out: Values,
    out_mask: Mask,
) -> None:
    """Next coarser level of an image whose first pixel lies at (line, sample) of the finer one.

    A sample is valid where any of its taps is.
    """
    j, i = cuda.grid(2)
    if i < out_mask.shape[0] and j < out_mask.shape[1] and busy[i >> shift, j >> shift]:
        weight = reduced(mask, mask, 2 * i - line, 2 * j - sample)
        out_mask[i, j] = weight > 0.0
        for band in range(out.shape[0]):
            total = reduced(values[band], mask, 2 * i - line, 2 * j - sample)
            out[band, i, j] = total / weight if weight > 0.0 else 0.0


@device_loop(over="out")
def reduce_ownership(owners: Owners, index: int, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at level 1."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1] and busy[i >> shift, j >> shift]:
        total = 0.0
        for line in range(max(2 * i - 2, 0), min(2 * i + 3, owners.shape[0])):
            for sample in range(max(2 * j - 2, 0), min(2 * j + 3, owners.shape[1])):
                if owners[line, sample] == index:
                    total += tap(line - 2 * i) * tap(sample - 2 * j)
        out[i, j] = total


@device_loop(over="out")
def reduce_weights(weights: Weights, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at the next coarser level."""
    j, i = cuda.grid(2)
    if i < out.shape[0] and j < out.shape[1] and busy[i >> shift, j >> shift]:
        total = 0.0
        for line in range(max(2 * i - 2, 0), min(2 * i + 3, weights.shape[0])):
            for sample in range(max(2 * j - 2, 0), min(2 * j + 3, weights.shape[1])):
                total += tap(line - 2 * i) * tap(sample - 2 * j) * weights[line, sample]
        out[i, j] = total


@device_loop(over="out")
def add_expanded(coarser: Values, factor: float, busy: Blocks, shift: int, out: Values) -> None:
    """Add what the coarser level predicts, times 1 or -1."""
    j, i = cuda.grid(2)
    if i < out.shape[1] and j < out.shape[2] and busy[i >> shift, j >> shift]:
        for band in range(out.shape[0]):
            out[band, i, j] += factor * expanded(coarser[band], i, j)


@device_loop(over="total_weights")
def clear(busy: Blocks, shift: int, total: Values, total_weights: Weights) -> None:
    """Set the sums of a level to 0."""
    j, i = cuda.grid(2)
    if i < total_weights.shape[0] and j < total_weights.shape[1] and busy[i >> shift, j >> shift]:
        total_weights[i, j] = 0.0
        for band in range(total.shape[0]):
            total[band, i, j] = 0.0


@device_loop(over="total_weights")
def add_detail(
    detail: Values, weights: Weights, busy: Blocks, shift: int, total: Values, total_weights: Weights
) -> None:
    """Add one image's weighted detail to the sums of a level."""
    j, i = cuda.grid(2)
    if i < total_weights.shape[0] and j < total_weights.shape[1] and busy[i >> shift, j >> shift]:
        total_weights[i, j] += weights[i, j]
        for band in range(total.shape[0]):
            total[band, i, j] += weights[i, j] * detail[band, i, j]


@device_loop(over="total_weights")
def subtract(
    total: Values, total_weights: Weights, mixed: Blocks, busy: Blocks, shift: int, detail: Values
) -> None:
    """Turn one image's detail into what the blend changes in it; in busy blocks that are not mixed, nothing."""
    j, i = cuda.grid(2)
    if i < total_weights.shape[0] and j < total_weights.shape[1] and busy[i >> shift, j >> shift]:
        weight = total_weights[i, j] if mixed[i >> shift, j >> shift] else 0.0
        for band in range(detail.shape[0]):
            if mixed[i >> shift, j >> shift]:
                mean = total[band, i, j] / weight if weight > 0.0 else 0.0
                detail[band, i, j] = mean - detail[band, i, j]
            else:
                detail[band, i, j] = 0.0


@device_loop(over="owners")
def finish(
    values: Values,
    line: int,
    sample: int,
    owners: Owners,
    index: int,
    change: Values,
    changed: Blocks,
    busy: Blocks,
    shift: int,
    out: Values,
    out_line: int,
    out_sample: int,
) -> None:
    """Where one image owns: its sample, in changed blocks with the expanded change.

    The image and the result begin at these lines and samples of the window. Whole numbers are rounded, and end at
    full scale.
    """
    j, i = cuda.grid(2)
    if i < owners.shape[0] and j < owners.shape[1] and owners[i, j] == index:
        inside = out_line <= i < out_line + out.shape[1] and out_sample <= j < out_sample + out.shape[2]
        if inside and busy[i >> shift, j >> shift]:
            for band in range(out.shape[0]):
                value = float(values[band, i - line, j - sample])
                if changed[i >> shift, j >> shift]:
                    value += expanded(change[band], i, j)
                if out.itemsize < _FLOAT_BYTES:
                    value = float(round(min(max(value, 0.0), float((1 << 8 * out.itemsize) - 1))))
                out[band, i - out_line, j - out_sample] = value

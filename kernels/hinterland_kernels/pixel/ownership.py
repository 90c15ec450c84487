"""Which image owns a full-size pixel, given labels that were cut at reduced resolution."""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function


@pixel_function
def label_weight(
    labels: Any,  # noqa: ANN401 - (lines, samples) host or device array
    label: int,
    line: float,
    sample: float,
    wraps: bool,
) -> float:
    """Bilinear weight of a label at a point of the label grid; off the grid its edge goes on, or wraps."""
    top = math.floor(line)
    left = math.floor(sample)
    total = 0.0
    for i in range(top, top + 2):
        down = 1.0 - abs(line - i)
        row = min(max(i, 0), labels.shape[0] - 1)
        for j in range(left, left + 2):
            column = j % labels.shape[1] if wraps else min(max(j, 0), labels.shape[1] - 1)
            if labels[row, column] == label:
                total += down * (1.0 - abs(sample - j))
    return total


@pixel_function
def owner(
    labels: Any,  # noqa: ANN401 - (lines, samples) host or device array
    masks: Any,  # noqa: ANN401 - (layers, lines, samples)
    layer_labels: Any,  # noqa: ANN401 - (layers,)
    i: int,
    j: int,
    line: float,
    sample: float,
    wraps: bool,
) -> int:
    """Index of the layer that owns pixel (i, j) of a window, which lies at (line, sample) of the label grid.

    Of the layers valid there, the one whose label weighs most; the first of equals, so a pixel beyond the reach
    of its label still has an owner. -1 where no layer is valid.
    """
    best = -1
    best_weight = -1.0
    for layer in range(masks.shape[0]):
        if masks[layer, i, j]:
            weight = label_weight(labels, layer_labels[layer], line, sample, wraps)
            if weight > best_weight:
                best = layer
                best_weight = weight
    return best


@pixel_function
def only_owner(
    labels: Any,  # noqa: ANN401 - (lines, samples) host or device array
    layer_labels: Any,  # noqa: ANN401 - (layers,)
    line: float,
    left: int,
    wraps: bool,
) -> int:
    """First layer of the label that all four labels between `left` and the next are; -1 where they differ."""
    top = math.floor(line)
    upper = min(max(top, 0), labels.shape[0] - 1)
    lower = min(max(top + 1, 0), labels.shape[0] - 1)
    first = left % labels.shape[1] if wraps else min(max(left, 0), labels.shape[1] - 1)
    second = (left + 1) % labels.shape[1] if wraps else min(max(left + 1, 0), labels.shape[1] - 1)
    label = labels[upper, first]
    if labels[upper, second] != label or labels[lower, first] != label or labels[lower, second] != label:
        return -1
    for layer in range(layer_labels.shape[0]):
        if layer_labels[layer] == label:
            return layer
    return -1

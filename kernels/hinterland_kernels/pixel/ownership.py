"""Which image owns a full-size pixel, given labels that were cut at reduced resolution."""

from __future__ import annotations

from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.weights import whole


@pixel_function
def labels_about(
    labels: Any,  # noqa: ANN401 - (lines, samples) host or device array
    top: int,
    left: int,
    wraps: bool,
) -> tuple[int, int, int, int]:
    """Labels of two lines and two samples, line by line; off the grid its edge goes on, or wraps."""
    upper = min(max(top, 0), labels.shape[0] - 1)
    lower = min(max(top + 1, 0), labels.shape[0] - 1)
    first = left % labels.shape[1] if wraps else min(max(left, 0), labels.shape[1] - 1)
    second = (left + 1) % labels.shape[1] if wraps else min(max(left + 1, 0), labels.shape[1] - 1)
    return labels[upper, first], labels[upper, second], labels[lower, first], labels[lower, second]


@pixel_function
def label_weight(about: tuple[int, int, int, int], label: int, down: float, right: float) -> float:
    """Bilinear weight of a label at a point that lies at shares of the way down and right between four labels."""
    total = 0.0
    if about[0] == label:
        total += (1.0 - down) * (1.0 - right)
    if about[1] == label:
        total += (1.0 - down) * right
    if about[2] == label:
        total += down * (1.0 - right)
    if about[3] == label:
        total += down * right
    return total


@pixel_function
def owner_between(
    about: tuple[int, int, int, int],
    masks: Any,  # noqa: ANN401 - (layers, lines, samples)
    layer_labels: Any,  # noqa: ANN401 - (layers,)
    i: int,
    j: int,
    down: float,
    right: float,
) -> int:
    """Index of the layer that owns pixel (i, j) of a window, which lies between four labels as in `label_weight`.

    Of the layers valid there, the one whose label weighs most; the first of equals, so a pixel beyond the reach
    of its label still has an owner. -1 where no layer is valid.
    """
    best = -1
    best_weight = -1.0
    for layer in range(masks.shape[0]):
        if masks[layer, i, j]:
            weight = label_weight(about, layer_labels[layer], down, right)
            if weight > best_weight:
                best = layer
                best_weight = weight
    return best


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
    """`owner_between` of a pixel that lies at (line, sample) of the label grid."""
    top, left = whole(line), whole(sample)
    about = labels_about(labels, top, left, wraps)
    return owner_between(about, masks, layer_labels, i, j, line - top, sample - left)


@pixel_function
def only_owner(
    about: tuple[int, int, int, int],
    layer_labels: Any,  # noqa: ANN401 - (layers,)
) -> int:
    """First layer of the label that all four are; -1 where they differ."""
    if about[1] != about[0] or about[2] != about[0] or about[3] != about[0]:
        return -1
    for layer in range(layer_labels.shape[0]):
        if layer_labels[layer] == about[0]:
            return layer
    return -1

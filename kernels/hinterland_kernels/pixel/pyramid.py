"""Reduce and expand of the Burt-Adelson pyramid, normalised by what is valid.

Source: Burt and Adelson 1983, "A multiresolution spline with application to image mosaics", ACM TOG 2(4).
The generating kernel is (1, 4, 6, 4, 1)/16. Pixel (i, j) of a level sits on pixel (2i, 2j) of the finer one,
counted from the same origin, so levels of different windows agree where the windows start on multiples of
2**levels. Samples off the window or not valid have no weight.
"""

from __future__ import annotations

from typing import Any

from hinterland_kernels._jit import pixel_function


@pixel_function
def tap(distance: int) -> float:
    """Weight of the generating kernel at a whole distance: 6, 4, 1 sixteenths."""
    distance = abs(distance)
    if distance == 0:
        return 0.375
    if distance == 1:
        return 0.25
    return 0.0625 if distance == 2 else 0.0


@pixel_function
def reduced(values: Any, mask: Any, line: int, sample: int) -> tuple[float, float]:  # noqa: ANN401
    """Value at (line, sample) of the next coarser level, and the weight of its valid taps.

    Parameters
    ----------
    values, mask : (lines, samples)
        A level, and where it is valid.
    line, sample : int
        Position in the coarser level.

    Returns
    -------
    value, weight : float
        Weight 1 means that all 25 taps are valid; value 0 where none is.
    """
    total = 0.0
    weights = 0.0
    for i in range(max(2 * line - 2, 0), min(2 * line + 3, mask.shape[0])):
        down = tap(i - 2 * line)
        for j in range(max(2 * sample - 2, 0), min(2 * sample + 3, mask.shape[1])):
            if mask[i, j]:
                weight = down * tap(j - 2 * sample)
                total += weight * values[i, j]
                weights += weight
    if weights > 0.0:
        return total / weights, weights
    return 0.0, 0.0


@pixel_function
def expanded(values: Any, mask: Any, line: int, sample: int) -> tuple[float, float]:  # noqa: ANN401
    """Value at (line, sample) of the next finer level, and the weight of its valid taps; as `reduced`."""
    total = 0.0
    weights = 0.0
    for i in range(max((line - 1) // 2, 0), min((line + 2) // 2 + 1, mask.shape[0])):
        down = tap(line - 2 * i)
        for j in range(max((sample - 1) // 2, 0), min((sample + 2) // 2 + 1, mask.shape[1])):
            if mask[i, j]:
                weight = down * tap(sample - 2 * j)
                total += weight * values[i, j]
                weights += weight
    if weights > 0.0:
        return total / weights, weights
    return 0.0, 0.0


@pixel_function
def reduced_weight(weights: Any, line: int, sample: int) -> float:  # noqa: ANN401
    """Weight at (line, sample) of the next coarser level: the plain sum, so weights of images add up to 1."""
    total = 0.0
    for i in range(max(2 * line - 2, 0), min(2 * line + 3, weights.shape[0])):
        for j in range(max(2 * sample - 2, 0), min(2 * sample + 3, weights.shape[1])):
            total += tap(i - 2 * line) * tap(j - 2 * sample) * weights[i, j]
    return total


@pixel_function
def reduced_ownership(owners: Any, index: int, line: int, sample: int) -> float:  # noqa: ANN401
    """`reduced_weight` of the indicator `owners == index`, which is never stored."""
    total = 0.0
    for i in range(max(2 * line - 2, 0), min(2 * line + 3, owners.shape[0])):
        for j in range(max(2 * sample - 2, 0), min(2 * sample + 3, owners.shape[1])):
            if owners[i, j] == index:
                total += tap(i - 2 * line) * tap(j - 2 * sample)
    return total

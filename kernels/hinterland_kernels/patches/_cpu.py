"""Loops over patches."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop

Layer = NDArray[np.float32]
Values = NDArray[np.float64]

_WEAKEST_GAIN = 0.2
_RIDGE = 1e-9
_UNKNOWNS = 4


@loop
def bilinear(layer: Layer, points: Values, out: Values) -> None:
    """Values at points (n, 2); beyond the edge the nearest sample stands."""
    lines, samples = layer.shape
    for k in range(out.size):
        line = min(max(points[k, 0], 0.0), lines - 1.0)
        sample = min(max(points[k, 1], 0.0), samples - 1.0)
        i, j = min(int(line), lines - 2), min(int(sample), samples - 2)
        down, right = line - i, sample - j
        upper = layer[i, j] + right * (layer[i, j + 1] - layer[i, j])
        lower = layer[i + 1, j] + right * (layer[i + 1, j + 1] - layer[i + 1, j])
        out[k] = upper + down * (lower - upper)


@loop
def _take(layer: Layer, line: float, sample: float, out: Values) -> None:
    """Bilinear values of a square that begins at a line and sample; all its pixels have the same weights."""
    i, j = math.floor(line), math.floor(sample)
    down, right = line - i, sample - j
    a, b = (1.0 - down) * (1.0 - right), (1.0 - down) * right
    c, d = down * (1.0 - right), down * right
    for y in range(out.shape[0]):
        upper, lower = layer[i + y, j : j + out.shape[1] + 1], layer[i + y + 1, j : j + out.shape[1] + 1]
        for x in range(out.shape[1]):
            out[y, x] = a * upper[x] + b * upper[x + 1] + c * lower[x] + d * lower[x + 1]


@loop
def _add_normals(template: Values, wide: Values, normal: Values, right: Values) -> None:
    """Normal equations of shift down and across, gain and offset; `wide` is the patch with a pixel about it."""
    normal[:] = 0.0
    right[:] = 0.0
    row = np.empty(_UNKNOWNS)
    for y in range(template.shape[0]):
        for x in range(template.shape[1]):
            row[0] = 0.5 * (wide[y + 2, x + 1] - wide[y, x + 1])
            row[1] = 0.5 * (wide[y + 1, x + 2] - wide[y + 1, x])
            row[2] = wide[y + 1, x + 1]
            row[3] = 1.0
            for p in range(_UNKNOWNS):
                right[p] += row[p] * template[y, x]
                for q in range(p + 1):
                    normal[p, q] += row[p] * row[q]


@loop
def _solve(normal: Values, right: Values) -> None:
    """Solve by Cholesky's factors in place, with a ridge that keeps flat patches from dividing by nothing."""
    trace = 0.0
    for p in range(_UNKNOWNS):
        trace += normal[p, p]
    for p in range(_UNKNOWNS):
        normal[p, p] += _RIDGE * trace + _RIDGE
    for p in range(_UNKNOWNS):
        for q in range(p + 1):
            total = normal[p, q]
            for k in range(q):
                total -= normal[p, k] * normal[q, k]
            normal[p, q] = math.sqrt(max(total, 1e-30)) if p == q else total / normal[q, q]
    for p in range(_UNKNOWNS):
        for k in range(p):
            right[p] -= normal[p, k] * right[k]
        right[p] /= normal[p, p]
    for p in range(_UNKNOWNS - 1, -1, -1):
        for k in range(p + 1, _UNKNOWNS):
            right[p] -= normal[k, p] * right[k]
        right[p] /= normal[p, p]


@loop
def _correlated(template: Values, wide: Values) -> float:
    """Correlation coefficient of a template and the middle of a patch."""
    side = template.shape[0]
    first, second = template.mean(), wide[1:-1, 1:-1].sum() / (side * side)
    squares, others, products = 0.0, 0.0, 0.0
    for y in range(side):
        for x in range(side):
            a, b = template[y, x] - first, wide[y + 1, x + 1] - second
            squares += a * a
            others += b * b
            products += a * b
    return products / math.sqrt(max(squares * others, 1e-12))


@loop
def fit_shifts(
    templates: Values,
    layer: Layer,
    middles: Values,
    farthest: float,
    iterations: int,
    still: float,
    shifts: Values,
    last: Values,
    correlation: Values,
) -> None:
    """Shift each patch to its template; see the package."""
    side = templates.shape[1]
    wide = np.empty((side + 2, side + 2))
    normal, right = np.empty((_UNKNOWNS, _UNKNOWNS)), np.empty(_UNKNOWNS)
    for k in range(templates.shape[0]):
        line, sample = middles[k, 0] - side // 2 - 1.0, middles[k, 1] - side // 2 - 1.0
        last[k] = math.inf
        _take(layer, line, sample, wide)
        for _ in range(iterations):
            _add_normals(templates[k], wide, normal, right)
            _solve(normal, right)
            down, across = right[0] / right[2], right[1] / right[2]
            moved = math.hypot(shifts[k, 0] + down, shifts[k, 1] + across)
            if not (right[2] > _WEAKEST_GAIN and moved <= farthest):
                last[k] = math.nan
                break
            shifts[k, 0] += down
            shifts[k, 1] += across
            last[k] = math.hypot(down, across)
            _take(layer, line + shifts[k, 0], sample + shifts[k, 1], wide)
            if last[k] < still:
                break
        correlation[k] = _correlated(templates[k], wide)

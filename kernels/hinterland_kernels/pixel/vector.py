"""Arithmetic of 3-vectors held as tuples."""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function

Vector = tuple[float, float, float]


@pixel_function
def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@pixel_function
def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


@pixel_function
def add_scaled(a: Vector, factor: float, b: Vector) -> Vector:
    """`a + factor * b`."""
    return (a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2])


@pixel_function
def scale(factor: float, a: Vector) -> Vector:
    """`factor * a`."""
    return (factor * a[0], factor * a[1], factor * a[2])


@pixel_function
def norm(a: Vector) -> float:
    """Euclidean length."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])

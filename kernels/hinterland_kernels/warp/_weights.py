"""Weights of taps for sixteen neighbours at a time, in float32: those of `pixel/weights`.

The closed forms take a point's place between its pixels; the others, for kernels that are widened, take a tap's
distance from the point.
"""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lanes import floats, where_less

Lanes = Any
Four = tuple[Lanes, Lanes, Lanes, Lanes]
Six = tuple[Lanes, Lanes, Lanes, Lanes, Lanes, Lanes]

_THIRD_TURN = math.pi / 3.0


@pixel_function
def bicubic_lanes(t: Lanes) -> Four:
    """`bicubic_weights`."""
    u = floats(1.0) - t
    half, near, far = floats(-0.5), floats(1.5), floats(2.5)
    return (
        half * t * u * u,
        (near * t - far) * t * t + floats(1.0),
        (near * u - far) * u * u + floats(1.0),
        half * u * t * t,
    )


@pixel_function
def bspline3_lanes(t: Lanes) -> Four:
    """`bspline3_weights`."""
    u = floats(1.0) - t
    sixth, half, two = floats(1.0 / 6.0), floats(0.5), floats(2.0)
    middle = floats(2.0 / 3.0)
    return (
        sixth * u * u * u,
        middle - half * t * t * (two - t),
        middle - half * u * u * (two - u),
        sixth * t * t * t,
    )


@pixel_function
def _cubic(y: Lanes, a: float, b: float, c: float, d: float) -> Lanes:
    return floats(a) + y * (floats(b) + y * (floats(c) + y * floats(d)))


@pixel_function
def lanczos3_lanes(t: Lanes) -> Six:
    """`lanczos3_weights`: polynomials of degree 7 about the middle, fitted at Chebyshev's points, good to 2**-21.

    Taps that lie alike on both sides of a point have one polynomial, seen from either side. Where a weight ends at
    0 or 1 its polynomial counts from there, so that they are exactly 1 at a pixel.
    """
    u = floats(1.0) - t
    x = t - floats(0.5)
    y, both = x * x, t * u
    even = _cubic(y, 0.09782643662899315, 0.03877499327204287, -0.07182964225689874, 0.02199379438197346)
    odd = x * _cubic(y, -0.25569331359870756, 0.21697566981879346, -0.09625377437004441, 0.04591216527415453)
    a, f = both * (even + odd), both * (even - odd)
    even = _cubic(y, -0.5434776239224758, 0.10908511885252466, -0.01883661820774203, 0.03285729848401904)
    odd = x * _cubic(y, 0.7246271800961723, -0.46704555587262275, 0.2266459653252653, -0.11438295613687109)
    b, e = both * (even + odd), both * (even - odd)
    even = _cubic(y, 0.44565118729353104, -0.1478601121292299, 0.09066626052689382, -0.05485109306534049)
    odd = x * _cubic(y, 1.3466667765440998, -0.7935415466941244, 0.45159207180358774, -0.2240794105802966)
    d = t + both * (even + odd)
    # what the others leave
    return a, b, floats(1.0) - (a + b + d + e + f), d, e, f


@pixel_function
def bilinear_at(x: Lanes) -> Lanes:
    """`kernel_weight` at a distance, not negative; so the two below."""
    return where_less(x, floats(1.0), floats(1.0) - x, floats(0.0))


@pixel_function
def bicubic_at(x: Lanes) -> Lanes:
    """Of the cubic convolution."""
    near = (floats(1.5) * x - floats(2.5)) * x * x + floats(1.0)
    far = ((floats(2.5) - floats(0.5) * x) * x - floats(4.0)) * x + floats(2.0)
    far = where_less(x, floats(2.0), far, floats(0.0))
    return where_less(x, floats(1.0), near, far)


@pixel_function
def lanczos3_at(x: Lanes) -> Lanes:
    """Of Lanczos' kernel: with z = pi x / 3 and s = sin z / z it is s**2 (1 - 4/3 z**2 s**2).

    The sine of 3 z is 3 sin z - 4 sin**3 z; s is a series that needs no division.
    """
    y = x * x * floats(_THIRD_TURN * _THIRD_TURN)
    s = floats(1.0 / 6227020800.0) - y * (floats(1.0 / 1307674368000.0) - y * floats(1.0 / 355687428096000.0))
    s = floats(1.0 / 362880.0) - y * (floats(1.0 / 39916800.0) - y * s)
    s = floats(1.0 / 120.0) - y * (floats(1.0 / 5040.0) - y * s)
    s = floats(1.0) - y * (floats(1.0 / 6.0) - y * s)
    s = s * s
    return where_less(x, floats(3.0), s * (floats(1.0) - floats(4.0 / 3.0) * y * s), floats(0.0))

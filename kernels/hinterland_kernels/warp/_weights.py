"""Weights of taps for sixteen neighbours at a time, in float32: those of `pixel/sampling`.

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
def _sine_over(x: Lanes) -> Lanes:
    """sin(pi x / 3) / x for x in [0, 1], by its series."""
    y = x * x * floats(_THIRD_TURN * _THIRD_TURN)
    series = floats(1.0 / 120.0) - y * (floats(1.0 / 5040.0) - y * floats(1.0 / 362880.0))
    return floats(_THIRD_TURN) * (floats(1.0) - y * (floats(1.0 / 6.0) - y * series))


@pixel_function
def lanczos3_lanes(t: Lanes) -> Six:
    """`lanczos3_weights`, all of them times t u so that none is divided by 0."""
    one, two = floats(1.0), floats(2.0)
    u = one - t
    sine_t, sine_u = _sine_over(t), _sine_over(u)
    # sin(pi / 3 + pi t / 3) is the cosine of the angle from the middle
    x = t - floats(0.5)
    y = x * x * floats(_THIRD_TURN * _THIRD_TURN)
    series = floats(1.0 / 24.0) - y * (floats(1.0 / 720.0) - y * floats(1.0 / 40320.0))
    middle = one - y * (floats(0.5) - y * series)
    over_t = one / ((one + t) * (two + t))
    over_u = one / ((one + u) * (two + u))
    first_t, second_t = over_t * (one + t), over_t * (two + t)
    first_u, second_u = over_u * (one + u), over_u * (two + u)
    both = t * u
    a = both * u * sine_u * first_t * first_t
    b = floats(0.0) - middle * both * second_t * second_t
    c = u * sine_t
    d = t * sine_u
    e = floats(0.0) - middle * both * second_u * second_u
    f = both * t * sine_t * first_u * first_u
    scale = one / (a + b + c + d + e + f)
    a, b, d, e, f = a * scale, b * scale, d * scale, e * scale, f * scale
    # what the others leave: exactly 1 at a pixel
    return a, b, one - (a + b + d + e + f), d, e, f


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

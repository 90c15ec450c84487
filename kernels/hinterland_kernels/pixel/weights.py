"""Resampling kernels: the weights of their taps.

A point whose taps are all valid and whose kernel is not widened, nearly every point, takes its weights by
closed forms a line and a column; `kernel_weight` is their reference.
Sources: Keys 1981 (cubic convolution, a = -1/2); Duchon 1979 (Lanczos); Unser 1999 (B-splines).
"""

from __future__ import annotations

import math

from hinterland_kernels._jit import pixel_function

NEAREST = 0
BILINEAR = 1
BICUBIC = 2
LANCZOS3 = 3
BSPLINE3 = 4

Six = tuple[float, float, float, float, float, float]
NO_TAPS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pixel_function
def whole(x: float) -> int:
    """Largest whole number not above `x`, as an index."""
    return int(math.floor(x))  # noqa: RUF046 - in a CUDA kernel math.floor is a float


@pixel_function
def kernel_weight(kernel: int, x: float) -> float:
    """Weight of a tap at distance `x` (in source pixels, or in widened ones) from the point."""
    x = abs(x)
    if kernel == BILINEAR:
        return max(0.0, 1.0 - x)
    if kernel == BICUBIC:
        if x >= 2.0:
            return 0.0
        return (1.5 * x - 2.5) * x * x + 1.0 if x < 1.0 else ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    if x >= 3.0:
        return 0.0
    if x < 1e-9:
        return 1.0
    # the sine from the last whole number, so that taps at whole distances weigh exactly 0
    turns = whole(x)
    sine = math.sin(math.pi * (x - turns))
    if turns == 1:
        sine = -sine
    return 3.0 * sine * math.sin(math.pi / 3.0 * x) / (math.pi * math.pi * x * x)


@pixel_function
def kernel_radius(kernel: int) -> float:
    """Half width of a kernel, pixels."""
    if kernel == LANCZOS3:
        return 3.0
    return 2.0 if kernel == BICUBIC else 1.0


@pixel_function
def kernel_side(kernel: int) -> int:
    """Taps along an axis about a point, where the kernel is not widened."""
    if kernel == BILINEAR:
        return 2
    return 6 if kernel == LANCZOS3 else 4


@pixel_function
def bilinear_weights(t: float) -> Six:
    """Weights of the taps at 0, 1 for a point at `t` in [0, 1), and four 0."""
    return 1.0 - t, t, 0.0, 0.0, 0.0, 0.0


@pixel_function
def bicubic_weights(t: float) -> Six:
    """Weights of the taps at -1, 0, 1, 2 for a point at `t` in [0, 1), which add up to 1, and two 0."""
    u = 1.0 - t
    return (
        -0.5 * t * u * u,
        (1.5 * t - 2.5) * t * t + 1.0,
        (1.5 * u - 2.5) * u * u + 1.0,
        -0.5 * u * t * t,
        0.0,
        0.0,
    )


@pixel_function
def bspline3_weights(t: float) -> Six:
    """Weights of the coefficients at -1, 0, 1, 2 for a point at `t` in [0, 1), which add up to 1, and two 0."""
    u = 1.0 - t
    return (
        u * u * u / 6.0,
        2.0 / 3.0 - 0.5 * t * t * (2.0 - t),
        2.0 / 3.0 - 0.5 * u * u * (2.0 - u),
        t * t * t / 6.0,
        0.0,
        0.0,
    )


@pixel_function
def lanczos3_weights(t: float) -> Six:
    """Weights of the taps at -2, -1, 0, 1, 2, 3 for a point at `t` in [0, 1), made to add up to 1.

    At x = t - k the kernel is sin(pi x) sin(pi x / 3) / x**2 but for a factor. The first sine is that of
    pi t, with the sign of (-1)**k: a factor of all, so it cancels. The second follows from the sine and
    cosine of pi t / 3 by the addition of angles.
    """
    if t < 1e-9:
        return 0.0, 0.0, 1.0, 0.0, 0.0, 0.0
    if t > 1.0 - 1e-9:
        return 0.0, 0.0, 0.0, 1.0, 0.0, 0.0
    angle = math.pi / 3.0 * t
    s = math.sin(angle)
    c = 0.8660254037844386 * math.cos(angle)  # sin(pi / 3)
    h = 0.5 * s
    a = (c - h) / ((t + 2.0) * (t + 2.0))
    b = -(c + h) / ((t + 1.0) * (t + 1.0))
    d = s / (t * t)
    e = (c - h) / ((t - 1.0) * (t - 1.0))
    f = -(c + h) / ((t - 2.0) * (t - 2.0))
    g = s / ((t - 3.0) * (t - 3.0))
    scale = 1.0 / (a + b + d + e + f + g)
    return scale * a, scale * b, scale * d, scale * e, scale * f, scale * g


@pixel_function
def tap_weights(kernel: int, t: float) -> Six:
    """Weights of the taps about a point at `t` in [0, 1), and 0 beyond `kernel_side`."""
    if kernel == BILINEAR:
        return bilinear_weights(t)
    if kernel == BICUBIC:
        return bicubic_weights(t)
    if kernel == BSPLINE3:
        return bspline3_weights(t)
    return lanczos3_weights(t)

"""Reduce and expand of the Burt-Adelson pyramid, normalised by what is valid.

Source: Burt and Adelson 1983, "A multiresolution spline with application to image mosaics", ACM TOG 2(4).
The generating kernel is (1, 4, 6, 4, 1)/16. Pixel (i, j) of a level sits on pixel (2i, 2j) of the finer one,
counted from the same origin, so levels of different windows agree where the windows start on multiples of
2**levels. Samples off the window or not valid have no weight.

The sums are of additions only: what is contracted into one rounding on one machine and not on another is a product
and a sum, and there is none.
"""

from __future__ import annotations

from typing import Any

from hinterland_kernels._jit import pixel_function


@pixel_function
def five_taps(a: float, b: float, c: float, d: float, e: float) -> float:
    """Sixteenths of the generating kernel about `c`: a + 4b + 6c + 4d + e."""
    inner = b + d + c
    twice = inner + inner
    return (a + e) + (c + c) + (twice + twice)


@pixel_function
def three_taps(a: float, b: float, c: float) -> float:
    """Eighths of the kernel on a sample of the coarser level, `b`: a + 6b + c."""
    twice = b + b
    return (a + c) + twice + (twice + twice)


@pixel_function
def two_taps(a: float, b: float) -> float:
    """Eighths of the kernel halfway between two samples of the coarser level: 4a + 4b."""
    twice = (a + b) + (a + b)
    return twice + twice


@pixel_function
def edge_taps(inner: float, edge: float) -> float:
    """The kernel on the last sample of the coarser level, divided by the weight that is there: a double."""
    twice = edge + edge
    return (inner + twice + (twice + twice)) / 7.0


@pixel_function
def tap(distance: int) -> float:
    """Weight of the generating kernel at a whole distance up to 2: 6, 4, 1 sixteenths."""
    distance = abs(distance)
    if distance == 0:
        return 0.375
    return 0.25 if distance == 1 else 0.0625


@pixel_function
def _valid(values: Any, mask: Any, line: int, sample: int) -> float:  # noqa: ANN401
    """A sample, 0 where it is off the array or not valid."""
    if 0 <= line < mask.shape[0] and 0 <= sample < mask.shape[1] and mask[line, sample]:
        value: float = 0.0 + values[line, sample]  # a mask has a sum as well
        return value
    return 0.0


@pixel_function
def _column(values: Any, mask: Any, line: int, sample: int) -> float:  # noqa: ANN401
    return five_taps(
        _valid(values, mask, line - 2, sample),
        _valid(values, mask, line - 1, sample),
        _valid(values, mask, line, sample),
        _valid(values, mask, line + 1, sample),
        _valid(values, mask, line + 2, sample),
    )


@pixel_function
def reduced(values: Any, mask: Any, line: int, sample: int) -> float:  # noqa: ANN401
    """Sum of the valid taps about (line, sample), in 256ths; of the mask itself it is their weight."""
    return five_taps(
        _column(values, mask, line, sample - 2),
        _column(values, mask, line, sample - 1),
        _column(values, mask, line, sample),
        _column(values, mask, line, sample + 1),
        _column(values, mask, line, sample + 2),
    )


@pixel_function
def _between(values: Any, line: int, sample: int) -> float:  # noqa: ANN401
    """A sample of the coarser level's column, carried to a line of the finer one."""
    middle = line // 2
    last = values.shape[0] - 1
    if line % 2 == 1:
        return two_taps(values[middle, sample], values[min(middle + 1, last), sample]) / 8.0
    if last == 0:
        return float(values[0, sample])
    if middle == 0:
        return edge_taps(values[1, sample], values[0, sample])
    if middle == last:
        return edge_taps(values[last - 1, sample], values[last, sample])
    return three_taps(values[middle - 1, sample], values[middle, sample], values[middle + 1, sample]) / 8.0


@pixel_function
def expanded(values: Any, line: int, sample: int) -> float:  # noqa: ANN401
    """Value at (line, sample) of the next finer level; off the window there are no taps."""
    middle = sample // 2
    last = values.shape[1] - 1
    here = _between(values, line, middle)
    if sample % 2 == 1:
        return two_taps(here, _between(values, line, min(middle + 1, last))) / 8.0
    if last == 0:
        return here
    if middle == 0:
        return edge_taps(_between(values, line, 1), here)
    before = _between(values, line, middle - 1)
    if middle == last:
        return edge_taps(before, here)
    return three_taps(before, here, _between(values, line, middle + 1)) / 8.0

"""Runs of pixels whose kernel is widened: sixteen neighbours at a time, or as many as pick from 32 samples.

The taps of a neighbour are those nearer to its point than the widened kernel's radius; how many they are differs
from point to point by one, and the weight of the odd one is 0. Weights are divided by their sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import load, store
from hinterland_kernels._lanes import COUNT, floats, to_floats, where_less, wholes
from hinterland_kernels._picks import pick
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.weights import BICUBIC, BILINEAR, LANCZOS3
from hinterland_kernels.warp import _weights
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    ONE,
    SPAN,
    Run,
    brightness,
    ends_of,
    fraction,
    places_from,
)
from hinterland_kernels.warp._runs import TAPS
from hinterland_kernels.warp._weights import Lanes

WEIGHTS = SPAN * COUNT
"""Room for the weights of the taps along a line, one line of sixteen a tap."""


class Wide(NamedTuple):
    """How a part of a line is filled."""

    lines: float
    """By which the kernel is widened down the lines."""
    samples: float
    """And along them."""
    together: int
    """Neighbours that are made at once."""
    begin: int
    """Place in its block of the result's first pixel on the line."""
    pitch: int
    """Samples of a source line."""
    base: int
    """Index of the source's first sample."""


@pixel_function
def neighbours_at_once(step: float, reach: float) -> int:
    """How many neighbours pick from 32 samples: 16, 8, 4, 2, 1, or 0 where the taps of one are too many.

    Parameters
    ----------
    step : float
        Source samples from neighbour to neighbour.
    reach : float
        The widened kernel's radius, source samples.
    """
    taps = 2.0 * reach + 2.0
    count = COUNT
    while count > 0 and abs(step) * (count - 1) + taps > SPAN - 1:
        count //= 2
    return count


def _filler(kernel: int, weight_at: Callable[[Lanes], Lanes], is_levelled: bool) -> Callable[..., None]:
    """Make the loop of a kernel."""
    radius = 0.5 * TAPS[kernel]

    @pixel_function
    def fill(
        source: Any,  # noqa: ANN401 - arrays of a Job
        gain: Any,  # noqa: ANN401
        offset: Any,  # noqa: ANN401
        flat: Flat,
        run: Run,
        wide: Wide,
        weights: Any,  # noqa: ANN401 - (WEIGHTS,) float32, to work in
        out: Any,  # noqa: ANN401
        y: int,
        start: int,
        stop: int,
    ) -> None:
        """Fill a part of a line."""
        reach_down, reach_right = int(radius * wide.lines * ONE), int(radius * wide.samples * ONE)
        while start < stop:
            place = wide.begin + start
            # by groups that begin where the block's do
            count = min(wide.together - place % wide.together, stop - start)
            # from the first taps on
            down, right = run.down - reach_down, run.right - reach_right
            least, greatest = ends_of(down, run.down_step, run.down_bend, run.side, place, count)
            least_right, _ = ends_of(right, run.right_step, run.right_bend, run.side, place, count)
            first = run.line + 1 + (least >> FRACTION_BITS)
            last = run.line + 1 + ((greatest + 2 * reach_down) >> FRACTION_BITS)
            left = run.sample + 1 + (least_right >> FRACTION_BITS)
            left = min(left, wide.pitch - SPAN)  # a line's last samples are picked from its last 32
            downs = places_from(down, run.down_step, run.down_bend, run.side, place)
            rights = places_from(right, run.right_step, run.right_bend, run.side, place)

            taps = ((2 * reach_right) >> FRACTION_BITS) + 1
            narrow = floats(1.0 / wide.samples)
            # from the point to its first tap: a negative distance
            distance = floats(1.0) - fraction(rights) - floats(radius * wide.samples)
            total = floats(0.0)
            for tap in range(taps):
                weight = weight_at(_size((distance + floats(float(tap))) * narrow))
                total = total + weight
                store(weights, tap * COUNT, weight, COUNT)
            scale = floats(1.0) / total
            index = (rights >> FRACTION_BITS) + wholes(run.sample + 1 - left)

            narrow = floats(1.0 / wide.lines)
            below = floats(1.0) - fraction(downs) - floats(radius * wide.lines)
            begin = to_floats((downs >> FRACTION_BITS) + wholes(run.line + 1 - first))
            for band in range(out.shape[0]):
                at = wide.base + first * wide.pitch + left
                total, sums = floats(0.0), floats(0.0)
                for line in range(last + 1 - first):
                    weight = weight_at(_size((below + (floats(float(line)) - begin)) * narrow))
                    low, high = load(source[band], at), load(source[band], at + COUNT)
                    here = load(weights, 0) * pick(low, high, index)
                    for tap in range(1, taps):
                        here = here + load(weights, tap * COUNT) * pick(low, high, index + wholes(tap))
                    total = total + weight * here
                    sums = sums + weight
                    at += wide.pitch
                total = total * scale / sums
                if is_levelled:
                    total = total * brightness(
                        flat, run, downs + wholes(reach_down), rights + wholes(reach_right)
                    )
                    total = total * floats(gain[band]) + floats(offset[band])
                store(out[band, y], start, total, count)
            start += count

    return fill


@pixel_function
def _size(x: Lanes) -> Lanes:
    """The number without its sign."""
    return where_less(x, floats(0.0), floats(0.0) - x, x)


_WEIGHTS_AT = {
    BILINEAR: _weights.bilinear_at,
    BICUBIC: _weights.bicubic_at,
    LANCZOS3: _weights.lanczos3_at,
}
FILL_WIDENED = {
    (kernel, is_levelled): _filler(kernel, _WEIGHTS_AT[kernel], is_levelled)
    for kernel in _WEIGHTS_AT
    for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

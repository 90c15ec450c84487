"""Sixteen samples of a line at a time, where a kernel is not widened and all its taps are there.

Along a line of a smooth block the source point moves by a constant step. The taps of sixteen neighbours on one
line of the source then lie among 32 samples, which are read once and picked from. Each source line in reach is
summed along its samples, and the sums down the lines. Weights are those of `pixel/sampling` in float32,
coordinates whole multiples of 2**-23 px; neither depends on the window.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lanes import (
    COUNT,
    floats,
    load,
    pick,
    to_floats,
    where_same,
    where_under,
    wholes,
)
from hinterland_kernels.warp._weights import Four, Lanes, Six, Two

FRACTION_BITS = 23
ONE = 1 << FRACTION_BITS
SPAN = 2 * COUNT
"""Samples of a source line that sixteen neighbours pick from."""


class Run(NamedTuple):
    """The source points along a line of a block, in units of 2**-23 px from a whole line and sample."""

    line: int
    """Whole line that the rest counts from."""
    sample: int
    """Whole sample that the rest counts from."""
    down: int
    """Of the block's first pixel, from `line`; not negative, and so along the whole run."""
    right: int
    """Of the block's first pixel, from `sample`."""
    down_step: int
    """From pixel to pixel."""
    right_step: int
    """From pixel to pixel."""


@pixel_function
def run_along(lattice: Any, i: int, j: int, row: int) -> Run:  # noqa: ANN401 - a Lattice, whose arrays Numba types
    """Run along a line of a smooth block: it depends on the block alone, and lies between its ends' points."""
    part = 1.0 / lattice.step  # divided by once: a division takes as long as a dozen products
    last = lattice.step - 1
    t = row * part
    nodes = lattice.nodes
    line = (1.0 - t) * nodes[i, j, 0] + t * nodes[i + 1, j, 0]
    sample = (1.0 - t) * nodes[i, j, 1] + t * nodes[i + 1, j, 1]
    beyond_line = (1.0 - t) * nodes[i, j + 1, 0] + t * nodes[i + 1, j + 1, 0]
    beyond_sample = (1.0 - t) * nodes[i, j + 1, 1] + t * nodes[i + 1, j + 1, 1]
    end_line = line + (beyond_line - line) * (last * part)
    end_sample = sample + (beyond_sample - sample) * (last * part)
    first_line = math.floor(min(line, end_line))
    first_sample = math.floor(min(sample, end_sample))
    over_last = 1.0 / last
    down = int((line - first_line) * ONE)
    right = int((sample - first_sample) * ONE)
    return Run(
        int(first_line),
        int(first_sample),
        down,
        right,
        # towards zero, so that no point lies beyond the ends
        int((int((end_line - first_line) * ONE) - down) * over_last),
        int((int((end_sample - first_sample) * ONE) - right) * over_last),
    )


@pixel_function
def fraction(place: Lanes) -> Lanes:
    """What is left of a place beyond whole pixels, 0 to 1."""
    return to_floats(place & (ONE - 1)) * floats(1.0 / ONE)


@pixel_function
def across_two(picture: Any, at: int, index: Lanes, weights: Two) -> Lanes:  # noqa: ANN401 - samples of a band
    """Sum of two taps along a line, of the 32 samples from `at`, for sixteen neighbours."""
    low, high = load(picture, at), load(picture, at + COUNT)
    return weights[0] * pick(low, high, index) + weights[1] * pick(low, high, index + wholes(1))


@pixel_function
def across_four(picture: Any, at: int, index: Lanes, weights: Four) -> Lanes:  # noqa: ANN401
    """Sum of four taps."""
    low, high = load(picture, at), load(picture, at + COUNT)
    total = weights[0] * pick(low, high, index) + weights[1] * pick(low, high, index + wholes(1))
    total = total + weights[2] * pick(low, high, index + wholes(2))
    return total + weights[3] * pick(low, high, index + wholes(3))


@pixel_function
def across_six(picture: Any, at: int, index: Lanes, weights: Six) -> Lanes:  # noqa: ANN401
    """Sum of six taps."""
    low, high = load(picture, at), load(picture, at + COUNT)
    total = weights[0] * pick(low, high, index) + weights[1] * pick(low, high, index + wholes(1))
    total = total + weights[2] * pick(low, high, index + wholes(2))
    total = total + weights[3] * pick(low, high, index + wholes(3))
    total = total + weights[4] * pick(low, high, index + wholes(4))
    return total + weights[5] * pick(low, high, index + wholes(5))


@pixel_function
def level_two(picture: Any, at: int, pitch: int, index: Lanes, down: Two, right: Two) -> Lanes:  # noqa: ANN401
    """Sum of 2 x 2 taps of neighbours that share their lines."""
    total = down[0] * across_two(picture, at, index, right)
    # adding 0 makes a negative zero positive, as the sum over lines does
    return floats(0.0) + total + down[1] * across_two(picture, at + pitch, index, right)


@pixel_function
def level_four(picture: Any, at: int, pitch: int, index: Lanes, down: Four, right: Four) -> Lanes:  # noqa: ANN401
    """Sum of 4 x 4 taps."""
    total = floats(0.0) + down[0] * across_four(picture, at, index, right)
    total = total + down[1] * across_four(picture, at + pitch, index, right)
    total = total + down[2] * across_four(picture, at + 2 * pitch, index, right)
    return total + down[3] * across_four(picture, at + 3 * pitch, index, right)


@pixel_function
def level_six(picture: Any, at: int, pitch: int, index: Lanes, down: Six, right: Six) -> Lanes:  # noqa: ANN401
    """Sum of 6 x 6 taps."""
    total = floats(0.0) + down[0] * across_six(picture, at, index, right)
    total = total + down[1] * across_six(picture, at + pitch, index, right)
    total = total + down[2] * across_six(picture, at + 2 * pitch, index, right)
    total = total + down[3] * across_six(picture, at + 3 * pitch, index, right)
    total = total + down[4] * across_six(picture, at + 4 * pitch, index, right)
    return total + down[5] * across_six(picture, at + 5 * pitch, index, right)


@pixel_function
def tap_of_two(tap: Lanes, weights: Two) -> Lanes:
    """Weight of each neighbour's own tap, 0 or 1."""
    return where_same(tap, wholes(0), weights[0], weights[1])


@pixel_function
def tap_of_four(tap: Lanes, weights: Four) -> Lanes:
    """Weight of each neighbour's own tap, 0 to 3."""
    upper = where_same(tap, wholes(0), weights[0], weights[1])
    lower = where_same(tap, wholes(2), weights[2], weights[3])
    return where_under(tap, wholes(2), upper, lower)


@pixel_function
def tap_of_six(tap: Lanes, weights: Six) -> Lanes:
    """Weight of each neighbour's own tap, 0 to 5."""
    upper = where_same(tap, wholes(0), weights[0], weights[1])
    middle = where_same(tap, wholes(2), weights[2], weights[3])
    lower = where_same(tap, wholes(4), weights[4], weights[5])
    return where_under(tap, wholes(2), upper, where_under(tap, wholes(4), middle, lower))

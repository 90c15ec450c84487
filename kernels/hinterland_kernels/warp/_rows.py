"""Sixteen samples of a line at a time, where a kernel is not widened and all its taps are there.

Along a line of a smooth block the source point moves by a constant step. The taps of sixteen neighbours on one
line of the source then lie among 32 samples, which are read once and picked from. Each source line in reach is
summed along its samples, and the sums down the lines. Weights are those of `pixel/weights` in float32,
coordinates whole multiples of 2**-23 px; neither depends on the window.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import load, store
from hinterland_kernels._lanes import (
    COUNT,
    as_floats,
    floats,
    from_step,
    squares,
    times,
    to_floats,
    where_same,
    where_under,
    wholes,
)
from hinterland_kernels._picks import pick
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.warp._weights import Four, Lanes, Six

FRACTION_BITS = 23
ONE = 1 << FRACTION_BITS
_BITS_OF_ONE = 0x3F800000
SPAN = 2 * COUNT
"""Samples of a source line that sixteen neighbours pick from."""


class Run(NamedTuple):
    """The source points along a line of a block, in units of 2**-23 px from a whole line and sample.

    Of a block of n pixels a side, that of pixel k lies k steps and k (n - k) bends from that of the first.
    """

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
    down_bend: int
    """In units of 2**-31 px."""
    right_bend: int
    """In units of 2**-31 px."""
    side: int
    """Pixels along the block."""
    coming: int
    """How far, in samples of the source, the points of a line soon to be filled are from those of this one."""


NUMBERS = 16
"""Of a block: what `lay` finds once and `run_along` takes for each of its lines."""
_BELOW = 2.0
"""Lines and samples by which places count from before the least corner: no bend leads below them."""
FINE_BITS = 17
"""Of a block's numbers, beyond those of a run's."""
_SOON = 8
"""Lines of the result. Memory takes hundreds of pixels' time to answer, and less than a line."""
_ONE_BITS = FRACTION_BITS + FINE_BITS
_FINE = float(1 << _ONE_BITS)
BEND_BITS = 8
_ONE_BEND = float(1 << (FRACTION_BITS + BEND_BITS))
"""A block's numbers are multiples of 2**-40 px: those of its last line are as true as those of the first."""


@pixel_function
def lay(lattice: Any, i: int, j: int, samples: int, found: Any) -> None:  # noqa: ANN401 - a Lattice; (NUMBERS,) int64
    """Find how the source point moves in a smooth block, which depends on the block alone."""
    step = lattice.step
    part = 1.0 / step
    for axis in range(2):
        nodes = lattice.nodes
        a, b = nodes[i, j, axis], nodes[i, j + 1, axis]
        c, d = nodes[i + 1, j, axis], nodes[i + 1, j + 1, axis]
        begin = math.floor(min(a, b, c, d)) - _BELOW
        found[axis] = int(begin)
        found[2 + axis] = int((a - begin) * _FINE)
        bend_down, bend_right = lattice.bends[i, j, 0, axis], lattice.bends[i, j, 1, axis]
        found[11 + axis] = int(bend_down * part * part * _FINE)
        found[13 + axis] = int(bend_right * part * part * _ONE_BEND)
        found[4 + axis] = int((c - a) * part * _FINE)
        found[6 + axis] = int((b - a) * part * _FINE)
        found[8 + axis] = int(((d - c) - (b - a)) * part * part * _FINE)
    found[15] = step
    found[10] = ((_SOON * found[4]) >> _ONE_BITS) * samples + ((_SOON * found[5]) >> _ONE_BITS)


@pixel_function
def run_along(found: Any, row: int) -> Run:  # noqa: ANN401 - (NUMBERS,) int64
    """Run along a line of a block that was laid."""
    bent = row * (found[15] - row)
    return Run(
        found[0],
        found[1],
        (found[2] + row * found[4] + bent * found[11]) >> FINE_BITS,
        (found[3] + row * found[5] + bent * found[12]) >> FINE_BITS,
        (found[6] + row * found[8]) >> FINE_BITS,
        (found[7] + row * found[9]) >> FINE_BITS,
        found[13],
        found[14],
        found[15],
        found[10],
    )


@pixel_function
def place_of(start: int, step: int, bend: int, side: int, pixel: int) -> int:
    """Line or sample of a pixel of a run, from its whole one."""
    return start + pixel * step + ((pixel * (side - pixel) * bend) >> BEND_BITS)


@pixel_function
def places_from(start: int, step: int, bend: int, side: int, pixel: int) -> Lanes:
    """Those of sixteen neighbours from a pixel on."""
    bent = from_step(pixel * (side - pixel), side - 2 * pixel) - squares(1)
    return from_step(start + pixel * step, step) + (times(bent, bend) >> BEND_BITS)


@pixel_function
def ends_of(start: int, step: int, bend: int, side: int, pixel: int, count: int) -> tuple[int, int]:
    """Bounds of the places of some neighbours: of the first and the last, and what may bulge beyond them."""
    first = place_of(start, step, bend, side, pixel)
    last = place_of(start, step, bend, side, pixel + count - 1)
    bulge = (abs(bend) * count * count >> (BEND_BITS + 2)) + (bend != 0)
    return min(first, last) - bulge, max(first, last) + bulge


@pixel_function
def longest_step(step: int, bend: int, side: int) -> int:
    """Most lines or samples from one pixel of a run to the next."""
    return abs(step) + (abs(bend) * side >> BEND_BITS)


@pixel_function
def fraction(place: Lanes) -> Lanes:
    """What is left of a place beyond whole pixels, 0 to 1."""
    # the bits of a float32 between 1 and 2 are those of 1.0 and a fraction of 2**-23s
    return as_floats((place & (ONE - 1)) | _BITS_OF_ONE) - floats(1.0)


@pixel_function
def brightness(flat: Flat, run: Run, downs: Any, rights: Any) -> Any:  # noqa: ANN401 - lanes
    """`flat_gain` of sixteen neighbours; the exponential by its series for a sixteenth, to the 16th power."""
    unit = floats(1.0 / ONE)
    down = to_floats(downs) * unit + floats(run.line - flat.line)
    right = to_floats(rights) * unit + floats(run.sample - flat.sample)
    t = (down * down + right * right) * floats(flat.per_square)
    x = t * (floats(flat.k1) + t * floats(flat.k2)) * floats(1.0 / 16.0)
    bright = floats(1.0 / 24.0) + x * floats(1.0 / 120.0)
    bright = floats(0.5) + x * (floats(1.0 / 6.0) + x * bright)
    bright = floats(1.0) + x * (floats(1.0) + x * bright)
    for _ in range(4):
        bright = bright * bright
    return bright


@pixel_function
def lay_weights(down: Any, right: Any, room: Any, at: int) -> None:  # noqa: ANN401 - lanes a tap; float32, to work in
    """Put the weights of taps down the lines into memory, and then those along them: a loop can count them."""
    for weight in down:
        store(room, at, weight, COUNT)
        at += COUNT
    for weight in right:
        store(room, at, weight, COUNT)
        at += COUNT


@pixel_function
def lay_brightness(room: Any, at: int, flat: Flat, run: Run, downs: Any, rights: Any) -> None:  # noqa: ANN401 - float32, to work in; lanes
    """Put the brightness of sixteen neighbours into memory: LLVM would work it out without a flat field too."""
    if flat.k1 != 0.0 or flat.k2 != 0.0:
        store(room, at, brightness(flat, run, downs, rights), COUNT)
    else:
        store(room, at, floats(1.0), COUNT)


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

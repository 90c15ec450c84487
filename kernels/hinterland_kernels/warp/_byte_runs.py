"""Sixteen samples of a line at a time by kernels of 4 and 6 taps, from 8 bits to 8 bits, weighed in whole numbers.

Four neighbours at a time have source lines and sixteen samples of each of their own, so that they cross few lines
where the camera leans. Weights along a source line are whole numbers that add up to a power of two: sums of a line
are exact, and good to a hundredth of a unit. What depends on the place alone is found once for all bands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lanes import (
    COUNT,
    floats,
    held,
    load,
    prefetch,
    store,
    times,
    to_floats,
    where_under,
    wholes,
)
from hinterland_kernels._tap_pairs import (
    SHARED,
    fours,
    greatest,
    least_of_fours,
    load_fours,
    paired,
    pairs,
    rounded,
    weighed,
)
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.sampling import BICUBIC, LANCZOS3
from hinterland_kernels.warp._rows import FRACTION_BITS, SPAN, Run, brightness, ends_of, fraction, places_from
from hinterland_kernels.warp._weights import Four, Lanes, Six, bicubic_lanes, lanczos3_lanes

_WEIGHT_BITS, _MIDDLE = 17, 2
"""Of the outer four of six taps' weights, below a quarter, and by how many those of the middle ones have less."""
_BITS_OF_FOUR = 15
"""Of four taps' weights."""
_BRIGHTNESS = SPAN - 1
"""Behind the weights: fours cross fewer lines."""


@pixel_function
def _six_whole(weights: Six) -> tuple[Lanes, Lanes, Lanes]:
    """Weights of six taps in units of 2**-17, two and two, those of the middle two in units of 2**-15.

    The second has what the others leave. A weight of 1 is the next number below.
    """
    unit, middle = floats(float(1 << _WEIGHT_BITS)), floats(float(1 << (_WEIGHT_BITS - _MIDDLE)))
    a, e, f = rounded(weights[0] * unit), rounded(weights[4] * unit), rounded(weights[5] * unit)
    most = (1 << (_WEIGHT_BITS - _MIDDLE)) - 1
    c, d = held(rounded(weights[2] * middle), -most, most), held(rounded(weights[3] * middle), -most, most)
    b = wholes(1 << _WEIGHT_BITS) - times(c + d, 1 << _MIDDLE) - (a + e + f)
    return paired(a, b), paired(c, d), paired(e, f)


@pixel_function
def _four_whole(weights: Four) -> tuple[Lanes, Lanes]:
    """Weights of four taps in units of 2**-15; the second has what the others leave, and a 1 is as above."""
    unit = floats(float(1 << _BITS_OF_FOUR))
    most = (1 << _BITS_OF_FOUR) - 1
    a, d = rounded(weights[0] * unit), rounded(weights[3] * unit)
    c = held(rounded(weights[2] * unit), 0, most)
    b = held(wholes(1 << _BITS_OF_FOUR) - (a + c + d), 0, most)
    return paired(a, b), paired(c, d)


@pixel_function
def _sum_of_six(table: Lanes, places: Lanes, weights: tuple[Lanes, Lanes, Lanes]) -> Lanes:
    here = times(weighed(pairs(table, places + wholes(2)), weights[1]), 1 << _MIDDLE)
    here = here + weighed(pairs(table, places), weights[0])
    return here + weighed(pairs(table, places + wholes(4)), weights[2])


@pixel_function
def _sum_of_four(table: Lanes, places: Lanes, weights: tuple[Lanes, Lanes]) -> Lanes:
    return weighed(pairs(table, places), weights[0]) + weighed(pairs(table, places + wholes(2)), weights[1])


@pixel_function
def _lay_down(below: Lanes, weights: Any, taps: int, unit: float, count: int, room: Any) -> None:  # noqa: ANN401 - lanes a tap; (WEIGHTS,) float32
    """Put each neighbour's weight of so many lines into memory; its own first lies `below` the first of them."""
    at = 0
    for weight in weights:
        store(room, at, floats(unit) * weight, COUNT)
        at += COUNT
    # neighbours that begin further down move theirs down a line at a time
    nothing = floats(0.0)
    for moved in range(1, count + 1 - taps):
        here = nothing
        for back in range(moved + taps - 1):
            k = moved + taps - 2 - back
            above = load(room, k * COUNT)
            store(room, (k + 1) * COUNT, where_under(below, wholes(moved), here, above), COUNT)
            here = above
        store(room, 0, where_under(below, wholes(moved), here, nothing), COUNT)


def _filler(
    taps: int, bits: int, weigh: Callable[..., Any], whole: tuple[Any, Any], is_levelled: bool
) -> Callable[..., None]:
    """Make the loop of a kernel of `taps` x `taps`; what lies `bits` below 1 is the unit of its whole weights."""
    before, unit = taps // 2 - 1, 1.0 / (1 << bits)
    whole_weights, sum_of = whole

    @pixel_function
    def fill(
        picture: Any,  # noqa: ANN401 - arrays of a Job
        shape: tuple[int, int, int],  # and the index of the first sample
        gain: Any,  # noqa: ANN401
        offset: Any,  # noqa: ANN401
        flat: Flat,
        run: Run,
        place: int,
        room: Any,  # noqa: ANN401 - (WEIGHTS,) float32, to work in
        out: Any,  # noqa: ANN401
        y: int,
        start: int,
        stop: int,
    ) -> None:
        """Fill the pixels of a line from `start` to `stop`; the run's places count from its block."""
        _, samples, base = shape
        while start < stop:
            # by sixteens that begin where the block's do
            count = min(COUNT - place % COUNT, stop - start)
            # lanes beyond the last pixel are held where there are samples
            least, most = ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)
            downs = held(places_from(run.down, run.down_step, run.down_bend, run.side, place), least, most)
            least, most = ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)
            rights = held(
                places_from(run.right, run.right_step, run.right_bend, run.side, place), least, most
            )
            rows = (downs >> FRACTION_BITS) + wholes(run.line - before)
            columns = (rights >> FRACTION_BITS) + wholes(run.sample - before)
            left = held(least_of_fours(columns), -SHARED, samples - SHARED)
            top = least_of_fours(rows)
            lines = greatest(rows - top) + taps
            # fours that cross fewer lines than others begin above their own where those below are not there
            top = held(top, 0, greatest(rows) + taps - lines)
            weights = whole_weights(weigh(fraction(rights)))
            _lay_down(rows - top, weigh(fraction(downs)), taps, unit, lines, room)
            if is_levelled:
                # in memory: else LLVM works out what it is before it asks whether there is a flat field
                if flat.k1 != 0.0 or flat.k2 != 0.0:
                    store(room, _BRIGHTNESS * COUNT, brightness(flat, run, downs, rights), COUNT)
                else:
                    store(room, _BRIGHTNESS * COUNT, floats(1.0), COUNT)
            places = columns - left
            tops, lefts = fours(top), fours(left)
            for band in range(out.shape[0]):
                a, b = base + tops[0] * samples + lefts[0], base + tops[1] * samples + lefts[1]
                c, d = base + tops[2] * samples + lefts[2], base + tops[3] * samples + lefts[3]
                # the last line in reach is the one that no line of the result has touched
                prefetch(picture[band], a + (lines - 1) * samples + run.coming)
                prefetch(picture[band], d + (lines - 1) * samples + run.coming)
                total = floats(0.0)
                for k in range(lines):
                    table = load_fours(picture[band], a, b, c, d)
                    here = sum_of(table, places, weights)
                    total = total + load(room, k * COUNT) * to_floats(here)
                    a, b, c, d = a + samples, b + samples, c + samples, d + samples
                if is_levelled:
                    total = total * load(room, _BRIGHTNESS * COUNT)
                    total = total * floats(gain[band]) + floats(offset[band])
                store(out[band, y], start, total, count)
            start += count
            place += count

    return fill


_KERNELS: dict[int, tuple[Any, ...]] = {
    BICUBIC: (4, _BITS_OF_FOUR, bicubic_lanes, (_four_whole, _sum_of_four)),
    LANCZOS3: (6, _WEIGHT_BITS, lanczos3_lanes, (_six_whole, _sum_of_six)),
}
BYTE_RUN = {
    (kernel, is_levelled): _filler(*_KERNELS[kernel], is_levelled)
    for kernel in _KERNELS
    for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

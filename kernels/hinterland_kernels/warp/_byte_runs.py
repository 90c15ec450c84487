"""Sixteen samples of a line at a time by Lanczos' kernel, from 8 bits to 8 bits, taps weighed in whole numbers.

Four neighbours at a time have source lines and sixteen samples of each of their own, so that they cross few lines
where the camera leans. Weights along a source line are whole numbers that add up to a power of two: sums of a line
are exact, and good to a hundredth of a unit. What depends on the place alone is found once for all bands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import load, prefetch, store
from hinterland_kernels._lanes import COUNT, floats, held, times, to_floats, where_under, wholes
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
from hinterland_kernels.pixel.weights import LANCZOS3
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    SPAN,
    Run,
    ends_of,
    fraction,
    lay_brightness,
    places_from,
)
from hinterland_kernels.warp._weights import Lanes, Six, lanczos3_lanes

_TAPS, _BEFORE = 6, 2
_WEIGHT_BITS, _MIDDLE = 17, 2
"""Of the outer taps' weights, below a quarter, and by how many those of the middle ones have less."""
_BRIGHTNESS = SPAN - 1
"""Behind the weights: fours cross fewer lines."""


@pixel_function
def _whole_weights(weights: Six) -> tuple[Lanes, Lanes, Lanes]:
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
def _lay_down(below: Lanes, weights: Six, count: int, room: Any) -> None:  # noqa: ANN401 - (WEIGHTS,) float32
    """Put each neighbour's weight of so many lines into memory; its own first lies `below` the first of them."""
    unit = floats(1.0 / (1 << _WEIGHT_BITS))
    store(room, 0, unit * weights[0], COUNT)
    store(room, COUNT, unit * weights[1], COUNT)
    store(room, 2 * COUNT, unit * weights[2], COUNT)
    store(room, 3 * COUNT, unit * weights[3], COUNT)
    store(room, 4 * COUNT, unit * weights[4], COUNT)
    store(room, 5 * COUNT, unit * weights[5], COUNT)
    # neighbours that begin further down move theirs down a line at a time
    nothing = floats(0.0)
    for moved in range(1, count + 1 - _TAPS):
        here = nothing
        for back in range(moved + _TAPS - 1):
            k = moved + _TAPS - 2 - back
            above = load(room, k * COUNT)
            store(room, (k + 1) * COUNT, where_under(below, wholes(moved), here, above), COUNT)
            here = above
        store(room, 0, where_under(below, wholes(moved), here, nothing), COUNT)


def _filler(is_levelled: bool) -> Callable[..., None]:
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
            rows = (downs >> FRACTION_BITS) + wholes(run.line - _BEFORE)
            columns = (rights >> FRACTION_BITS) + wholes(run.sample - _BEFORE)
            left = held(least_of_fours(columns), -SHARED, samples - SHARED)
            top = least_of_fours(rows)
            lines = greatest(rows - top) + _TAPS
            # fours that cross fewer lines than others begin above their own where those below are not there
            top = held(top, 0, greatest(rows) + _TAPS - lines)
            weights = _whole_weights(lanczos3_lanes(fraction(rights)))
            _lay_down(rows - top, lanczos3_lanes(fraction(downs)), lines, room)
            if is_levelled:
                lay_brightness(room, _BRIGHTNESS * COUNT, flat, run, downs, rights)
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
                    here = times(weighed(pairs(table, places + wholes(2)), weights[1]), 1 << _MIDDLE)
                    here = here + weighed(pairs(table, places), weights[0])
                    here = here + weighed(pairs(table, places + wholes(4)), weights[2])
                    total = total + load(room, k * COUNT) * to_floats(here)
                    a, b, c, d = a + samples, b + samples, c + samples, d + samples
                if is_levelled:
                    total = total * load(room, _BRIGHTNESS * COUNT)
                    total = total * floats(gain[band]) + floats(offset[band])
                store(out[band, y], start, total, count)
            start += count
            place += count

    return fill


FILL_BYTES = {(LANCZOS3, is_levelled): _filler(is_levelled) for is_levelled in (False, True)}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

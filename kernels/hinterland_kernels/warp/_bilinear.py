"""Runs of pixels for the bilinear kernel, not widened, in float32.

Of the two source lines of each neighbour one lies just below the other. The lines in reach are summed along their
samples in turn; each neighbour keeps its own two sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import prefetch, store
from hinterland_kernels._lanes import COUNT, floats, where_same, wholes
from hinterland_kernels._words import load_pairs
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    ONE,
    SPAN,
    Run,
    brightness,
    ends_of,
    fraction,
    longest_step,
    place_of,
    places_from,
)
from hinterland_kernels.warp._weights import Lanes

WIDE_SPAN = 4 * COUNT
"""Lines and samples of a source within which all lie that are read for neighbours, needed or not."""


@pixel_function
def lines_crossed(least: int, greatest: int, run: Run, count: int) -> int:
    """How many lines neighbours cross: of flat runs as many as they do, of others as many as they may.

    A processor foresees a number that stays the same.
    """
    reach = longest_step(run.down_step, run.down_bend, run.side) * (count - 1)
    if reach < ONE >> 2:
        return (greatest >> FRACTION_BITS) - (least >> FRACTION_BITS)
    return (reach >> FRACTION_BITS) + 1


@pixel_function
def point(run: Run, pixel: int, samples: int) -> int:
    """Index of the sample below a pixel of a line soon to be filled."""
    line = run.line + (place_of(run.down, run.down_step, run.down_bend, run.side, pixel) >> FRACTION_BITS) + 1
    sample = run.sample + (
        place_of(run.right, run.right_step, run.right_bend, run.side, pixel) >> FRACTION_BITS
    )
    return line * samples + sample + run.coming


@pixel_function
def _across(picture: Any, at: int, index: Lanes, left: Lanes, right: Lanes) -> Lanes:  # noqa: ANN401 - samples of a band
    """Sum of two taps along a line, of the 32 samples from `at`."""
    this, following = load_pairs(picture, at, index)
    return left * this + right * following


def _filler(is_levelled: bool) -> Callable[..., None]:
    """Make the loop; levelling is a loop of its own, see `_runs`."""

    @pixel_function
    def fill_run(
        picture: Any,  # noqa: ANN401 - arrays of a Job
        shape: tuple[int, int, int],
        gain: Any,  # noqa: ANN401
        offset: Any,  # noqa: ANN401
        flat: Flat,
        run: Run,
        place: int,
        _room: Any,  # noqa: ANN401 - for loops that work in memory
        out: Any,  # noqa: ANN401
        y: int,
        start: int,
        stop: int,
    ) -> None:
        """Fill the pixels of a line from `start` to `stop`; the run's places count from its block."""
        lines, samples, base = shape
        while start < stop:
            # by sixteens that begin where the block's do
            count = min(COUNT - place % COUNT, stop - start)
            least, greatest = ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)
            least_right, _ = ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)
            more = lines_crossed(least, greatest, run, COUNT)
            first = min(least >> FRACTION_BITS, lines - 2 - more - run.line)
            left = run.sample + (least_right >> FRACTION_BITS)
            left = min(left, samples - SPAN)  # a line's last samples are picked from its last 32
            coming = base + point(run, place, samples)
            coming_end = base + point(run, place + count - 1, samples)
            downs = places_from(run.down, run.down_step, run.down_bend, run.side, place)
            rights = places_from(run.right, run.right_step, run.right_bend, run.side, place)
            below, behind = fraction(downs), fraction(rights)
            above, ahead = floats(1.0) - below, floats(1.0) - behind
            index = (rights >> FRACTION_BITS) + wholes(run.sample - left)
            whole = downs >> FRACTION_BITS
            for band in range(out.shape[0]):
                prefetch(picture[band], coming)
                prefetch(picture[band], coming_end)
                at = base + (run.line + first) * samples + left
                upper = _across(picture[band], at, index, ahead, behind)
                lower = _across(picture[band], at + samples, index, ahead, behind)
                if more:
                    here = lower
                    for line in range(first + 1, first + 1 + more):
                        at += samples
                        beyond = _across(picture[band], at + samples, index, ahead, behind)
                        upper = where_same(whole, wholes(line), here, upper)
                        lower = where_same(whole, wholes(line), beyond, lower)
                        here = beyond
                # adding 0 makes a negative zero positive
                total = floats(0.0) + above * upper + below * lower
                if is_levelled:
                    total = total * brightness(flat, run, downs, rights)
                    total = total * floats(gain[band]) + floats(offset[band])
                store(out[band, y], start, total, count)
            start += count
            place += count

    return fill_run


FILL_RUN = {is_levelled: _filler(is_levelled) for is_levelled in (False, True)}
"""The loops by whether gain, offset or flat change anything."""

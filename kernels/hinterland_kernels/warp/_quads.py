"""Four lines of sixteen pixels at a time for the bilinear kernel, from 8 bits to 8 bits in whole numbers.

Sixteen pixels cross fewer source lines than a longer run does, and four lines of them share nearly all of those.
Each source line in reach is read once, and every pixel picks its own two samples of it.
"""

from __future__ import annotations

from typing import Any

from hinterland_kernels._bytes import (
    bytes_of,
    join,
    join_lines,
    lines_of,
    load_table,
    pick_bytes,
    same_bytes,
    where_bits,
)
from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import prefetch
from hinterland_kernels._lanes import COUNT
from hinterland_kernels.warp._bilinear import point
from hinterland_kernels.warp._rows import (
    FINE_BITS,
    FRACTION_BITS,
    SPAN,
    Run,
    ends_of,
    longest_step,
    places_from,
)
from hinterland_kernels.warp._stretches import (
    WORD_BITS,
    Stretch,
    all_held,
    empty,
    ends_within,
    mean,
    put,
    put_valid,
    runs_of,
    shares_of,
)
from hinterland_kernels.warp._weights import Lanes


@pixel_function
def _downs(run: Run, place: int) -> Lanes:
    return places_from(run.down, run.down_step, run.down_bend, run.side, place)


@pixel_function
def _rights(run: Run, place: int) -> Lanes:
    return places_from(run.right, run.right_step, run.right_bend, run.side, place)


@pixel_function
def _least_down(run: Run, place: int, count: int) -> int:
    return ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)[0]


@pixel_function
def _least_right(run: Run, place: int, count: int) -> int:
    return ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)[0]


@pixel_function
def _wholes(places: tuple[Lanes, Lanes, Lanes, Lanes], least: int) -> Lanes:
    """Whole lines or samples of four lines' places, from one on."""
    return bytes_of(-least) + join(
        places[0] >> FRACTION_BITS,
        places[1] >> FRACTION_BITS,
        places[2] >> FRACTION_BITS,
        places[3] >> FRACTION_BITS,
    )


@pixel_function
def places_of(runs: tuple[Run, Run, Run, Run], place: int) -> tuple[Any, Any]:
    """Lines and samples of sixteen pixels of four runs, from a place of the block on."""
    a, b, c, d = runs
    downs = _downs(a, place), _downs(b, place), _downs(c, place), _downs(d, place)
    return downs, (_rights(a, place), _rights(b, place), _rights(c, place), _rights(d, place))


@pixel_function
def _slack(bend: int, side: int) -> int:
    """How far places on lines between the first and the last may lie beyond both: bent, and rounded."""
    return ((2 * abs(bend)) >> FINE_BITS) + side + 2


@pixel_function
def _picked(
    picture: Any,  # noqa: ANN401 - samples of a band
    at: int,
    samples: int,
    more: int,
    whole: Lanes,
    index: Lanes,
) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """Each pixel's four samples, the upper line's first; the source lines in reach begin at `at`."""
    table = load_table(picture, at)
    following = index + bytes_of(1)
    upper_left, upper_right = pick_bytes(table, index), pick_bytes(table, following)
    lower_left, lower_right = upper_left, upper_right
    for line in range(1, more + 2):
        at += samples
        table = load_table(picture, at)
        this, other = pick_bytes(table, index), pick_bytes(table, following)
        # asked anew: without registers of bits, answers kept from turn to turn are moved one by one
        is_upper = same_bytes(whole, bytes_of(line - 1))
        lower_left = where_bits(is_upper, this, lower_left)
        lower_right = where_bits(is_upper, other, lower_right)
        is_upper = same_bytes(whole, bytes_of(line))
        upper_left = where_bits(is_upper, this, upper_left)
        upper_right = where_bits(is_upper, other, upper_right)
    return upper_left, upper_right, lower_left, lower_right


@pixel_function
def _means(picked: tuple[Lanes, Lanes, Lanes, Lanes], below: Any, behind: Any) -> Lanes:  # noqa: ANN401
    """Four lines of weighted means; shares are of the first two lines and of the other two."""
    upper_left, upper_right = lines_of(picked[0], WORD_BITS), lines_of(picked[1], WORD_BITS)
    lower_left, lower_right = lines_of(picked[2], WORD_BITS), lines_of(picked[3], WORD_BITS)
    upper, lower = (
        mean(upper_left[0], upper_right[0], behind[0]),
        mean(lower_left[0], lower_right[0], behind[0]),
    )
    first = mean(upper, lower, below[0])
    upper, lower = (
        mean(upper_left[1], upper_right[1], behind[1]),
        mean(lower_left[1], lower_right[1], behind[1]),
    )
    return join_lines(first, mean(upper, lower, below[1]), WORD_BITS)


@pixel_function
def fill_quads(
    picture: Any,  # noqa: ANN401 - arrays of a Job
    shape: tuple[int, int, int],
    found: Any,  # noqa: ANN401 - as laid
    stretch: Stretch,
    _room: Any,  # noqa: ANN401 - for loops that work in memory
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
) -> None:
    """Fill a stretch of four lines."""
    lines, samples, base = shape
    row, place = stretch.row, stretch.place
    runs = runs_of(found, row)
    a, d = runs[0], runs[3]
    slack_down, slack_right = _slack(found[11], a.side), _slack(found[12], a.side)
    along = max(
        longest_step(a.down_step, a.down_bend, a.side), longest_step(d.down_step, d.down_bend, d.side)
    )
    down = abs(d.down - a.down) + abs(d.down_step - a.down_step) * a.side
    # as many as there may be: a processor foresees a number that stays the same
    more = (((COUNT - 1) * along + down + 2 * slack_down) >> FRACTION_BITS) + 1
    ends_down, ends_right = ends_within(a.line, lines), ends_within(a.sample, samples)
    for start in range(stretch.start, stretch.stop, COUNT):
        count = min(COUNT, stretch.stop - start)
        end = place + count - 1
        coming, coming_end = base + point(a, place, samples), base + point(d, end, samples)
        first = min(_least_down(a, place, count), _least_down(d, place, count)) - slack_down
        left = min(_least_right(a, place, count), _least_right(d, place, count)) - slack_right
        downs, rights = places_of(runs, place)
        if stretch.is_edged:
            put_valid(a, (downs, rights), (lines, samples), stretch, out_mask, start, count)
            downs, rights = all_held(downs, ends_down), all_held(rights, ends_right)
            first = min(max(first, ends_down[0]), ends_down[1])
            left = min(max(left, ends_right[0]), ends_right[1])
        first = min(first >> FRACTION_BITS, lines - 2 - more - a.line)
        left = min(left >> FRACTION_BITS, samples - SPAN - a.sample)
        below = shares_of(downs[0], downs[1]), shares_of(downs[2], downs[3])
        behind = shares_of(rights[0], rights[1]), shares_of(rights[2], rights[3])
        whole, index = _wholes(downs, first), _wholes(rights, left)
        at = base + (a.line + first) * samples + a.sample + left
        for band in range(out.shape[0]):
            prefetch(picture[band], coming)
            prefetch(picture[band], coming + samples)
            prefetch(picture[band], coming_end - samples)
            prefetch(picture[band], coming_end)
            made = _means(_picked(picture[band], at, samples, more, whole, index), below, behind)
            put(made, stretch, out[band], start, count)
        place += count
    if stretch.is_edged:
        empty(stretch, out, out_mask)

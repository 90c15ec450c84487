"""Four lines of sixteen pixels at a time as `_quads` makes them, where no instruction picks among 32 bytes.

Each pixel reads its own two pairs of samples; the means are those of `_quads`, to the same bytes.
"""

from __future__ import annotations

from typing import Any

from hinterland_kernels._bytes import LINES, join_lines
from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import prefetch, store
from hinterland_kernels._lanes import COUNT, as_floats, times
from hinterland_kernels._reads import first_ones, place_at, read_byte_pairs, wholes_at
from hinterland_kernels._words import MANY, put_words, shifted_up, words_at
from hinterland_kernels.warp._read_runs import BULGES, STRETCH, laid_places
from hinterland_kernels.warp._rows import FRACTION_BITS
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

_BELOW, _BEHIND = LINES * COUNT, LINES * COUNT + 2 * COUNT
"""Where shares of a group lie, behind its places."""
_SIZE = 2 * LINES * COUNT
"""Numbers of a group: sixteen pixels of four lines."""


@pixel_function
def _places(runs: Any, pixel: int, room: Any) -> tuple[Any, Any]:  # noqa: ANN401 - four runs; as laid
    """Lines and samples of sixteen pixels of four runs."""
    bulge = wholes_at(room, BULGES + pixel)
    a, b, c, d = runs
    downs = (
        laid_places(a.down, a.down_step, a.down_bend, pixel, bulge),
        laid_places(b.down, b.down_step, b.down_bend, pixel, bulge),
        laid_places(c.down, c.down_step, c.down_bend, pixel, bulge),
        laid_places(d.down, d.down_step, d.down_bend, pixel, bulge),
    )
    rights = (
        laid_places(a.right, a.right_step, a.right_bend, pixel, bulge),
        laid_places(b.right, b.right_step, b.right_bend, pixel, bulge),
        laid_places(c.right, c.right_step, c.right_bend, pixel, bulge),
        laid_places(d.right, d.right_step, d.right_bend, pixel, bulge),
    )
    return downs, rights


@pixel_function
def _means(picture: Any, at: int, samples: int, room: Any, laid: int, pair: int) -> Any:  # noqa: ANN401 - samples of a band; as laid
    """Weighted means of two lines of a group, the first two or the other two."""
    places = laid + pair * MANY
    below, behind = (
        words_at(room, laid + _BELOW + pair * COUNT),
        words_at(room, laid + _BEHIND + pair * COUNT),
    )
    left, right = read_byte_pairs(picture, at, room, places)
    upper = mean(shifted_up(left, WORD_BITS), shifted_up(right, WORD_BITS), behind)
    left, right = read_byte_pairs(picture, at + samples, room, places)
    lower = mean(shifted_up(left, WORD_BITS), shifted_up(right, WORD_BITS), behind)
    return mean(upper, lower, below)


@pixel_function
def fill_read_quads(
    picture: Any,  # noqa: ANN401 - arrays of a Job
    shape: tuple[int, int, int],
    found: Any,  # noqa: ANN401 - as laid
    stretch: Stretch,
    room: Any,  # noqa: ANN401 - as `lay_bulges` left it
    out: Any,  # noqa: ANN401
    out_mask: Any,  # noqa: ANN401
) -> None:
    """Fill a stretch of four lines."""
    lines, samples, base = shape
    runs = runs_of(found, stretch.row)
    run = runs[0]
    at = base + run.line * samples + run.sample
    coming = at + samples + run.coming
    start, place = stretch.start, stretch.place
    while start < stretch.stop:
        end = min(start + STRETCH, stretch.stop)
        laid = 0
        for x in range(start, end, COUNT):
            count = min(COUNT, end - x)
            downs, rights = _places(runs, place + x - start, room)
            if stretch.is_edged:
                put_valid(run, (downs, rights), (lines, samples), stretch, out_mask, x, count)
                downs = all_held(downs, ends_within(run.line, lines))
                rights = all_held(rights, ends_within(run.sample, samples))
            for line in range(LINES):
                apart = times(downs[line] >> FRACTION_BITS, samples) + (rights[line] >> FRACTION_BITS)
                if count < COUNT:  # lanes beyond the end would read beyond the source
                    apart = first_ones(apart, count)
                store(room, laid + line * COUNT, as_floats(apart), COUNT)
            put_words(room, laid + _BELOW, shares_of(downs[0], downs[1]))
            put_words(room, laid + _BELOW + COUNT, shares_of(downs[2], downs[3]))
            put_words(room, laid + _BEHIND, shares_of(rights[0], rights[1]))
            put_words(room, laid + _BEHIND + COUNT, shares_of(rights[2], rights[3]))
            laid += _SIZE
        for band in range(out.shape[0]):
            laid = 0
            for x in range(start, end, COUNT):
                ahead = coming + place_at(room, laid), coming + place_at(room, laid + LINES * COUNT - 1)
                prefetch(picture[band], ahead[0])
                prefetch(picture[band], ahead[0] + samples)
                prefetch(picture[band], ahead[1] - samples)
                prefetch(picture[band], ahead[1])
                first = _means(picture[band], at, samples, room, laid, 0)
                second = _means(picture[band], at, samples, room, laid, 1)
                put(join_lines(first, second, WORD_BITS), stretch, out[band], x, min(COUNT, end - x))
                laid += _SIZE
        place += end - start
        start = end
    if stretch.is_edged:
        empty(stretch, out, out_mask)

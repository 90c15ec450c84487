"""Four lines of sixteen pixels of a block at a time: where they lie, what is put there, and means of words.

Where all that a block sees of its source is valid, but the source ends in it, places beyond the end are held at
it: that is what a bilinear kernel normalised by its valid taps gives.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hinterland_kernels._bytes import LINES, bytes_of, join, same_bytes, store_line, where_bits
from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import prefetch
from hinterland_kernels._lanes import held, within
from hinterland_kernels._words import pack, share
from hinterland_kernels.warp._rows import FRACTION_BITS, ONE, Run, run_along
from hinterland_kernels.warp._weights import Lanes

_WEIGHT_BITS = 15
WORD_BITS = 7
"""Samples are shifted up so far: sums are good to a 128th of a unit."""
_FARTHEST = 255
"""Lines and samples from a run's whole one within which its places lie."""


class Stretch(NamedTuple):
    """Where a part of a block lies, four lines high."""

    row: int
    """First line, from the block's."""
    place: int
    """First sample, from the block's."""
    y: int
    """First line, of the result."""
    top: int
    """Of the result: lines above it are not wanted."""
    bottom: int
    """Of the result: lines from it on are not wanted."""
    start: int
    """First sample, of the result."""
    stop: int
    """Where its samples end, of the result."""
    is_edged: bool
    """True if the source ends in the block."""


@pixel_function
def shares_of(this: Lanes, following: Lanes) -> Lanes:
    """What is left of two lines' places beyond whole pixels."""
    over = FRACTION_BITS - _WEIGHT_BITS
    return pack(this >> over, following >> over) & ((1 << _WEIGHT_BITS) - 1)


@pixel_function
def _all_within(places: tuple[Lanes, Lanes, Lanes, Lanes], begin: int, size: int) -> Lanes:
    """1 for places whose nearest of so many lines or samples is there, the first `begin` from the whole one."""
    least = max(begin * ONE - (ONE >> 1), 0)
    end = min(begin + size, _FARTHEST) * ONE - (ONE >> 1)
    return join(
        within(places[0], least, end),
        within(places[1], least, end),
        within(places[2], least, end),
        within(places[3], least, end),
    )


@pixel_function
def runs_of(found: Any, row: int) -> tuple[Run, Run, Run, Run]:  # noqa: ANN401 - as laid
    """Runs along four lines of a block."""
    return (
        run_along(found, row),
        run_along(found, row + 1),
        run_along(found, row + 2),
        run_along(found, row + 3),
    )


@pixel_function
def put_valid(
    run: Run,
    places: tuple[Any, Any],
    size: tuple[int, int],
    stretch: Stretch,
    out_mask: Any,  # noqa: ANN401
    start: int,
    count: int,
) -> None:
    """Tell where the pixels nearest to four lines of places are in a source of that size."""
    downs, rights = places
    is_there = _all_within(downs, -run.line, size[0]) + _all_within(rights, -run.sample, size[1])
    valid = where_bits(same_bytes(is_there, bytes_of(2)), bytes_of(1), bytes_of(0))
    put(valid, stretch, out_mask, start, count)


@pixel_function
def ends_within(begin: int, size: int) -> tuple[int, int]:
    """Least and most of places that have their pixel and the next, of so many from `begin` on."""
    return max(-begin, 0) * ONE, min(size - 1 - begin, _FARTHEST) * ONE - 1


@pixel_function
def all_held(places: Any, ends: tuple[int, int]) -> Any:  # noqa: ANN401 - lanes a line
    """Four lines of places, those beyond the ends at them."""
    least, most = ends
    return (
        held(places[0], least, most),
        held(places[1], least, most),
        held(places[2], least, most),
        held(places[3], least, most),
    )


@pixel_function
def mean(a: Lanes, b: Lanes, share_of_b: Lanes) -> Lanes:
    return a + share(b - a, share_of_b)


@pixel_function
def empty(stretch: Stretch, out: Any, out_mask: Any) -> None:  # noqa: ANN401
    """Put 0 where the mask is False; lanes would keep its bits for all bands, see `_picked`."""
    for band in range(out.shape[0]):
        for y in range(max(stretch.y, stretch.top), min(stretch.y + LINES, stretch.bottom)):
            for x in range(stretch.start, stretch.stop):
                if not out_mask[y, x]:
                    out[band, y, x] = 0


@pixel_function
def put(lanes: Lanes, stretch: Stretch, out: Any, start: int, count: int) -> None:  # noqa: ANN401
    """Put those of four lines that are wanted, and bring the next four near."""
    y, top, bottom = stretch.y, stretch.top, stretch.bottom
    after = min(y + LINES, out.shape[0] - LINES)
    if top <= y < bottom:
        prefetch(out[after], start)
        store_line(out[y], start, lanes, 0, count)
    if top <= y + 1 < bottom:
        prefetch(out[after + 1], start)
        store_line(out[y + 1], start, lanes, 1, count)
    if top <= y + 2 < bottom:
        prefetch(out[after + 2], start)
        store_line(out[y + 2], start, lanes, 2, count)
    if top <= y + 3 < bottom:
        prefetch(out[after + 3], start)
        store_line(out[y + 3], start, lanes, 3, count)

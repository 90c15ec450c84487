"""Sixteen neighbours of a line where taps are missing: at the edge of a source and beside its holes.

As `pixel/sampling` says: the bilinear kernel is normalised by its valid taps, and a kernel with negative lobes
gives way to it where it misses one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import load, store
from hinterland_kernels._lanes import COUNT, floats, to_floats, where_less, where_same, where_under, wholes
from hinterland_kernels._picks import pick
from hinterland_kernels.pixel.weights import BICUBIC, BILINEAR, BSPLINE3, LANCZOS3
from hinterland_kernels.warp import _weights
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    SPAN,
    Run,
    brightness,
    ends_of,
    fraction,
    lay_weights,
    places_from,
)
from hinterland_kernels.warp._weights import Lanes


@pixel_function
def _valid(mask: Any, at: int, index: Lanes, column: Lanes, samples: int) -> Lanes:  # noqa: ANN401
    """1 where the tap of each neighbour is valid, 0 where not or beside the source; `at` is as for the samples."""
    found = pick(load(mask, at), load(mask, at + COUNT), index)
    return where_under(column, wholes(samples), found, floats(0.0))


@pixel_function
def _nearest(
    mask: Any,  # noqa: ANN401 - as for `_by_bilinear`
    shape: tuple[int, int, int],
    first: int,
    last: int,
    left: int,
    places: tuple[Lanes, Lanes],
    shares: tuple[Lanes, Lanes],
) -> Lanes:
    """1 where the pixel nearest to each point is valid, 0 elsewhere; whatever the bands, and if there are none."""
    lines, samples, base = shape
    rows, columns = places
    below, behind = shares
    index = columns - wholes(left)
    nothing, half = floats(0.0), floats(0.5)
    found = nothing
    for line in range(max(first, 0), min(last + 1, lines - 1) + 1):
        at = base + line * samples + left
        this = _valid(mask, at, index, columns, samples)
        following = _valid(mask, at, index + wholes(1), columns + wholes(1), samples)
        near = where_less(behind, half, this, following)
        found = where_same(rows, wholes(line), where_less(below, half, near, found), found)
        found = where_same(rows, wholes(line - 1), where_less(below, half, found, near), found)
    return found


@pixel_function
def _by_bilinear(
    picture: Any,  # noqa: ANN401 - samples of a band
    mask: Any,  # noqa: ANN401
    shape: tuple[int, int, int],
    first: int,
    last: int,
    left: int,
    places: tuple[Lanes, Lanes],
    shares: tuple[Lanes, Lanes],
) -> Lanes:
    """Bilinear values by valid taps; anything where none is valid.

    Parameters
    ----------
    picture, mask : (n,)
        Lines one after the other.
    shape : (int, int, int)
        Lines, samples, and the index of the first.
    first, last : int
        Lines of the upper taps.
    left : int
        Sample from which neighbours pick.
    places : (lines, samples)
        Of each neighbour's upper left tap.
    shares : (down, right)
        Of each point, from there.
    """
    lines, samples, base = shape
    rows, columns = places
    below, behind = shares
    above, ahead = floats(1.0) - below, floats(1.0) - behind
    index = columns - wholes(left)
    nothing = floats(0.0)
    total, weights = nothing, nothing
    for line in range(max(first, 0), min(last + 1, lines - 1) + 1):
        at = base + line * samples + left
        this = _valid(mask, at, index, columns, samples)
        following = _valid(mask, at, index + wholes(1), columns + wholes(1), samples)
        low, high = load(picture, at), load(picture, at + COUNT)
        # what is not valid may be nan
        one = where_less(nothing, this, pick(low, high, index), nothing)
        other = where_less(nothing, following, pick(low, high, index + wholes(1)), nothing)
        # this line is the upper one of some neighbours, the lower one of others
        down = where_same(rows, wholes(line), above, where_same(rows, wholes(line - 1), below, nothing))
        total = total + down * (ahead * one + behind * other)
        weights = weights + down * (ahead * this + behind * following)
    return nothing + total / where_less(nothing, weights, weights, floats(1.0))


@pixel_function
def _by_kernel(
    picture: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    shape: tuple[int, int, int],
    first: int,
    last: int,
    left: int,
    places: tuple[Lanes, Lanes],
    shares: tuple[Lanes, Lanes],
    weights: Any,  # noqa: ANN401 - as `lay_weights` leaves them
    taps: int,
    before: int,
) -> tuple[Lanes, Lanes]:
    """Values of a kernel of `taps` x `taps`, and 1 where it misses none of them; the rest as for the bilinear one.

    The last tap of a point that lies on a pixel has no weight, and is not missed.
    """
    lines, samples, base = shape
    rows, columns = places
    nothing, one = floats(0.0), floats(1.0)
    index = columns - wholes(before + left)
    needed = floats(float(taps))
    needed_lines = where_less(nothing, shares[0], needed, needed - one)
    needed_samples = where_less(nothing, shares[1], needed, needed - one)
    total, complete = nothing, nothing
    for line in range(max(first - before, 0), min(last - before + taps, lines)):
        at = base + line * samples + left
        tap = wholes(line + before) - rows
        low, high = load(picture, at), load(picture, at + COUNT)
        here, found, down = nothing, nothing, nothing
        for k in range(taps):
            valid = _valid(mask, at, index + wholes(k), columns + wholes(k - before), samples)
            # what is not valid may be nan
            value = where_less(nothing, valid, pick(low, high, index + wholes(k)), nothing)
            here = here + load(weights, (taps + k) * COUNT) * value
            found = found + where_less(floats(float(k)), needed_samples, valid, nothing)
            down = where_same(tap, wholes(k), load(weights, k * COUNT), down)
        total = total + down * here
        is_mine = where_less(to_floats(tap), needed_lines, one, nothing)
        is_mine = where_under(tap, wholes(taps), is_mine, nothing)
        complete = complete + where_less(found, needed_samples, nothing, is_mine)
    return total, where_less(complete, needed_lines, nothing, one)


def _filler(kernel: int, is_levelled: bool) -> Callable[..., None]:
    """Make the loop of a kernel."""
    taps, before, weigh = _KERNELS[kernel]
    is_bilinear = kernel == BILINEAR

    @pixel_function
    def fill(
        job: Any,  # noqa: ANN401 - a Job
        run: Run,
        place: int,
        room: Any,  # noqa: ANN401 - (WEIGHTS,) float32, to work in
        y: int,
        start: int,
        stop: int,
    ) -> None:
        """Fill at most sixteen pixels of a line, from `start` to `stop`; the run's places count from its block."""
        mask, out, out_mask = job.mask_flat, job.out, job.out_mask
        shape = job.mask.shape[0], job.mask.shape[1], job.base
        count = stop - start
        least, greatest = ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)
        least_right, _ = ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)
        first, last = run.line + (least >> FRACTION_BITS), run.line + (greatest >> FRACTION_BITS)
        left = run.sample - before + (least_right >> FRACTION_BITS)
        left = max(0, min(left, shape[1] - SPAN))  # neighbours off the source pick what they do not use
        downs = places_from(run.down, run.down_step, run.down_bend, run.side, place)
        rights = places_from(run.right, run.right_step, run.right_bend, run.side, place)
        shares = fraction(downs), fraction(rights)
        places = (downs >> FRACTION_BITS) + wholes(run.line), (rights >> FRACTION_BITS) + wholes(run.sample)
        nothing = floats(0.0)
        nearest = _nearest(mask, shape, first, last, left, places, shares)
        if not is_bilinear:
            lay_weights(weigh(shares[0]), weigh(shares[1]), room, 0)
        for band in range(out.shape[0]):
            total = _by_bilinear(job.source_flat[band], mask, shape, first, last, left, places, shares)
            if not is_bilinear:
                whole, is_whole = _by_kernel(
                    job.weighed_flat[band], mask, shape, first, last, left, places, shares, room, taps, before
                )
                total = where_less(nothing, is_whole, whole, total)
            if is_levelled:
                total = total * brightness(job.flat, run, downs, rights)
                total = total * floats(job.gain[band]) + floats(job.offset[band])
            store(out[band, y], start, where_less(nothing, nearest, total, nothing), count)
        store(room, 0, nearest, COUNT)
        for k in range(count):
            out_mask[y, start + k] = room[k] > 0.0

    return fill


_KERNELS: dict[int, Any] = {
    BILINEAR: (2, 0, None),
    BICUBIC: (4, 1, _weights.bicubic_lanes),
    LANCZOS3: (6, 2, _weights.lanczos3_lanes),
    BSPLINE3: (4, 1, _weights.bspline3_lanes),
}
FILL_EDGE = {
    (kernel, is_levelled): _filler(kernel, is_levelled)
    for kernel in _KERNELS
    for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

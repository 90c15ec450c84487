"""Runs of pixels whose kernel is not widened, where no instruction picks from 32 samples.

Each neighbour reads its own taps. Where they are and what they weigh is laid into memory for a stretch of the
line, and then every band is summed: tap by tap as `_runs` and `_bilinear` do, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import load, prefetch, store
from hinterland_kernels._lanes import (
    COUNT,
    as_floats,
    floats,
    from_step,
    held,
    squares,
    times,
    to_floats,
    wholes,
)
from hinterland_kernels._reads import first_ones, place_at, read_bytes, read_fours, read_pairs, wholes_at
from hinterland_kernels._tap_pairs import paired, rounded, weighed
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.weights import BICUBIC, BILINEAR, BSPLINE3, LANCZOS3
from hinterland_kernels.warp import _weights
from hinterland_kernels.warp._rows import BEND_BITS, FRACTION_BITS, Run, fraction, lay_brightness, lay_weights
from hinterland_kernels.warp._weights import Four, Lanes
from hinterland_kernels.warp._widened import WEIGHTS

STRETCH = 4 * COUNT
"""Pixels of a line that are laid together."""
_MOST_TAPS = 6
_WEIGHT_BITS = 15
BULGES = max((2 + 2 * _MOST_TAPS) * STRETCH, WEIGHTS)
"""Where in the numbers to work in `lay_bulges` puts its own; what lies before is for each to use."""


@pixel_function
def lay_bulges(room: Any, side: int) -> None:  # noqa: ANN401 - (BULGES + side + COUNT,) float32, to work in
    """Put into memory what each place along a side of a block is bent by: k (n - k) for pixel k of n."""
    for k in range(0, side, COUNT):
        bulge = from_step(k * (side - k), side - 2 * k) - squares(1)
        store(room, BULGES + k, as_floats(bulge), COUNT)


@pixel_function
def laid_places(start: int, step: int, bend: int, pixel: int, bulge: Lanes) -> Lanes:
    """`places_from`, with bulges that were laid."""
    return from_step(start + pixel * step, step) + (times(bulge, bend) >> BEND_BITS)


@pixel_function
def _level_two(picture: Any, at: int, pitch: int, room: Any, laid: int) -> Lanes:  # noqa: ANN401 - samples of a band; as laid
    """Sum of 2 x 2 taps."""
    below, behind = load(room, laid + _DOWN), load(room, laid + _DOWN + COUNT)
    above, ahead = floats(1.0) - below, floats(1.0) - behind
    a, b = read_pairs(picture, at, room, laid)
    upper = ahead * a + behind * b
    a, b = read_pairs(picture, at + pitch, room, laid)
    # adding 0 makes a negative zero positive
    return floats(0.0) + above * upper + below * (ahead * a + behind * b)


@pixel_function
def _across_four(picture: Any, at: int, room: Any, laid: int, weights: int) -> Lanes:  # noqa: ANN401
    a, b, c, d = read_fours(picture, at, room, laid)
    total = load(room, weights) * a + load(room, weights + COUNT) * b
    total = total + load(room, weights + 2 * COUNT) * c
    return total + load(room, weights + 3 * COUNT) * d


@pixel_function
def _across_six(picture: Any, at: int, room: Any, laid: int, weights: int) -> Lanes:  # noqa: ANN401
    e, f = read_pairs(picture, at + 4, room, laid)
    total = _across_four(picture, at, room, laid, weights)
    total = total + load(room, weights + 4 * COUNT) * e
    return total + load(room, weights + 5 * COUNT) * f


_BRIGHT, _DOWN = COUNT, 2 * COUNT
"""Of what is laid for sixteen pixels, behind their places: their brightness, and the weights of their taps."""


def _sums(taps: int, weigh: Callable[..., Any], across: Callable[..., Any]) -> tuple[Any, Any]:
    """How weights of a kernel of `taps` x `taps` are laid, and how its taps are summed."""
    right = _DOWN + taps * COUNT

    @pixel_function
    def lay(room: Any, laid: int, below: Lanes, behind: Lanes) -> None:  # noqa: ANN401
        lay_weights(weigh(below), weigh(behind), room, laid + _DOWN)

    @pixel_function
    def level(picture: Any, at: int, pitch: int, room: Any, laid: int) -> Lanes:  # noqa: ANN401
        total = floats(0.0)
        for line in range(taps):
            here = across(picture, at + line * pitch, room, laid, laid + right)
            total = total + load(room, laid + _DOWN + line * COUNT) * here
        return total

    return lay, level


@pixel_function
def _lay_fractions(room: Any, laid: int, below: Lanes, behind: Lanes) -> None:  # noqa: ANN401
    store(room, laid + _DOWN, below, COUNT)
    store(room, laid + _DOWN + COUNT, behind, COUNT)


@pixel_function
def _whole_weights(weights: Four) -> tuple[Lanes, Lanes]:
    """Weights of four taps in units of 2**-15, two and two.

    The second has what the others leave. A weight of 1 is the next number below.
    """
    unit, most = floats(float(1 << _WEIGHT_BITS)), (1 << _WEIGHT_BITS) - 1
    a, d = rounded(weights[0] * unit), rounded(weights[3] * unit)
    c = held(rounded(weights[2] * unit), 0, most)
    b = held(wholes(1 << _WEIGHT_BITS) - (a + c + d), 0, most)
    return paired(a, b), paired(c, d)


@pixel_function
def _lay_whole(room: Any, laid: int, below: Lanes, behind: Lanes) -> None:  # noqa: ANN401
    at = laid + _DOWN
    for weight in _weights.bicubic_lanes(below):
        store(room, at, floats(1.0 / (1 << _WEIGHT_BITS)) * weight, COUNT)
        at += COUNT
    for pair in _whole_weights(_weights.bicubic_lanes(behind)):
        store(room, at, as_floats(pair), COUNT)
        at += COUNT


@pixel_function
def _level_bytes(picture: Any, at: int, pitch: int, room: Any, laid: int) -> Lanes:  # noqa: ANN401
    """Sum of 4 x 4 taps of bytes, weighed along a line in whole numbers: such sums are exact."""
    right = laid + _DOWN + 4 * COUNT
    total = floats(0.0)
    for line in range(4):
        a, b = read_bytes(picture, at + line * pitch, room, laid)
        here = weighed(a, wholes_at(room, right)) + weighed(b, wholes_at(room, right + COUNT))
        total = total + load(room, laid + _DOWN + line * COUNT) * to_floats(here)
    return total


def _filler(taps: int, sums: tuple[Any, Any], is_levelled: bool) -> Callable[..., None]:
    """Make the loop of a kernel of `taps` x `taps`; levelling is a loop of its own, see `_runs`."""
    before = taps // 2 - 1
    size = (2 + 2 * taps) * COUNT
    lay, level = sums

    @pixel_function
    def fill_run(
        weighed: Any,  # noqa: ANN401 - arrays of a Job
        shape: tuple[int, int, int],  # and the index of the first sample
        gain: Any,  # noqa: ANN401
        offset: Any,  # noqa: ANN401
        flat: Flat,
        run: Run,
        place: int,
        room: Any,  # noqa: ANN401 - as `lay_bulges` left it
        out: Any,  # noqa: ANN401
        y: int,
        start: int,
        stop: int,
    ) -> None:
        """Fill the pixels of a line from `start` to `stop`; the run's places count from its block."""
        _, samples, base = shape
        first = base + (run.line - before) * samples + run.sample - before
        coming = first + samples + run.coming
        while start < stop:
            end = min(start + STRETCH, stop)
            laid = 0
            for x in range(start, end, COUNT):
                pixel = place + x - start
                bulge = wholes_at(room, BULGES + pixel)
                downs = laid_places(run.down, run.down_step, run.down_bend, pixel, bulge)
                rights = laid_places(run.right, run.right_step, run.right_bend, pixel, bulge)
                apart = times(downs >> FRACTION_BITS, samples) + (rights >> FRACTION_BITS)
                if end - x < COUNT:  # lanes beyond the end would read beyond the source
                    apart = first_ones(apart, end - x)
                store(room, laid, as_floats(apart), COUNT)
                if is_levelled:
                    lay_brightness(room, laid + _BRIGHT, flat, run, downs, rights)
                lay(room, laid, fraction(downs), fraction(rights))
                laid += size
            for band in range(out.shape[0]):
                picture = weighed[band]
                laid = 0
                for x in range(start, end, COUNT):
                    prefetch(picture, coming + place_at(room, laid))
                    prefetch(picture, coming + place_at(room, laid + COUNT - 1))
                    total = level(picture, first, samples, room, laid)
                    if is_levelled:
                        total = total * load(room, laid + _BRIGHT)
                        total = total * floats(gain[band]) + floats(offset[band])
                    store(out[band, y], x, total, min(end - x, COUNT))
                    laid += size
            place += end - start
            start = end

    return fill_run


_LANES: dict[int, tuple[int, Any]] = {
    BILINEAR: (2, (_lay_fractions, _level_two)),
    BICUBIC: (4, _sums(4, _weights.bicubic_lanes, _across_four)),
    LANCZOS3: (6, _sums(6, _weights.lanczos3_lanes, _across_six)),
    BSPLINE3: (4, _sums(4, _weights.bspline3_lanes, _across_four)),
}
READ_BYTES = {
    (BICUBIC, is_levelled): _filler(4, (_lay_whole, _level_bytes), is_levelled)
    for is_levelled in (False, True)
}
"""The loops from 8 bits to 8 bits."""
READ_RUN = {
    (kernel, is_levelled): _filler(*_LANES[kernel], is_levelled)
    for kernel in _LANES
    for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

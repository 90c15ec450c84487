"""Runs of pixels whose kernel is not widened: sixteen neighbours at a time, for each kernel that has lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lane_memory import store
from hinterland_kernels._lanes import COUNT, floats, where_under, wholes
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.weights import BICUBIC, BILINEAR, BSPLINE3, LANCZOS3
from hinterland_kernels.warp import _bilinear, _rows, _weights
from hinterland_kernels.warp._rows import FRACTION_BITS, SPAN, Run, brightness, ends_of, fraction, places_from


class Job(NamedTuple):
    """One warp: arrays and numbers only, so that loops take it."""

    source: NDArray[Any]
    """(bands, lines, samples)."""
    weighed: NDArray[Any]
    """(bands, lines, samples): what the kernel weighs, the source or its spline coefficients."""
    source_flat: NDArray[Any]
    """(bands, n): the source's lines one after the other, from `base` on."""
    weighed_flat: NDArray[Any]
    """(bands, n): the same of what the kernel weighs."""
    mask_flat: NDArray[np.bool_]
    """(n,): and of the mask."""
    base: int
    """Index of the first sample in a band."""
    mask: NDArray[np.bool_]
    """(lines, samples)."""
    is_whole: bool
    """True says that the mask is all True wherever the window's blocks look; False says nothing."""
    lattice: Any
    """A Lattice."""
    line: int
    """First grid line of the result."""
    sample: int
    """First grid sample of the result."""
    kernel: int
    """Of `pixel/weights`."""
    gain: NDArray[np.float64]
    """Per band."""
    offset: NDArray[np.float64]
    """Per band."""
    flat: Flat
    """The lens's flat field."""
    largest: float
    """Largest sample of the result, 0 for floats."""
    out: NDArray[Any]
    """(bands, lines, samples)."""
    out_mask: NDArray[np.bool_]
    """(lines, samples)."""


def _filler(
    taps: int,
    before: int,
    weigh: Callable[..., Any],
    sums: tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]],
    is_levelled: bool,
) -> Callable[..., None]:
    """Make the loop of a kernel of `taps` x `taps`, `before` of them left of the point's pixel.

    Levelling is a loop of its own: LLVM works out the flat field before it asks whether there is one.
    """
    across, level, tap_of = sums

    @pixel_function
    def fill_run(
        weighed: Any,  # noqa: ANN401 - arrays of a Job
        shape: tuple[int, int, int],  # and the index of the first sample
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
        _, samples, base = shape
        while start < stop:
            # by sixteens that begin where the block's do
            count = min(COUNT - place % COUNT, stop - start)
            least, greatest = ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)
            least_right, _ = ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)
            first = run.line - before + (least >> FRACTION_BITS)
            last = run.line - before + (greatest >> FRACTION_BITS)
            left = run.sample - before + (least_right >> FRACTION_BITS)
            left = min(left, samples - SPAN)  # a line's last samples are picked from its last 32
            downs = places_from(run.down, run.down_step, run.down_bend, run.side, place)
            rights = places_from(run.right, run.right_step, run.right_bend, run.side, place)
            weights_down, weights_right = weigh(fraction(downs)), weigh(fraction(rights))
            index = (rights >> FRACTION_BITS) + wholes(run.sample - before - left)
            for band in range(out.shape[0]):
                at = base + first * samples + left
                if first == last:
                    total = level(weighed[band], at, samples, index, weights_down, weights_right)
                else:
                    total = floats(0.0)
                    tap = wholes(before + first - run.line) - (downs >> FRACTION_BITS)
                    for _ in range(first, last + taps):
                        here = across(weighed[band], at, index, weights_right)
                        here = total + tap_of(tap, weights_down) * here
                        total = where_under(tap, wholes(taps), here, total)
                        tap = tap + wholes(1)
                        at += samples
                if is_levelled:
                    total = total * brightness(flat, run, downs, rights)
                    total = total * floats(gain[band]) + floats(offset[band])
                store(out[band, y], start, total, count)
            start += count
            place += count

    return fill_run


_FOUR = (_rows.across_four, _rows.level_four, _rows.tap_of_four)
_SIX = (_rows.across_six, _rows.level_six, _rows.tap_of_six)
TAPS = {BILINEAR: 2, BICUBIC: 4, LANCZOS3: 6, BSPLINE3: 4}
"""Along an axis, by kernel."""
BEFORE = {BILINEAR: 0, BICUBIC: 1, LANCZOS3: 2, BSPLINE3: 1}
"""Of them, left of the point's pixel."""
_LANES: dict[int, tuple[Callable[..., Any], Any]] = {
    BICUBIC: (_weights.bicubic_lanes, _FOUR),
    LANCZOS3: (_weights.lanczos3_lanes, _SIX),
    BSPLINE3: (_weights.bspline3_lanes, _FOUR),
}
FILL_RUN = {
    (kernel, is_levelled): _filler(TAPS[kernel], BEFORE[kernel], *_LANES[kernel], is_levelled)
    for kernel in _LANES
    for is_levelled in (False, True)
} | {(BILINEAR, is_levelled): fill for is_levelled, fill in _bilinear.FILL_RUN.items()}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

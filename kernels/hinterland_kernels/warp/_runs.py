"""Runs of pixels whose kernel is not widened: sixteen neighbours at a time, for each kernel that has lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import pixel_function
from hinterland_kernels._lanes import floats, from_step, store, to_floats, where_same, where_under, wholes
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.sampling import BICUBIC, BILINEAR, BSPLINE3, LANCZOS3
from hinterland_kernels.warp import _rows, _weights
from hinterland_kernels.warp._rows import FRACTION_BITS, ONE, SPAN, Run, fraction


class Job(NamedTuple):
    """One warp: arrays and numbers only, so that loops take it."""

    source: NDArray[Any]
    """(bands, lines, samples)."""
    source_flat: NDArray[Any]
    """The same, (bands, lines x samples)."""
    weighed: NDArray[Any]
    """(bands, lines, samples): what the kernel weighs, the source or its spline coefficients."""
    weighed_flat: NDArray[Any]
    """The same, (bands, lines x samples)."""
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
    """Of `pixel/sampling`."""
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
        samples: int,
        gain: Any,  # noqa: ANN401
        offset: Any,  # noqa: ANN401
        flat: Flat,
        run: Run,
        place: int,
        out: Any,  # noqa: ANN401
        y: int,
        x: int,
        count: int,
    ) -> None:
        """Fill up to sixteen pixels of a line from x on; the run's places count from its block."""
        down = run.down + place * run.down_step
        right = run.right + place * run.right_step
        end_down = down + (count - 1) * run.down_step
        end_right = right + (count - 1) * run.right_step
        first = run.line - before + (min(down, end_down) >> FRACTION_BITS)
        last = run.line - before + (max(down, end_down) >> FRACTION_BITS)
        left = run.sample - before + (min(right, end_right) >> FRACTION_BITS)
        left = min(left, samples - SPAN)  # a line's last samples are picked from its last 32
        downs, rights = from_step(down, run.down_step), from_step(right, run.right_step)
        weights_down, weights_right = weigh(fraction(downs)), weigh(fraction(rights))
        index = (rights >> FRACTION_BITS) + wholes(run.sample - before - left)
        for band in range(out.shape[0]):
            at = first * samples + left
            if first == last:
                total = level(weighed[band], at, samples, index, weights_down, weights_right)
            elif taps == 2 and last == first + 1:
                # for a small kernel both sums take less than to find out whose tap each line is
                upper = level(weighed[band], at, samples, index, weights_down, weights_right)
                lower = level(weighed[band], at + samples, samples, index, weights_down, weights_right)
                total = where_same(downs >> FRACTION_BITS, wholes(first - run.line), upper, lower)
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
            store(out[band, y], x, total, count)

    return fill_run


_TWO = (_rows.across_two, _rows.level_two, _rows.tap_of_two)
_FOUR = (_rows.across_four, _rows.level_four, _rows.tap_of_four)
_SIX = (_rows.across_six, _rows.level_six, _rows.tap_of_six)
TAPS = {BILINEAR: 2, BICUBIC: 4, LANCZOS3: 6, BSPLINE3: 4}
"""Along an axis, by kernel."""
BEFORE = {BILINEAR: 0, BICUBIC: 1, LANCZOS3: 2, BSPLINE3: 1}
"""Of them, left of the point's pixel."""
_LANES: dict[int, tuple[Callable[..., Any], Any]] = {
    BILINEAR: (_weights.bilinear_lanes, _TWO),
    BICUBIC: (_weights.bicubic_lanes, _FOUR),
    LANCZOS3: (_weights.lanczos3_lanes, _SIX),
    BSPLINE3: (_weights.bspline3_lanes, _FOUR),
}
FILL_RUN = {
    (kernel, is_levelled): _filler(TAPS[kernel], BEFORE[kernel], *_LANES[kernel], is_levelled)
    for kernel in _LANES
    for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

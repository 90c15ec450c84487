"""The warp on the CPU, a block of the lattice at a time.

Most blocks of a lattice are smooth and lie well inside their source: sixteen pixels of them are made at once
(`_runs`). Blocks off the source are emptied, those of a coarser grid take their weights a line at a time, and what
is left goes pixel by pixel (`_pixel`). Which way a pixel goes depends on its own block and the source under it,
never on the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels._lanes import COUNT
from hinterland_kernels.pixel.flat import flat_gain
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.sampling import (
    BICUBIC,
    BSPLINE3,
    WIDEST,
    kernel_radius,
    kernel_weight,
    stored,
    whole,
)
from hinterland_kernels.warp._pixel import fill_pixel
from hinterland_kernels.warp._rows import FRACTION_BITS, SPAN, Run, run_along
from hinterland_kernels.warp._runs import BEFORE, FILL_RUN, TAPS, Job

NOTHING, PLAIN, PARTLY, WIDENED, SINGLY = 0, 1, 2, 3, 4
"""Ways with a block: off the source; all sixteens at once; those that can be; widened; pixel by pixel."""
_SMOOTH = -1
_EMPTY = -2
_LONGEST_RUN = 200.0
"""px. The places along a run stay within 31 bits."""


@pixel_function
def _reach(kernel: int, widen: float, taps: int, before: int) -> tuple[float, float]:
    """How far from a point to both sides a kernel has taps, rounded down to whole pixels."""
    if widen == 1.0:
        return before, taps - 1 - before
    radius = kernel_radius(kernel) * widen
    return radius, radius + 1.0


@loop
def way_with(
    lattice: Any,  # noqa: ANN401 - a Lattice
    i: int,
    j: int,
    mask: NDArray[np.bool_],
    is_known_whole: bool,
    kernel: int,
    taps: int,
    before: int,
) -> int:
    """Find the way with a block."""
    if lattice.blocks[i, j] == _EMPTY:
        return NOTHING
    lines, samples = mask.shape
    step = lattice.step
    widen = footprint(lattice, lattice.line + i * step, lattice.sample + j * step)
    is_plain = widen[0] == 1.0 and widen[1] == 1.0
    nodes = lattice.nodes[i : i + 2, j : j + 2]
    top, bottom = nodes[:, :, 0].min(), nodes[:, :, 0].max()
    left, right = nodes[:, :, 1].min(), nodes[:, :, 1].max()
    is_long = is_plain and max(bottom - top, right - left) > _LONGEST_RUN
    if lattice.blocks[i, j] != _SMOOTH or samples < SPAN or is_long:
        return SINGLY
    above, below = _reach(kernel, 1.0 if is_plain else widen[0], taps, before)
    ahead, behind = _reach(kernel, 1.0 if is_plain else widen[1], taps, before)
    first, last = whole(top - above), whole(bottom + below)
    start, end = whole(left - ahead), whole(right + behind)
    inside = first >= 0 and start >= 0 and last < lines and end < samples
    # a little more than the taps: the nearest pixel of every point is among them
    first, start = max(first - 1, 0), max(start - 1, 0)
    last, end = min(last + 1, lines - 1), min(end + 1, samples - 1)
    is_whole = True
    is_hole = not is_known_whole or first > last or start > end
    if not is_known_whole:
        for k in range(first, last + 1):
            for valid in mask[k, start : end + 1]:
                is_whole &= valid
                is_hole &= not valid
    if is_hole:
        return NOTHING
    if inside and is_whole:
        return PLAIN if is_plain else WIDENED
    return PARTLY if is_plain else SINGLY


@loop
def has_all_taps(run: Run, place: int, step: int, taps: int, before: int, mask: NDArray[np.bool_]) -> bool:
    """True if the sixteen neighbours that `place` belongs to, those of other windows counted, miss no tap."""
    begin = place - place % COUNT
    end = min(begin + COUNT, step) - 1
    downs = run.down + begin * run.down_step, run.down + end * run.down_step
    rights = run.right + begin * run.right_step, run.right + end * run.right_step
    first = run.line - before + (min(downs[0], downs[1]) >> FRACTION_BITS)
    last = run.line - before + (max(downs[0], downs[1]) >> FRACTION_BITS) + taps
    left = run.sample - before + (min(rights[0], rights[1]) >> FRACTION_BITS)
    right = run.sample - before + (max(rights[0], rights[1]) >> FRACTION_BITS) + taps
    if first < 0 or left < 0 or last > mask.shape[0] or right > mask.shape[1]:
        return False
    valid = True
    for k in range(first, last):
        for one in mask[k, left:right]:
            valid &= one
    return valid


@loop
def fill_singly(job: Job, y: int, start: int, stop: int) -> None:
    """Fill a part of a line pixel by pixel."""
    source, weighed, mask, lattice = job.source, job.weighed, job.mask, job.lattice
    gain, offset, flat = job.gain, job.offset, job.flat
    out, out_mask = job.out, job.out_mask
    kernel, largest = job.kernel, job.largest
    for x in range(start, stop):
        line, sample = job.line + y, job.sample + x
        point = lattice_to_source(lattice, line, sample)
        widen = footprint(lattice, line, sample)
        fill_pixel(
            source, weighed, mask, point, widen, kernel, gain, offset, flat, largest, out, out_mask, y, x
        )


@loop
def fill_widened(job: Job, kernel: int, weights: NDArray[np.float64], y: int, start: int, stop: int) -> None:
    """Fill a part of a line as `sample_kernel` does where it misses no tap; `weights` is room for a line's."""
    widen = footprint(job.lattice, job.line + y, job.sample + start)
    lines, samples = kernel_radius(kernel) * widen[0], kernel_radius(kernel) * widen[1]
    for x in range(start, stop):
        line, sample = lattice_to_source(job.lattice, job.line + y, job.sample + x)
        first, last = whole(line - lines) + 1, -whole(-(line + lines)) - 1
        left, right = whole(sample - samples) + 1, -whole(-(sample + samples)) - 1
        for m in range(left, right + 1):
            weights[m - left] = kernel_weight(kernel, (m - sample) / widen[1])
        bright = flat_gain(job.flat, line, sample)
        for band in range(job.source.shape[0]):
            total = 0.0
            weight_sum = 0.0
            for k in range(first, last + 1):
                down = kernel_weight(kernel, (k - line) / widen[0])
                taps = job.source[band, k, left : right + 1]
                for m in range(taps.size):
                    weight = down * weights[m]
                    total += weight * taps[m]
                    weight_sum += weight
            value = job.gain[band] * bright * (total / weight_sum) + job.offset[band]
            job.out[band, y, x] = stored(value, job.largest)


def _fill_run(kernel, is_levelled, weighed, samples, gain, offset, flat, run, place, out, y, x, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Stand for `FILL_RUN[kernel, is_levelled]` in a compiled loop."""


@overload(_fill_run, jit_options={"error_model": "numpy", "forceinline": True})
def _typed(kernel, is_levelled, weighed, samples, gain, offset, flat, run, place, out, y, x, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    # A loop that held the compiled function itself would never be found on disk: the cache tells loops apart by
    # what they hold, and a compiled function is another one in every process.
    if not (isinstance(kernel, types.IntegerLiteral) and isinstance(is_levelled, types.BooleanLiteral)):
        return None
    fill_run = FILL_RUN[kernel.literal_value, is_levelled.literal_value]

    def call(kernel, is_levelled, weighed, samples, gain, offset, flat, run, place, out, y, x, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        fill_run(weighed, samples, gain, offset, flat, run, place, out, y, x, count)

    return call


def _filler(kernel: int, is_levelled: bool) -> Callable[[Job], None]:  # noqa: C901 - one loop over blocks, by their ways
    """Make the loop of a kernel."""
    taps, before = TAPS[kernel], BEFORE[kernel]
    widening_kernel = BICUBIC if kernel == BSPLINE3 else kernel

    @loop
    def fill(job: Job) -> None:  # noqa: C901 - the ways of blocks, side by side
        """Fill the window."""
        lattice = job.lattice
        step = lattice.step
        height, width = job.out_mask.shape
        down, right = job.line - lattice.line, job.sample - lattice.sample
        first_j, last_j = right // step, (right + width - 1) // step
        ways = np.empty(last_j + 1 - first_j, np.uint8)
        weights = np.empty(6 * (int(WIDEST) + 1))
        # taken out once: each use of a part of the job would count its references
        mask, weighed, out, out_mask = job.mask, job.weighed_flat, job.out, job.out_mask
        gain, offset, flat = job.gain, job.offset, job.flat
        out_mask[:] = True
        for i in range(down // step, (down + height - 1) // step + 1):
            on_lattice = 0 <= i < lattice.blocks.shape[0]
            for j in range(first_j, last_j + 1):
                way = NOTHING
                if on_lattice and 0 <= j < lattice.blocks.shape[1]:
                    way = way_with(lattice, i, j, mask, job.is_whole, widening_kernel, taps, before)
                ways[j - first_j] = way
            for y in range(max(i * step - down, 0), min((i + 1) * step - down, height)):
                for j in range(first_j, last_j + 1):
                    way = ways[j - first_j]
                    start, stop = max(j * step - right, 0), min((j + 1) * step - right, width)
                    if way == NOTHING:
                        out_mask[y, start:stop] = False
                        out[:, y, start:stop] = 0
                    elif way == SINGLY:
                        fill_singly(job, y, start, stop)
                    elif way == WIDENED:
                        fill_widened(job, widening_kernel, weights, y, start, stop)
                    else:
                        run = run_along(lattice, i, j, down + y - i * step)
                        while start < stop:
                            # by sixteens that begin where the block's do
                            place = right + start - j * step
                            count = min(COUNT - place % COUNT, stop - start)
                            if way == PARTLY and not has_all_taps(run, place, step, taps, before, mask):
                                fill_singly(job, y, start, start + count)
                            else:
                                _fill_run(  # type: ignore[no-untyped-call]
                                    kernel,
                                    is_levelled,
                                    weighed,
                                    mask.shape[1],
                                    gain,
                                    offset,
                                    flat,
                                    run,
                                    place,
                                    out,
                                    y,
                                    start,
                                    count,
                                )
                            start += count

    return fill


FILL = {choice: _filler(*choice) for choice in FILL_RUN}
"""The loops, as `FILL_RUN`."""

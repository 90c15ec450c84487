"""The warp on the CPU, a block of the lattice at a time.

Most blocks of a lattice are smooth and lie well inside their source: sixteen pixels of them are made at once
(`_runs`), and where taps are missing too (`_edges`). Blocks off the source are emptied, those of a coarser grid
take their weights a line at a time, and what is left goes pixel by pixel (`_pixel`). Which way a pixel goes
depends on its own block and the source under it, never on the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels._lanes import COUNT
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.sampling import BICUBIC, BSPLINE3, NEAREST, kernel_radius, whole
from hinterland_kernels.pixel.sampling import WIDENED as FULLY_WIDENED
from hinterland_kernels.warp._by_kernel import fill_edge, fill_run, fill_widened
from hinterland_kernels.warp._nearest import block_ends, fill_nearest
from hinterland_kernels.warp._pixel import fill_pixel
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    NUMBERS,
    ONE,
    Run,
    ends_of,
    lay,
    longest_step,
    run_along,
)
from hinterland_kernels.warp._runs import BEFORE, FILL_RUN, TAPS, Job
from hinterland_kernels.warp._widened import WEIGHTS, Wide, neighbours_at_once

NOTHING, PLAIN, PARTLY, WIDENED, SINGLY = 0, 1, 2, 3, 4
"""Ways with a block: off the source; all sixteens at once; those that can be; widened; pixel by pixel."""
_SMOOTH = -1
_EMPTY = -2
_SLACK = 2.0**-10
"""px."""
_LONGEST_RUN = 200.0
"""px. The places along a run stay within 31 bits."""


@pixel_function
def _reach(kernel: int, widen: float, taps: int, before: int) -> tuple[float, float]:
    """How far from a point to both sides a kernel has taps, rounded down to whole pixels."""
    if widen == 1.0:
        return before, taps - 1 - before
    radius = kernel_radius(kernel) * widen
    return radius, radius + 1.0


@pixel_function
def _longest_edge(lattice: Any, i: int, j: int) -> float:  # noqa: ANN401
    """Lines or samples from corner to corner of a block at its largest steps."""
    nodes, bends = lattice.nodes, lattice.bends
    longest = 0.0
    for axis in range(2):
        a, b = nodes[i, j, axis], nodes[i, j + 1, axis]
        c, d = nodes[i + 1, j, axis], nodes[i + 1, j + 1, axis]
        bent = max(abs(bends[i, j, 0, axis]), abs(bends[i, j, 1, axis]))
        longest = max(longest, bent + max(abs(b - a), abs(d - c), abs(c - a), abs(d - b)))
    return longest


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
    top, bottom = block_ends(lattice, i, j, 0)
    left, right = block_ends(lattice, i, j, 1)
    is_long = max(bottom - top, right - left) > _LONGEST_RUN
    # a block may be twisted: coarser at its far edges than at its first corner, and beyond what lanes pick from
    is_twisted = is_plain and _longest_edge(lattice, i, j) > FULLY_WIDENED * step
    if lattice.blocks[i, j] != _SMOOTH or is_long or is_twisted:
        return SINGLY
    above, below = _reach(kernel, 1.0 if is_plain else widen[0], taps, before)
    ahead, behind = _reach(kernel, 1.0 if is_plain else widen[1], taps, before)
    # places along runs are rounded: none leaves its block by more than the slack
    first, last = whole(top - above - _SLACK), whole(bottom + below + _SLACK)
    start, end = whole(left - ahead - _SLACK), whole(right + behind + _SLACK)
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
def has_all_taps(job: Job, run: Run, place: int, taps: int, before: int) -> bool:
    """True if the sixteen neighbours that `place` belongs to, those of other windows counted, miss no tap."""
    mask = job.mask
    begin = place - place % COUNT
    end = min(begin + COUNT, run.side) - 1
    downs = ends_of(run.down, run.down_step, run.down_bend, run.side, begin, end - begin + 1)
    rights = ends_of(run.right, run.right_step, run.right_bend, run.side, begin, end - begin + 1)
    first = run.line - before + (downs[0] >> FRACTION_BITS)
    last = run.line - before + (downs[1] >> FRACTION_BITS) + taps
    left = run.sample - before + (rights[0] >> FRACTION_BITS)
    right = run.sample - before + (rights[1] >> FRACTION_BITS) + taps
    if first < 0 or left < 0 or last > mask.shape[0] or right > mask.shape[1]:
        return False
    valid = True
    if not job.is_whole:
        for k in range(first, last):
            for one in mask[k, left:right]:
                valid &= one
    return valid


@loop
def find_ways(
    job: Job,
    kernel: int,
    taps: int,
    before: int,
    i: int,
    first_j: int,
    ways: NDArray[np.uint8],
    laid: NDArray[np.int64],
) -> None:
    """Find the ways with blocks side by side, and lay those whose pixels are made many at once."""
    lattice = job.lattice
    on_lattice = 0 <= i < lattice.blocks.shape[0]
    for k in range(ways.size):
        j = first_j + k
        ways[k] = NOTHING
        if on_lattice and 0 <= j < lattice.blocks.shape[1]:
            ways[k] = way_with(lattice, i, j, job.mask, job.is_whole, kernel, taps, before)
            if ways[k] not in (NOTHING, SINGLY):
                lay(lattice, i, j, job.mask.shape[1], laid[k])


@loop
def mark(
    ways: NDArray[np.uint8],
    step: int,
    first: int,
    out: NDArray[Any],
    out_mask: NDArray[np.bool_],
) -> None:
    """Empty the blocks off the source, of which the first begins at a sample of the result; call others valid."""
    k = 0
    while k < ways.size:
        # blocks side by side that are alike are filled together
        start, is_nothing = max(first + k * step, 0), ways[k] == NOTHING
        while k < ways.size and (ways[k] == NOTHING) == is_nothing:
            k += 1
        stop = min(first + k * step, out_mask.shape[1])
        out_mask[:, start:stop] = not is_nothing
        if is_nothing:
            out[:, :, start:stop] = 0


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


def _filler(kernel: int, is_levelled: bool) -> Callable[[Job], None]:  # noqa: C901 - one loop over blocks, by their ways
    """Make the loop of a kernel."""
    taps, before = TAPS[kernel], BEFORE[kernel]
    widening_kernel = BICUBIC if kernel == BSPLINE3 else kernel
    radius = 0.5 * TAPS[widening_kernel]

    @loop
    def fill(job: Job) -> None:  # noqa: C901 - the ways of blocks, side by side
        """Fill the window."""
        lattice = job.lattice
        step = lattice.step
        height, width = job.out_mask.shape
        down, right = job.line - lattice.line, job.sample - lattice.sample
        first_j, last_j = right // step, (right + width - 1) // step
        ways = np.empty(last_j + 1 - first_j, np.uint8)
        laid = np.empty((ways.size, NUMBERS), np.int64)
        weights = np.empty(WEIGHTS, np.float32)
        # taken out once: each use of a part of the job would count its references
        source, weighed = job.source_flat, job.weighed_flat
        out, out_mask = job.out, job.out_mask
        gain, offset, flat = job.gain, job.offset, job.flat
        shape = job.mask.shape[0], job.mask.shape[1], job.base
        for i in range(down // step, (down + height - 1) // step + 1):
            find_ways(job, widening_kernel, taps, before, i, first_j, ways, laid)
            top, bottom = max(i * step - down, 0), min((i + 1) * step - down, height)
            mark(ways, step, first_j * step - right, out[:, top:bottom], out_mask[top:bottom])
            for y in range(top, bottom):
                for j in range(first_j, last_j + 1):
                    way = ways[j - first_j]
                    start, stop = max(j * step - right, 0), min((j + 1) * step - right, width)
                    if way == NOTHING:
                        continue
                    if way == SINGLY:
                        fill_singly(job, y, start, stop)
                    elif way == WIDENED:
                        run = run_along(laid[j - first_j], down + y - i * step)
                        widen = footprint(lattice, job.line + y, job.sample + start)
                        longest = longest_step(run.right_step, run.right_bend, step)
                        together = neighbours_at_once(longest / ONE, radius * widen[1])
                        if together == 0:
                            fill_singly(job, y, start, stop)
                            continue
                        wide = Wide(widen[0], widen[1], together, right - j * step, shape[1], job.base)
                        fill_widened(  # type: ignore[no-untyped-call]
                            widening_kernel,
                            is_levelled,
                            source,
                            gain,
                            offset,
                            flat,
                            run,
                            wide,
                            weights,
                            out,
                            y,
                            start,
                            stop,
                        )
                    else:
                        run = run_along(laid[j - first_j], down + y - i * step)
                        while start < stop:
                            place = right + start - j * step
                            end, is_there = stop, True
                            if way == PARTLY:
                                # by sixteens that begin where the block's do
                                end = min(start + COUNT - place % COUNT, stop)
                                is_there = has_all_taps(job, run, place, taps, before)
                            if not is_there:
                                fill_edge(  # type: ignore[no-untyped-call]
                                    kernel, is_levelled, job, run, place, weights, y, start, end
                                )
                            else:
                                fill_run(  # type: ignore[no-untyped-call]
                                    kernel,
                                    is_levelled,
                                    weighed,
                                    shape,
                                    gain,
                                    offset,
                                    flat,
                                    run,
                                    place,
                                    out,
                                    y,
                                    start,
                                    end,
                                )
                            start = end

    return fill


FILL = {choice: _filler(*choice) for choice in FILL_RUN} | {
    (NEAREST, is_levelled): fill_nearest for is_levelled in (False, True)
}
"""The loops by kernel, and by whether gain, offset or flat change anything."""

"""The warp on the CPU, a block of the lattice at a time.

Most blocks of a lattice are smooth and lie well inside their source: sixteen pixels of them are made at once
(`_runs`), bytes from bytes on four lines together (`_quads`), and where taps are missing sixteen too (`_edges`).
Blocks off the source are emptied, those of a coarser grid take their weights a line at a time, and what is left
goes pixel by pixel (`_pixel`). Which way a pixel goes is its block's (`_ways`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._bytes import LINES
from hinterland_kernels._jit import loop
from hinterland_kernels._lanes import COUNT
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source
from hinterland_kernels.pixel.weights import BICUBIC, BSPLINE3, NEAREST
from hinterland_kernels.warp._by_kernel import fill_edge, fill_lines, fill_run, fill_widened, has_quads
from hinterland_kernels.warp._nearest import fill_nearest
from hinterland_kernels.warp._pixel import fill_pixel
from hinterland_kernels.warp._read_runs import BULGES, lay_bulges
from hinterland_kernels.warp._rows import (
    FRACTION_BITS,
    NUMBERS,
    ONE,
    Run,
    ends_of,
    longest_step,
    run_along,
)
from hinterland_kernels.warp._runs import BEFORE, FILL_RUN, TAPS, Job
from hinterland_kernels.warp._stretches import Stretch
from hinterland_kernels.warp._ways import EDGED, NOTHING, PLAIN, SINGLY, WIDENED, find_ways
from hinterland_kernels.warp._widened import Wide, neighbours_at_once


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
def lies_off(job: Job, run: Run, place: int, count: int) -> bool:
    """True if no pixel of the source is the nearest to any of some neighbours."""
    downs = ends_of(run.down, run.down_step, run.down_bend, run.side, place, count)
    rights = ends_of(run.right, run.right_step, run.right_bend, run.side, place, count)
    half = ONE // 2
    lines, samples = job.mask.shape
    return bool(
        run.line + ((downs[1] + half) >> FRACTION_BITS) < 0
        or run.line + ((downs[0] + half) >> FRACTION_BITS) >= lines
        or run.sample + ((rights[1] + half) >> FRACTION_BITS) < 0
        or run.sample + ((rights[0] + half) >> FRACTION_BITS) >= samples
    )


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


def _filler(kernel: int, is_levelled: bool) -> Callable[[Job], None]:  # noqa: C901, PLR0915 - one loop over blocks, by their ways
    """Make the loop of a kernel."""
    taps, before = TAPS[kernel], BEFORE[kernel]
    widening_kernel = BICUBIC if kernel == BSPLINE3 else kernel
    radius = 0.5 * TAPS[widening_kernel]

    @loop
    def fill(job: Job) -> None:  # noqa: C901, PLR0912, PLR0915 - the ways of blocks, side by side
        """Fill the window."""
        lattice = job.lattice
        step = lattice.step
        height, width = job.out_mask.shape
        down, right = job.line - lattice.line, job.sample - lattice.sample
        first_j, last_j = right // step, (right + width - 1) // step
        ways = np.empty(last_j + 1 - first_j, np.uint8)
        laid = np.empty((ways.size, NUMBERS), np.int64)
        room = np.empty(BULGES + step + COUNT, np.float32)
        lay_bulges(room, step)
        # taken out once: each use of a part of the job would count its references
        source, weighed = job.source_flat, job.weighed_flat
        out, out_mask = job.out, job.out_mask
        gain, offset, flat = job.gain, job.offset, job.flat
        shape = job.mask.shape[0], job.mask.shape[1], job.base
        by_quads = has_quads(kernel, is_levelled, weighed, out) and step % LINES == 0  # type: ignore[no-untyped-call]
        for i in range(down // step, (down + height - 1) // step + 1):
            find_ways(job, widening_kernel, taps, before, i, first_j, ways, laid)
            top, bottom = max(i * step - down, 0), min((i + 1) * step - down, height)
            mark(ways, step, first_j * step - right, out[:, top:bottom], out_mask[top:bottom])
            y = top - (down + top - i * step) % LINES
            while by_quads and y < bottom:
                for j in range(first_j, last_j + 1):
                    way = ways[j - first_j]
                    if way in (PLAIN, EDGED):
                        start, stop = max(j * step - right, 0), min((j + 1) * step - right, width)
                        row, place = down + y - i * step, right + start - j * step
                        stretch = Stretch(row, place, y, top, bottom, start, stop, way == EDGED)
                        fill_lines(  # type: ignore[no-untyped-call]
                            kernel,
                            is_levelled,
                            weighed,
                            shape,
                            laid[j - first_j],
                            stretch,
                            room,
                            out,
                            out_mask,
                        )
                y += LINES
            for y in range(top, bottom):
                for j in range(first_j, last_j + 1):
                    way = ways[j - first_j]
                    start, stop = max(j * step - right, 0), min((j + 1) * step - right, width)
                    if way == NOTHING or (by_quads and way in (PLAIN, EDGED)):
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
                            room,
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
                            if way != PLAIN:
                                # by sixteens that begin where the block's do
                                end = min(start + COUNT - place % COUNT, stop)
                                is_there = has_all_taps(job, run, place, taps, before)
                            if not is_there and lies_off(job, run, place, end - start):
                                out[:, y, start:end] = 0
                                out_mask[y, start:end] = False
                            elif not is_there:
                                fill_edge(  # type: ignore[no-untyped-call]
                                    kernel, is_levelled, job, run, place, room, y, start, end
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
                                    room,
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

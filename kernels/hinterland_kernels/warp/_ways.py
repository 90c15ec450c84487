"""How the pixels of a block are made: that depends on the block and the source under it, never on the window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels.pixel.lattice import footprint
from hinterland_kernels.pixel.sampling import WIDENED as FULLY_WIDENED
from hinterland_kernels.pixel.weights import kernel_radius, whole
from hinterland_kernels.warp._nearest import block_ends
from hinterland_kernels.warp._rows import lay
from hinterland_kernels.warp._runs import Job

NOTHING, PLAIN, EDGED, PARTLY, WIDENED, SINGLY = 0, 1, 2, 3, 4, 5
"""Ways with a block: off the source; sixteens without a missing tap; those that miss none but beyond the source;
those that may; widened; pixel by pixel.
"""
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
    if is_plain:
        return EDGED if is_whole else PARTLY
    return SINGLY


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

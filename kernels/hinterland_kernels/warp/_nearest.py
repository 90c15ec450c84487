"""Nearest pixels, and where a source covers a window at all: found by blocks of the lattice."""

from __future__ import annotations

from typing import Any

import numpy as np

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels.pixel.flat import flat_gain
from hinterland_kernels.pixel.lattice import lattice_to_source
from hinterland_kernels.pixel.sampling import holds, stored, whole
from hinterland_kernels.warp._runs import Job

_NONE, _SOME, _ALL = 0, 1, 2
_SMOOTH = -1
_EMPTY = -2
_SLACK = 2.0**-10
"""px. Far more than the places inside a block are rounded by."""


@pixel_function
def block_ends(lattice: Any, i: int, j: int, axis: int) -> tuple[float, float]:  # noqa: ANN401 - a Lattice
    """Bounds of line or sample in a block: of its corners, and twice as far as it may bend beyond them."""
    nodes, bends = lattice.nodes, lattice.bends
    a, b = nodes[i, j, axis], nodes[i, j + 1, axis]
    c, d = nodes[i + 1, j, axis], nodes[i + 1, j + 1, axis]
    bulge = 0.5 * (abs(bends[i, j, 0, axis]) + abs(bends[i, j, 1, axis]))
    return min(a, b, c, d) - bulge, max(a, b, c, d) + bulge


@loop
def _covered(job: Job, i: int, j: int) -> int:
    """How many of a block's points have a valid nearest pixel."""
    lattice, mask = job.lattice, job.mask
    if not (0 <= i < lattice.blocks.shape[0] and 0 <= j < lattice.blocks.shape[1]):
        return _NONE
    if lattice.blocks[i, j] != _SMOOTH:
        return _NONE if lattice.blocks[i, j] == _EMPTY else _SOME
    top, bottom = block_ends(lattice, i, j, 0)
    left, right = block_ends(lattice, i, j, 1)
    first, last = whole(top + 0.5 - _SLACK), whole(bottom + 0.5 + _SLACK)
    start, end = whole(left + 0.5 - _SLACK), whole(right + 0.5 + _SLACK)
    if last < 0 or end < 0 or first >= mask.shape[0] or start >= mask.shape[1]:
        return _NONE
    if first < 0 or start < 0 or last >= mask.shape[0] or end >= mask.shape[1]:
        return _SOME
    valid = True
    if not job.is_whole:
        for k in range(first, last + 1):
            for one in mask[k, start : end + 1]:
                valid &= one
    return _ALL if valid else _SOME


@loop
def fill_nearest(job: Job) -> None:
    """Fill the window with nearest pixels."""
    source, mask, lattice, out, out_mask = job.source, job.mask, job.lattice, job.out, job.out_mask
    bands, step = source.shape[0], lattice.step
    height, width = out_mask.shape
    down, right = job.line - lattice.line, job.sample - lattice.sample
    first_j = right // step
    covered = np.empty((right + width - 1) // step + 1 - first_j, np.uint8)
    for i in range(down // step, (down + height - 1) // step + 1):
        for k in range(covered.size):
            covered[k] = _covered(job, i, first_j + k)
        first, last = max(i * step - down, 0), min((i + 1) * step - down, height)
        k = 0
        while k < covered.size:
            # blocks side by side that are alike are filled together
            start, how = max((first_j + k) * step - right, 0), covered[k]
            while k < covered.size and covered[k] == how:
                k += 1
            stop = min((first_j + k) * step - right, width)
            if how == _NONE or (how == _ALL and bands == 0):
                out_mask[first:last, start:stop] = how == _ALL
                out[:, first:last, start:stop] = 0
                continue
            for y in range(first, last):
                for x in range(start, stop):
                    line, sample = lattice_to_source(lattice, job.line + y, job.sample + x)
                    inside = how == _ALL or holds(mask, line, sample)
                    out_mask[y, x] = inside
                    for band in range(bands):
                        value = 0.0
                        if inside:
                            value = (
                                job.gain[band]
                                * flat_gain(job.flat, line, sample)
                                * source[band, whole(line + 0.5), whole(sample + 0.5)]
                            )
                            value = stored(value + job.offset[band], job.largest)
                        out[band, y, x] = value

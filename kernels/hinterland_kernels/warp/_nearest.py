"""Nearest pixels, and where a source covers a window at all: found by blocks of the lattice."""

from __future__ import annotations

from typing import Any

import numpy as np

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels.pixel.flat import flat_gain
from hinterland_kernels.pixel.lattice import lattice_to_source
from hinterland_kernels.pixel.sampling import holds, stored
from hinterland_kernels.pixel.weights import whole
from hinterland_kernels.warp._runs import Job

_NONE, _SOME, _ALL, _CUT = 0, 1, 2, 3
"""Which of a block's points have a valid nearest pixel; cut: those on the source, which has no holes."""
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
    """Which of a block's points have a valid nearest pixel."""
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
        return _CUT if job.is_whole and job.source.shape[0] == 0 else _SOME
    valid = True
    if not job.is_whole:
        for k in range(first, last + 1):
            for one in mask[k, start : end + 1]:
                valid &= one
    return _ALL if valid else _SOME


@loop
def _mark_inside(job: Job, i: int, j: int, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    """Say of a part of the result in a smooth block whether the source, all of it valid, lies under it.

    The places are those of `lattice_to_source`, summed in the same order: a line of them needs no branch.
    """
    lattice, (lines, samples) = job.lattice, job.mask.shape
    step, nodes, bends = lattice.step, lattice.nodes, lattice.bends
    bottom, right_end = lines - 0.5, samples - 0.5
    a, b, c, d = nodes[i, j], nodes[i, j + 1], nodes[i + 1, j], nodes[i + 1, j + 1]
    a_line, b_line, c_line, d_line = a[0], b[0], c[0], d[0]
    a_sample, b_sample, c_sample, d_sample = a[1], b[1], c[1], d[1]
    line_bend, sample_bend = bends[i, j, 1, 0], bends[i, j, 1, 1]
    down = job.line - lattice.line - i * step
    right = job.sample - lattice.sample - j * step
    for y in range(rows[0], rows[1]):
        t = (down + y) / step
        above = 1.0 - t
        bent = t * above
        line_bent, sample_bent = bent * bends[i, j, 0, 0], bent * bends[i, j, 0, 1]
        marks = job.out_mask[y, columns[0] : columns[1]]
        for k in range(marks.size):
            u = (right + columns[0] + k) / step
            before = 1.0 - u
            upper, upper_right, lower, lower_right = above * before, above * u, t * before, t * u
            line = upper * a_line + upper_right * b_line + lower * c_line + lower_right * d_line
            sample = upper * a_sample + upper_right * b_sample + lower * c_sample + lower_right * d_sample
            line = line + line_bent + u * before * line_bend
            sample = sample + sample_bent + u * before * sample_bend
            marks[k] = (line >= -0.5) & (sample >= -0.5) & (line < bottom) & (sample < right_end)


@loop
def _fill_singly(job: Job, is_inside: bool, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    """Fill a part of the result pixel by pixel."""
    source, mask, lattice, out, out_mask = job.source, job.mask, job.lattice, job.out, job.out_mask
    for y in range(rows[0], rows[1]):
        for x in range(columns[0], columns[1]):
            line, sample = lattice_to_source(lattice, job.line + y, job.sample + x)
            inside = is_inside or holds(mask, line, sample)
            out_mask[y, x] = inside
            for band in range(source.shape[0]):
                value = 0.0
                if inside:
                    value = (
                        job.gain[band]
                        * flat_gain(job.flat, line, sample)
                        * source[band, whole(line + 0.5), whole(sample + 0.5)]
                    )
                    value = stored(value + job.offset[band], job.largest)
                out[band, y, x] = value


@loop
def fill_nearest(job: Job) -> None:
    """Fill the window with nearest pixels."""
    out, out_mask = job.out, job.out_mask
    bands, step = job.source.shape[0], job.lattice.step
    height, width = out_mask.shape
    down, right = job.line - job.lattice.line, job.sample - job.lattice.sample
    first_j = right // step
    covered = np.empty((right + width - 1) // step + 1 - first_j, np.uint8)
    for i in range(down // step, (down + height - 1) // step + 1):
        for k in range(covered.size):
            covered[k] = _covered(job, i, first_j + k)
        rows = max(i * step - down, 0), min((i + 1) * step - down, height)
        k = 0
        while k < covered.size:
            # blocks side by side that are alike are filled together
            first, how = k, covered[k]
            k += 1
            while how != _CUT and k < covered.size and covered[k] == how:
                k += 1
            columns = max((first_j + first) * step - right, 0), min((first_j + k) * step - right, width)
            if how == _NONE or (how == _ALL and bands == 0):
                out_mask[rows[0] : rows[1], columns[0] : columns[1]] = how == _ALL
                out[:, rows[0] : rows[1], columns[0] : columns[1]] = 0
            elif how == _CUT:
                _mark_inside(job, i, first_j + first, rows, columns)
            else:
                _fill_singly(job, how == _ALL, rows, columns)

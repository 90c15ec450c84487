"""The bilinear warp of a source without holes, a block of its lattice at a time.

Most blocks of a map's lattice are smooth and lie well inside their source. Along a line of such a block the source
point moves by a constant step and the kernel is as wide, so nothing is looked up or checked for a pixel: several
times the rate of `warp`, which does what is left, and with the very same samples wherever nodes are multiples of
2**-16: then every sum of coordinates is exact, in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, pixel_function
from hinterland_kernels.lattice import SMOOTH, Lattice
from hinterland_kernels.pixel.lattice import footprint
from hinterland_kernels.pixel.sampling import BILINEAR, WIDEST, kernel_weight, whole
from hinterland_kernels.warp import SOURCE_DTYPES, warp

_OTHER, _PLAIN, _WIDENED = 0, 1, 2
_MOST_SAMPLES = 1 << 31


def warp_whole(
    source: NDArray[Any], lattice: Lattice, window: tuple[int, int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Resample a source of which every sample is valid, bilinearly, on the CPU.

    Parameters
    ----------
    source : (bands, lines, samples) uint8, uint16 or float32
        All valid; fewer than 2**31 samples a band.
    lattice : Lattice
        Map from grid to source; nodes are multiples of 2**-16.
    window : (line, sample, lines, samples)
        Part of the grid to fill, pixels; inside the lattice.

    Returns
    -------
    values : (bands, lines, samples) float32
        As `warp` gives them with the kernel "bilinear" and a mask that is all True.
    mask : (lines, samples) bool
        The same.

    Raises
    ------
    ValueError
        If the source is not of these, or the window leaves the lattice.
    """
    line, sample, lines, samples = window
    down, right = line - lattice.line, sample - lattice.sample
    ends = down + lines, right + samples
    covered = tuple(lattice.step * count for count in lattice.blocks.shape)
    inside = min(down, right) >= 0 and ends[0] <= covered[0] and ends[1] <= covered[1]
    if (
        source.ndim != 3
        or source.dtype.name not in SOURCE_DTYPES
        or source[0].size >= _MOST_SAMPLES
        or not inside
    ):
        message = (
            f"a source is (bands, lines, samples), a window in its lattice, got {source.shape}, {window}"
        )
        raise ValueError(message)
    out = np.empty((source.shape[0], lines, samples), dtype=np.float32)
    out_mask = np.empty((lines, samples), dtype=np.bool_)
    kinds = np.empty(lattice.blocks.shape, dtype=np.uint8)
    _classify(lattice, source.shape[1], source.shape[2], kinds)
    _fill(np.ascontiguousarray(source), lattice, kinds, down, right, out, out_mask)
    mask = np.broadcast_to(np.True_, source.shape[1:])
    for i, first, last in _runs(kinds == _OTHER):
        top, left = max(down, i * lattice.step), max(right, first * lattice.step)
        bottom, end = min(ends[0], (i + 1) * lattice.step), min(ends[1], last * lattice.step)
        if bottom > top and end > left:
            part = (lattice.line + top, lattice.sample + left, bottom - top, end - left)
            here = np.s_[top - down : bottom - down, left - right : end - right]
            out[:, *here], out_mask[here] = warp(source, mask, lattice, part, kernel="bilinear")
    return out, out_mask


def _runs(marks: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Yield line, first and past the last of what is marked side by side."""
    edges = np.diff(np.pad(marks, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, stops = np.argwhere(edges == 1), np.argwhere(edges == -1)
    for (line, first), (_, last) in zip(starts.tolist(), stops.tolist(), strict=True):
        yield line, first, last


@loop
def _classify(lattice: Any, lines: int, samples: int, kinds: NDArray[np.uint8]) -> None:  # noqa: ANN401
    """Mark the blocks that `_fill` fills, and how."""
    step = lattice.step
    for i in range(kinds.shape[0]):
        for j in range(kinds.shape[1]):
            kinds[i, j] = _OTHER
            if lattice.blocks[i, j] != SMOOTH:
                continue
            inside = True
            for corner in range(4):
                point = lattice.nodes[i + corner // 2, j + corner % 2]
                inside &= (
                    point[0] >= 0.0 and point[1] >= 0.0 and point[0] < lines - 1 and point[1] < samples - 1
                )
            if not inside:
                continue
            down, across = footprint(lattice, lattice.line + i * step, lattice.sample + j * step)
            if down == 1.0 and across == 1.0:
                kinds[i, j] = _PLAIN
                continue
            for corner in range(4):
                point = lattice.nodes[i + corner // 2, j + corner % 2]
                inside &= point[0] >= down and point[0] < lines - 1 - down
                inside &= point[1] >= across and point[1] < samples - 1 - across
            if inside:
                kinds[i, j] = _WIDENED


@loop
def _fill(
    source: NDArray[Any],
    lattice: Any,  # noqa: ANN401 - a Lattice, whose arrays Numba types
    kinds: NDArray[np.uint8],
    first_line: int,
    first_sample: int,
    out: NDArray[np.float32],
    out_mask: NDArray[np.bool_],
) -> None:
    """Fill the plain and widened blocks of a window that starts so many pixels after the lattice."""
    step = lattice.step
    lines, samples = out_mask.shape
    weights = np.empty(2 * int(WIDEST) + 2)
    for y in range(lines):
        i = (first_line + y) // step
        t = (first_line + y - i * step) / step
        for j in range(first_sample // step, (first_sample + samples - 1) // step + 1):
            kind = kinds[i, j]
            if kind == _OTHER:
                continue
            left, right = lattice.nodes[i, j], lattice.nodes[i, j + 1]
            left_below, right_below = lattice.nodes[i + 1, j], lattice.nodes[i + 1, j + 1]
            line = (1.0 - t) * left[0] + t * left_below[0]
            sample = (1.0 - t) * left[1] + t * left_below[1]
            line_step = ((1.0 - t) * right[0] + t * right_below[0] - line) / step
            sample_step = ((1.0 - t) * right[1] + t * right_below[1] - sample) / step
            start = max(j * step - first_sample, 0)
            stop = min((j + 1) * step - first_sample, samples)
            skipped = start + first_sample - j * step
            line += skipped * line_step
            sample += skipped * sample_step
            out_mask[y, start:stop] = True
            for band in range(source.shape[0]):
                row = out[band, y, start:stop]
                if kind == _PLAIN:
                    _plain_row(source[band], line, sample, line_step, sample_step, row)
                else:
                    widen = footprint(lattice, lattice.line + i * step, lattice.sample + j * step)
                    _widened_row(source[band], line, sample, line_step, sample_step, widen, weights, row)


@pixel_function
def _plain_row(
    picture: Any,  # noqa: ANN401
    line: float,
    sample: float,
    line_step: float,
    sample_step: float,
    row: Any,  # noqa: ANN401
) -> None:
    """Sample along a line of a block with a kernel of two taps."""
    flat = picture.reshape(-1)
    wide = np.int32(picture.shape[1])
    for x in range(row.size):
        at_line = line + x * line_step
        at_sample = sample + x * sample_step
        # 32 bits convert fast, and unsigned indices need no look at their sign
        k, m = np.int32(at_line), np.int32(at_sample)
        v, u = at_line - k, at_sample - m
        above = np.uint32(k * wide + m)
        below = np.uint32(above + np.uint32(wide))
        upper = (1.0 - u) * flat[above] + u * flat[above + np.uint32(1)]
        lower = (1.0 - u) * flat[below] + u * flat[below + np.uint32(1)]
        # adding 0 makes a negative zero positive, as the sums of `warp` do
        row[x] = 0.0 + ((1.0 - v) * upper + v * lower)


@pixel_function
def _widened_row(
    picture: Any,  # noqa: ANN401
    line: float,
    sample: float,
    line_step: float,
    sample_step: float,
    widen: tuple[float, float],
    weights: Any,  # noqa: ANN401 - room for those of a line
    row: Any,  # noqa: ANN401
) -> None:
    """Sample along a line of a block with a kernel stretched by `widen`, as `sample_kernel` does."""
    for x in range(row.size):
        at_line = line + x * line_step
        at_sample = sample + x * sample_step
        first, last = whole(at_line - widen[0]) + 1, -whole(-(at_line + widen[0])) - 1
        start, stop = whole(at_sample - widen[1]) + 1, -whole(-(at_sample + widen[1])) - 1
        for m in range(start, stop + 1):
            weights[m - start] = kernel_weight(BILINEAR, (m - at_sample) / widen[1])
        total = 0.0
        weight_sum = 0.0
        for k in range(first, last + 1):
            down = kernel_weight(BILINEAR, (k - at_line) / widen[0])
            taps = picture[k, start : stop + 1]
            for m in range(taps.size):
                weight = down * weights[m]
                total += weight * taps[m]
                weight_sum += weight
        row[x] = 0.0 + total / weight_sum

"""Loops of feather weights on the CPU; their public face is the package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lines import COUNT, floats, load, load_first, store, store_pairs, where_less
from hinterland_kernels.feather._blocks import is_any_missing, show_missing, show_valid
from hinterland_kernels.feather._rises import rise
from hinterland_kernels.feather._steps import Ends, Feather

CELL = 64
"""Samples along one side of what a fine feather is worked out on at a time, unless nothing is missing near it."""

_LEAST = 1e-6
"""Weight of what is valid, at least."""


@loop
def fill(
    mask: NDArray[np.uint8],
    lines: int,
    ends: Ends,
    origin: tuple[int, int],
    missing: NDArray[np.float32],
    at: tuple[int, int],
    wide: Feather,
    fine: Feather,
    samples: int,
    out: NDArray[np.float32],
) -> None:
    """Fill in the weights of a raster on a cell.

    Parameters
    ----------
    mask : (l, s) uint8
        1 where valid, 0 elsewhere; one line stands for all.
    lines : int
        Of the raster.
    ends : Ends
        Where it goes on; elsewhere it is missing beyond its ends.
    origin : (line, sample)
        Of the raster, where the cell begins, on a block; it may lie off it.
    missing : (blocks down, blocks across) float32
        Share of each block, of the wide feather's size, that is missing; see `share_missing`.
    at : (line, sample)
        Of the block there that is a radius of the kernel and one block above and left of the cell.
    wide, fine : Feather
        What is multiplied; the second, of blocks of one sample, if the first has larger ones.
    samples : int
        Of the cell.
    out : (lines, >= samples) float32
        The cell.
    """
    show_valid(mask, lines, origin[0], origin[1], samples, out)
    _multiply(missing, at[0], at[1], wide, 0, 0, out.shape[0], samples, out)
    if wide.size == 1:
        return
    radius = fine.kernel.shape[0] // 2 + 1
    part = np.empty(
        (
            CELL + 2 * radius,
            (CELL + COUNT - 1) // COUNT * COUNT + (2 + (fine.kernel.shape[1] + COUNT - 1) // COUNT) * COUNT,
        ),
        dtype=np.float32,
    )
    # of blocks: what is before the cell, and around a part of it
    before, around = wide.kernel.shape[0] // 2 + 1, (radius + wide.size - 1) // wide.size
    for top in range(0, out.shape[0], CELL):
        for left in range(0, samples, CELL):
            rows, columns = min(CELL, out.shape[0] - top), min(CELL, samples - left)
            first, start = at[0] + before + top // wide.size, at[1] + before + left // wide.size
            last, stop = (rows + wide.size - 1) // wide.size, (columns + wide.size - 1) // wide.size
            if is_any_missing(
                missing, first - around, start - around, first + last + around, start + stop + around
            ):
                show_missing(mask, lines, ends, origin[0] + top - radius, origin[1] + left - radius, part)
                _multiply(part, 0, 0, fine, top, left, rows, columns, out)


@loop
def _multiply(
    missing: NDArray[np.float32],
    line: int,
    sample: int,
    feather: Feather,
    top: int,
    left: int,
    lines: int,
    samples: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply a part of a cell, that begins at (top, left) of it, by one feather; see `fill`."""
    size, kernel = feather.size, feather.kernel
    down, across = (lines + size - 1) // size + 2, (samples + size - 1) // size + 2
    reach = kernel.shape[0] - 1
    if not is_any_missing(missing, line, sample, line + down + reach, sample + across + reach):
        return
    groups = (across + COUNT - 1) // COUNT
    rises = np.empty((down, (groups + 2) * COUNT), dtype=np.float32)  # it is read two groups at a time
    rises[:, groups * COUNT :] = 0.0
    risen = np.zeros((down, groups + 2), dtype=np.bool_)
    rise(missing, line, sample, kernel, feather.half, rises, risen[:, :groups])
    _spread(rises, risen, feather.splines, size, top, left, lines, samples, out)


@loop
def _spread(
    rises: NDArray[np.float32],
    risen: NDArray[np.bool_],
    splines: NDArray[np.float32],
    size: int,
    top: int,
    left: int,
    lines: int,
    samples: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply by the weight of each sample of a cell that begins at (top, left).

    Block 1, 1 of the rises holds its first sample. What a block differs by from its own neighbours is weighed, so
    that among equals it stays as it is to the last bit.
    """
    shift = 0
    while 1 << shift < size:
        shift += 1
    wide = (samples + COUNT - 1) // COUNT * COUNT
    rows = np.empty((3, wide), dtype=np.float32)  # roots along lines of blocks, the last three of them
    room = np.empty((2, rises.shape[1] * size + 2 * COUNT), dtype=np.float32)
    some = np.empty(risen.shape[1], dtype=np.bool_)
    filled = 0
    for i in range(lines):
        block, within = i >> shift, i & (size - 1)
        is_any = False
        for group in range(some.size):
            some[group] = risen[block, group] or risen[block + 1, group] or risen[block + 2, group]
            is_any |= some[group]
        if not is_any:
            continue
        for other in range(max(filled, block), block + 3):
            _along(rises, other, splines, size, shift, samples, room, rows, other % 3)
        filled = block + 3
        upper, lower = floats(splines[0, within]), floats(splines[2, within])
        before, own, behind = block % 3 * wide, (block + 1) % 3 * wide, (block + 2) % 3 * wide
        for j in range(0, samples, COUNT):
            first = j >> shift
            if not (some[first // COUNT] or some[(first + (COUNT - 1 >> shift) + 2) // COUNT]):
                continue
            root = load(rows, own + j)
            root = root + (upper * (load(rows, before + j) - root) + lower * (load(rows, behind + j) - root))
            place = (top + i) * out.shape[1] + left + j
            weight = load_first(out, place, samples - j) * weight_of(root)
            store(out, place, weight, samples - j)


@part_of_loop
def weight_of(root: Any) -> Any:  # noqa: ANN401 - lanes
    """What is valid has some weight however near the edge."""
    least = floats(np.float32(_LEAST))
    return where_less(root * root, least, least, root * root)


@part_of_loop
def _along(
    rises: NDArray[np.float32],
    line: int,
    splines: NDArray[np.float32],
    size: int,
    shift: int,
    samples: int,
    room: NDArray[np.float32],
    out: NDArray[np.float32],
    row: int,
) -> None:
    """Fill a row with the roots of weights along the middle of a line of blocks."""
    turn, half = splines.shape[1], room.shape[1]
    count = (samples + size - 1) // size + 2
    at = 0
    for j in range(0, count, COUNT):
        store(room, j, load(rises, line * rises.shape[1] + j), COUNT)
    for _ in range(shift):  # each number twice, as often as it takes
        for j in range(0, count, COUNT):
            both = load(room, at + j)
            store_pairs(room, half - at + 2 * j, both, both)
        at, count = half - at, 2 * count
    for j in range(0, samples, COUNT):
        own, start = load(room, at + size + j), j & (size - 1)
        before, behind = load(room, at + j) - own, load(room, at + 2 * size + j) - own
        off = load(splines, start) * before + load(splines, 2 * turn + start) * behind
        store(out, row * out.shape[1] + j, own + off, COUNT)

"""Loops of feather weights on the CPU, part by part; their public face is the package."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lines import COUNT, floats, load, store, store_pairs, where_less
from hinterland_kernels.feather._blocks import is_any_missing, share_missing, show_missing
from hinterland_kernels.feather._rises import rise
from hinterland_kernels.feather._steps import Ends, Feather

PART = 64
"""Lines and samples of a part, at most: its weights stay in the first cache."""

CELL = 128
"""Lines of a cell, at most, which is as wide as its tile: feathers rise on one at a time."""

_LEAST = 1e-6
"""Weight of what is valid, at least."""


@loop
def fill(
    mask: NDArray[np.uint8],
    origin: tuple[int, int],
    missing: NDArray[np.float32],
    wide: Feather,
    fine: Feather,
    out: NDArray[np.float32],
) -> None:
    """Fill in the weights of a raster on a tile.

    Parameters
    ----------
    mask : (l, s) uint8
        1 where valid, 0 elsewhere; beyond its ends the raster goes on.
    origin : (line, sample)
        Of the mask, where the tile begins, on a block.
    missing : (blocks down, blocks across) float32
        Room for what is missing on the tile; see `missing_shape`.
    wide, fine : Feather
        What is multiplied; the second, of blocks of one sample, if the first has larger ones.
    out : (lines, samples) float32
        The tile.
    """
    lines, samples = out.shape
    ends, shift, before = (True, True, True, True), shift_of(wide.size), wide.kernel.shape[0] // 2 + 1
    share_missing(
        mask,
        len(mask),
        ends,
        origin[0] - before * wide.size,
        origin[1] - before * wide.size,
        wide.size,
        missing,
    )
    groups = groups_of(samples, wide.size)
    rises, risen = room_for_rises(1, groups, wide.size)
    part = np.empty((PART + 1, PART), dtype=np.float32)
    for first in range(0, lines, CELL):
        last = min(first + CELL, lines)
        down = (last - 1 >> shift) - (first >> shift) + 3
        rise(missing, first >> shift, wide.kernel, wide.half, 0, groups, rises[0, :down], risen[0, :down])
        for top in range(first, last, PART):
            for left in range(0, samples, PART):
                bottom, right = min(top + PART, last), min(left + PART, samples)
                place, size = (top, left), (bottom - top, right - left)
                here = (origin[0] + top, origin[1] + left)
                weigh(
                    mask,
                    len(mask),
                    ends,
                    here,
                    missing,
                    wide,
                    fine,
                    place,
                    size,
                    first,
                    rises[0],
                    risen[0],
                    part,
                )
                out[top:bottom, left:right] = part[: bottom - top, : right - left]


@loop
def shift_of(size: int) -> int:
    """The power of two that a size is."""
    shift = 0
    while 1 << shift < size:
        shift += 1
    return shift


@loop
def groups_of(samples: int, size: int) -> int:
    """Groups of blocks that so many samples and the two blocks beside them lie in."""
    return ((samples + size - 1) // size + 2 + COUNT - 1) // COUNT


@loop
def room_for_rises(count: int, groups: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Room for what `rise` fills in on a cell, of so many rasters; two groups are read together."""
    down = max(CELL // size, 1) + 2
    rises = np.empty((count, down, (groups + 2) * COUNT), dtype=np.float32)
    return rises, np.zeros((count, down, groups + 2), dtype=np.bool_)


@loop
def weigh(
    mask: NDArray[np.uint8],
    lines: int,
    ends: Ends,
    origin: tuple[int, int],
    missing: NDArray[np.float32],
    wide: Feather,
    fine: Feather,
    at: tuple[int, int],
    size: tuple[int, int],
    first: int,
    rises: NDArray[np.float32],
    risen: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None:
    """Fill in the weights of a raster on a part of a tile.

    Parameters
    ----------
    mask : (l, s) uint8
        1 where valid, 0 elsewhere; one line stands for all.
    lines : int
        Of the raster.
    ends : Ends
        Where it goes on; elsewhere it is missing beyond its ends.
    origin : (line, sample)
        Of the raster, where the part begins; it may lie off it.
    missing : (blocks down, blocks across) float32
        What is missing on the tile and around it.
    wide, fine : Feather
        As of `fill`.
    at, size : (line, sample), (lines, samples)
        Of the part, in the tile.
    first : int
        Line of the tile with which the cell begins.
    rises, risen : (lines, samples) float32, (lines, groups) bool
        Of the cell; see `rise`.
    out : (> PART, PART) float32
        The part.
    """
    ones, rows = floats(np.float32(1.0)), size[0]
    for at_once in range(0, rows * PART, COUNT):
        store(out, at_once, ones, COUNT)
    _spread(rises, risen, wide.splines, wide.size, at[0] - first, at[1], rows, size[1], out)
    shift, before, radius = shift_of(wide.size), wide.kernel.shape[0] // 2 + 1, 0
    if wide.size > 1:
        radius = fine.kernel.shape[0] // 2 + 1
    around = (radius + wide.size - 1) // wide.size
    top, left = before + (at[0] >> shift) - around, before + (at[1] >> shift) - around
    bottom = before + (at[0] + rows - 1 >> shift) + 1 + around
    right = before + (at[1] + size[1] - 1 >> shift) + 1 + around
    if not is_any_missing(missing, top, left, bottom, right):
        return
    groups = groups_of(PART, 1)
    beside = (fine.kernel.shape[1] + COUNT - 1) // COUNT  # whole groups are read
    near = np.empty((rows + 2 * radius, (groups + beside + 1) * COUNT), dtype=np.float32)
    show_missing(mask, lines, ends, origin[0] - radius, origin[1] - radius, near)
    if wide.size > 1:
        fine_rises = np.empty((rows + 2, (groups + 2) * COUNT), dtype=np.float32)
        fine_risen = np.zeros((rows + 2, groups + 2), dtype=np.bool_)
        rise(near, 0, fine.kernel, fine.half, 0, groups, fine_rises, fine_risen)
        _spread(fine_rises, fine_risen, fine.splines, 1, 0, 0, rows, size[1], out)
    for i in range(rows):
        own = (radius + i) * near.shape[1] + radius
        for j in range(0, PART, COUNT):
            store(out, i * PART + j, load(out, i * PART + j) * (ones - load(near, own + j)), COUNT)


@loop
def _spread(
    rises: NDArray[np.float32],
    risen: NDArray[np.bool_],
    splines: NDArray[np.float32],
    size: int,
    line: int,
    sample: int,
    lines: int,
    samples: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply a part by the weight of each sample; it begins at a line and sample of the cell that has risen.

    Block 1, 1 of the rises holds the first sample of the cell. What a block differs by from its own neighbours is
    weighed, so that among equals it stays as it is to the last bit.
    """
    shift = shift_of(size)
    start, behind_first = sample >> shift, sample & (size - 1)
    count = (behind_first + samples + size - 1 >> shift) + 2
    rows = np.empty((3, PART), dtype=np.float32)  # roots along lines of blocks, the last three of them
    room = np.empty((2, (count + 2 * COUNT) * size + 2 * COUNT), dtype=np.float32)
    first_group, groups = start // COUNT, (start + count - 1) // COUNT + 1
    filled = 0
    for i in range(lines):
        block, within = line + i >> shift, (line + i) & (size - 1)
        is_any = False
        for group in range(first_group, groups):
            is_any |= risen[block, group] or risen[block + 1, group] or risen[block + 2, group]
        if not is_any:
            continue
        for other in range(max(filled, block), block + 3):
            _along(rises, other, start, count, splines, size, behind_first, samples, room, rows, other % 3)
        filled = block + 3
        upper, lower = floats(splines[0, within]), floats(splines[2, within])
        before, own, behind = block % 3 * PART, (block + 1) % 3 * PART, (block + 2) % 3 * PART
        for j in range(0, samples, COUNT):
            root = load(rows, own + j)
            root = root + (upper * (load(rows, before + j) - root) + lower * (load(rows, behind + j) - root))
            store(out, i * PART + j, load(out, i * PART + j) * _weight_of(root), COUNT)


@part_of_loop
def _weight_of(root: Any) -> Any:  # noqa: ANN401 - lanes
    """What is valid has some weight however near the edge."""
    least = floats(np.float32(_LEAST))
    return where_less(root * root, least, least, root * root)


@part_of_loop
def _along(
    rises: NDArray[np.float32],
    line: int,
    start: int,
    count: int,
    splines: NDArray[np.float32],
    size: int,
    behind_first: int,
    samples: int,
    room: NDArray[np.float32],
    out: NDArray[np.float32],
    row: int,
) -> None:
    """Fill a row with the roots of weights along the middle of a line of blocks, so many from one on."""
    turn, half, at, width = splines.shape[1], room.shape[1], 0, 1
    for j in range(0, count, COUNT):
        store(room, j, load(rises, line * rises.shape[1] + start + j), COUNT)
    while width < size:  # each number twice, as often as it takes
        for j in range(0, count * width, COUNT):
            both = load(room, at + j)
            store_pairs(room, half - at + 2 * j, both, both)
        at, width = half - at, 2 * width
    at += behind_first
    for j in range(0, samples, COUNT):
        own, within = load(room, at + size + j), (behind_first + j) & (size - 1)
        before, behind = load(room, at + j) - own, load(room, at + 2 * size + j) - own
        off = load(splines, within) * before + load(splines, 2 * turn + within) * behind
        store(out, row * PART + j, own + off, COUNT)

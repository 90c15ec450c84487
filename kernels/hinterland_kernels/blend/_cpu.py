"""The multi-band blend's loops on the CPU, each over the busy blocks of one level; `_cuda` has their twins.

A level's blocks have `1 << shift` samples a side, from its first sample. Other blocks are left as they are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.blend._rows import (
    HALF,
    STRETCH,
    add,
    divide,
    expand_line,
    load_image,
    load_owned,
    load_weights,
    owns_all,
    put,
    put_rounded,
    put_sum,
    reduce_ring,
    ring_of,
    stretches,
)
from hinterland_kernels.pixel.ownership import only_owner, owner

Values = NDArray[np.float32]
Weights = NDArray[np.float32]
Mask = NDArray[np.bool_]
Blocks = NDArray[np.bool_]
Owners = NDArray[np.int16]


@loop
def assign_owners(  # noqa: C901 - runs of one owner, and what is between
    labels: Owners,
    masks: Mask,
    layer_labels: Owners,
    first_line: int,
    first_sample: int,
    factor: int,
    wraps: bool,
    out: Owners,
) -> None:
    """Owner of each pixel of a window that starts at (first_line, first_sample) of the grid."""
    # between four labels that are the same only a layer of that label has any weight: where it is valid it owns
    height, width = out.shape
    first_cell = math.floor((first_sample + 0.5) / factor - 0.5)
    cells = np.empty(math.floor((first_sample + width - 0.5) / factor - 0.5) + 1 - first_cell, np.int16)
    known = math.nan
    for i in range(height):
        line = (first_line + i + 0.5) / factor - 0.5
        if math.floor(line) != known:
            known = math.floor(line)
            for cell in range(cells.size):
                cells[cell] = only_owner(labels, layer_labels, line, first_cell + cell, wraps)
        cell = 0
        while cell < cells.size:
            start, alone = (2 * (first_cell + cell) + 1) * factor // 2 - first_sample, cells[cell]
            while cell < cells.size and cells[cell] == alone:
                cell += 1
            stop = (2 * (first_cell + cell) + 1) * factor // 2 - first_sample
            row = out[i, max(start, 0) : min(stop, width)]
            is_whole = alone >= 0
            if is_whole:
                for valid in masks[alone, i, max(start, 0) : min(stop, width)]:
                    is_whole &= valid
            if is_whole:
                row[:] = alone
                continue
            for k in range(row.size):
                j = max(start, 0) + k
                if alone >= 0 and masks[alone, i, j]:
                    row[k] = alone
                else:
                    sample = (first_sample + j + 0.5) / factor - 0.5
                    row[k] = owner(labels, masks, layer_labels, i, j, line, sample, wraps)


@loop
def find_owners(owners: Owners, shift: int, out: Blocks) -> None:
    """Who owns a pixel of each block: (images, block lines, block samples)."""
    out[:] = False
    for i in range(owners.shape[0]):
        for block in range(out.shape[2]):
            line = owners[i, block << shift : (block + 1) << shift]
            first = line[0]
            change = np.int16(0)
            for j in range(line.size):
                change |= line[j] ^ first
            if change == 0:
                if first >= 0:
                    out[first, i >> shift, block] = True
                continue
            for j in range(line.size):
                if line[j] >= 0:
                    out[line[j], i >> shift, block] = True


@loop
def reduce_values(
    values: NDArray[Any],
    mask: Mask,
    line: int,
    sample: int,
    busy: Blocks,
    shift: int,
    out: Values,
    out_mask: Mask,
) -> None:
    """Next coarser level of an image whose first pixel lies at (line, sample) of the finer one.

    A sample is valid where any of its taps is.
    """
    bands = values.shape[0]
    ring = ring_of(values, (bands + 1, 5, 2 * HALF))
    flat = ring_of(values, (2 * HALF,))
    weight = np.empty(STRETCH, dtype=np.float32)
    whole = np.empty(5, dtype=np.bool_)
    for top, bottom, start, stop in stretches(busy, shift, out_mask.shape):
        size = stop - start
        reach = 2 * size + 3
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                slot = loaded % 5
                whole[slot] = load_image(
                    values, mask, loaded - line, 2 * start - 2 - sample, reach, flat, ring, slot
                )
                loaded += 1
            all_valid = whole.all()
            valid = out_mask[i, start:stop]
            if all_valid:
                valid[:] = True
            else:
                for slot in range(5):
                    if whole[slot]:
                        ring[bands, slot] = 1
                reduce_ring(ring[bands], i, flat, weight[:size])
                for j in range(size):
                    valid[j] = weight[j] > 0.0
            for band in range(bands):
                reduced = out[band, i, start:stop]
                reduce_ring(ring[band], i, flat, reduced)
                if not all_valid:
                    divide(reduced, weight[:size])


@loop
def reduce_ownership(owners: Owners, index: int, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at level 1."""
    ring = np.empty((5, 2 * HALF), dtype=np.uint16)
    flat = np.empty(2 * HALF, dtype=np.uint16)
    for top, bottom, start, stop in stretches(busy, shift, out.shape):
        reach = 2 * (stop - start) + 3
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                load_owned(owners, index, loaded, 2 * start - 2, reach, flat, ring[loaded % 5])
                loaded += 1
            reduce_ring(ring, i, flat, out[i, start:stop])


@loop
def reduce_weights(weights: Weights, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at the next coarser level."""
    ring = np.empty((5, 2 * HALF), dtype=np.float32)
    flat = np.empty(2 * HALF, dtype=np.float32)
    for top, bottom, start, stop in stretches(busy, shift, out.shape):
        reach = 2 * (stop - start) + 3
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                load_weights(weights, loaded, 2 * start - 2, reach, flat, ring[loaded % 5])
                loaded += 1
            reduce_ring(ring, i, flat, out[i, start:stop])


@loop
def add_expanded(coarser: Values, factor: float, busy: Blocks, shift: int, out: Values) -> None:
    """Add what the coarser level predicts, times 1 or -1."""
    sign = np.float32(factor)
    between = np.empty(HALF, dtype=np.float32)
    predicted = np.empty(STRETCH, dtype=np.float32)
    for top, bottom, start, stop in stretches(busy, shift, out.shape[1:]):
        size = stop - start
        for i in range(top, bottom):
            for band in range(out.shape[0]):
                expand_line(coarser[band], i, start, between, predicted[:size])
                row = out[band, i, start:stop]
                for j in range(size):
                    row[j] += sign * predicted[j]


@loop
def clear(busy: Blocks, shift: int, total: Values, total_weights: Weights) -> None:
    """Set the sums of a level to 0."""
    for top, bottom, start, stop in stretches(busy, shift, total_weights.shape):
        total[:, top:bottom, start:stop] = 0.0
        total_weights[top:bottom, start:stop] = 0.0


@loop
def add_detail(
    detail: Values, weights: Weights, busy: Blocks, shift: int, total: Values, total_weights: Weights
) -> None:
    """Add one image's weighted detail to the sums of a level."""
    for top, bottom, start, stop in stretches(busy, shift, total_weights.shape):
        size = stop - start
        for i in range(top, bottom):
            weight = weights[i, start:stop]
            add(weight, total_weights[i, start:stop])
            for band in range(total.shape[0]):
                row, own = total[band, i, start:stop], detail[band, i, start:stop]
                for j in range(size):
                    row[j] += weight[j] * own[j]


@loop
def subtract(
    total: Values,
    total_weights: Weights,
    detail: Values,
    mixed: Blocks,
    busy: Blocks,
    shift: int,
    out: Values,
) -> None:
    """What the blend changes in one image's detail; in busy blocks that are not mixed, nothing."""
    for top, bottom, start, stop in stretches(busy, shift, total_weights.shape):
        out[:, top:bottom, start:stop] = 0.0
    for top, bottom, start, stop in stretches(busy & mixed, shift, total_weights.shape):
        for i in range(top, bottom):
            weight = total_weights[i, start:stop]
            for band in range(out.shape[0]):
                row = out[band, i, start:stop]
                row[:] = total[band, i, start:stop]
                divide(row, weight)
                own = detail[band, i, start:stop]
                for j in range(row.size):
                    row[j] -= own[j]


@loop
def finish(
    values: NDArray[Any],
    line: int,
    sample: int,
    owners: Owners,
    index: int,
    change: Values,
    changed: Blocks,
    busy: Blocks,
    shift: int,
    full_scale: float,
    out: NDArray[Any],
    out_line: int,
    out_sample: int,
) -> None:
    """Where one image owns: its sample, in changed blocks with the expanded change.

    The image and the result begin at these lines and samples of the window. Whole numbers are rounded, and end at
    full scale; a full scale of 0 leaves the result as it is.
    """
    between = np.empty(HALF, dtype=np.float32)
    predicted = np.empty(STRETCH, dtype=np.float32)
    bottom_right = (
        min(line + values.shape[1], out_line + out.shape[1]),
        min(sample + values.shape[2], out_sample + out.shape[2]),
    )
    first_line, first_sample = max(line, out_line), max(sample, out_sample)
    for kind in range(2):
        blocks = busy & changed if kind else busy & ~changed
        for top, bottom, start, stop in stretches(blocks, shift, bottom_right):
            left = max(start, first_sample)
            if left >= stop:
                continue
            for i in range(max(top, first_line), bottom):
                owned = owners[i, left:stop]
                is_all = owns_all(owned, index)
                for band in range(out.shape[0]):
                    own = values[band, i - line, left - sample : stop - sample]
                    row = out[band, i - out_line, left - out_sample : stop - out_sample]
                    if kind:
                        expand_line(change[band], i, start, between, predicted[: stop - start])
                        put_sum(
                            own, predicted[left - start : stop - start], owned, index, is_all, full_scale, row
                        )
                    elif full_scale > 0.0 and values.itemsize != out.itemsize:
                        put_rounded(own, owned, index, full_scale, row)
                    elif is_all:
                        row[:] = own
                    else:
                        put(own, owned, index, row)

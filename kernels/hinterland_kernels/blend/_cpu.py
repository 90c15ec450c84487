"""The multi-band blend's loops on the CPU, each over the busy blocks of one level; `_cuda` has their twins.

A level's blocks have `1 << shift` samples a side, from its first sample. Other blocks are left as they are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels._lines import COUNT, floats, load, load_first, store
from hinterland_kernels.blend._expand import expand_line, owns_all, put
from hinterland_kernels.blend._rows import (
    ROOM,
    WIDTH,
    divide,
    divided,
    load_image,
    load_owned,
    load_weights,
    reduce_ring,
    room_for_sums,
    stretches,
)
from hinterland_kernels.pixel.ownership import labels_about, only_owner, owner_between

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
    known = math.floor((first_line + 0.5) / factor - 0.5) - 1
    for i in range(height):
        line = (first_line + i + 0.5) / factor - 0.5
        if math.floor(line) != known:
            known = math.floor(line)
            for cell in range(cells.size):
                cells[cell] = only_owner(labels_about(labels, known, first_cell + cell, wraps), layer_labels)
        cell = 0
        while cell < cells.size:
            begin, alone = cell, cells[cell]
            start = (2 * (first_cell + cell) + 1) * factor // 2 - first_sample
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
            for between in range(begin, cell):
                left = first_cell + between
                about = labels_about(labels, known, left, wraps)
                start = (2 * left + 1) * factor // 2 - first_sample
                for j in range(max(start, 0), min(start + factor, width)):
                    if alone >= 0 and masks[alone, i, j]:
                        out[i, j] = alone
                    else:
                        right = (first_sample + j + 0.5) / factor - 0.5 - left
                        out[i, j] = owner_between(about, masks, layer_labels, i, j, line - known, right)


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
    bands, lines, samples = out.shape
    ring = np.zeros((bands + 1, 5, WIDTH), dtype=values.dtype)
    sums = room_for_sums(values)
    weight = np.zeros(ROOM, dtype=np.float32)
    whole = np.empty(5, dtype=np.bool_)
    for top, bottom, start, stop in stretches(busy, shift, out_mask.shape):
        size = stop - start
        reach = 2 * size + 3
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                slot = loaded % 5
                whole[slot] = load_image(
                    values, mask, loaded - line, 2 * start - 2 - sample, reach, ring, slot
                )
                loaded += 1
            all_valid = whole.all()
            if all_valid:
                out_mask[i, start:stop] = True
            else:
                for slot in range(5):
                    if whole[slot]:
                        ring[bands, slot] = 1
                reduce_ring(ring, bands, i, size, sums, weight, 0)
                for j in range(size):
                    out_mask[i, start + j] = weight[j] > 0.0
            for band in range(bands):
                at = (band * lines + i) * samples + start
                reduce_ring(ring, band, i, size, sums, out, at)
                if not all_valid:
                    divide(out, at, weight, size)


@loop
def reduce_ownership(owners: Owners, index: int, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at level 1."""
    ring = np.zeros((5, WIDTH), dtype=np.uint8)
    sums = room_for_sums(ring)
    for top, bottom, start, stop in stretches(busy, shift, out.shape):
        size = stop - start
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                load_owned(owners, index, loaded, 2 * start - 2, 2 * size + 3, ring, loaded % 5)
                loaded += 1
            reduce_ring(ring, 0, i, size, sums, out, i * out.shape[1] + start)


@loop
def reduce_weights(weights: Weights, busy: Blocks, shift: int, out: Weights) -> None:
    """Weight of one image at the next coarser level."""
    ring = np.zeros((5, WIDTH), dtype=np.float32)
    sums = room_for_sums(ring)
    for top, bottom, start, stop in stretches(busy, shift, out.shape):
        size = stop - start
        loaded = 2 * top - 2
        for i in range(top, bottom):
            while loaded < 2 * i + 3:
                load_weights(weights, loaded, 2 * start - 2, 2 * size + 3, ring, loaded % 5)
                loaded += 1
            reduce_ring(ring, 0, i, size, sums, out, i * out.shape[1] + start)


@loop
def add_expanded(coarser: Values, factor: float, busy: Blocks, shift: int, out: Values) -> None:
    """Add what the coarser level predicts, times 1 or -1."""
    sign = floats(np.float32(factor))
    between, predicted = np.zeros(ROOM, dtype=np.float32), np.zeros(ROOM, dtype=np.float32)
    bands, lines, samples = out.shape
    for top, bottom, start, stop in stretches(busy, shift, out.shape[1:]):
        size = stop - start
        for i in range(top, bottom):
            for band in range(bands):
                expand_line(coarser, band, i, start, size, between, predicted)
                at = (band * lines + i) * samples + start
                for j in range(0, size, COUNT):
                    own = load_first(out, at + j, size - j)
                    store(out, at + j, own + sign * load(predicted, j), size - j)


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
    bands, lines, samples = total.shape
    for top, bottom, start, stop in stretches(busy, shift, total_weights.shape):
        for i in range(top, bottom):
            at = i * samples + start
            for j in range(0, stop - start, COUNT):
                left = stop - start - j
                weight = load_first(weights, at + j, left)
                store(total_weights, at + j, load_first(total_weights, at + j, left) + weight, left)
                for band in range(bands):
                    place = at + j + band * lines * samples
                    own = load_first(total, place, left) + weight * load_first(detail, place, left)
                    store(total, place, own, left)


@loop
def subtract(
    total: Values, total_weights: Weights, mixed: Blocks, busy: Blocks, shift: int, detail: Values
) -> None:
    """Turn one image's detail into what the blend changes in it; in busy blocks that are not mixed, nothing."""
    bands, lines, samples = total.shape
    for top, bottom, start, stop in stretches(busy & ~mixed, shift, total_weights.shape):
        detail[:, top:bottom, start:stop] = 0.0
    for top, bottom, start, stop in stretches(busy & mixed, shift, total_weights.shape):
        for i in range(top, bottom):
            at = i * samples + start
            for j in range(0, stop - start, COUNT):
                left = stop - start - j
                weight = load_first(total_weights, at + j, left)
                for band in range(bands):
                    place = at + j + band * lines * samples
                    mean = divided(load_first(total, place, left), weight)
                    store(detail, place, mean - load_first(detail, place, left), left)


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
    out: NDArray[Any],
    out_line: int,
    out_sample: int,
) -> None:
    """Where one image owns: its sample, in changed blocks with the expanded change.

    The image and the result begin at these lines and samples of the window. Whole numbers are rounded, and end at
    full scale.
    """
    between, predicted = np.zeros(ROOM, dtype=np.float32), np.zeros(ROOM, dtype=np.float32)
    bottom_right = (
        min(line + values.shape[1], out_line + out.shape[1]),
        min(sample + values.shape[2], out_sample + out.shape[2]),
    )
    first_line, first_sample = max(line, out_line), max(sample, out_sample)
    for kind in range(2):
        predicted[:] = 0.0
        for top, bottom, start, stop in stretches(busy & (changed == bool(kind)), shift, bottom_right):
            left = max(start, first_sample)
            for i in range(max(top, first_line), bottom if left < stop else top):
                is_all = owns_all(owners[i, left:stop], index)
                for band in range(out.shape[0]):
                    if kind:
                        expand_line(change, band, i, start, stop - start, between, predicted)
                    put(
                        values,
                        ((band * values.shape[1]) + i - line) * values.shape[2] + left - sample,
                        predicted,
                        left - start,
                        owners,
                        i * owners.shape[1] + left,
                        index,
                        is_all,
                        stop - left,
                        out,
                        ((band * out.shape[1]) + i - out_line) * out.shape[2] + left - out_sample,
                    )

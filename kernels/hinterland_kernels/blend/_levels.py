"""The multi-band blend of one window: which loop runs over which level of which image."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from hinterland_kernels.backend import CUDA_NAME, Backend
from hinterland_kernels.blend._blocks import BlockSets, block_sets
from hinterland_kernels.blend._layers import Layer

_CUT_SHIFT = 5
"""Where nothing is blended, blocks need only be longer than they cost."""


class _Level(NamedTuple):
    """One level of a pyramid."""

    values: Any
    """(bands, lines, samples) float32."""
    weights: Any
    """(lines, samples) float32."""


def blend_window(
    layers: Sequence[Layer],
    owners: Any,  # noqa: ANN401 - an array of the backend
    levels: int,
    core: tuple[int, int, int, int],
    out: Any,  # noqa: ANN401
    out_origin: tuple[int, int],
    loops: ModuleType,
    backend: Backend,
) -> None:
    """Blend the core of a window into a result that begins at `out_origin` of the window; see `multiband`."""
    shift = levels or _CUT_SHIFT
    indices, sets = _find_blocks(owners, len(layers), shift, core, loops, backend)
    there = [(layers[index], index) for index in indices]
    owning, blending = _places_of(sets, backend)
    details, sums = _details(there, owners, levels, blending, sets, loops, backend) if levels else ({}, [])
    for place in owning:
        layer, index = there[place]
        change = backend.xp.empty((out.shape[0], 1, 1), dtype=np.float32)
        if place in details:
            change = _change(details.pop(place), sums, place, sets, loops)
        loops.finish(
            layer.values,
            layer.line,
            layer.sample,
            owners,
            index,
            change,
            sets.change[place] if levels else backend.xp.zeros_like(sets.owned[place]),
            sets.owned[place],
            shift,
            out,
            *out_origin,
        )


def _places_of(sets: BlockSets, backend: Backend) -> tuple[list[int], list[int]]:
    """Which of the sets' images own some of the core, and which are blended; on a GPU all, rather than wait."""
    if backend.name == CUDA_NAME:
        every = list(range(len(sets.owned)))
        return every, every
    owning, blending = (
        blocks.any(axis=(1, 2)).nonzero()[0].tolist() for blocks in (sets.owned, sets.needed[2])
    )
    return owning, blending


def read_windows(
    owners: Any,  # noqa: ANN401
    images: int,
    levels: int,
    core: tuple[int, int, int, int],
    loops: ModuleType,
    backend: Backend,
) -> list[tuple[int, int, int, int] | None]:
    """Find the part of each image that `blend_window` reads; see `needed_windows`."""
    shift = levels or _CUT_SHIFT
    indices, sets = _find_blocks(owners, images, shift, core, loops, backend)
    read = backend.to_host(sets.owned | sets.needed[2] if levels else sets.owned)
    found: list[tuple[int, int, int, int] | None] = [None] * images
    for index, blocks in zip(indices, read, strict=True):
        if not blocks.any():
            continue
        rows, columns = (blocks.any(axis=axis).nonzero()[0] for axis in (1, 0))
        top, left = int(rows[0]) << shift, int(columns[0]) << shift
        bottom = min((int(rows[-1]) + 1) << shift, owners.shape[0])
        right = min((int(columns[-1]) + 1) << shift, owners.shape[1])
        found[index] = (top, left, bottom - top, right - left)
    return found


def _find_blocks(
    owners: Any,  # noqa: ANN401
    images: int,
    shift: int,
    core: tuple[int, int, int, int],
    loops: ModuleType,
    backend: Backend,
) -> tuple[list[int], BlockSets]:
    """Images that own some of a window, and their sets of its blocks of `1 << shift` pixels, for a part of it.

    On a GPU they are all the images, rather than wait for its answer.
    """
    shape = tuple(-(-size >> shift) for size in owners.shape)
    present = backend.xp.empty((images, *shape), dtype=np.bool_)
    loops.find_owners(owners, shift, present)
    indices = list(range(images))
    if backend.name != CUDA_NAME:
        indices = present.any(axis=(1, 2)).nonzero()[0].tolist()
        present = present[indices]
    wanted = np.zeros(shape, dtype=np.bool_)
    line, sample, lines, samples = core
    rows = slice(line >> shift, -(-(line + lines) >> shift))
    wanted[rows, sample >> shift : -(-(sample + samples) >> shift)] = True
    return indices, block_sets(present, backend.to_device(wanted), backend)


def _details(
    there: Sequence[tuple[Layer, int]],
    owners: Any,  # noqa: ANN401
    levels: int,
    blending: Sequence[int],
    sets: BlockSets,
    loops: ModuleType,
    backend: Backend,
) -> tuple[dict[int, list[Any]], list[_Level]]:
    """Detail of each image at levels 1 to `levels`, the coarsest whole, and their weighted sums."""
    if not blending:
        return {}, []
    shapes = [owners.shape]
    for _ in range(levels):
        shapes.append(((shapes[-1][0] + 1) // 2, (shapes[-1][1] + 1) // 2))
    bands = there[0][0].values.shape[0]
    sums = [_empty_level(bands, shape, backend) for shape in shapes[1:]]
    for level, total in enumerate(sums, start=1):
        loops.clear(sets.mixed_at(level, levels).any(axis=0), levels - level, *total)
    details = {}
    for place in blending:
        layer, index = there[place]
        finer, valid, origin = layer.values, layer.mask, (layer.line, layer.sample)
        pyramid = [_empty_level(bands, shape, backend) for shape in shapes[1:]]
        for level, (values, weights) in enumerate(pyramid, start=1):
            busy, shift = sets.reduced_at(level, levels)[place], levels - level
            coarser_valid = backend.xp.empty(weights.shape, dtype=np.bool_)
            loops.reduce_values(finer, valid, *origin, busy, shift, values, coarser_valid)
            if level == 1:
                loops.reduce_ownership(owners, index, busy, shift, weights)
            else:
                loops.reduce_weights(pyramid[level - 2].weights, busy, shift, weights)
            finer, valid, origin = values, coarser_valid, (0, 0)
        for level, ((values, weights), total) in enumerate(zip(pyramid, sums, strict=True), start=1):
            busy, shift = sets.mixed_at(level, levels)[place], levels - level
            if level < levels:
                loops.add_expanded(pyramid[level].values, -1.0, busy, shift, values)
            loops.add_detail(values, weights, busy, shift, *total)
        details[place] = [values for values, _ in pyramid]
    return details, sums


def _change(
    details: Sequence[Any],
    sums: Sequence[_Level],
    place: int,
    sets: BlockSets,
    loops: ModuleType,
) -> Any:  # noqa: ANN401 - (bands, lines, samples) float32
    """What the blend changes in one image, collapsed to level 1; its details make way for it."""
    levels = len(sums)
    coarser = None
    for level in range(levels, 0, -1):
        change, (total, weights), shift = details[level - 1], sums[level - 1], levels - level
        mixed = sets.mixed_at(level, levels)[place]
        loops.subtract(total, weights, mixed, sets.edge[place], shift, change)
        if coarser is not None:
            loops.add_expanded(coarser, 1.0, sets.change[place], shift, change)
        coarser = change
    return coarser


def _empty_level(bands: int, shape: tuple[int, int], backend: Backend) -> _Level:
    return _Level(
        backend.xp.empty((bands, *shape), dtype=np.float32), backend.xp.empty(shape, dtype=np.float32)
    )

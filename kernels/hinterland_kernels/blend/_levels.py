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
    sets = _find_blocks(owners, len(layers), shift, core, loops, backend)
    owning, blending = _images_of(sets, backend)
    details, sums = _details(layers, owners, levels, blending, sets, loops, backend) if levels else ({}, [])
    nothing = backend.xp.zeros_like(sets.owned[0])
    for index in owning:
        layer = layers[index]
        change = backend.xp.empty((out.shape[0], 1, 1), dtype=np.float32)
        if index in details:
            change = _change(details.pop(index), sums, index, sets, loops)
        loops.finish(
            layer.values,
            layer.line,
            layer.sample,
            owners,
            index,
            change,
            sets.change[index] if levels else nothing,
            sets.owned[index],
            shift,
            out,
            *out_origin,
        )


def _images_of(sets: BlockSets, backend: Backend) -> tuple[list[int], list[int]]:
    """The images that own something, and those that are blended; on a GPU all, rather than wait for its answer."""
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
    sets = _find_blocks(owners, images, shift, core, loops, backend)
    read = backend.to_host(sets.owned | sets.needed[2] if levels else sets.owned)
    found: list[tuple[int, int, int, int] | None] = []
    for blocks in read:
        if not blocks.any():
            found.append(None)
            continue
        rows, columns = (blocks.any(axis=axis).nonzero()[0] for axis in (1, 0))
        top, left = int(rows[0]) << shift, int(columns[0]) << shift
        bottom = min((int(rows[-1]) + 1) << shift, owners.shape[0])
        right = min((int(columns[-1]) + 1) << shift, owners.shape[1])
        found.append((top, left, bottom - top, right - left))
    return found


def _find_blocks(
    owners: Any,  # noqa: ANN401
    images: int,
    shift: int,
    core: tuple[int, int, int, int],
    loops: ModuleType,
    backend: Backend,
) -> BlockSets:
    """Sets of the blocks of `1 << shift` pixels of a window, of which a part is wanted."""
    shape = tuple(-(-size >> shift) for size in owners.shape)
    present = backend.xp.empty((images, *shape), dtype=np.bool_)
    loops.find_owners(owners, shift, present)
    wanted = np.zeros(shape, dtype=np.bool_)
    line, sample, lines, samples = core
    rows = slice(line >> shift, -(-(line + lines) >> shift))
    wanted[rows, sample >> shift : -(-(sample + samples) >> shift)] = True
    return block_sets(present, backend.to_device(wanted), backend)


def _details(
    layers: Sequence[Layer],
    owners: Any,  # noqa: ANN401
    levels: int,
    images: Sequence[int],
    sets: BlockSets,
    loops: ModuleType,
    backend: Backend,
) -> tuple[dict[int, list[Any]], list[_Level]]:
    """Detail of each image at levels 1 to `levels`, the coarsest whole, and their weighted sums."""
    if not images:
        return {}, []
    shapes = [owners.shape]
    for _ in range(levels):
        shapes.append(((shapes[-1][0] + 1) // 2, (shapes[-1][1] + 1) // 2))
    bands = layers[0].values.shape[0]
    sums = [_empty_level(bands, shape, backend) for shape in shapes[1:]]
    for level, total in enumerate(sums, start=1):
        loops.clear(sets.mixed_at(level, levels).any(axis=0), levels - level, *total)
    details = {}
    for index in images:
        finer, valid = layers[index].values, layers[index].mask
        place = layers[index].line, layers[index].sample
        pyramid = [_empty_level(bands, shape, backend) for shape in shapes[1:]]
        for level, (values, weights) in enumerate(pyramid, start=1):
            busy, shift = sets.reduced_at(level, levels)[index], levels - level
            coarser_valid = backend.xp.empty(weights.shape, dtype=np.bool_)
            loops.reduce_values(finer, valid, *place, busy, shift, values, coarser_valid)
            if level == 1:
                loops.reduce_ownership(owners, index, busy, shift, weights)
            else:
                loops.reduce_weights(pyramid[level - 2].weights, busy, shift, weights)
            finer, valid, place = values, coarser_valid, (0, 0)
        for level, ((values, weights), total) in enumerate(zip(pyramid, sums, strict=True), start=1):
            busy, shift = sets.mixed_at(level, levels)[index], levels - level
            if level < levels:
                loops.add_expanded(pyramid[level].values, -1.0, busy, shift, values)
            loops.add_detail(values, weights, busy, shift, *total)
        details[index] = [values for values, _ in pyramid]
    return details, sums


def _change(
    details: Sequence[Any],
    sums: Sequence[_Level],
    index: int,
    sets: BlockSets,
    loops: ModuleType,
) -> Any:  # noqa: ANN401 - (bands, lines, samples) float32
    """What the blend changes in one image, collapsed to level 1; its details make way for it."""
    levels = len(sums)
    coarser = None
    for level in range(levels, 0, -1):
        change, (total, weights), shift = details[level - 1], sums[level - 1], levels - level
        mixed = sets.mixed_at(level, levels)[index]
        loops.subtract(total, weights, mixed, sets.edge[index], shift, change)
        if coarser is not None:
            loops.add_expanded(coarser, 1.0, sets.change[index], shift, change)
        coarser = change
    return coarser


def _empty_level(bands: int, shape: tuple[int, int], backend: Backend) -> _Level:
    return _Level(
        backend.xp.empty((bands, *shape), dtype=np.float32), backend.xp.empty(shape, dtype=np.float32)
    )

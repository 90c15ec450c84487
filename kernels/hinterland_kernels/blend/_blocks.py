"""Which blocks of a window a multi-band blend must look at, level by level and image by image.

Blocks have `2**levels` pixels a side and begin on multiples of it, so that they are the same in every window.
Samples of the coarsest level lie on the first pixel of each block, so that its weights see two blocks before and
one after; those of the other levels see one either way, and a level is expanded two blocks at most. So where one
image owns all within three blocks the blend changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hinterland_kernels.backend import Backend

REACH = 4
"""Blocks beyond a block that can change it."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockSets:
    """Sets of blocks, each (block lines, block samples) bool on the backend; by image where there are images."""

    owned: Any
    """(images, ...): the image owns a pixel of the result here."""
    change: Any
    """(images, ...): the blend changes the image."""
    edge: Any
    """(images, ...): `change` and the blocks around it, which the expansion reads."""
    mixed: Any
    """(images, ...): weights of several images meet, below the coarsest level."""
    mixed_base: Any
    """(images, ...): the same at the coarsest level."""
    needed: tuple[Any, Any, Any]
    """(images, ...) of each: what is reduced to the coarsest level, the one below it, and the finer ones."""

    def reduced_at(self, level: int, levels: int) -> Any:  # noqa: ANN401
        """Where a level, from 1, is needed of each image."""
        return self.needed[min(levels - level, 2)]

    def mixed_at(self, level: int, levels: int) -> Any:  # noqa: ANN401
        """Where weights of several images meet at a level, from 1."""
        return self.mixed if level < levels else self.mixed_base


def block_sets(present: Any, core: Any, backend: Backend) -> BlockSets:  # noqa: ANN401 - arrays of the backend
    """Derive the sets.

    Parameters
    ----------
    present : (images, block_lines, block_samples) bool
        Who owns a pixel of each block.
    core : (block_lines, block_samples) bool
        Blocks whose result is wanted.
    backend : Backend
        Where the arrays live.
    """
    weighted = _spread(present, 1, 1, backend)  # below the coarsest level
    weighted_base = _spread(present, 2, 1, backend)
    mixed, base, change = (
        reach.sum(axis=0) > 1 for reach in (weighted, weighted_base, _spread(present, 3, 3, backend))
    )
    # an image's change is read as far as an expansion from its own part reaches, which is as far as its weight
    near = weighted_base & _spread(core[None], 2, 1, backend)
    mixed, base, change = near & mixed, near & base, near & change
    coarsest = base | _spread(mixed, 1, 1, backend)  # the detail below it is a difference from its expansion
    return BlockSets(
        owned=present & core,
        change=change,
        edge=_spread(change, 1, 1, backend),
        mixed=mixed,
        mixed_base=base,
        needed=(coarsest, _spread(coarsest, 1, 1, backend), _spread(coarsest, 1, 2, backend)),
    )


def _spread(blocks: Any, before: int, after: int, backend: Backend) -> Any:  # noqa: ANN401
    """Blocks that see one of a set so many lines and samples before them or after: (images, ..., ...)."""
    for axis in (1, 2):
        grown = blocks.copy()
        for distance in range(1, max(before, after) + 1):
            later, sooner = [slice(None)] * 3, [slice(None)] * 3
            later[axis], sooner[axis] = slice(distance, None), slice(None, -distance)
            if distance <= before:
                grown[tuple(later)] |= blocks[tuple(sooner)]
            if distance <= after:
                grown[tuple(sooner)] |= blocks[tuple(later)]
        blocks = grown
    return backend.xp.ascontiguousarray(blocks)

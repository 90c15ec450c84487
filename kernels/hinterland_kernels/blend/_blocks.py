"""Which blocks of a window a multi-band blend must look at, level by level and image by image.

Blocks have `2**levels` pixels a side and begin on multiples of it, so that they are the same in every window.
Weights at the coarsest level reach two blocks, at the others one, and a level is expanded two blocks at most. So
where one image owns all within three blocks the blend changes nothing, and of the others only those count that own
something within two.
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
    one = _spread(present, 1, backend)
    two = _spread(one, 1, backend)
    several = [reach.sum(axis=0) > 1 for reach in (one, two, _spread(two, 1, backend))]
    near = two & _spread(core[None], 2, backend)
    mixed, base, change = (near & meeting for meeting in several)
    coarsest = base | _spread(mixed, 1, backend)  # the detail below it is a difference from its expansion
    further = _spread(coarsest, 1, backend)
    return BlockSets(
        owned=present & core,
        change=change,
        edge=_spread(change, 1, backend),
        mixed=mixed,
        mixed_base=base,
        needed=(coarsest, further, _spread(further, 1, backend)),
    )


def _spread(blocks: Any, reach: int, backend: Backend) -> Any:  # noqa: ANN401
    """Blocks within `reach` lines and samples of a set: (images, block_lines, block_samples)."""
    for axis in (1, 2):
        grown = blocks.copy()
        for distance in range(1, reach + 1):
            ahead = [slice(None)] * 3
            behind = [slice(None)] * 3
            ahead[axis], behind[axis] = slice(distance, None), slice(None, -distance)
            grown[tuple(ahead)] |= blocks[tuple(behind)]
            grown[tuple(behind)] |= blocks[tuple(ahead)]
        blocks = grown
    return backend.xp.ascontiguousarray(blocks)

"""How a raster lies in its file: its levels, and the blocks that they are cut into."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 512
"""Lines and samples of a block of the file; tiles that start and end on its multiples are the quickest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a raster lies in its file."""

    compress: str = "deflate"
    """One of `COMPRESSIONS`."""
    overviews: bool = True
    """Reduced copies, for programs that show it."""

    @property
    def is_plain(self) -> bool:
        """True if any program reads it, one that knows no masks too."""
        return self.compress == "none" and not self.overviews


@dataclass(frozen=True, slots=True)
class Level:
    """A raster, or an overview of it."""

    lines: int
    """Height."""
    samples: int
    """Width."""

    @property
    def blocks_down(self) -> int:
        """Rows of blocks."""
        return -(-self.lines // BLOCK)

    @property
    def blocks_across(self) -> int:
        """Blocks of a row."""
        return -(-self.samples // BLOCK)

    @property
    def block_count(self) -> int:
        """All blocks."""
        return self.blocks_down * self.blocks_across

    def block_shape(self, row: int, column: int) -> tuple[int, int]:
        """Lines and samples of a block that lie in the raster."""
        return min(BLOCK, self.lines - row * BLOCK), min(BLOCK, self.samples - column * BLOCK)

    def halved(self) -> Level:
        """The next coarser level."""
        return Level((self.lines + 1) // 2, (self.samples + 1) // 2)


def levels_of(lines: int, samples: int, *, overviews: bool) -> tuple[Level, ...]:
    """The raster and, where asked for, its overviews down to one that is a single block."""
    levels = [Level(lines, samples)]
    while overviews and levels[-1].block_count > 1:
        levels.append(levels[-1].halved())
    return tuple(levels)

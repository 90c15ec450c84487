"""Blocks that are put together from pieces, in whatever order those come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.masks import distinct
from hinterland.products.cog.files import Heap
from hinterland.products.cog.layout import BLOCK, Level

Place = tuple[int, int, int]
"""Level, row and column of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A rectangle of a block."""

    line: int
    """Of its first sample, from the block's."""
    sample: int
    """The same."""
    samples: NDArray[Any]
    """(bands, lines, samples)."""
    mask: NDArray[np.bool_] | None
    """(lines, samples), True where valid; None if all are."""


def cut(
    line: int, sample: int, samples: NDArray[Any], mask: NDArray[np.bool_] | None
) -> Iterator[tuple[Place, Piece]]:
    """Cut a tile that begins at a line and sample into pieces of blocks of full size.

    Parameters
    ----------
    line, sample : int
        Of the tile's first pixel in the raster.
    samples : (bands, lines, samples)
        The tile; pieces are copies, since a view would hold all of it until the last block is encoded.
    mask : (lines, samples) bool or None
        True where valid.
    """
    _, lines, columns = samples.shape
    for row in range(line // BLOCK, -(-(line + lines) // BLOCK)):
        for column in range(sample // BLOCK, -(-(sample + columns) // BLOCK)):
            first, left = max(row * BLOCK, line), max(column * BLOCK, sample)
            window = np.s_[
                first - line : min((row + 1) * BLOCK - line, lines),
                left - sample : min((column + 1) * BLOCK - sample, columns),
            ]
            valid = None if mask is None or distinct(mask[window]).all() else mask[window].copy()
            block = samples[:, *window].copy()
            yield (0, row, column), Piece(first - row * BLOCK, left - column * BLOCK, block, valid)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a piece waits."""

    line: int
    sample: int
    lines: int
    samples: int
    has_mask: bool
    size: int
    in_heap: int


@dataclass(slots=True)
class _Unfinished:
    missing: int
    pieces: list[_Kept] = field(default_factory=list)


class Pieces:
    """Unfinished blocks. Their pieces wait in a heap: a row of blocks of a wide raster would fill the memory.

    Parameters
    ----------
    heap : Heap
        Where pieces wait.
    levels : tuple of Level
        Of the raster.
    bands : int
        How many.
    dtype : np.dtype
        Of the samples.
    fill : NDArray
        What samples hold that no piece brings: a scalar of their dtype.
    labels : bool
        Samples are labels: what no piece brings is valid, and none.
    """

    def __init__(
        self,
        heap: Heap,
        levels: tuple[Level, ...],
        *,
        bands: int,
        dtype: np.dtype[Any],
        fill: NDArray[Any],
        labels: bool,
    ) -> None:
        self._heap = heap
        self._levels = levels
        self._bands = bands
        self._dtype = dtype
        self._fill = fill
        self._labels = labels
        self._lock = threading.Lock()
        self._unfinished: dict[Place, _Unfinished] = {}

    def add(self, place: Place, piece: Piece) -> Piece | None:
        """Add a piece to a block; returns the block once it is whole.

        Raises
        ------
        ValueError
            If pieces overlap.
        """
        level, row, column = place
        shape = self._levels[level].block_shape(row, column)
        _, lines, columns = piece.samples.shape
        if (lines, columns) == shape:
            return piece
        parts = [np.ascontiguousarray(piece.samples).reshape(-1).view(np.uint8).data]
        if piece.mask is not None:
            parts.append(np.packbits(piece.mask).data)
        kept = _Kept(
            piece.line,
            piece.sample,
            lines,
            columns,
            has_mask=piece.mask is not None,
            size=sum(map(len, parts)),
            in_heap=self._heap.put(*parts),
        )
        with self._lock:
            block = self._unfinished.setdefault(place, _Unfinished(shape[0] * shape[1]))
            block.pieces.append(kept)
            block.missing -= kept.lines * kept.samples
            if block.missing < 0:
                message = f"pieces overlap in block {place}"
                raise ValueError(message)
            if block.missing:
                return None
            del self._unfinished[place]
        return self._joined(place, block)

    def unfinished(self, level: int) -> Iterator[tuple[Place, Piece]]:
        """Take the blocks of a level that will get no more pieces; what is missing is not valid."""
        for place in sorted(place for place in self._unfinished if place[0] == level):
            yield place, self._joined(place, self._unfinished.pop(place))

    def _joined(self, place: Place, block: _Unfinished) -> Piece:
        shape = self._levels[place[0]].block_shape(*place[1:])
        samples = np.full((self._bands, *shape), self._fill, self._dtype)
        is_full = not block.missing and not any(kept.has_mask for kept in block.pieces)
        mask = None if self._labels or is_full else np.zeros(shape, np.bool_)
        for kept in block.pieces:
            parts = self._heap.get(kept.size, kept.in_heap)
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            self._heap.free(kept.size, kept.in_heap)
            window = np.s_[kept.line : kept.line + kept.lines, kept.sample : kept.sample + kept.samples]
            area = kept.lines * kept.samples
            values = np.frombuffer(data, self._dtype, self._bands * area)
            samples[:, *window] = values.reshape(self._bands, kept.lines, kept.samples)
            if mask is not None and not kept.has_mask:
                mask[window] = True
            elif mask is not None:
                bits = np.frombuffer(data, np.uint8, offset=values.nbytes)
                mask[window] = np.unpackbits(bits, count=area).reshape(kept.lines, kept.samples)
        return Piece(0, 0, samples, mask)

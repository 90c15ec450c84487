"""Blocks that are put together from pieces, in whatever order those come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.products.cog.files import Heap
from hinterland.products.cog.layout import Level

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
    """(lines, samples), True where valid; None if the raster has no mask."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a piece waits."""

    line: int
    sample: int
    lines: int
    samples: int
    size: int
    offset: int


@dataclass(slots=True)
class _Unfinished:
    missing: int
    pieces: list[_Kept] = field(default_factory=list)


class Pieces:
    """Unfinished blocks. Their pieces wait in a file: a row of blocks of a wide raster would fill the memory.

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
    has_mask : bool
        Pieces have masks.
    """

    def __init__(
        self,
        heap: Heap,
        levels: tuple[Level, ...],
        *,
        bands: int,
        dtype: np.dtype[Any],
        fill: NDArray[Any],
        has_mask: bool,
    ) -> None:
        self._heap = heap
        self._levels = levels
        self._bands = bands
        self._dtype = dtype
        self._fill = fill
        self._has_mask = has_mask
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
        samples = piece.samples.tobytes()
        mask = b"" if piece.mask is None else np.packbits(piece.mask).tobytes()
        offset = self._heap.put(samples, mask)
        kept = _Kept(piece.line, piece.sample, lines, columns, len(samples) + len(mask), offset)
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
        mask = np.zeros(shape, np.bool_) if self._has_mask else None
        for kept in block.pieces:
            data = self._heap.get(kept.size, kept.offset)
            self._heap.free(kept.size, kept.offset)
            window = np.s_[kept.line : kept.line + kept.lines, kept.sample : kept.sample + kept.samples]
            area = kept.lines * kept.samples
            values = np.frombuffer(data, self._dtype, self._bands * area)
            samples[:, *window] = values.reshape(self._bands, kept.lines, kept.samples)
            if mask is not None:
                bits = np.frombuffer(data, np.uint8, offset=values.nbytes)
                mask[window] = np.unpackbits(bits, count=area).reshape(kept.lines, kept.samples)
        return Piece(0, 0, samples, mask)

"""The encoded blocks of a raster, which wait in a file for the order that the format asks for."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
from deflate import crc32
from numpy.typing import NDArray

from hinterland.products.cog.codecs import Encoded
from hinterland.products.cog.files import Heap, Part
from hinterland.products.cog.layout import Level
from hinterland.products.cog.pieces import Place

ENDS = 4
"""Bytes of a block's size in front of it, and of its last bytes repeated behind it, as GDAL's readers may use."""

_MISSING = np.iinfo(np.int64).min
"""No place in the heap."""


class Blocks:
    """What is known of each block, by its index: the levels' blocks line by line, the finest level's first.

    A block waits together with that of its mask, as they will lie in the finished file.

    Parameters
    ----------
    heap : Heap
        Where blocks wait.
    levels : tuple of Level
        Of the raster.
    has_mask : bool
        Each block has one of its mask.
    is_plain : bool
        Neither blocks nor masks are compressed.
    """

    def __init__(self, heap: Heap, levels: tuple[Level, ...], *, has_mask: bool, is_plain: bool) -> None:
        counts = [level.block_count for level in levels]
        self.has_mask = has_mask
        self.is_plain = is_plain
        self.first = np.cumsum([0, *counts])
        """Index of each level's first block, and how many there are in all."""
        self.samples_bytes = np.zeros(sum(counts), np.int64)
        """Of each block without its ends; 0 where that is not known yet."""
        self.mask_bytes = np.zeros(sum(counts), np.int64)
        """Of the block of its mask."""
        self.checksums = np.zeros(sum(counts), np.uint32)
        """CRC-32 of each block, of all that waits."""
        self.places: NDArray[np.int64] | None = None
        """Where each block lies in the finished file, if that is known before and blocks are written there."""
        self._levels = levels
        self._heap = heap
        self._waiting = np.full(sum(counts), _MISSING, np.int64)
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of all that waits of each block."""
        masks = self.mask_bytes + 2 * ENDS if self.has_mask else 0
        return self.samples_bytes + 2 * ENDS + masks

    @property
    def order(self) -> NDArray[np.int64]:
        """Indices in the order of the file: the coarsest level first."""
        spans = [np.arange(*span) for span in zip(self.first[:-1], self.first[1:], strict=True)]
        return np.concatenate(spans[::-1])

    def put(self, place: Place, samples: Encoded, mask: bytes) -> None:
        """Keep a block and that of its mask, which is empty where the raster has none.

        Raises
        ------
        ValueError
            If the block is there already.
        """
        level, row, column = place
        index = int(self.first[level]) + row * self._levels[level].blocks_across + column
        with self._lock:  # two threads may have encoded the same block
            is_taken = index in self._taken
            self._taken.add(index)
        if is_taken:
            message = f"block {place} is written twice: tiles overlap"
            raise ValueError(message)
        self._keep(index, samples, mask)

    def fill(self, samples: Encoded, mask: bytes) -> None:
        """Let one and the same block be wherever there is none."""
        missing = np.flatnonzero(self._waiting == _MISSING)
        if self.places is not None:
            for index in missing.tolist():
                self._keep(index, samples, mask)
        elif missing.size:
            self._keep(missing, samples, mask)

    def get(self, index: int) -> tuple[Part, ...]:
        """All that waits of a block, in one part or more."""
        masks = int(self.mask_bytes[index]) + 2 * ENDS if self.has_mask else 0
        return self._heap.get(int(self.samples_bytes[index]) + 2 * ENDS + masks, int(self._waiting[index]))

    def _keep(self, index: Any, samples: Encoded, mask: bytes) -> None:  # noqa: ANN401 - one index or many
        parts = _with_ends(samples) + (_with_ends(mask) if self.has_mask else ())
        if self.places is None:
            self._waiting[index] = self._heap.put(*parts)
        else:
            self._waiting[index] = self.places[index]
            self._heap.put_at(int(self.places[index]), *parts)
        self.checksums[index] = functools.reduce(lambda crc, part: crc32(part, crc), parts, 0)
        self.mask_bytes[index] = len(mask)
        self.samples_bytes[index] = len(samples)


def _with_ends(block: Encoded) -> tuple[Encoded, ...]:
    return len(block).to_bytes(ENDS, "little"), block, block[-ENDS:]

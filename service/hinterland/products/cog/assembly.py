"""The finished file, put together from what waits and checked."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from itertools import chain
from pathlib import Path

import numpy as np
from deflate import crc32
from numpy.typing import NDArray

from hinterland.products.cog import container
from hinterland.products.cog.blocks import ENDS, Blocks
from hinterland.products.cog.container import Directory, Entry, header, long, number
from hinterland.products.cog.files import read_at, start_writeback, write_at
from hinterland.products.cog.layout import BLOCK, Level

_SUBFILE, _WIDTH, _LENGTH = 254, 256, 257
_OF_BLOCKS = {322, 323, 324, 325}
_OF_OVERVIEWS = {258, 259, 262, 277, 284, 317, 338, 339, 42113}
"""How samples are stored and which are nodata; the rest is said once, of the raster."""
_IS_REDUCED, _IS_MASK = 1, 4
_AS_IT_IS, _DEFLATE = 1, 8
_RUN = 8  # blocks that a thread copies or checks at a time


class Assembly:
    """The file of some blocks: what stands where.

    Parameters
    ----------
    blocks : Blocks
        All of them.
    levels : tuple of Level
        Of the raster.
    entries : dict
        Of a directory of such a raster, by tag.
    """

    def __init__(self, blocks: Blocks, levels: tuple[Level, ...], entries: dict[int, Entry]) -> None:
        self._blocks = blocks
        self._levels = levels
        self._entries = entries
        self._order = blocks.order
        sizes = blocks.sizes
        for big in (False, True):
            self._header = self._with_blocks_at(np.zeros_like(sizes), big=big)
            ends = len(self._header) + np.cumsum(sizes[self._order])
            if ends[-1] <= container.LARGEST_CLASSIC:
                break
        self._bytes = int(ends[-1])
        self._places = np.empty_like(sizes)
        self._places[self._order] = ends - sizes[self._order]
        self._header = self._with_blocks_at(self._places, big=big)

    @property
    def places(self) -> NDArray[np.int64]:
        """Where each block lies in the file."""
        return self._places

    def write(self, path: Path, pool: Executor) -> None:
        """Write the file, or what it lacks if the blocks are in place."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            write_at(handle, [self._header], 0)

            def copy(run: NDArray[np.int64]) -> None:
                start, size = int(self._places[run[0]]), int(self._blocks.sizes[run].sum())
                write_at(handle, [*chain.from_iterable(map(self._blocks.get, run.tolist()))], start)
                start_writeback(handle, size, start)

            for _ in pool.map(copy, self._runs() if self._blocks.places is None else ()):
                pass
        finally:
            os.close(handle)

    def verify(self, path: Path, pool: Executor) -> None:
        """Wait until the file is on the disk, and meanwhile read it back: each byte is the one that was encoded.

        Raises
        ------
        OSError
            If it is not.
        """
        handle = os.open(path, os.O_RDONLY)
        try:
            if os.fstat(handle).st_size != self._bytes:
                message = f"it has {os.fstat(handle).st_size} bytes, not {self._bytes}"
                raise OSError(message)
            if read_at(handle, len(self._header), 0) != self._header:
                message = "its header does not read back as it was written"
                raise OSError(message)
            sizes = self._blocks.sizes

            def check(run: NDArray[np.int64]) -> None:
                start = int(self._places[run[0]])
                data = memoryview(read_at(handle, int(sizes[run].sum()), start))
                for index in run.tolist():
                    place = int(self._places[index]) - start
                    found = crc32(data[place : place + int(sizes[index])])
                    if found != self._blocks.checksums[index]:
                        message = f"the block at byte {start + place} does not read back as it was written"
                        raise OSError(message)

            on_disk = pool.submit(os.fsync, handle)
            for _ in pool.map(check, self._runs()):
                pass
            on_disk.result()
        finally:
            os.close(handle)

    def _runs(self) -> list[NDArray[np.int64]]:
        return np.array_split(self._order, -(-len(self._order) // _RUN))

    def _with_blocks_at(self, places: NDArray[np.int64], *, big: bool) -> bytes:
        blocks = self._blocks
        spans = [slice(*span) for span in zip(blocks.first[:-1], blocks.first[1:], strict=True)]
        behind = places + blocks.samples_bytes + 3 * ENDS
        images = [
            Directory(entries, places[span] + ENDS, blocks.samples_bytes[span])
            for entries, span in zip(self._of_samples(), spans, strict=True)
        ]
        masks = [
            Directory(entries, behind[span], blocks.mask_bytes[span])
            for entries, span in zip(self._of_masks(), spans, strict=True)
        ]
        # as GDAL orders them: the raster and its mask, its overviews, their masks
        directories = [images[0], masks[0], *images[1:], *masks[1:]] if blocks.has_mask else images
        return header(directories, has_mask=blocks.has_mask, big=big)

    def _of_samples(self) -> list[tuple[Entry, ...]]:
        """Entries of the raster and of its overviews."""
        kept = [
            [entry for tag, entry in self._entries.items() if tag not in {*_OF_BLOCKS, _WIDTH, _LENGTH}],
            [entry for tag, entry in self._entries.items() if tag in _OF_OVERVIEWS]
            + [long(_SUBFILE, _IS_REDUCED)],
        ]
        return [(*kept[min(number_, 1)], *_size(level)) for number_, level in enumerate(self._levels)]

    def _of_masks(self) -> list[tuple[Entry, ...]]:
        kept_by = _AS_IT_IS if self._blocks.is_plain else _DEFLATE
        return [
            (
                long(_SUBFILE, _IS_MASK | (_IS_REDUCED if number_ else 0)),
                *_size(level),
                *(
                    number(tag, value)
                    for tag, value in ((258, 1), (259, kept_by), (262, 4), (277, 1), (284, 1), (339, 1))
                ),
            )
            for number_, level in enumerate(self._levels)
        ]


def _size(level: Level) -> tuple[Entry, ...]:
    return (
        number(_WIDTH, level.samples),
        number(_LENGTH, level.lines),
        number(322, BLOCK),
        number(323, BLOCK),
    )

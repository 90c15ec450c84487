"""Samples that lie uncompressed in a GeoTIFF, block behind block: read from where they are, past the driver.

The driver copies a window three times and asks for its blocks one by one. Where the place of every sample is
known the system's calls do: a damaged or shortened file is an error of theirs.
"""

from __future__ import annotations

import os
import struct
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import Window

_LINES_AT_ONCE = os.sysconf("SC_IOV_MAX") // 2
"""Lines of which parts are read by one call, which also takes what lies between them."""
_WASTED = 32
"""Reading a line so many times as long as what is wanted of it takes no longer than a call for each."""
_FORMS = {42: (4, "=H", "=HHI4s", "=I"), 43: (12, "=Q", "=HHQ8s", "=Q")}
"""Of TIFF and BigTIFF: bytes that end in the first directory's place; a directory's length; an entry; a place."""
_MOST_ENTRIES = 4096
"""Of a directory that is sound."""
_OFFSETS = {273, 324}
"""Tags of strips' and of tiles' places."""
_DTYPES = {3: "u2", 4: "u4", 16: "u8"}
"""Of values, by TIFF's numbers of types."""


@dataclass(frozen=True, slots=True)
class PlainBlocks:
    """Where the blocks of an uncompressed raster lie."""

    first: int
    """Offset of the first block."""
    stride: int
    """Bytes from one block to the next, line by line and band by band."""
    block: tuple[int, int]
    """Lines and samples of a block."""
    shape: tuple[int, int, int]
    """Bands, lines and samples of the raster."""
    dtype: np.dtype[Any]
    """Of the samples."""

    def read(
        self, path: Path, bands: int, window: Window, picked: NDArray[np.int64] | None = None
    ) -> NDArray[Any]:
        """Read a window of the first bands: (bands, lines, samples); or some lines of it, as counted in it.

        Raises
        ------
        OSError
            If the file cannot be read there.
        """
        line, sample, lines, samples = window
        rows = line + (np.arange(lines) if picked is None else picked)
        out = np.empty((bands, len(rows), samples), dtype=self.dtype)
        high, wide = self.block
        down, across = -(-self.shape[1] // high), -(-self.shape[2] // wide)
        in_block = rows % high * wide * self.dtype.itemsize
        handle = os.open(path, os.O_RDONLY)
        try:
            for band in range(bands):
                for j in range(sample // wide, (sample + samples - 1) // wide + 1):
                    start, stop = max(sample, j * wide), min(sample + samples, (j + 1) * wide)
                    index = (band * down + rows // high) * across + j
                    self._read_lines(
                        handle,
                        self.first + index * self.stride + in_block,
                        start - j * wide,
                        out[band, :, start - sample : stop - sample],
                    )
        finally:
            os.close(handle)
        return out

    def _read_lines(self, handle: int, places: NDArray[np.int64], start: int, out: NDArray[Any]) -> None:
        """Read part of each line of one column of blocks; lines lie at places, their parts start so far in."""
        wide, item = self.block[1], self.dtype.itemsize
        at_once = 1 if wide > _WASTED * out.shape[1] else _LINES_AT_ONCE
        # what lies between the parts goes where it is overwritten at once
        gap = np.empty((wide - out.shape[1]) * item, np.uint8).data
        breaks = [0, *(np.flatnonzero(np.diff(places) != wide * item) + 1).tolist(), len(places)]
        for first, last in pairwise(breaks):
            for top in range(first, last, at_once):
                rows = list(out[top : min(top + at_once, last)])
                buffers = [buffer for row in rows for buffer in (row.data, gap)][:-1]
                wanted = len(rows) * wide * item - len(gap)
                if os.preadv(handle, buffers, int(places[top]) + start * item) == wanted:
                    continue
                for place, row in zip(places[top:], rows, strict=False):  # hardly ever: read what it lacks
                    _fill(handle, int(place) + start * item, row)


def plain_blocks(path: Path, dataset: Any) -> PlainBlocks | None:  # noqa: ANN401 - rasterio is untyped
    """Where the blocks of an open GeoTIFF lie; None where they are encoded, out of order, or not all there."""
    bands, shapes, dtypes = dataset.count, set(dataset.block_shapes), set(dataset.dtypes)
    interleaved = bands > 1 and dataset.interleaving.value != "BAND"
    with path.open("rb") as file:
        order = file.read(2)
    if dataset.compression is not None or interleaved or len(shapes) > 1 or len(dtypes) > 1:
        return None
    if order != {"little": b"II", "big": b"MM"}[sys.byteorder]:
        return None
    (high, wide), dtype = shapes.pop(), np.dtype(dtypes.pop())
    down, across = -(-dataset.height // high), -(-dataset.width // wide)
    offsets = _offsets(path, bands * down * across)
    if offsets is None:  # one strip, which the driver takes for many
        found = [
            dataset.get_tag_item(f"BLOCK_OFFSET_{j}_{i}", "TIFF", bidx=band)
            for band in range(1, bands + 1)
            for i in range(down)
            for j in range(across)
        ]
        offsets = np.array([place or 0 for place in found], dtype=np.int64)
    if not offsets.all():  # a block without an offset is not there
        return None
    stride = int(offsets[1] - offsets[0]) if len(offsets) > 1 else 0
    last_lines = dataset.height - (down - 1) * high
    if (np.diff(offsets) != stride).any() or offsets[-1] + last_lines * wide * dtype.itemsize > (
        path.stat().st_size
    ):
        return None
    return PlainBlocks(
        first=int(offsets[0]),
        stride=stride,
        block=(int(high), int(wide)),
        shape=(bands, dataset.height, dataset.width),
        dtype=dtype,
    )


def _offsets(path: Path, count: int) -> NDArray[np.int64] | None:
    """Where the blocks of a TIFF's first image lie, if it says so of that many; in this machine's byte order.

    Sources: TIFF Revision 6.0 (Aldus 1992); BigTIFF, http://bigtiff.org. The driver tells the same block by block,
    which takes longer than to read a small raster.
    """
    with path.open("rb") as file:
        try:
            return _offsets_in(file, count)
        except (KeyError, struct.error, ValueError):  # it ends before what it tells of
            return None


def _offsets_in(file: BinaryIO, count: int) -> NDArray[np.int64] | None:
    (version,) = struct.unpack("=2xH", file.read(4))
    head, length, entry, place = _FORMS[version]
    (start,) = struct.unpack(place, file.read(head)[-struct.calcsize(place) :])
    file.seek(start)
    (entries,) = struct.unpack(length, file.read(struct.calcsize(length)))
    directory = file.read(min(entries, _MOST_ENTRIES) * struct.calcsize(entry))
    for tag, kind, found, value in struct.iter_unpack(entry, directory):
        if tag in _OFFSETS and kind in _DTYPES and found == count:
            dtype = np.dtype(_DTYPES[kind])
            if count * dtype.itemsize > len(value):
                file.seek(struct.unpack(place, value)[0])
                value = file.read(count * dtype.itemsize)  # noqa: PLW2901 - it stands apart
            return np.frombuffer(value, dtype, count).astype(np.int64)
    return None


def _fill(handle: int, offset: int, out: NDArray[Any]) -> None:
    """Read as many bytes as an array holds."""
    rest = out.data.cast("B")
    while rest:
        count = os.preadv(handle, [rest], offset)
        if not count:
            message = f"it ends at byte {offset}"
            raise OSError(message)
        rest, offset = rest[count:], offset + count

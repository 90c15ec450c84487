"""The container of a TIFF file: directories of entries in front, blocks behind.

Sources: TIFF Revision 6.0 (Aldus 1992); BigTIFF, http://bigtiff.org; the ghost area that tells readers how the
blocks lie, https://gdal.org/en/stable/drivers/raster/cog.html.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_CLASSIC = (1 << 32) - 1
"""Bytes that 32-bit offsets reach; a larger file is a BigTIFF."""

SHORT, LONG = 3, 4
_LONG8 = 16
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8, 18: 8}
_TILE_OFFSETS, _TILE_BYTE_COUNTS = 324, 325


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory."""

    tag: int
    """What it says, by TIFF's number."""
    type: int
    """Of its values, by TIFF's number."""
    value: bytes
    """Little-endian."""

    @property
    def count(self) -> int:
        """How many values."""
        return len(self.value) // _TYPE_BYTES[self.type]


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """One image of a file: what it is, and where its blocks lie."""

    entries: tuple[Entry, ...]
    """All but the blocks'."""
    offsets: NDArray[np.int64]
    """Of the blocks, line by line."""
    sizes: NDArray[np.int64]
    """Of the blocks, in bytes."""

    def complete(self, *, big: bool) -> list[Entry]:
        """All entries in the order of their tags, as the format asks for."""
        kind, dtype = (_LONG8, "<u8") if big else (LONG, "<u4")
        blocks = (
            Entry(_TILE_OFFSETS, kind, self.offsets.astype(dtype).tobytes()),
            Entry(_TILE_BYTE_COUNTS, LONG, self.sizes.astype("<u4").tobytes()),
        )
        return sorted((*self.entries, *blocks), key=lambda entry: entry.tag)


def number(tag: int, value: int) -> Entry:
    """An entry of one number, in 16 bits where they hold it."""
    return Entry(tag, SHORT, struct.pack("<H", value)) if value < 1 << 16 else long(tag, value)


def long(tag: int, value: int) -> Entry:
    """An entry of one number of 32 bits."""
    return Entry(tag, LONG, struct.pack("<I", value))


def read_directory(tiff: bytes) -> dict[int, Entry]:
    """Read the first directory of a little-endian classic TIFF, by tag."""
    (first,) = struct.unpack_from("<4xI", tiff)
    (length,) = struct.unpack_from("<H", tiff, first)
    entries = {}
    for position in range(first + 2, first + 2 + 12 * length, 12):
        tag, kind, count = struct.unpack_from("<HHI", tiff, position)
        size = count * _TYPE_BYTES[kind]
        start = position + 8 if size <= 4 else struct.unpack_from("<I", tiff, position + 8)[0]
        entries[tag] = Entry(tag, kind, tiff[start : start + size])
    return entries


def first_block(tiff: bytes) -> bytes:
    """The first tile of a little-endian classic TIFF of one directory."""
    directory = read_directory(tiff)
    offset, size = (
        int.from_bytes(directory[tag].value[: _TYPE_BYTES[directory[tag].type]], "little")
        for tag in (_TILE_OFFSETS, _TILE_BYTE_COUNTS)
    )
    return tiff[offset : offset + size]


def header(directories: Sequence[Directory], *, has_mask: bool, big: bool) -> bytes:
    """All of a file that comes before its blocks.

    The entries of all directories come first and the places of the blocks last, so that a reader learns
    what the file is from its first bytes. Its length depends on the number of blocks only, not on their places.

    Parameters
    ----------
    directories : sequence of Directory
        In the order of the file.
    has_mask : bool
        Each block of samples is followed by that of its mask.
    big : bool
        Write a BigTIFF.

    Returns
    -------
    bytes
        Of even length.
    """
    form = _BIG if big else _CLASSIC
    tables = [directory.complete(big=big) for directory in directories]
    ghost = _ghost_area(has_mask=has_mask)
    position = form.head_bytes + len(ghost)
    starts = []
    for table in tables:
        starts.append(position)
        position += form.directory_bytes(len(table))
        position += sum(_even(entry) for entry in table if form.is_apart(entry) and not _is_places(entry))
    end_of_entries = position
    parts, behind = [form.head(starts[0]), ghost], []
    for table, start, following in zip(tables, starts, [*starts[1:], 0], strict=True):
        apart, position = [], start + form.directory_bytes(len(table))
        parts.append(struct.pack(form.length, len(table)))
        for entry in table:
            value = entry.value.ljust(form.inline_bytes, b"\0")
            if form.is_apart(entry):
                padded = entry.value.ljust(_even(entry), b"\0")
                if _is_places(entry):
                    value = struct.pack(form.offset, end_of_entries)
                    behind.append(padded)
                    end_of_entries += len(padded)
                else:
                    value = struct.pack(form.offset, position)
                    apart.append(padded)
                    position += len(padded)
            parts.append(struct.pack(form.entry, entry.tag, entry.type, entry.count) + value)
        parts += [struct.pack(form.offset, following), *apart]
    return b"".join(parts + behind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How classic TIFF and BigTIFF differ."""

    is_big: bool
    head_bytes: int
    length: str
    entry: str
    offset: str

    @property
    def inline_bytes(self) -> int:
        """Longest value that stands in its entry."""
        return struct.calcsize(self.offset)

    def head(self, first: int) -> bytes:
        """The first bytes of the file."""
        return (
            struct.pack("<2sHHHQ", b"II", 43, 8, 0, first)
            if self.is_big
            else struct.pack("<2sHI", b"II", 42, first)
        )

    def directory_bytes(self, length: int) -> int:
        """Size of a directory of so many entries, without the values that lie apart."""
        return (
            struct.calcsize(self.length)
            + length * (struct.calcsize(self.entry) + self.inline_bytes)
            + self.inline_bytes
        )

    def is_apart(self, entry: Entry) -> bool:
        """True if the value lies behind its directory."""
        return len(entry.value) > self.inline_bytes


_CLASSIC = _Form(is_big=False, head_bytes=8, length="<H", entry="<HHI", offset="<I")
_BIG = _Form(is_big=True, head_bytes=16, length="<Q", entry="<HHQ", offset="<Q")


def _is_places(entry: Entry) -> bool:
    return entry.tag in {_TILE_OFFSETS, _TILE_BYTE_COUNTS}


def _even(entry: Entry) -> int:
    """Bytes of a value with what brings the next one to an even place."""
    return len(entry.value) + len(entry.value) % 2


def _ghost_area(*, has_mask: bool) -> bytes:
    """GDAL's description of how the blocks lie, which lets it read them with fewer requests."""
    features = (
        "LAYOUT=IFDS_BEFORE_DATA\n"
        "BLOCK_ORDER=ROW_MAJOR\n"
        "BLOCK_LEADER=SIZE_AS_UINT4\n"
        "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
        "KNOWN_INCOMPATIBLE_EDITION=NO\n "  # the space is room for the YES of who edits the file
    )
    if has_mask:
        features += "MASK_INTERLEAVED_WITH_IMAGERY=YES\n"
    area = f"GDAL_STRUCTURAL_METADATA_SIZE={len(features):06d} bytes\n{features}"
    return area.encode().ljust(len(area) + len(area) % 2, b" ")

"""Small files that claim, or grow to, more than a machine has."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import rasterio
from map_rasters import textured


def sparse_tiff(folder: Path) -> Path:
    """Five terabytes in a hundred kilobytes: a sound file, and nothing in it."""
    side = 1_600_000
    path = folder / "sparse.tif"
    options = {
        "driver": "GTiff",
        "tiled": True,
        "blockxsize": 16384,
        "blockysize": 16384,
        "compress": "DEFLATE",
    }
    with rasterio.open(
        path, "w", width=side, height=side, count=2, dtype="uint8", sparse_ok=True, bigtiff="YES", **options
    ) as dataset:
        dataset.write(np.ones((1, 8, 8), dtype=np.uint8), [1], window=((0, 8), (0, 8)))
    return path


def one_large_tile(folder: Path) -> Path:
    """A tile of 268 MB in 33 KB."""
    path = folder / "tile.tif"
    side = 16384
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint8", tiled=True,
        blockxsize=side, blockysize=side, compress="ZSTD",
    ) as dataset:  # fmt: skip
        dataset.write(np.zeros((1, side, side), dtype=np.uint8))
    return path


def large_jp2(folder: Path) -> Path:
    """A JPEG 2000 of 64 x 64 samples that claims 200 000 x 200 000, in one tile."""
    path, side = folder / "large.jp2", 200_000
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", width=64, height=64, count=1, dtype="uint8"
    ) as dataset:
        dataset.write(textured(64, 64))
    content = bytearray(path.read_bytes())
    size = content.index(b"\xff\x51")  # marker, length, capabilities, then the sizes
    struct.pack_into(">IIIIII", content, size + 6, side, side, 0, 0, side, side)
    header = content.index(b"ihdr")
    struct.pack_into(">II", content, header + 4, side, side)
    path.write_bytes(content)
    return path


def png_bomb(folder: Path) -> Path:
    """A PNG of 60 000 x 60 000 samples in a few bytes."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(bytes(60_001))
    chunks = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, body, b"IEND")
    )
    path = folder / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def zip_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def nested_zip() -> bytes:
    """A zip of a zip of a zip of zeros."""
    content = bytes(1 << 20)
    for level in range(4):
        content = zip_of(f"{level}.zip", content)
    return content


def tar_of_links() -> bytes:
    """A tar with a link out of its folder, and a file behind it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "../.."
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("out/shadow"), io.BytesIO(b""))
    return buffer.getvalue()

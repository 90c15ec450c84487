"""Blocks as bytes: predictors and compression."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import deflate
import numpy as np
import zstandard
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from hinterland.products.cog.container import first_block
from hinterland.products.cog.layout import BLOCK

COMPRESSIONS = ("deflate", "zstd", "lzw", "none")

Encoded = bytes | memoryview
Encoder = Callable[[NDArray[Any]], Encoded]
"""Bytes of a block of (bands, BLOCK, BLOCK) samples. Safe to call from several threads."""

_NO_PREDICTOR, _DIFFERENCES, _FLOAT_DIFFERENCES = 1, 2, 3


def predictor_of(compress: str, dtype: np.dtype[Any], *, labels: bool) -> int:
    """TIFF's number of the predictor that suits the samples."""
    if compress == "none" or labels:  # differences of labels compress worse than labels
        return _NO_PREDICTOR
    return _FLOAT_DIFFERENCES if dtype.kind == "f" else _DIFFERENCES


def one_block_tiff(
    profile: Mapping[str, Any], tags: Mapping[str, str], samples: NDArray[Any] | None = None
) -> bytes:
    """A GeoTIFF of one block, as GDAL makes it: its entries are right for larger ones too.

    Parameters
    ----------
    profile : Mapping
        Creation options, dtype and count among them.
    tags : Mapping
        Metadata items.
    samples : (bands, BLOCK, BLOCK), optional
        What it holds; nothing without.
    """
    with unreferenced(), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=BLOCK,
            width=BLOCK,
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            interleave="pixel",
            sparse_ok=True,
            endianness="LITTLE",
            bigtiff="NO",
            **profile,
        ) as dataset:
            dataset.update_tags(**tags)
            if samples is not None:
                dataset.write(samples)
        return bytes(memory.read())


@contextmanager
def unreferenced() -> Iterator[None]:
    """No warning of rasters that are on no map, as panoramas are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def encoder(compress: str, predictor: int) -> Encoder:
    """The function that encodes blocks.

    Parameters
    ----------
    compress : str
        One of `COMPRESSIONS`.
    predictor : int
        As `predictor_of` gives it.
    """
    if compress == "lzw":  # nobody's first choice: GDAL's own will do

        def encode_by_gdal(samples: NDArray[Any]) -> bytes:
            profile = {
                "count": len(samples),
                "dtype": samples.dtype,
                "compress": "LZW",
                "predictor": predictor,
            }
            return first_block(one_block_tiff(profile, {}, samples))

        return encode_by_gdal
    packers: dict[str, Encoder] = {"deflate": _deflate, "zstd": _zstd, "none": _as_it_is}
    pack = packers[compress]
    return lambda samples: pack(_predicted(samples, predictor))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockEncoder:
    """Encodes blocks with their masks, those too that reach over the raster's edge."""

    encode: Encoder
    """Of the samples."""
    fill: NDArray[Any]
    """What samples hold that are not valid: a scalar of their dtype."""
    encode_mask: Callable[[NDArray[np.bool_]], bytes] | None
    """Of the mask; None if the file has none."""

    def __call__(self, samples: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[Encoded, bytes]:
        """Encode (bands, lines, samples) of which those are valid that the mask says; all without one.

        Returns
        -------
        tuple of bytes
            The samples' block, and the mask's, which is empty for a file without masks.
        """
        if mask is not None and not mask.all():
            samples = np.where(mask, samples, self.fill)
        lines, columns = samples.shape[1:]
        if (lines, columns) != (BLOCK, BLOCK):
            room = (0, BLOCK - lines), (0, BLOCK - columns)
            samples = np.pad(samples, ((0, 0), *room), constant_values=self.fill)
            mask = None if mask is None else np.pad(mask, room)
        coded_mask = b"" if mask is None or self.encode_mask is None else self.encode_mask(mask)
        return self._encoded(samples), coded_mask

    def _encoded(self, samples: NDArray[Any]) -> Encoded:
        first = samples[:, :1, :1]
        # most blocks of labels, and all that are empty; their first line tells that others are not
        if (samples[:, 0] == first[:, 0]).all() and (samples == first).all():
            return _constant_block(self.encode, first.tobytes(), len(samples), samples.dtype)
        return self.encode(samples)


@functools.lru_cache(maxsize=128)
def _constant_block(encode: Encoder, value: bytes, bands: int, dtype: np.dtype[Any]) -> Encoded:
    """A block of which each band is one value."""
    values = np.frombuffer(value, dtype).reshape(bands, 1, 1)
    return encode(np.broadcast_to(values, (bands, BLOCK, BLOCK)))


def packed_mask(mask: NDArray[np.bool_]) -> bytes:
    """The block of a mask as it is: a bit a sample."""
    return np.packbits(mask, axis=1).tobytes()


def deflated_mask(mask: NDArray[np.bool_]) -> bytes:
    """The block of a mask, DEFLATE whatever the samples are compressed by, as GDAL makes it."""
    return _full_mask() if mask.all() else _deflate(np.packbits(mask, axis=1))


@functools.cache
def _full_mask() -> bytes:
    return _deflate(np.full((BLOCK, BLOCK // 8), 255, np.uint8))


def _deflate(data: NDArray[Any]) -> bytes:
    """Compress to a zlib stream."""
    # not ISA-L: twice as quick, but now and then it gives the same data other bytes
    return bytes(deflate.zlib_compress(data.data, 1))


_thread = threading.local()


def _zstd(data: NDArray[Any]) -> bytes:
    """Compress to a Zstandard frame with a checksum of what it holds, as a zlib stream has one."""
    if not hasattr(_thread, "zstd"):  # a compressor serves one thread at a time
        _thread.zstd = zstandard.ZstdCompressor(level=1, write_checksum=True)
    packed: bytes = _thread.zstd.compress(data.data)
    return packed


def _as_it_is(data: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(data).reshape(-1).view(np.uint8).data


def _predicted(samples: NDArray[Any], predictor: int) -> NDArray[Any]:
    """What is compressed: samples by pixel (lines, samples, bands), or their differences.

    Source: TIFF Revision 6.0, section 14, and Adobe Photoshop TIFF Technical Note 3 for floats.
    """
    if predictor == _DIFFERENCES:
        differences = np.empty_like(samples)
        differences[..., 0] = samples[..., 0]
        np.subtract(samples[..., 1:], samples[..., :-1], out=differences[..., 1:])
        samples = differences
    if len(samples) == 1 and predictor != _FLOAT_DIFFERENCES:
        return np.ascontiguousarray(samples[0])
    import cv2  # noqa: PLC0415 - what is not compressed needs none

    pixels = samples[0] if len(samples) == 1 else cv2.merge(tuple(samples))
    if predictor != _FLOAT_DIFFERENCES:
        return np.ascontiguousarray(pixels)
    lines, bands = samples.shape[1], len(samples)
    octets = np.ascontiguousarray(pixels).reshape(lines, -1).view(np.uint8).reshape(lines, -1, 4)
    # of each line first all high octets, then all next lower ones
    planes = np.stack(cv2.split(octets)[::-1], axis=1).reshape(lines, -1)
    differences = np.empty_like(planes)
    differences[:, :bands] = planes[:, :bands]
    np.subtract(planes[:, bands:], planes[:, :-bands], out=differences[:, bands:])
    return differences

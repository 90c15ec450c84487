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
from hinterland_kernels.predictor import differences, float_differences

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


def encoder(compress: str, predictor: int, *, of_overviews: bool = False) -> Encoder:
    """The function that encodes blocks.

    Parameters
    ----------
    compress : str
        One of `COMPRESSIONS`.
    predictor : int
        As `predictor_of` gives it.
    of_overviews : bool
        The blocks are of overviews: time counts more there, and size less.
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
    worth = _WORTH_OF_OVERVIEWS if of_overviews else _WORTH
    zstd = functools.partial(_zstd, worth=worth)
    packers: dict[str, Encoder] = {"deflate": _deflate, "zstd": zstd, "none": _octets}
    pack = packers[compress]
    return lambda samples: pack(_predicted(samples, predictor))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockEncoder:
    """Encodes blocks with their masks, those too that reach over the raster's edge."""

    encode: Encoder
    """Of the samples."""
    fill: NDArray[Any]
    """What samples hold that are not valid: a scalar of their dtype."""
    encode_mask: Callable[[NDArray[np.bool_] | None], bytes] | None
    """Of the mask; None if the file has none."""

    def __call__(self, samples: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[Encoded, bytes]:
        """Encode (bands, lines, samples) of which those are valid that the mask says, or all.

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
            mask = np.pad(np.ones((lines, columns), np.bool_) if mask is None else mask, room)
        return self._encoded(samples), b"" if self.encode_mask is None else self.encode_mask(mask)

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


def packed_mask(mask: NDArray[np.bool_] | None) -> bytes:
    """The block of a mask as it is: a bit a sample, all of them without one."""
    return b"\xff" * (BLOCK * BLOCK // 8) if mask is None else np.packbits(mask, axis=1).tobytes()


def deflated_mask(mask: NDArray[np.bool_] | None) -> bytes:
    """The block of a mask, DEFLATE whatever the samples are compressed by, as GDAL makes it."""
    return _full_mask() if mask is None or mask.all() else _deflate(np.packbits(mask, axis=1))


@functools.cache
def _full_mask() -> bytes:
    return _deflate(np.full((BLOCK, BLOCK // 8), 255, np.uint8))


def _deflate(data: NDArray[Any]) -> bytes:
    """Compress to a zlib stream."""
    # not ISA-L: twice as quick, but now and then it gives the same data other bytes
    return bytes(deflate.zlib_compress(data.data, 1))


_SAMPLE_BYTES, _SAMPLE_PARTS = 32 << 10, 4
"""How much of a block is tried, and in how many stretches."""
_WORTH, _WORTH_OF_OVERVIEWS = 1.01, 1.1
"""What a search for repeats has to save: a hundredth, or of overviews, which are a quarter of a file, a tenth."""


class _Zstd:
    """Compresses to Zstandard frames with a checksum of what they hold, as zlib streams have one; for one thread.

    Level 1 spends most of its time on a search for repeats. Samples with the noise of a camera have none but by
    chance, and naming those costs more bytes than it saves: such blocks are a third of the work without.
    """

    def __init__(self) -> None:
        of_level = functools.partial(zstandard.ZstdCompressionParameters.from_level, 1, write_checksum=True)
        self._searching = zstandard.ZstdCompressor(compression_params=of_level())
        # remembers next to nothing: only runs are found
        least = of_level(hash_log=zstandard.HASHLOG_MIN, min_match=zstandard.MINMATCH_MAX)
        self._quick = zstandard.ZstdCompressor(compression_params=least)

    def compress(self, data: memoryview, worth: float) -> bytes:
        """Compress, with a search if that makes a sample of the data smaller by at least the factor `worth`."""
        step, size = len(data) // _SAMPLE_PARTS, _SAMPLE_BYTES // _SAMPLE_PARTS
        sample = b"".join(data[part * step + step // 2 :][:size] for part in range(_SAMPLE_PARTS))
        is_noise = len(self._quick.compress(sample)) <= worth * len(self._searching.compress(sample))
        packed: bytes = (self._quick if is_noise else self._searching).compress(data)
        return packed


_thread = threading.local()


def _zstd(data: NDArray[Any], worth: float) -> bytes:
    """Compress to a Zstandard frame."""
    if not hasattr(_thread, "zstd"):
        _thread.zstd = _Zstd()
    packed: bytes = _thread.zstd.compress(_octets(data), worth)
    return packed


def _octets(data: NDArray[Any]) -> memoryview:
    return data.reshape(-1).view(np.uint8).data


def _predicted(samples: NDArray[Any], predictor: int) -> NDArray[Any]:
    """What is compressed, line by line: samples by pixel, or their differences."""
    bands, lines, _ = samples.shape
    pixels = samples[0]
    if bands > 1:
        import cv2  # noqa: PLC0415 - what has one band needs none

        pixels = cv2.merge(tuple(samples)).reshape(lines, -1)
    if predictor == _DIFFERENCES:
        return differences(pixels, bands)
    if predictor == _FLOAT_DIFFERENCES:
        return float_differences(pixels, bands)
    return np.ascontiguousarray(pixels)

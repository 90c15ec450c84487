"""Samples of georeferenced rasters, by windows: few open files, bounded memory, each block read once.

Rasters are read in chunks of whole blocks, which a cache of given size keeps; a window is laid together from
chunks. Where nothing is to be decoded, a window is read as it is, and the system's cache serves those that share
samples. A raster may be read reduced, by means of its valid samples, so that a map much coarser than it costs
neither memory nor aliasing.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as FileWindow

from hinterland.errors import InputError
from hinterland.model.map_grids import Window
from hinterland.products.driver_errors import DRIVER_ERRORS
from hinterland.products.georeferenced import MapRaster
from hinterland.products.plain_blocks import PlainBlocks
from hinterland.products.raster_masks import driver_mask, masked
from hinterland_kernels.pyramid import block_means

CHUNK_PX = 512
"""Chunks of tiled rasters have about this side."""
_CHUNK_SAMPLES = CHUNK_PX * CHUNK_PX
MOST_HANDLES = 64
_GDAL_CACHE_BYTES = 16 << 20  # our chunks are whole blocks: GDAL's own cache would hold them a second time
_MASKED_BY_SAMPLES = {"nodata", "nothing"}


class Samples(NamedTuple):
    """A window of a raster."""

    values: NDArray[Any]
    """(bands, lines, samples) of the raster's dtype; anything where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where valid."""
    is_whole: bool = False
    """True says that all of it is valid; False says nothing."""


_Key = tuple[str, int, int, int]


class MapReader:
    """Reads rasters; may be used by several threads. A context manager that closes the files.

    Parameters
    ----------
    cache_bytes : int
        For chunks. What the threads read at the moment comes on top.
    handles : int
        Files that stay open.
    """

    def __init__(self, cache_bytes: int, handles: int = MOST_HANDLES) -> None:
        self._cache_bytes = cache_bytes
        self._handles = handles
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[MapRaster, Any]] = OrderedDict()
        self._chunks: OrderedDict[_Key, Future[Samples]] = OrderedDict()
        self._held_bytes = 0
        self.bytes_read = 0
        """Of samples read from files so far."""

    def __enter__(self) -> MapReader:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            for _, dataset in self._idle.values():
                dataset.close()
            self._idle.clear()
            self._chunks.clear()

    def read(self, raster: MapRaster, window: Window, factor: int = 1) -> Samples:
        """Read a window.

        Parameters
        ----------
        raster : MapRaster
            The raster.
        window : Window
            Inside the raster reduced by the factor.
        factor : int
            Blocks of `factor` x `factor` samples become their mean; 1 reads the raster as it is.

        Raises
        ------
        InputError
            If the file cannot be read there: it is damaged or cut off.
        """
        line, sample, lines, samples = window
        if factor == 1 and raster.plain and raster.masked_by in _MASKED_BY_SAMPLES:
            return self._load_plain(raster, raster.plain, window)
        high, wide = chunk_shape(raster, factor)
        values = np.empty((raster.bands, lines, samples), dtype=read_dtype(raster, factor))
        mask = np.empty((lines, samples), dtype=np.bool_)
        is_whole = True
        for i in range(line // high, (line + lines - 1) // high + 1):
            for j in range(sample // wide, (sample + samples - 1) // wide + 1):
                chunk = self._chunk(raster, factor, i, j)
                top, left = max(line, i * high), max(sample, j * wide)
                bottom, right = min(line + lines, (i + 1) * high), min(sample + samples, (j + 1) * wide)
                here = np.s_[top - line : bottom - line, left - sample : right - sample]
                there = np.s_[top - i * high : bottom - i * high, left - j * wide : right - j * wide]
                values[:, *here] = chunk.values[:, *there]
                mask[here] = chunk.mask[there]
                is_whole &= chunk.is_whole
        return Samples(values, mask, is_whole)

    def read_lines(self, raster: MapRaster, window: Window, picked: NDArray[np.int64]) -> Samples:
        """Read some lines of a window, counted from its first; the others too only if they need decoding."""
        if raster.plain and raster.masked_by in _MASKED_BY_SAMPLES:
            return self._load_plain(raster, raster.plain, window, picked)
        values, mask, is_whole = self.read(raster, window)
        return Samples(values[:, picked], mask[picked], is_whole)

    def _chunk(self, raster: MapRaster, factor: int, i: int, j: int) -> Samples:
        key = (str(raster.path), factor, i, j)
        with self._lock:
            found = self._chunks.get(key)
            if found is not None:
                self._chunks.move_to_end(key)
            else:
                mine: Future[Samples] = Future()
                self._chunks[key] = mine
        if found is not None:
            return found.result()  # another thread may be reading it
        try:
            chunk = self._load_chunk(raster, factor, i, j)
        except BaseException as error:
            with self._lock:
                self._chunks.pop(key, None)
            mine.set_exception(error)
            raise
        with self._lock:
            self._held_bytes += chunk.values.nbytes + chunk.mask.nbytes
            mine.set_result(chunk)
            self._evict()
        return chunk

    def _evict(self) -> None:
        while self._held_bytes > self._cache_bytes:
            key = next((key for key, future in self._chunks.items() if future.done()), None)
            if key is None:
                return
            chunk = self._chunks.pop(key).result()
            self._held_bytes -= chunk.values.nbytes + chunk.mask.nbytes

    def _load_chunk(self, raster: MapRaster, factor: int, i: int, j: int) -> Samples:
        high, wide = chunk_shape(raster, factor)
        line, sample = i * high * factor, j * wide * factor
        lines = min(high * factor, raster.grid.lines - line)
        samples = min(wide * factor, raster.grid.samples - sample)
        if raster.plain and raster.masked_by in _MASKED_BY_SAMPLES:
            chunk = self._load_plain(raster, raster.plain, (line, sample, lines, samples))
        else:
            chunk = self._load_by_driver(raster, FileWindow(sample, line, samples, lines))
        return (
            chunk if factor == 1 else Samples(*block_means(chunk.values, chunk.mask, factor), chunk.is_whole)
        )

    def _load_by_driver(self, raster: MapRaster, window: FileWindow) -> Samples:
        with self._handle(raster) as dataset:
            stored = dataset.read(indexes=list(range(1, raster.bands + 1)), window=window)
            mask = driver_mask(raster, dataset, window)
        found = Samples(*masked(raster, stored, mask))
        self._count(found)
        return found

    def _load_plain(
        self,
        raster: MapRaster,
        plain: PlainBlocks,
        window: Window,
        picked: NDArray[np.int64] | None = None,
    ) -> Samples:
        try:
            stored = plain.read(raster.path, raster.bands, window, picked)
        except OSError as error:
            raise _unreadable(raster, error) from error
        found = Samples(*masked(raster, stored, None))
        self._count(found)
        return found

    def _count(self, found: Samples) -> None:
        with self._lock:
            self.bytes_read += found.values.nbytes

    @contextmanager
    def _handle(self, raster: MapRaster) -> Iterator[Any]:
        """A dataset for this thread alone."""
        try:
            with rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE_BYTES):
                dataset = self._take(raster) or rasterio.open(
                    raster.path, driver=raster.driver, sharing=False
                )
                yield dataset
        except DRIVER_ERRORS as error:
            raise _unreadable(raster, error) from error
        with self._lock:
            self._idle[id(dataset)] = (raster, dataset)
            surplus = [self._idle.popitem(last=False)[1][1] for _ in range(len(self._idle) - self._handles)]
        for old in surplus:
            old.close()

    def _take(self, raster: MapRaster) -> Any | None:  # noqa: ANN401 - rasterio is untyped
        with self._lock:
            for key, (owner, dataset) in reversed(self._idle.items()):
                if owner.path == raster.path:
                    del self._idle[key]
                    return dataset
        return None


def read_dtype(raster: MapRaster, factor: int) -> np.dtype[Any]:
    """Dtype of a raster's samples read by a factor: means are float32."""
    return raster.dtype if factor == 1 else np.dtype(np.float32)


def chunk_shape(raster: MapRaster, factor: int) -> tuple[int, int]:
    """Lines and samples of a chunk of a raster reduced by a factor: whole blocks, some 512 x 512 samples."""
    lines, samples = raster.grid.shape
    block_lines, block_samples = raster.block
    wide = block_samples * max(1, round(CHUNK_PX / block_samples))
    high = block_lines * max(1, round(_CHUNK_SAMPLES / wide / block_lines))
    wide, high = math.lcm(wide, factor), math.lcm(high, factor)
    if high * wide > 4 * max(_CHUNK_SAMPLES, block_lines * block_samples):  # sides without a small multiple
        wide = factor * max(1, round(min(CHUNK_PX, samples) / factor))
        high = factor * max(1, round(_CHUNK_SAMPLES / wide / factor))
    return min(high // factor, -(-lines // factor)), min(wide // factor, -(-samples // factor))


def chunk_bytes(raster: MapRaster, factor: int) -> int:
    """Bytes that reading one chunk takes at its peak: stored samples, values and masks."""
    high, wide = chunk_shape(raster, factor)
    stored = raster.stored.itemsize + raster.dtype.itemsize + 2
    return high * wide * factor * factor * (raster.bands * stored + 2)


def _unreadable(raster: MapRaster, error: BaseException) -> InputError:
    message = f"{raster.path}: cannot be read: {error.__cause__ or error}; it is damaged or cut off"
    return InputError(message)

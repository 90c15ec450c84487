"""Write a raster tile by tile into a cloud-optimized GeoTIFF."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
from numpy.typing import DTypeLike, NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

import hinterland
from hinterland.model.map_grids import MapGrid
from hinterland.products.cog.assembly import Assembly
from hinterland.products.cog.blocks import Blocks
from hinterland.products.cog.codecs import (
    BlockEncoder,
    deflated_mask,
    encoder,
    one_block_tiff,
    packed_mask,
    predictor_of,
    unreferenced,
)
from hinterland.products.cog.container import read_directory
from hinterland.products.cog.errors import clear_errors
from hinterland.products.cog.files import Heap
from hinterland.products.cog.layout import BLOCK, Storage, levels_of
from hinterland.products.cog.pieces import Piece, Pieces, Place, cut
from hinterland_kernels.pyramid import halve, halve_full, halve_labels

_BLOCKS_IN_MEMORY = 24 << 20
"""Bytes of encoded blocks that wait there; those of a larger file wait on the disk."""
_PIECES_IN_MEMORY = 8 << 20
"""Of the pieces of unfinished blocks: those of a raster of 8192 samples and three bands of 8 bits."""


class RasterWriter:
    """Write a raster tile by tile, then publish it as a cloud-optimized GeoTIFF (COG).

    Blocks and overviews are encoded in threads as tiles come, and wait, some in memory and the rest in a hidden
    folder beside `path`; `finish` makes the file of them, reads it back, and only then puts it at `path`. Leaving
    the context removes what is unfinished. Memory does not grow with the raster. The same tiles give the same
    bytes, in whatever order and from how many threads they come.

    Parameters
    ----------
    path : Path
        The file to publish. Its folder exists.
    lines, samples, bands : int
        Size of the raster.
    dtype : DTypeLike
        uint8, uint16, int16 or float32.
    grid : MapGrid, optional
        Where the samples lie on a map.
    nodata : float, optional
        What samples hold that are not valid; 0 without a tag if None.
    labels : bool
        The samples are labels and 0 means none: no mask is kept, and overviews take one sample of four.
        Otherwise the file has a mask, and overviews average the valid samples.
    storage : Storage
        A plain one has no mask where a nodata value says it all.
    description : str
        What the raster shows, for TIFF's ImageDescription.
    metadata : Mapping[str, object]
        GDAL metadata items.

    Raises
    ------
    WriteError
        If the files cannot be written, from any method.
    """

    def __init__(
        self,
        path: Path,
        *,
        lines: int,
        samples: int,
        bands: int,
        dtype: DTypeLike,
        grid: MapGrid | None = None,
        nodata: float | None = None,
        labels: bool = False,
        storage: Storage | None = None,
        description: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        self.path = Path(path)
        self.shape = bands, lines, samples
        self.dtype = np.dtype(dtype)
        self.labels = labels
        storage = storage or Storage()
        if labels:
            nodata = 0
        elif nodata is None and storage.is_plain and self.dtype.kind == "f":
            nodata = float("nan")
        self._has_mask = not labels and not (storage.is_plain and nodata is not None)
        # nothing is compressed, not even masks: blocks can go straight to where they stay
        self._is_laid_out = storage.compress == "none"
        self._fill = np.array(nodata or 0, self.dtype)
        self._levels = levels_of(lines, samples, overviews=storage.overviews)
        predictor = predictor_of(storage.compress, self.dtype, labels=labels)
        encode_mask = packed_mask if self._is_laid_out else deflated_mask
        self._encode, self._encode_overview = (
            BlockEncoder(
                encode=encoder(storage.compress, predictor, of_overviews=of_overviews),
                fill=self._fill,
                encode_mask=encode_mask if self._has_mask else None,
            )
            for of_overviews in (False, True)
        )
        self._profile = {
            "count": bands,
            "dtype": self.dtype,
            "nodata": nodata,
            "compress": storage.compress,
            "photometric": "RGB" if bands == 3 and self.dtype.kind == "u" else "MINISBLACK",
            **({} if predictor == 1 else {"predictor": predictor}),
            **({"crs": CRS.from_wkt(grid.wkt), "transform": Affine(*grid.affine)} if grid else {}),
        }
        self._tags = {
            "TIFFTAG_IMAGEDESCRIPTION": description,
            "TIFFTAG_SOFTWARE": f"hinterland {hinterland.__version__}",
            **{key: str(value) for key, value in (metadata or {}).items()},
        }
        self._workers = len(os.sched_getaffinity(0))
        # twice as many as threads keep those busy, and bound what waits
        self._room = threading.Semaphore(2 * self._workers)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        with clear_errors(self.path):
            self._entries = read_directory(one_block_tiff(self._profile, self._tags))
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.partial-", dir=self.path.parent))
            if self._is_laid_out:
                self._waiting = Heap(self._folder / "cog.tif")
            else:
                self._waiting = Heap(self._folder / "blocks", _BLOCKS_IN_MEMORY)
            self._scratch = Heap(self._folder / "pieces", _PIECES_IN_MEMORY)
        self._blocks = Blocks(
            self._waiting, self._levels, has_mask=self._has_mask, is_plain=self._is_laid_out
        )
        if self._is_laid_out:
            self._blocks.samples_bytes[:] = self.shape[0] * BLOCK * BLOCK * self.dtype.itemsize
            self._blocks.mask_bytes[:] = BLOCK * BLOCK // 8 if self._has_mask else 0
            self._blocks.places = Assembly(self._blocks, self._levels, self._entries).places
        self._pieces = Pieces(
            self._scratch,
            self._levels,
            bands=self.shape[0],
            dtype=self.dtype,
            fill=self._fill,
            labels=self.labels,
        )
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="blocks")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._waiting.close()
        self._scratch.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(
        self, line: int, sample: int, samples: NDArray[np.generic], mask: NDArray[np.bool_] | None = None
    ) -> None:
        """Write one tile; tiles do not overlap, and what no tile covers has no data.

        Returns before the tile is encoded; an error of that comes from a later call.

        Parameters
        ----------
        line, sample : int
            Of the tile's first pixel.
        samples : (bands, l, s) of the raster's dtype
            The tile.
        mask : (l, s) bool, optional
            True where the samples are valid; needed unless they are labels.

        Raises
        ------
        ValueError
            If the tile does not fit the raster.
        WriteError
            If it cannot be written.
        """
        bands, lines, columns = samples.shape
        if samples.dtype != self.dtype or bands != self.shape[0]:
            message = (
                f"a tile of {bands} bands of {samples.dtype} does not fit {self.shape[0]} of {self.dtype}"
            )
            raise ValueError(message)
        if line < 0 or sample < 0 or line + lines > self.shape[1] or sample + columns > self.shape[2]:
            message = f"a tile of {lines} x {columns} at ({line}, {sample}) sticks out of {self.shape[1:]}"
            raise ValueError(message)
        if (mask is None) != self.labels or (mask is not None and mask.shape != (lines, columns)):
            message = "labels take no mask, other samples one of the tile's size"
            raise ValueError(message)
        for place, piece in cut(line, sample, samples, mask):
            self._submit(place, piece)

    def finish(self) -> None:
        """Publish the COG at `path`, verified: every byte of it reads back as it was encoded."""
        with clear_errors(self.path):
            self._encode_the_rest()
            cog = self._folder / "cog.tif"
            assembly = Assembly(self._blocks, self._levels, self._entries)
            assembly.write(cog, self._pool)
            assembly.verify(cog, self._pool)
            self._check(cog)
            cog.replace(self.path)

    def _submit(self, place: Place, piece: Piece) -> None:
        self._room.acquire()
        if self._failure:
            self._room.release()
            with clear_errors(self.path):
                raise self._failure
        self._pool.submit(self._run, place, piece)

    def _run(self, place: Place, piece: Piece) -> None:
        try:
            self._take(place, piece)
        except BaseException as error:  # noqa: BLE001 - raised by the next call, in the caller's thread
            self._failure = self._failure or error
        finally:
            self._room.release()

    def _take(self, place: Place, piece: Piece | None) -> None:
        """Put a piece where it belongs, and encode what it makes whole, up to the coarsest overview."""
        while piece := self._pieces.add(place, piece) if piece else None:
            place, piece = self._finished(place, piece)

    def _finished(self, place: Place, block: Piece) -> tuple[Place, Piece | None]:
        """Encode a block; returns what it is of its overview's block, if there is one."""
        level, row, column = place
        encode = self._encode_overview if level else self._encode
        self._blocks.put(place, *encode(block.samples, block.mask))
        if level + 1 == len(self._levels):
            return place, None
        half_mask = None
        if self.labels:
            half = halve_labels(block.samples)
        elif block.mask is None:
            half = halve_full(block.samples)
        else:
            half, half_mask = halve(block.samples, block.mask)
        above = level + 1, row // 2, column // 2
        quarter = BLOCK // 2
        return above, Piece(row % 2 * quarter, column % 2 * quarter, half, half_mask)

    def _encode_the_rest(self) -> None:
        """Encode the blocks that no tile made whole, level by level, and one for where there is none."""
        for level in range(len(self._levels)):
            self._wait()
            for place, piece in self._pieces.unfinished(level):
                self._submit(place, piece)
        self._wait()
        nothing = np.zeros((self.shape[0], BLOCK, BLOCK), self.dtype)
        self._blocks.fill(*self._encode(nothing, np.zeros((BLOCK, BLOCK), np.bool_)))

    def _wait(self) -> None:
        """Wait until all that was submitted is done."""
        for _ in range(2 * self._workers):
            self._room.acquire()
        self._room.release(2 * self._workers)
        if self._failure:
            raise self._failure

    def _check(self, cog: Path) -> None:
        """GDAL finds in the file what was put into it."""
        with unreferenced(), rasterio.open(cog) as dataset:
            found = dataset.count, *dataset.shape
            overviews = dataset.overviews(1)
        if found != self.shape or len(overviews) != len(self._levels) - 1:
            message = f"the file has {found[0]} bands of {found[1:]} and {len(overviews)} overviews"
            raise OSError(message)

"""GeoTIFF: rasters written tile by tile and published as cloud-optimized files."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import DTypeLike, NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

import hinterland
from hinterland.errors import HinterlandError, InputError

BLOCK = 512
"""Lines and samples of a block of the file; tiles that start and end on its multiples are the quickest."""

_CACHE_BYTES = 32 << 20  # GDAL's own default, 5 % of the machine, would exceed any budget of ours
_DRIVER_ERRORS = (RasterioError, CPLE_BaseError, OSError)

# Measured on 112 Mpx of noisy 12-bit samples, 2 cores: DEFLATE 1 takes 2.7 s for 167 MB, DEFLATE 6 3.1 s for
# 171 MB, ZSTD 3 2.3 s for 144 MB, ZSTD 9 5.9 s for 139 MB. DEFLATE carries a checksum, so that a flipped bit
# is an error and not a wrong sample, and programs that know no ZSTD open it: worth 0.4 s and a seventh more.
_COG_OPTIONS = {
    "driver": "COG",
    "compress": "DEFLATE",
    "level": 1,
    "blocksize": BLOCK,
    "num_threads": "ALL_CPUS",
    "overviews": "IGNORE_EXISTING",
    "bigtiff": "IF_SAFER",
}


class WriteError(HinterlandError, OSError):
    """A file could not be written whole: a full disk, as a rule."""


class TileWriter:
    """Write a raster tile by tile, then publish it as a cloud-optimized GeoTIFF (COG).

    The tiles go to an uncompressed file in a hidden folder beside `path`; `finish` makes the COG of it, reads
    every tile back, and only then puts the file at `path`. Leaving the context removes what is unfinished.
    Memory does not grow with the raster. `write` may be called from several threads.

    Parameters
    ----------
    path : Path
        The file to publish. Its folder exists.
    lines, samples, bands : int
        Size of the raster.
    dtype : DTypeLike
        uint8, uint16 or float32.
    labels : bool
        The samples are labels and 0 means none: no mask is kept, and overviews take the nearest sample.
        Otherwise the file has a mask, and overviews average the valid samples.
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
        labels: bool = False,
        description: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        self.path = Path(path)
        self.shape = bands, lines, samples
        self.dtype = np.dtype(dtype)
        self.labels = labels
        self.tags = {
            "TIFFTAG_IMAGEDESCRIPTION": description,
            "TIFFTAG_SOFTWARE": f"hinterland {hinterland.__version__}",
            **{key: str(value) for key, value in (metadata or {}).items()},
        }
        self._lock = threading.Lock()
        self._checksums: dict[tuple[int, int, int, int], int] = {}

    def __enter__(self) -> Self:
        with self._clear_errors():
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.partial-", dir=self.path.parent))
            self._tiles = self._open_tiles()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _environment():
                self._tiles.close()  # a second close, after finish, does nothing
        except _DRIVER_ERRORS:
            if kind is None:
                raise
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def write(
        self, line: int, sample: int, samples: NDArray[np.generic], mask: NDArray[np.bool_] | None = None
    ) -> None:
        """Write one tile; tiles do not overlap, and what no tile covers has no data.

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
        window = Window(sample, line, columns, lines)
        stored = samples if mask is None else np.where(mask, samples, self.dtype.type(0))
        with self._lock, self._clear_errors(), _environment():
            self._tiles.write(stored, window=window)
            if mask is not None:
                self._tiles.write_mask(mask, window=window)
        self._checksums[line, sample, lines, columns] = _checksum(stored, mask)

    def finish(self) -> None:
        """Publish the COG at `path`, verified: every tile reads back as it was written."""
        cog = self._folder / "cog.tif"
        options = _COG_OPTIONS | {
            "predictor": "NO" if self.labels else "YES",  # differences of labels compress worse than labels
            "overview_resampling": "NEAREST" if self.labels else "AVERAGE",
        }
        with self._clear_errors(), _environment():
            self._tiles.close()
            rasterio.shutil.copy(self._tiles.name, cog, **options)
            Path(self._tiles.name).unlink()
            self._verify(cog)
            with cog.open("rb") as file:
                os.fsync(file.fileno())
            cog.replace(self.path)

    def _open_tiles(self) -> Any:  # noqa: ANN401  # rasterio is untyped
        bands, lines, samples = self.shape
        with _environment():
            tiles = rasterio.open(
                self._folder / "tiles.tif",
                "w",
                driver="GTiff",
                count=bands,
                height=lines,
                width=samples,
                dtype=self.dtype,
                nodata=0 if self.labels else None,
                tiled=True,
                blockxsize=BLOCK,
                blockysize=BLOCK,
                bigtiff="IF_SAFER",
                sparse_ok=True,
                photometric="RGB" if bands == 3 else "MINISBLACK",
            )
            tiles.update_tags(**self.tags)
        return tiles

    def _verify(self, cog: Path) -> None:
        # GDAL reports neither a full disk nor every failure of a driver: only reading back tells
        with rasterio.open(cog) as dataset:
            if (dataset.count, *dataset.shape) != self.shape:
                message = f"the file has {dataset.count} bands of {dataset.shape}, not {self.shape}"
                raise OSError(message)
            for (line, sample, lines, columns), checksum in self._checksums.items():
                window = Window(sample, line, columns, lines)
                mask = None if self.labels else dataset.read_masks(1, window=window) > 0
                if _checksum(dataset.read(window=window), mask) != checksum:
                    message = f"the tile at line {line}, sample {sample} does not read back as it was written"
                    raise OSError(message)

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except _DRIVER_ERRORS as error:
            # GDAL's long form of an error stands in the cause
            reason = getattr(error, "strerror", None) or error.__cause__ or error
            message = (
                f"{self.path}: cannot be written: {reason}; is the disk full or the folder not writable?"
            )
            raise WriteError(message) from error


def read_reduced(path: Path, lines: int, samples: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Read a whole raster at a reduced size, from its overviews where it has them.

    Parameters
    ----------
    path : Path
        A GeoTIFF.
    lines, samples : int
        The size to reduce to.

    Returns
    -------
    samples : (bands, lines, samples) of the raster's dtype
        Averages of the valid samples.
    mask : (lines, samples) bool
        True where valid.

    Raises
    ------
    InputError
        If it is not there, damaged or no raster.
    """
    try:
        with _environment(), rasterio.open(path) as dataset:
            reduced = dataset.read(out_shape=(dataset.count, lines, samples), resampling=Resampling.average)
            mask = dataset.dataset_mask(out_shape=(lines, samples), resampling=Resampling.nearest)
            return reduced, mask > 0
    except _DRIVER_ERRORS as error:
        message = f"{path}: cannot be read as a GeoTIFF: {error.__cause__ or error}"
        raise InputError(message) from error


def _checksum(samples: NDArray[np.generic], mask: NDArray[np.bool_] | None) -> int:
    checksum = zlib.crc32(np.ascontiguousarray(samples).data)
    return checksum if mask is None else zlib.crc32(np.packbits(mask).data, checksum)


@contextmanager
def _environment() -> Iterator[None]:
    with (
        rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES),
        warnings.catch_warnings(),  # a panorama has no map to be referenced to
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield

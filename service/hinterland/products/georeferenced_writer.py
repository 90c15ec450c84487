"""Georeferenced rasters written tile by tile: cloud-optimized GeoTIFF, or plain uncompressed GeoTIFF."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import Window

import hinterland
from hinterland.model.map_grids import MapGrid
from hinterland.products.georeferenced import DRIVER_ERRORS
from hinterland.products.geotiff import BLOCK, WriteError

COMPRESSIONS = ("deflate", "zstd", "lzw", "none")

_CACHE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a raster lies in its file."""

    compress: str = "deflate"
    """One of `COMPRESSIONS`."""
    overviews: bool = True
    """Reduced copies, for programs that show it."""

    @property
    def is_plain(self) -> bool:
        """True if tiles can go straight to where they stay."""
        return self.compress == "none" and not self.overviews


class MapWriter:
    """Write a raster on a map grid, tile by tile.

    Unless the layout is plain, tiles go to an uncompressed file beside `path`; `finish` makes the
    cloud-optimized file of it and reads every tile back. A mask is kept in the file, but for labels, whose 0 is
    nodata, and for a plain file, where the nodata value says it all. Memory does not grow with the raster.

    Parameters
    ----------
    path : Path
        The file, in a folder that is removed if the work fails.
    grid : MapGrid
        Where the samples lie.
    bands : int
        How many.
    dtype : np.dtype
        Of the samples.
    nodata : float or None
        What samples hold that are not valid; 0 without a tag if None.
    labels : bool
        The samples are labels, 0 is none: overviews take the nearest.
    layout : Layout
        How it is stored.
    description : str
        For TIFF's ImageDescription.
    metadata : Mapping[str, object]
        GDAL metadata items.

    Raises
    ------
    WriteError
        If the file cannot be written, from any method.
    """

    def __init__(
        self,
        path: Path,
        grid: MapGrid,
        *,
        bands: int,
        dtype: np.dtype[Any],
        nodata: float | None,
        labels: bool = False,
        layout: Layout,
        description: str,
        metadata: Mapping[str, object],
    ) -> None:
        self.path = path
        self._grid = grid
        self._bands = bands
        self._dtype = dtype
        plain_float = layout.is_plain and dtype.kind == "f"
        self._nodata = 0.0 if labels else float("nan") if nodata is None and plain_float else nodata
        self._labels = labels
        self._layout = layout
        self._has_mask = not labels and not (layout.is_plain and self._nodata is not None)
        self._tags = {
            "TIFFTAG_IMAGEDESCRIPTION": description,
            "TIFFTAG_SOFTWARE": f"hinterland {hinterland.__version__}",
            **{key: str(value) for key, value in metadata.items()},
        }
        self._lock = threading.Lock()
        self._checksums: dict[tuple[int, int, int, int], int] = {}

    def __enter__(self) -> Self:
        with self._clear_errors():
            self._tiles = self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._clear_errors():
            self._tiles.close()  # a second close, after finish, does nothing

    def write(
        self, line: int, sample: int, samples: NDArray[Any], mask: NDArray[np.bool_] | None = None
    ) -> None:
        """Write one tile; tiles do not overlap, and what no tile covers has no data.

        Parameters
        ----------
        line, sample : int
            Of the tile's first sample.
        samples : (bands, l, s) of the raster's dtype
            The tile.
        mask : (l, s) bool, optional
            True where valid; not for labels.
        """
        _, lines, columns = samples.shape
        window = Window(sample, line, columns, lines)
        stored = samples
        if mask is not None and not mask.all():
            stored = np.where(mask, samples, self._dtype.type(self._nodata or 0))
        with self._lock, self._clear_errors():
            self._tiles.write(stored, window=window)
            if self._has_mask and mask is not None:
                self._tiles.write_mask(mask, window=window)
        if not self._layout.is_plain:
            self._checksums[line, sample, lines, columns] = zlib.crc32(np.ascontiguousarray(stored).data)

    def finish(self) -> None:
        """Complete the file and check it."""
        with self._clear_errors():
            self._tiles.close()
            if self._layout.is_plain:
                self._check_length()
            else:
                self._optimize()
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def _open(self) -> Any:  # noqa: ANN401 - rasterio is untyped
        plain = self._layout.is_plain
        tiles = rasterio.open(
            self.path if plain else self._tile_path,
            "w",
            driver="GTiff",
            count=self._bands,
            height=self._grid.lines,
            width=self._grid.samples,
            dtype=self._dtype,
            nodata=self._nodata,
            crs=CRS.from_wkt(self._grid.wkt),
            transform=Affine(*self._grid.affine),
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            bigtiff="IF_SAFER",
            sparse_ok=not plain,
            interleave="band",
            photometric="RGB" if self._bands == 3 and self._dtype.kind == "u" else "MINISBLACK",
        )
        tiles.update_tags(**self._tags)
        return tiles

    @property
    def _tile_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.tiles")

    def _optimize(self) -> None:
        level = {"level": 1} if self._layout.compress in {"deflate", "zstd"} else {}
        predictor = {"predictor": "NO" if self._labels else "YES"} if self._layout.compress != "none" else {}
        rasterio.shutil.copy(
            self._tile_path,
            self.path,
            driver="COG",
            compress=self._layout.compress.upper(),
            blocksize=BLOCK,
            num_threads="ALL_CPUS",
            overviews="IGNORE_EXISTING" if self._layout.overviews else "NONE",
            overview_resampling="NEAREST" if self._labels else "AVERAGE",
            bigtiff="IF_SAFER",
            **level,
            **predictor,
        )
        self._tile_path.unlink()
        # GDAL reports neither a full disk nor every failure of a driver: only reading back tells
        with rasterio.open(self.path) as dataset:
            for (line, sample, lines, columns), checksum in self._checksums.items():
                found = dataset.read(window=Window(sample, line, columns, lines))
                if zlib.crc32(np.ascontiguousarray(found).data) != checksum:
                    message = f"the tile at line {line}, sample {sample} does not read back as it was written"
                    raise OSError(message)

    def _check_length(self) -> None:
        least = self._grid.lines * self._grid.samples * self._bands * self._dtype.itemsize
        if self.path.stat().st_size < least:
            message = f"it has {self.path.stat().st_size} bytes, fewer than its {least} of samples"
            raise OSError(message)

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_TIFF_INTERNAL_MASK=True):
                yield
        except DRIVER_ERRORS as error:
            reason = getattr(error, "strerror", None) or error.__cause__ or error
            message = (
                f"{self.path.name}: cannot be written: {reason}; is the disk full or the folder not writable?"
            )
            raise WriteError(message) from error

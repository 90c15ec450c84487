"""GeoTIFFs of ours, read back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from hinterland.errors import InputError
from hinterland.products.cog import BLOCK
from hinterland.products.cog.codecs import unreferenced
from hinterland.products.driver_errors import DRIVER_ERRORS

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_CACHE_BYTES = 32 << 20  # GDAL's own default, 5 % of the machine, would exceed any budget of ours
_STEPS_PX = 1.5  # the stairs of a slanting outline are smaller, corners of frames larger


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidBlock:
    """A block of a raster or of one of its overviews."""

    level: int
    """0 is the raster itself, each further one half as large."""
    row: int
    """Of blocks, from the top."""
    column: int
    """Of blocks, from the left."""
    samples: NDArray[np.generic]
    """(bands, lines, samples) of the raster's dtype, at most `BLOCK` lines and samples."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where valid."""


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
    with _opened(path) as dataset:
        reduced = dataset.read(out_shape=(dataset.count, lines, samples), resampling=Resampling.average)
        mask = dataset.dataset_mask(out_shape=(lines, samples), resampling=Resampling.nearest)
        return reduced, mask > 0


def read_pyramid(path: Path) -> Iterator[PyramidBlock]:
    """Read a raster and its overviews block by block, so that few of them are in memory.

    Parameters
    ----------
    path : Path
        A GeoTIFF with blocks of `BLOCK`.

    Yields
    ------
    PyramidBlock
        Level by level from the finest, in each row by row.

    Raises
    ------
    InputError
        If it is not there, damaged or no raster.
    """
    with _opened(path) as dataset:
        levels = 1 + len(dataset.overviews(1))
    for level in range(levels):
        with _opened(path, level) as dataset:
            for row, line in enumerate(range(0, dataset.height, BLOCK)):
                for column, sample in enumerate(range(0, dataset.width, BLOCK)):
                    size = min(BLOCK, dataset.width - sample), min(BLOCK, dataset.height - line)
                    window = Window(sample, line, *size)
                    yield PyramidBlock(
                        level=level,
                        row=row,
                        column=column,
                        samples=dataset.read(window=window),
                        mask=dataset.dataset_mask(window=window) > 0,
                    )


def read_outlines(path: Path, largest: int) -> tuple[int, dict[int, BaseGeometry]]:
    """Read which areas the labels of a raster cover, from its finest level that is small enough.

    Parameters
    ----------
    path : Path
        A GeoTIFF of labels, 0 where there is none.
    largest : int
        Lines and samples of that level, at most; the coarsest is taken where all are larger.

    Returns
    -------
    factor : int
        Pixels of the raster to one of the level.
    outlines : dict[int, BaseGeometry]
        Polygons of each label, in ascending order; x counts samples and y lines of the level from the outer edges
        of the first. Stairs are made straight, and neighbours keep their border in common.

    Raises
    ------
    InputError
        If it is not there, damaged or no raster.
    """
    import shapely  # noqa: PLC0415 - of all that reads a raster, only this needs it
    from rasterio.features import shapes  # noqa: PLC0415
    from shapely.geometry import shape  # noqa: PLC0415

    with _opened(path) as dataset:
        factors = (1, *dataset.overviews(1))
        small = (level for level, factor in enumerate(factors) if max(dataset.shape) <= largest * factor)
        level = next(small, len(factors) - 1)
    with _opened(path, level) as dataset:
        labels = dataset.read(1)
    areas: dict[int, list[BaseGeometry]] = {}
    for area, label in shapes(labels, mask=labels > 0):
        areas.setdefault(int(label), []).append(shape(area))
    whole = [shapely.union_all(areas[label]) for label in sorted(areas)]
    simple = shapely.coverage_simplify(whole, _STEPS_PX)
    return 1 << level, dict(zip(sorted(areas), simple, strict=True))


@contextmanager
def _opened(path: Path, level: int = 0) -> Iterator[Any]:
    """The raster or an overview; what goes wrong while it is open is an InputError."""
    overview = {"overview_level": level - 1} if level else {}
    try:
        with (
            rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES),
            unreferenced(),
            rasterio.open(path, **overview) as dataset,
        ):
            yield dataset
    except DRIVER_ERRORS as error:
        message = f"{path}: cannot be read as a GeoTIFF: {error.__cause__ or error}"
        raise InputError(message) from error

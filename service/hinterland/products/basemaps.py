"""Base maps: orbital images, read as coarsely as a map needs and resampled onto its samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from hinterland.errors import InputError
from hinterland.products.ground_coordinates import GroundCoordinates, coordinates_of
from hinterland_kernels.lattice import build_lattice
from hinterland_kernels.warp import warp

GridToDegrees = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Grid points (n, 2), line and sample, to longitudes and latitudes (n, 2), degrees."""

_CACHE_BYTES = 64 << 20
_MESH = 32
_BAND = 128
"""Lines that a thread fills at a time."""
_MOST_SAMPLES_READ = 1_000_000_000
_STRETCH_PERCENT = (0.5, 99.5)


class CostlyReadError(InputError):
    """A raster is so much finer than the map, and has no overviews, that reading it would take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMap:
    """A georeferenced image of the ground; its samples stay in the file."""

    path: Path
    """The file."""
    lines: int
    """Height."""
    samples: int
    """Width."""
    coordinates: GroundCoordinates
    """Where its samples lie."""
    credit: str | None
    """What the file says of its origin; None if nothing."""

    @property
    def radius_m(self) -> float:
        """Equatorial radius of the body, as its coordinate system has it."""
        return self.coordinates.radius_m


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundImage:
    """What a base map shows on the samples of a grid."""

    samples: NDArray[np.uint8]
    """(3, lines, samples): red, green, blue; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where the base map covers the grid."""


def open_base_map(path: Path) -> BaseMap:
    """Open a raster as a base map.

    Parameters
    ----------
    path : Path
        GeoTIFF, COG, or JPEG or PNG with a world file and an .aux.xml: what GDAL opens. Degrees or projected.

    Raises
    ------
    InputError
        If it cannot be opened, or is not georeferenced on a body.
    """
    with _open(path) as dataset:
        return BaseMap(
            path=Path(path),
            lines=dataset.height,
            samples=dataset.width,
            coordinates=coordinates_of(dataset, Path(path)),
            credit=_credit(dataset.tags()),
        )


def read_ground(
    base_map: BaseMap, grid_to_degrees: GridToDegrees, lines: int, samples: int
) -> GroundImage | None:
    """Resample a base map onto a grid: bicubic where it is coarser, averaged where it is finer.

    Memory is bounded by the grid: a fine raster is read reduced, from its overviews where it has them.

    Parameters
    ----------
    base_map : BaseMap
        The raster.
    grid_to_degrees : GridToDegrees
        Where the grid's points lie.
    lines, samples : int
        Size of the grid.

    Returns
    -------
    GroundImage or None
        None if the base map does not reach the grid. Samples other than 8 bit are stretched between the 0.5
        and 99.5 percentiles of what was read.

    Raises
    ------
    InputError
        If the raster cannot be read; `CostlyReadError` if it is too large to be read without overviews.
    """

    def to_source(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return base_map.coordinates.to_source(grid_to_degrees(points))

    found = _window(to_source, (lines, samples), (base_map.lines, base_map.samples))
    if found is None:
        return None
    window, step = found
    with _open(base_map.path) as dataset:
        reduced, mask = _read(dataset, base_map.path, window, step)
    to_window = _Reduction(window=window, lines=reduced.shape[1], samples=reduced.shape[2])
    lattice = build_lattice(
        lambda points: to_window(to_source(points)),
        (0, 0, lines, samples),
        reduced.shape[1:],
        step=_MESH,
        is_gentle=True,
    )

    def fill(first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return warp(reduced, mask, lattice, (first, 0, last - first, samples), kernel="bicubic")

    starts = range(0, lines, _BAND)
    with ThreadPoolExecutor() as pool:  # the loop releases the interpreter lock
        bands = list(pool.map(fill, starts, [*starts[1:], lines]))
    values = np.concatenate([band for band, _ in bands], axis=1)
    valid = np.concatenate([inside for _, inside in bands])
    if not valid.any():
        return None
    drawn = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return GroundImage(samples=np.broadcast_to(drawn, (3, lines, samples)), mask=valid)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reduction:
    """From points of a raster to those of a window of it, read reduced."""

    window: tuple[int, int, int, int]
    lines: int
    samples: int

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        line, sample, lines, samples = self.window
        scale = np.array([self.lines / lines, self.samples / samples])
        reduced: NDArray[np.float64] = (points - (line, sample) + 0.5) * scale - 0.5
        return reduced


def _window(
    to_source: GridToDegrees, grid: tuple[int, int], source: tuple[int, int]
) -> tuple[tuple[int, int, int, int], float] | None:
    """The part of a raster that a grid needs, and the raster's samples per grid sample; None if none."""
    net_lines = np.linspace(-0.5, grid[0] - 0.5, min(grid[0], _MESH) + 1)
    net_samples = np.linspace(-0.5, grid[1] - 0.5, min(grid[1], _MESH) + 1)
    net = np.stack(np.meshgrid(net_lines, net_samples, indexing="ij"), axis=-1)
    points = to_source(net.reshape(-1, 2)).reshape(net.shape)
    if np.isnan(points).all():
        return None
    meshes = [np.abs(np.diff(points, axis=axis)).max(axis=-1) for axis in (0, 1)]
    spacings = [net_lines[1] - net_lines[0], net_samples[1] - net_samples[0]]
    step = min(float(np.nanmedian(mesh)) / gap for mesh, gap in zip(meshes, spacings, strict=True))
    # the kernel reaches two samples, widened ones where it averages; the net sags an eighth of a mesh at most
    margin = 4.0 * max(1.0, step) + max(float(np.nanmax(mesh, initial=0.0)) for mesh in meshes) / 8.0
    first = np.maximum(np.floor(np.nanmin(points, axis=(0, 1)) - margin), 0)
    last = np.minimum(np.ceil(np.nanmax(points, axis=(0, 1)) + margin), np.array(source) - 1)
    if (last < first).any():
        return None
    (line, sample), (lines, samples) = first.astype(int), (last - first).astype(int) + 1
    return (int(line), int(sample), int(lines), int(samples)), step


def _read(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    path: Path,
    window: tuple[int, int, int, int],
    step: float,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read a window reduced by a whole factor, as (1 or 3, lines, samples) of 8 bit, and its mask."""
    line, sample, lines, samples = window
    factor = max(1, math.floor(step * (1.0 + 1e-6)))
    overview = max((level for level in dataset.overviews(1) if level <= factor), default=1)
    if lines * samples / overview**2 > _MOST_SAMPLES_READ:
        message = f"{path}: {lines} x {samples} samples to read for one map: give it overviews with gdaladdo"
        raise CostlyReadError(message)
    shape = -(-lines // factor), -(-samples // factor)
    part = Window(sample, line, samples, lines)
    colors = _colormap(dataset)
    averaged = Resampling.average if factor > 1 else Resampling.nearest
    values = dataset.read(
        _bands(dataset),
        window=part,
        out_shape=(len(_bands(dataset)), *shape),
        resampling=averaged if colors is None else Resampling.nearest,
    )
    if all(flags == [MaskFlags.all_valid] for flags in dataset.mask_flag_enums):
        mask = np.ones(shape, dtype=np.bool_)  # what GDAL would fill in and average
    else:
        mask = dataset.dataset_mask(window=part, out_shape=shape, resampling=averaged) >= 255
    if colors is not None:
        return np.ascontiguousarray(np.moveaxis(colors[values[0]], -1, 0)), mask
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values), mask
    return _stretch(values, mask & np.isfinite(values).all(axis=0))


def _stretch(
    values: NDArray[np.generic], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    if not mask.any():
        return np.zeros(values.shape, dtype=np.uint8), mask
    numbers = np.where(mask, values, 0).astype(np.float64)
    low, high = np.percentile(numbers[:, mask], _STRETCH_PERCENT)
    scaled = (numbers - low) * (255.0 / max(high - low, np.finfo(np.float64).tiny))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8), mask


def _bands(dataset: Any) -> list[int]:  # noqa: ANN401
    """Red, green and blue where the file says so or has just three bands besides alpha; else the first."""
    kinds = list(dataset.colorinterp)
    colors = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    if all(color in kinds for color in colors):
        return [kinds.index(color) + 1 for color in colors]
    shown = [band for band, kind in enumerate(kinds, 1) if kind != ColorInterp.alpha]
    return shown if len(shown) == 3 else shown[:1]


def _colormap(dataset: Any) -> NDArray[np.uint8] | None:  # noqa: ANN401
    """(256 or 65536, 3) colours of a palette image; None for others."""
    if dataset.colorinterp[0] != ColorInterp.palette:
        return None
    colors = np.zeros((1 << 8 * np.dtype(dataset.dtypes[0]).itemsize, 3), dtype=np.uint8)
    for index, color in dataset.colormap(1).items():
        colors[index] = color[:3]
    return colors


def _credit(tags: dict[str, str]) -> str | None:
    for name in ("TIFFTAG_COPYRIGHT", "EXIF_Copyright", "Copyright", "TIFFTAG_ARTIST"):
        if tags.get(name, "").strip():
            return tags[name].strip()
    return None


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """Open a raster; GDAL's errors, also those of reading, become one line about the file."""
    if not Path(path).is_file():
        message = f"{path}: no such file"
        raise InputError(message)
    try:
        with warnings.catch_warnings(), rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # an InputError says it better
            with rasterio.open(path) as dataset:
                yield dataset
    except RasterioError as error:
        message = f"{path}: cannot be read as a raster: {error.__cause__ or error}"
        raise InputError(message) from error

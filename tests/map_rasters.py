"""Small georeferenced rasters for tests, and the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parents[1] / "examples"
EARTH_TILES = tuple(sorted((DATA / "earth_tiles").glob("rgb*.tif")))
LANDING_MAP = EXAMPLES / "jezero_landing_map" / "Lookdown_Map_aligned.jpg"

EQUATOR = "+proj=eqc +lat_ts=0 +R=3396190 +units=m"
JEZERO = "+proj=eqc +lat_ts=18.4663 +R=3396190 +units=m"
STEREO = "+proj=stere +lat_0=18 +lon_0=77 +R=3396190 +units=m"
NORTH_POLE = "+proj=stere +lat_0=90 +lon_0=0 +R=3396190 +units=m"
DEGREES = "+proj=longlat +R=3396190"
WEST, NORTH = 4_586_000.0, 1_100_000.0
"""Of rasters in `EQUATOR` metres, beside Jezero crater."""


def from_origin(west: float, north: float, size: float) -> Affine:
    """North up, square samples."""
    return Affine(size, 0.0, west, 0.0, -size, north)


def smooth(lines: int, samples: int, phase: float = 0.0) -> NDArray[np.float32]:
    """A picture whose shortest wave is about 100 samples, which every kernel resamples alike."""
    i, j = np.mgrid[:lines, :samples]
    return (1000.0 + 200.0 * np.sin(i / 17.0 + phase) + 150.0 * np.cos(j / 23.0 + i / 50.0)).astype(
        np.float32
    )


def textured(lines: int, samples: int, seed: int = 5, dtype: str = "uint8", bands: int = 1) -> NDArray[Any]:
    """Noise above 0."""
    random = np.random.default_rng(seed)
    return random.integers(1, 250, (bands, lines, samples)).astype(dtype)


def write_raster(
    path: Path,
    samples: NDArray[Any],
    *,
    crs: str | None = EQUATOR,
    affine: Affine | None = None,
    size: float = 6.0,
    **options: Any,
) -> Path:
    """Write (bands, lines, samples) or (lines, samples) as a GeoTIFF with its north-west corner at WEST, NORTH."""
    samples = samples if samples.ndim == 3 else samples[None]
    profile: dict[str, Any] = {"driver": "GTiff", **options}
    mask = profile.pop("mask", None)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            "w",
            count=samples.shape[0],
            height=samples.shape[1],
            width=samples.shape[2],
            dtype=samples.dtype,
            crs=None if crs is None else CRS.from_user_input(crs),
            transform=from_origin(WEST, NORTH, size) if affine is None else affine,
            **profile,
        ) as dataset,
    ):
        dataset.write(samples)
        if mask is not None:
            dataset.write_mask(mask)
    return path


def read_raster(path: Path) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Samples (bands, lines, samples) and mask (lines, samples) as GDAL has them."""
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.dataset_mask() > 0

"""GeoTIFFs of ours, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling

from hinterland.errors import InputError
from hinterland.products.cog.codecs import unreferenced
from hinterland.products.georeferenced import DRIVER_ERRORS

_CACHE_BYTES = 32 << 20  # GDAL's own default, 5 % of the machine, would exceed any budget of ours


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
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), unreferenced(), rasterio.open(path) as dataset:
            reduced = dataset.read(out_shape=(dataset.count, lines, samples), resampling=Resampling.average)
            mask = dataset.dataset_mask(out_shape=(lines, samples), resampling=Resampling.nearest)
            return reduced, mask > 0
    except DRIVER_ERRORS as error:
        message = f"{path}: cannot be read as a GeoTIFF: {error.__cause__ or error}"
        raise InputError(message) from error

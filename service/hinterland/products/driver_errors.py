"""What the drivers that read and write rasters raise."""

from __future__ import annotations

from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

DRIVER_ERRORS = (RasterioError, CPLE_BaseError, OSError)

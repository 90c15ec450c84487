"""Which samples of a georeferenced raster are valid, and what their values are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as FileWindow

from hinterland.products.georeferenced import MapRaster

_SENTINEL = 1e38
"""Floats beyond it are special values of formats, whatever the tag says: ISIS's begin at 3.4e38."""


def driver_mask(
    raster: MapRaster,
    dataset: Any,  # noqa: ANN401
    window: FileWindow,
) -> NDArray[np.bool_] | None:
    """What the file has of a mask beside its samples."""
    mask: NDArray[np.bool_]
    if raster.masked_by == "mask":
        mask = dataset.read_masks(1, window=window) > 0
    elif raster.masked_by == "specials":
        indexes = list(range(1, raster.bands + 1))
        mask = (dataset.read_masks(indexes, window=window) > 0).all(axis=0)
    elif raster.masked_by == "alpha":
        mask = dataset.read(raster.bands + 1, window=window) > 0
    else:
        return None
    return mask


def masked(
    raster: MapRaster, stored: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[np.bool_], bool]:
    """Values of stored samples, where they are valid, and whether all are."""
    values = stored
    if raster.is_scaled:
        shape = (-1, 1, 1)
        values = stored * np.reshape(raster.scales, shape) + np.reshape(raster.offsets, shape)
    values = values.astype(raster.dtype, copy=False)
    has_limits = raster.masked_by != "nothing" or raster.least is not None
    if not has_limits and (values.dtype.kind != "f" or _is_finite(values)):
        return values, np.broadcast_to(np.True_, values.shape[1:]), True
    if mask is None:
        mask = _without_nodata(stored, raster.nodata if raster.masked_by == "nodata" else ())
    if raster.least is not None:
        mask &= (stored >= raster.least).all(axis=0)
    if values.dtype.kind == "f":
        for band in values:
            mask &= np.abs(band) < _SENTINEL  # neither nan nor infinite
    return values, mask, bool(mask.all())


def _is_finite(values: NDArray[Any]) -> bool:
    """True if there is neither nan, which fails every comparison, nor a special value; without temporaries."""
    return bool(values.min() > -_SENTINEL and values.max() < _SENTINEL)


def _without_nodata(stored: NDArray[Any], nodata: tuple[float | None, ...]) -> NDArray[np.bool_]:
    """True where some band has a value other than its nodata value."""
    if not nodata:
        return np.ones(stored.shape[1:], dtype=np.bool_)
    valid = np.zeros(stored.shape[1:], dtype=np.bool_)
    for band, value in zip(stored, nodata, strict=True):
        valid |= True if value is None else band != _in_dtype(value, band.dtype)
    return valid


def _in_dtype(value: float, dtype: np.dtype[Any]) -> Any:  # noqa: ANN401 - a scalar of that dtype
    """A nodata value as samples have it; nan, which equals none, where they cannot: -9999 in 8 bits."""
    if dtype.kind == "f":
        return dtype.type(value)
    limits = np.iinfo(dtype)
    return dtype.type(value) if limits.min <= value <= limits.max and value % 1.0 == 0.0 else np.nan

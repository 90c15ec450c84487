"""Georeferenced rasters: opened for inspection, and refused before a sample is read where they cannot be used."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from hinterland.errors import InputError, TooLargeError
from hinterland.model.map_grids import MapGrid
from hinterland.model.reprojection import is_geographic, map_crs
from hinterland.products.driver_errors import DRIVER_ERRORS
from hinterland.products.plain_blocks import PlainBlocks, plain_blocks
from hinterland.products.raster_files import HEAD_BYTES, check_size, driver_of, files_of

_KEPT = ("uint8", "uint16", "int16", "float32")
_LARGEST_BLOCK_BYTES = 1 << 26
_BEYOND_POLE_DEG = 5.0
"""Rasters whose sample centres lie on a pole end up to half a sample beyond it."""
_LEAST_ISIS_SHORT = -32752
"""Below it lie ISIS's special pixels: null, and low and high saturation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRaster:
    """A georeferenced raster; its samples stay in the file."""

    path: Path
    """The file, links resolved."""
    driver: str
    """GDAL's name of the format."""
    grid: MapGrid
    """Where its samples lie."""
    bands: int
    """Without the alpha band."""
    dtype: np.dtype[Any]
    """Of the samples as they are read: uint8, uint16, int16 or float32."""
    stored: np.dtype[Any]
    """Of the samples in the file: float64 is read as float32, and so is what has a scale or an offset."""
    masked_by: str
    """"nodata", "mask", "specials", "alpha", or "nothing" but non-finite samples.

    Specials are several values that a format reserves, per band: ISIS's null and saturations, PDS4's constants.
    """
    nodata: tuple[float | None, ...]
    """Per band."""
    scales: tuple[float, ...]
    """Per band: value = scale * stored + offset."""
    offsets: tuple[float, ...]
    """Per band."""
    block: tuple[int, int]
    """Lines and samples that are read as one."""
    least: float | None
    """Stored samples below it are the format's special pixels."""
    plain: PlainBlocks | None
    """Where blocks lie that need no decoding; None where they do."""

    @property
    def is_scaled(self) -> bool:
        """True if stored samples are not the values."""
        return any(scale != 1.0 for scale in self.scales) or any(offset != 0.0 for offset in self.offsets)


def inspect_raster(path: Path) -> MapRaster:
    """Open a raster, check it and close it.

    Parameters
    ----------
    path : Path
        GeoTIFF or COG, JPEG 2000, a map product of PDS3, PDS4, ISIS3 or VICAR, or a JPEG or PNG with a world file
        and an .aux.xml.

    Raises
    ------
    InputError
        If it is none of these, has no usable georeference, samples of an unknown kind, data elsewhere, or fewer
        bytes than it declares.
    """
    given = Path(path)
    if not given.is_file():
        message = f"{given}: there is no such file"
        raise InputError(message)
    real = given.resolve()
    try:
        with real.open("rb") as file:
            head = file.read(HEAD_BYTES)
        driver = driver_of(given, head)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said below
            with rasterio.open(real, driver=driver, sharing=False) as dataset:
                files = files_of(given, real, dataset)
                raster = _described(given, real, driver, dataset)
    except DRIVER_ERRORS as error:
        message = f"{given}: cannot be opened as {driver}: {error.__cause__ or error}; is the file whole?"
        raise InputError(message) from error
    check_size(
        given,
        driver,
        shape=raster.grid.shape,
        bytes_per_pixel=raster.bands * raster.stored.itemsize,
        head=head,
        files=files,
    )
    return raster


def _described(path: Path, real: Path, driver: str, dataset: Any) -> MapRaster:  # noqa: ANN401
    count = dataset.count
    alpha = count > 1 and dataset.colorinterp[-1] is ColorInterp.alpha
    if dataset.colorinterp and dataset.colorinterp[0] is ColorInterp.palette:
        message = f"{path}: its samples are colours of a palette; expand them with gdal_translate -expand rgb"
        raise InputError(message)
    stored = _stored(path, dataset)
    bands = count - 1 if alpha else count
    scales, offsets = tuple(dataset.scales[:bands]), tuple(dataset.offsets[:bands])
    scaled = any(scale != 1.0 for scale in scales) or any(offset != 0.0 for offset in offsets)
    block = tuple(int(max(sides)) for sides in zip(*dataset.block_shapes, strict=True))
    bytes_per_block = block[0] * block[1] * stored.itemsize
    if bytes_per_block > _LARGEST_BLOCK_BYTES:
        message = (
            f"{path}: one block of it takes {bytes_per_block >> 20} MiB; "
            "tile it with gdal_translate -co TILED=YES"
        )
        raise TooLargeError(message)
    return MapRaster(
        path=real,
        driver=driver,
        grid=_grid(path, dataset),
        bands=bands,
        dtype=np.dtype(np.float32) if scaled or stored == np.float64 else stored,
        stored=stored,
        masked_by=_masked_by(dataset.mask_flag_enums[0], alpha=alpha),
        nodata=tuple(dataset.nodatavals[:bands]),
        scales=scales,
        offsets=offsets,
        block=(block[0], block[1]),
        least=float(_LEAST_ISIS_SHORT) if driver == "ISIS3" and stored == np.int16 else None,
        plain=plain_blocks(real, dataset) if driver == "GTiff" else None,
    )


def _stored(path: Path, dataset: Any) -> np.dtype[Any]:  # noqa: ANN401
    dtypes = set(dataset.dtypes)
    if not dtypes <= {*_KEPT, "float64"} or len(dtypes) > 1:
        message = (
            f"{path}: has samples of {', '.join(sorted(dtypes))}, not one of {', '.join(_KEPT)}, float64; "
            "convert it with gdal_translate -ot Float32"
        )
        raise InputError(message)
    stored: np.dtype[Any] = np.dtype(dtypes.pop())
    return stored


def _masked_by(flags: list[Any], *, alpha: bool) -> str:
    if alpha:
        return "alpha"
    if MaskFlags.nodata in flags:
        return "nodata"
    if not flags:
        return "specials"  # a mask of the driver's own, which no flag describes
    return "mask" if MaskFlags.per_dataset in flags else "nothing"


def _grid(path: Path, dataset: Any) -> MapGrid:  # noqa: ANN401
    if dataset.crs is None:
        message = (
            f"{path}: has no coordinate system; set one with gdal_edit.py -a_srs, "
            "say IAU_2015:49910 for equirectangular metres on Mars"
        )
        raise InputError(message)
    if dataset.transform.is_identity:
        message = f"{path}: has no geotransform; set one with gdal_edit.py -a_ullr or a world file"
        raise InputError(message)
    try:
        wkt = dataset.crs.to_wkt(version="WKT2_2019")
        grid = MapGrid(
            wkt=wkt, affine=tuple(dataset.transform)[:6], lines=dataset.height, samples=dataset.width
        )
        is_degrees = is_geographic(map_crs(wkt))
    except (ValueError, RasterioError) as error:
        message = f"{path}: {error}; mend it with gdal_edit.py"
        raise InputError(message) from error
    _, south, _, north = grid.bounds
    if is_degrees and max(-south, north) > 90.0 + min(grid.sample_size, _BEYOND_POLE_DEG):
        message = (
            f"{path}: its latitudes run from {south:g} to {north:g} degrees: its map projection is not known or "
            "not set; set it with gdal_edit.py -a_srs"
        )
        raise InputError(message)
    return grid

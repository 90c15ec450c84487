"""Georeferenced rasters: opened for inspection, and refused before a sample is read where they cannot be used.

A label can name any file of the machine as its data, and GDAL reads what a file lacks as zeros: so the driver is
chosen by signature from a short list, all files of a dataset must lie beside the one that was given, and
uncompressed products must be as long as their labels say.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from hinterland.errors import FormatError, InputError, OutsideError, TooLargeError, TruncatedError
from hinterland.model.map_grids import MapGrid
from hinterland.model.reprojection import is_geographic, map_crs
from hinterland.products.driver_errors import DRIVER_ERRORS
from hinterland.products.plain_blocks import PlainBlocks, plain_blocks

_SIGNATURES = (
    ("GTiff", re.compile(rb"\A(II[*+]\0|MM\0[*+])")),
    ("JP2OpenJPEG", re.compile(rb"\A(\0\0\0\x0cjP  |\xff\x4f\xff\x51)")),
    ("JPEG", re.compile(rb"\A\xff\xd8\xff")),
    ("PNG", re.compile(rb"\A\x89PNG")),
    ("VICAR", re.compile(rb"\ALBLSIZE=")),
    ("ISIS3", re.compile(rb"Object\s*=\s*IsisCube")),
    ("PDS4", re.compile(rb"<Product_Observational")),
    ("PDS", re.compile(rb"PDS_VERSION_ID")),
)
HEAD_BYTES = 1 << 16
"""Of a file that its format and sizes are told by."""
_UNCOMPRESSED = {"VICAR", "ISIS3", "PDS4", "PDS"}
_KEPT = ("uint8", "uint16", "int16", "float32")
_LARGEST_BLOCK_BYTES = 1 << 26
_LARGEST_RATIO = 5000
"""Samples' bytes over the file's beyond which a large raster is a bomb: DEFLATE reaches 1030."""
_BOMB_BYTES = 1 << 28
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


def driver_of(path: Path, head: bytes) -> str:
    """GDAL's name of a file's format, by its first bytes.

    Raises
    ------
    FormatError
        If it is none that is read.
    """
    for driver, signature in _SIGNATURES:
        if signature.search(head):
            return driver
    message = (
        f"{path}: is no raster that is read: give a GeoTIFF, JPEG 2000, PDS3, PDS4, ISIS3 or VICAR map product, "
        "or convert it with gdal_translate"
    )
    raise FormatError(message)


def files_of(path: Path, real: Path, dataset: Any) -> list[Path]:  # noqa: ANN401 - rasterio is untyped
    """All files of an open dataset.

    Raises
    ------
    OutsideError
        If one of them does not lie beside the one that was given.
    """
    files = [Path(name) for name in dataset.files]
    for file in files:
        if not file.exists() or file.resolve().parent != real.parent:
            message = f"{path}: its data lie elsewhere, in {file}; put label and data in one folder"
            raise OutsideError(message)
    return files


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


def check_size(
    path: Path,
    driver: str,
    *,
    shape: tuple[int, int],
    bytes_per_pixel: int,
    head: bytes,
    files: Sequence[Path],
) -> None:
    """Compare what a header declares with what there is.

    Parameters
    ----------
    path : Path
        For messages.
    driver : str
        GDAL's name of the format.
    shape : (lines, samples)
        As declared.
    bytes_per_pixel : int
        All bands.
    head : bytes
        The file's first `HEAD_BYTES`.
    files : sequence of Path
        Of the dataset.

    Raises
    ------
    TooLargeError
        If a compressed file declares more than it can hold.
    TruncatedError
        If an uncompressed one holds less than it declares.
    """
    sizes = [file.stat().st_size for file in files]
    declared = math.prod(shape) * bytes_per_pixel
    if driver not in _UNCOMPRESSED:
        if declared > max(_BOMB_BYTES, _LARGEST_RATIO * sum(sizes)):
            message = (
                f"{path}: declares {shape[1]} x {shape[0]} samples in {sum(sizes)} bytes; "
                "it is damaged or hostile"
            )
            raise TooLargeError(message)
        return
    needed = declared + _data_offset(driver, head, attached=len(files) == 1)
    if b"ENCODING_TYPE" not in head and max(sizes, default=0) < needed:
        message = (
            f"{path}: needs {needed} bytes for {shape[1]} x {shape[0]} samples and has "
            f"{max(sizes, default=0)}: it is cut off; fetch it again"
        )
        raise TruncatedError(message)


def _data_offset(driver: str, head: bytes, *, attached: bool) -> int:
    """Bytes before the first sample, as a label has them; 0 where it does not say."""
    if driver == "VICAR":
        return _number(rb"LBLSIZE=(\d+)", head)
    if driver == "ISIS3":
        return max(_number(rb"StartByte\s*=\s*(\d+)", head) - 1, 0)
    if driver == "PDS4":
        return _number(rb"<offset\s+unit=\"byte\">\s*(\d+)", head)
    pointer = re.search(rb"\^IMAGE\s*=\s*([^\r\n]*)", head)
    numbers = re.findall(rb"\d+", re.sub(rb"\"[^\"]*\"", b"", pointer[1])) if pointer else []
    start = int(numbers[0]) if numbers else (2 if attached else 1)
    unit = 1 if pointer and b"<BYTES>" in pointer[1].upper() else _number(rb"RECORD_BYTES\s*=\s*(\d+)", head)
    return max(start - 1, 0) * unit


def _number(pattern: bytes, head: bytes) -> int:
    found = re.search(pattern, head)
    return int(found[1]) if found else 0

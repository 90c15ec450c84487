"""Rasters of unknown origin: judged by their headers, then decoded whole, once, block by block.

It is what a process that can do no harm does with a file before any other opens it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, parse  # type: ignore[import-untyped]
from rasterio.env import Env
from rasterio.errors import NotGeoreferencedWarning

from hinterland.errors import InputError, OutsideError, TooLargeError, TruncatedError
from hinterland.products.driver_errors import DRIVER_ERRORS
from hinterland.products.fields import printable
from hinterland.products.label_checks import check_named_files, check_text_label
from hinterland.products.raster_files import HEAD_BYTES, check_size, driver_of, files_of

_MOST_OVERVIEWS = 32
_MOST_BANDS = 4096
_XML_LIMIT_BYTES = 4 << 20
_CACHE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the header of a raster says, found to be possible."""

    driver: str
    """GDAL's name of the format."""
    lines: int
    samples: int
    bands: int
    dtype: str
    """Of the first band."""
    stored_bytes: int
    """Of all samples, decoded."""


def registered_drivers() -> frozenset[str]:
    """What this process' GDAL can open."""
    with Env() as environment:
        return frozenset(environment.drivers())


def examine_raster(path: Path, *, block_bytes: int, most_samples: int) -> Examined:
    """Judge a raster by its header; no sample is read.

    Parameters
    ----------
    path : Path
        The file.
    block_bytes : int
        The largest block, decoded.
    most_samples : int
        Lines x samples x bands.

    Raises
    ------
    InputError
        FormatError, OutsideError, TruncatedError or TooLargeError where it is clear what is wrong.
    """
    real = path.resolve()
    head = _head(path)
    driver = driver_of(path, head)
    _check_label(path, driver, head)
    with _opened(path, real, driver) as dataset:
        files = files_of(path, real, dataset)
        itemsize = sum(_itemsize(path, dtype) for dtype in dataset.dtypes)
        shape = dataset.height, dataset.width
        if dataset.count > _MOST_BANDS or math.prod(shape) * dataset.count > most_samples:
            message = f"{path.name}: declares {shape[1]} x {shape[0]} samples in {dataset.count} bands"
            raise TooLargeError(f"{message}; at most {most_samples} are read")
        _check_blocks(path, dataset, block_bytes)
        check_size(path, driver, shape=shape, bytes_per_pixel=itemsize, head=head, files=files)
        return Examined(
            driver=driver,
            lines=shape[0],
            samples=shape[1],
            bands=dataset.count,
            dtype=dataset.dtypes[0],
            stored_bytes=math.prod(shape) * itemsize,
        )


def decode_raster(path: Path, driver: str) -> None:
    """Decode every block, mask and overview of a raster that was examined.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        As `examine_raster` found it.

    Raises
    ------
    InputError
        If some of it cannot be decoded.
    """
    real = path.resolve()
    with _opened(path, real, driver) as dataset:
        levels = len(dataset.overviews(1))
        _decode(dataset)
    for level in range(levels):
        with _opened(path, real, driver, overview_level=level) as dataset:
            _decode(dataset)


def _head(path: Path) -> bytes:
    if not path.is_file() or path.is_symlink():
        message = f"{path.name}: is not a regular file"
        raise OutsideError(message)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        message = f"{path.name}: is empty; fetch it again"
        raise TruncatedError(message)
    return head


def _check_label(path: Path, driver: str, head: bytes) -> None:
    """Look at a label before GDAL does, whose readers of text have no bounds."""
    if driver == "PDS4":
        _check_xml(path)
    elif driver in {"PDS", "ISIS3"}:
        check_text_label(path)
    elif driver == "VICAR":
        size = head[8:18].split()[0:1]
        if not size or not size[0].isdigit() or int(size[0]) > HEAD_BYTES * 4:
            message = f"{path.name}: its label claims an absurd size; fetch it again"
            raise TooLargeError(message)


def _check_xml(path: Path) -> None:
    if path.stat().st_size > _XML_LIMIT_BYTES:
        message = f"{path.name}: an XML label has at most {_XML_LIMIT_BYTES} bytes"
        raise TooLargeError(message)
    try:
        label = parse(path, forbid_dtd=True)
    except DefusedXmlException:
        message = f"{path.name}: its XML defines entities or a document type, which no label needs"
        raise OutsideError(message) from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        message = f"{path.name}: its XML is malformed: {printable(error, 60)}; fetch it again"
        raise InputError(message) from None
    named = (element.text or "" for element in label.iter() if element.tag.rpartition("}")[2] == "file_name")
    check_named_files(path, named)


def _check_blocks(path: Path, dataset: Any, block_bytes: int) -> None:  # noqa: ANN401 - rasterio is untyped
    for (lines, samples), dtype in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        if lines * samples * _itemsize(path, dtype) > block_bytes:
            message = (
                f"{path.name}: one block of it has {samples} x {lines} samples; "
                "tile it with gdal_translate -co TILED=YES"
            )
            raise TooLargeError(message)
    for band in dataset.indexes:
        if len(dataset.overviews(band)) > _MOST_OVERVIEWS:
            message = f"{path.name}: has more than {_MOST_OVERVIEWS} overviews; it is damaged or hostile"
            raise TooLargeError(message)


def _itemsize(path: Path, dtype: str) -> int:
    try:
        return np.dtype(dtype).itemsize
    except TypeError:
        message = f"{path.name}: has samples of {printable(dtype, 20)}, which are not read"
        raise InputError(message) from None


def _decode(dataset: Any) -> None:  # noqa: ANN401
    for _, window in dataset.block_windows(1):
        dataset.read(window=window)
        dataset.read_masks(1, window=window)


@contextmanager
def _opened(path: Path, real: Path, driver: str, **options: int) -> Iterator[Any]:
    try:
        with warnings.catch_warnings(), Env(GDAL_CACHEMAX=_CACHE_BYTES):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # whether it must be is asked later
            with rasterio.open(real, driver=driver, sharing=False, **options) as dataset:
                yield dataset
    except DRIVER_ERRORS as error:
        reason = printable(error.__cause__ or error, 200)
        message = f"{path.name}: cannot be read as {driver}: {reason}; is the file whole?"
        raise InputError(message) from error

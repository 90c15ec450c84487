"""Files of georeferenced rasters: of what format, where their data lie, whether they can hold what they declare.

A label can name any file of the machine as its data, and GDAL reads what a file lacks as zeros: so the driver is
chosen by signature from a short list, all files of a dataset must lie beside the one that was given, and
uncompressed products must be as long as their labels say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hinterland.errors import FormatError, OutsideError, TooLargeError, TruncatedError

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
_LARGEST_RATIO = 5000
"""Samples' bytes over the file's beyond which a large raster is a bomb: DEFLATE reaches 1030."""
_BOMB_BYTES = 1 << 28


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

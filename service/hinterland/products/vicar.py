"""VICAR files: label, binary header, pixels with line prefixes, and a second label at the end.

Source: JPL Multimission Image Processing Laboratory, "The VICAR file format".
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.model.products import Dropped, Image
from hinterland.products.fields import FieldError, integer, printable, text
from hinterland.products.labels import LABEL_LIMIT_BYTES, Block, LabelError, Value
from hinterland.products.layouts import Layout
from hinterland.products.levels import interpret
from hinterland.products.sources import Source, read_source
from hinterland.products.surface_labels import product_from_label, product_id_of

_BEGINNING = b"LBLSIZE="
_HEAD_BYTES = 40
_LONGEST_NUMBER = 64

_SPACE = r"[\x00-\x20]*"
_TEXT = r"'(?:[^']|'')*+'"  # possessive: a label without its last quote fails at once, not after 2**n tries
_ITEM = rf"{_TEXT}|[^\x00-\x20,()'=]+"
_ENTRY = re.compile(
    rf"{_SPACE}(?P<key>[A-Za-z][\w$:^.]*){_SPACE}={_SPACE}"
    rf"(?:(?P<one>{_ITEM})|\({_SPACE}(?P<many>(?:[^'()]++|{_TEXT})*+)\))"
)
_ITEMS = re.compile(_ITEM)
_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")

_FORMATS = {"BYTE": "u1", "HALF": "i2", "WORD": "i2", "FULL": "i4", "LONG": "i4", "REAL": "f4"}
_INTEGER_ORDERS = {"HIGH": ">", "LOW": "<"}
_REAL_ORDERS = {"IEEE": ">", "RIEEE": "<", "VAX": "<"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VicarRaster:
    """The pixels of a VICAR file and its label."""

    samples: NDArray[np.generic]
    """(bands, lines, samples), uint8, int16, int32 or float32."""
    label: Block
    """System items at the top, then a block for each property and, named "TASK ...", each history task."""


def is_vicar(data: bytes) -> bool:
    """True if the bytes begin with a VICAR label."""
    return data.startswith(_BEGINNING)


def read_vicar_raster(path: Path) -> VicarRaster:
    """Read any uncompressed VICAR image.

    Raises
    ------
    InputError
        If the file is not VICAR, its label is malformed, or it is shorter than the label promises.
    """
    return _raster(read_source(path))


def read_vicar(source: Source) -> Image | Dropped:
    """Read a rover product whose VICAR label holds its camera.

    Returns
    -------
    Image or Dropped
        Dropped where the file is sound but tells no camera, attitude or stop.

    Raises
    ------
    InputError
        As `read_vicar_raster`.
    """
    raster = _raster(source)
    label = raster.label
    product_id = product_id_of(label, source)
    _, lines, samples = raster.samples.shape
    try:
        data = label.find("IMAGE_DATA")
        levels = interpret(raster.samples, {} if data is None else data.values)
        product = product_from_label(label, source, lines, samples, levels.notes)
    except FieldError as error:
        return Dropped(
            product=product_id,
            path=source.path,
            reason=str(error),
            sha256=source.sha256,
            sol=_sol(label),
        )
    return Image(product=product, samples=levels.samples, mask=levels.mask, largest=levels.largest)


def _sol(label: Block) -> int | None:
    """The sol as far as it is known, of a product that is dropped for another reason."""
    with contextlib.suppress(FieldError):
        identification = label.find("IDENTIFICATION")
        if identification is not None:
            return integer(identification.values.get("PLANET_DAY_NUMBER"), "PLANET_DAY_NUMBER")
    return None


def _raster(source: Source) -> VicarRaster:
    if not is_vicar(source.data):
        message = f"{source.name}: is not a VICAR file"
        raise InputError(message)
    try:
        label = _parse(_label_text(source.data, 0))
        layout = _layout(label, _label_bytes(source.data, 0))
        if label.values.get("EOL") == 1:
            more = _parse(_label_text(source.data, layout.end))
            label.blocks.extend(more.blocks)
        samples = layout.read(source.data, source.name)
    except (LabelError, FieldError) as error:
        message = f"{source.name}: {error}"
        raise InputError(message) from error
    if text(label.values.get("REALFMT")) == "VAX" and samples.dtype.kind == "f":
        samples = _from_vax(samples)
    return VicarRaster(samples=samples, label=label)


def _label_bytes(data: bytes, offset: int) -> int:
    head = data[offset : offset + _HEAD_BYTES]
    match = re.match(rb"LBLSIZE=(\d{1,9})[\x00-\x20]", head)
    if match is None:
        message = "no VICAR label where one should be; the file may be cut off"
        raise LabelError(message)
    length = int(match[1])
    if not _HEAD_BYTES <= length <= LABEL_LIMIT_BYTES or offset + length > len(data):
        message = (
            f"the label claims {length} bytes; it may have {LABEL_LIMIT_BYTES}, and no more than the file"
        )
        raise LabelError(message)
    return length


def _label_text(data: bytes, offset: int) -> str:
    label = data[offset : offset + _label_bytes(data, offset)]
    try:
        return label.rstrip(b"\x00 \r\n").decode("utf-8")
    except UnicodeDecodeError:
        message = "the label is not UTF-8 text"
        raise LabelError(message) from None


def _parse(label: str) -> Block:
    root = block = Block(name="")
    position = 0
    while position < len(label):
        entry = _ENTRY.match(label, position)
        if entry is None:
            message = f"the label is malformed at character {position}: {printable(label[position:], 40)!r}"
            raise LabelError(message)
        position = entry.end()
        key = entry["key"].upper()
        value: Value
        if entry["one"] is not None:
            value = _scalar(entry["one"])
        else:
            value = tuple(_scalar(item) for item in _ITEMS.findall(entry["many"]))
        if key in {"PROPERTY", "TASK"}:
            block = Block(name=f"TASK {value}" if key == "TASK" else str(value).upper())
            root.blocks.append(block)
        else:
            block.values.setdefault(key, value)
    return root


def _scalar(item: str) -> Value:
    if item.startswith("'"):
        return item[1:-1].replace("''", "'")
    if len(item) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(item):
            return int(item)
        if _REAL.fullmatch(item):
            return float(item.upper().replace("D", "E"))
    return item


def _layout(label: Block, label_bytes: int) -> Layout:
    def size(keyword: str, default: int) -> int:
        found = integer(label.values.get(keyword), keyword)
        return default if found is None else found

    compression = text(label.values.get("COMPRESS"))
    if compression is not None:
        message = f"the image is compressed ({compression}); uncompress it first"
        raise FieldError(message)
    layout = Layout(
        offset=0,
        bands=size("NB", 1),
        lines=size("NL", 0),
        samples=size("NS", 0),
        dtype=_sample_type(label),
        organisation=text(label.values.get("ORG")) or "BSQ",
        prefix=size("NBB", 0),
    )
    if size("RECSIZE", layout.record_bytes) != layout.record_bytes:
        message = f"RECSIZE is {size('RECSIZE', 0)}, the sizes make {layout.record_bytes}"
        raise FieldError(message)
    offset = label_bytes + size("NLB", 0) * layout.record_bytes
    return replace(layout, offset=offset)


def _sample_type(label: Block) -> np.dtype[np.generic]:
    kind = text(label.values.get("FORMAT")) or "unnamed"
    code = _FORMATS.get(kind)
    if code is None:
        message = f"samples of the format {kind} are not read; {', '.join(_FORMATS)} are"
        raise FieldError(message)
    keyword, orders = ("REALFMT", _REAL_ORDERS) if code == "f4" else ("INTFMT", _INTEGER_ORDERS)
    found = text(label.values.get(keyword)) or ("VAX" if code == "f4" else "LOW")
    if found not in orders:
        message = f"{keyword} is {found}, which is none of {', '.join(orders)}"
        raise FieldError(message)
    return np.dtype(orders[found] + code)


def _from_vax(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """VAX F numbers read as little-endian IEEE: the halves change places, the exponent is 2 too high."""
    halves = np.ascontiguousarray(samples).view(np.uint16).reshape(*samples.shape, 2)
    swapped = np.ascontiguousarray(halves[..., ::-1]).view(np.float32)[..., 0]
    return np.ascontiguousarray(swapped * np.float32(0.25))

"""PDS3 products with attached labels: one file holds label and pixels.

A label never names another file to open: a pointer to one is refused.
Source: PDS Standards Reference 3.8, chapters 12 and 14 and appendix A.19.
"""

from __future__ import annotations

import contextlib

import numpy as np

from hinterland.errors import InputError, OutsideError
from hinterland.model.products import Dropped, Image
from hinterland.products.fields import FieldError, integer, printable, text
from hinterland.products.labels import Block, LabelError, Quantity, Value
from hinterland.products.layouts import Layout
from hinterland.products.levels import interpret
from hinterland.products.odl import parse_label
from hinterland.products.sources import Source
from hinterland.products.surface_labels import product_from_label, product_id_of

_BEGINNINGS = (b"PDS_VERSION_ID", b"ODL_VERSION_ID", b"CCSD")
_NOT_ENCODED = {None, "NONE"}
_TYPES = {
    ("MSB_INTEGER", 16): ">i2",
    ("INTEGER", 16): ">i2",
    ("MSB_UNSIGNED_INTEGER", 16): ">u2",
    ("UNSIGNED_INTEGER", 16): ">u2",
    ("LSB_INTEGER", 16): "<i2",
    ("PC_INTEGER", 16): "<i2",
    ("LSB_UNSIGNED_INTEGER", 16): "<u2",
    ("PC_UNSIGNED_INTEGER", 16): "<u2",
}


class _DetachedError(FieldError):
    """The pixels are in another file."""


def is_pds3(data: bytes) -> bool:
    """True if the bytes begin with a PDS3 or ODL label."""
    return data[:256].lstrip().startswith(_BEGINNINGS)


def read_pds3(source: Source) -> Image | Dropped:
    """Read a product with its attached label.

    Returns
    -------
    Image or Dropped
        Dropped where the file is sound but tells no camera, attitude or stop.

    Raises
    ------
    InputError
        If the label cannot be read, is detached, describes pixels of a kind that is not read, or
        promises more bytes than the file has.
    """
    try:
        label = parse_label(source.data)
    except LabelError as error:
        message = f"{source.name}: {error}"
        raise InputError(message) from error
    product_id = product_id_of(label, source)
    try:
        image, layout = _layout(label)
    except _DetachedError as error:
        message = f"{product_id}: {error}"
        raise OutsideError(message) from error
    except FieldError as error:
        message = f"{product_id}: {error}"
        raise InputError(message) from error
    raw = layout.read(source.data, product_id)
    try:
        levels = interpret(raw, image.values)
        product = product_from_label(label, source, layout.lines, layout.samples, levels.notes)
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
        return integer(label.values.get("PLANET_DAY_NUMBER"), "PLANET_DAY_NUMBER")
    return None


def _layout(label: Block) -> tuple[Block, Layout]:
    offset = _offset(label)
    image = next((block for block in label.blocks if block.name == "IMAGE"), None)
    if image is None:
        message = "no IMAGE object in the label"
        raise FieldError(message)
    encoding = text(image.values.get("ENCODING_TYPE"))
    if encoding not in _NOT_ENCODED:
        message = f"pixels are encoded as {encoding}; decode them first"
        raise FieldError(message)
    bands = _size(image, "BANDS", 1)
    storage = text(image.values.get("BAND_STORAGE_TYPE")) or "BAND_SEQUENTIAL"
    if bands > 1 and storage != "BAND_SEQUENTIAL":
        message = f"bands are stored as {storage}; only BAND_SEQUENTIAL is read"
        raise FieldError(message)
    return image, Layout(
        offset=offset,
        bands=bands,
        lines=_size(image, "LINES"),
        samples=_size(image, "LINE_SAMPLES"),
        dtype=_sample_type(image),
        prefix=_size(image, "LINE_PREFIX_BYTES", 0),
        suffix=_size(image, "LINE_SUFFIX_BYTES", 0),
    )


def _offset(label: Block) -> int:
    """Byte at which the image begins; pointers count records and bytes from 1."""
    pointer = label.values.get("^IMAGE")
    if isinstance(pointer, tuple) and len(pointer) == 1:
        pointer = pointer[0]
    if _names_a_file(pointer):
        message = "detached label: the pixels are in another file; pass products with attached labels"
        raise _DetachedError(message)
    if isinstance(pointer, Quantity) and pointer.unit.upper() == "BYTES" and pointer.value >= 1:
        return int(pointer.value) - 1
    if isinstance(pointer, int) and pointer >= 1:
        return (pointer - 1) * _size(label, "RECORD_BYTES")
    message = f"the label has no usable ^IMAGE pointer: {printable(pointer, 40)}"
    raise FieldError(message)


def _names_a_file(pointer: Value | None) -> bool:
    return any(isinstance(item, str) for item in (pointer if isinstance(pointer, tuple) else (pointer,)))


def _size(block: Block, keyword: str, default: int | None = None) -> int:
    found = integer(block.values.get(keyword), keyword)
    if found is None:
        found = default
    if found is None or found < 0:
        message = f"the label has no usable {keyword}"
        raise FieldError(message)
    return found


def _sample_type(image: Block) -> np.dtype[np.generic]:
    kind = (text(image.values.get("SAMPLE_TYPE")) or "unnamed").upper()
    bits = _size(image, "SAMPLE_BITS")
    if bits == 8 and kind.endswith("INTEGER"):  # MIPL's bytes are unsigned whatever the label calls them
        return np.dtype(np.uint8)
    name = _TYPES.get((kind, bits))
    if name is None:
        message = f"samples of {bits} bits {kind} are not read; 8 and 16 bit integers are"
        raise FieldError(message)
    return np.dtype(name)

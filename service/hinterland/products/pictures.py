"""PNG and JPEG pictures as the raw-image sites deliver them.

No border is masked. In a full-resolution Mars 2020 tile
(NLF_0670_0726421423_362ECM_N0320604NCAM08111_01_095J01) the darkest sample is 17 and no line or sample is
constant: its outermost rows and columns differ from their neighbours by some 25 %, which is data, and a
picture's 0 is a dark pixel like any other.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError, TooLargeError
from hinterland.products.fields import printable
from hinterland.products.sources import Source

if TYPE_CHECKING:
    from PIL import Image as Picture

_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_MODES = frozenset({"L", "LA", "RGB", "RGBA", "I;16"})
_PLAIN = {"1": "L", "P": "RGB", "PA": "RGBA"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A decoded picture."""

    samples: NDArray[np.generic]
    """(bands, lines, samples) uint8 or uint16; one band where all three are equal."""
    mask: NDArray[np.bool_]
    """(lines, samples), False where the picture is transparent."""
    largest: float
    """Full scale."""


def is_picture(data: bytes) -> bool:
    """True if the bytes begin as PNG or JPEG do."""
    return _format(data) is not None


def picture_shape(source: Source) -> tuple[int, int]:
    """Lines and samples from the picture's header; nothing is decoded.

    Raises
    ------
    InputError
        If the header is damaged or claims more pixels than any rover image has.
    """
    with _opened(source) as picture:
        samples, lines = picture.size
    return lines, samples


def read_picture(source: Source) -> Pixels:
    """Decode a picture; check its size with `picture_shape` first.

    Raises
    ------
    InputError
        If it is damaged or cut off, or of a kind that cameras do not deliver.
    """
    try:
        samples, mode = _decoded(source)
    except _BROKEN as error:
        message = f"{source.name}: the picture is damaged or cut off; fetch it again ({printable(error, 60)})"
        raise InputError(message) from error
    if mode not in _MODES:
        message = f"{source.name}: pictures of the kind {mode} are not read; grey and colour ones are"
        raise InputError(message)
    largest = float(np.iinfo(samples.dtype).max)
    bands = samples.reshape(*samples.shape[:2], -1).transpose(2, 0, 1)
    mask = np.ones(samples.shape[:2], dtype=np.bool_)
    if mode.endswith("A"):
        bands, mask = bands[:-1], bands[-1] == np.iinfo(samples.dtype).max
    if len(bands) == 3 and (bands[0] == bands[1]).all() and (bands[0] == bands[2]).all():
        bands = bands[:1]
    return Pixels(samples=np.ascontiguousarray(bands), mask=np.ascontiguousarray(mask), largest=largest)


def _format(data: bytes) -> str | None:
    return next((name for beginning, name in _BEGINNINGS.items() if data.startswith(beginning)), None)


def _opened(source: Source) -> Picture.Image:
    from PIL import Image as Picture  # noqa: PLC0415 - most frames are no pictures

    try:
        return Picture.open(io.BytesIO(source.data), formats=tuple(_BEGINNINGS.values()))
    except (Picture.DecompressionBombError, Picture.DecompressionBombWarning) as error:
        message = f"{source.name}: the picture claims an absurd size; fetch it again"
        raise TooLargeError(message) from error
    except _BROKEN as error:
        message = f"{source.name}: the picture's header is damaged or cut off; fetch it again"
        raise InputError(message) from error


def _decoded(source: Source) -> tuple[NDArray[np.uint8 | np.uint16], str]:
    if _format(source.data) == "PNG":
        with _opened(source) as picture:
            picture.verify()  # the checksums of all chunks, which decoding passes over
    with _opened(source) as picture:
        mode = "RGBA" if "transparency" in picture.info else _PLAIN.get(picture.mode, picture.mode)
        plain = picture if picture.mode == mode else picture.convert(mode)
        return np.asarray(plain), mode

"""Fields of labels and feeds: an unknown one is None, a malformed one a `FieldError`.

Archives write what they do not know as "UNK", "N/A" or "NULL", feeds also as null or not at all, and both
write numbers as strings and vectors as "(x,y,z)".
"""

from __future__ import annotations

import math
import re

UNKNOWN = frozenset({"", "UNK", "UNKNOWN", "N/A", "NULL", "NONE"})

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LONGEST_NUMBER = 64
_LONGEST_TEXT = 120


class FieldError(ValueError):
    """A field that makes one image unusable; the message is the reason its user reads."""


def printable(value: object, limit: int = _LONGEST_TEXT) -> str:
    """Text of any origin as one line without control characters, at most `limit` characters long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def text(value: object) -> str | None:
    """A field's text on one line without control characters; None where it is unknown."""
    if value is None or isinstance(value, bool | dict | list | tuple):
        return None
    line = printable(value)
    return None if line.upper() in UNKNOWN else line


def number(value: object, name: str) -> float | None:
    """A field's number; None where it is unknown.

    Raises
    ------
    FieldError
        If the field says something that is not a finite number.
    """
    if value is None or (isinstance(value, str) and value.strip().upper() in UNKNOWN):
        return None
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        message = f"{name} is not a number: {printable(value, 40)}"
        raise FieldError(message)
    return float(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of float64
        return False


def integer(value: object, name: str) -> int | None:
    """A field's whole number; None where it is unknown.

    Raises
    ------
    FieldError
        If the field says something that is not a whole number.
    """
    found = number(value, name)
    if found is not None and found != int(found):
        message = f"{name} is not a whole number: {printable(value, 40)}"
        raise FieldError(message)
    return None if found is None else int(found)


def vector(value: object, name: str, length: int) -> tuple[float, ...] | None:
    """A field's numbers, from "(x,y,z)" or a sequence; None where any of them is unknown.

    Raises
    ------
    FieldError
        If there are not `length` finite numbers.
    """
    if value is None:
        return None
    items: object = value
    if isinstance(value, str):
        stripped = value.strip()
        if stripped.upper() in UNKNOWN:
            return None
        items = stripped[1:-1].split(",") if stripped[:1] + stripped[-1:] in {"()", "[]"} else [stripped]
    if not isinstance(items, list | tuple) or len(items) != length:
        message = f"{name} is not {length} numbers: {printable(value, 60)}"
        raise FieldError(message)
    found = [number(item, name) for item in items]
    numbers = tuple(item for item in found if item is not None)
    return numbers if len(numbers) == length else None

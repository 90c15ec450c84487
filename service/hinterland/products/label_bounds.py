"""Bounds of a text label, looked at before a reader that has none: each byte once, nothing kept.

A text, a comment or a bracket that has no end takes the rest of the label, so no try is ever made twice.
"""

from __future__ import annotations

import re
from pathlib import Path

from hinterland.errors import TooLargeError
from hinterland.products.labels import LABEL_LIMIT_BYTES

_DEEPEST_BRACKETS = 8
_DEEPEST_OBJECTS = 32

_TOKEN = re.compile(
    rb"""(?P<text>"[^"]*+"?+ | '[^'\r\n]*+'?+) | (?P<comment>/\*(?:[^*]|\*(?!/))*+(?:\*/)?+) |
    (?P<open>[({]) | (?P<close>[)}]) |
    (?P<begin>\b(?:BEGIN_)?(?:OBJECT|GROUP)\b) | (?P<end>\bEND_(?:OBJECT|GROUP)\b) |
    (?P<last>^[ \t]*END(?=[\s\x00]|\Z))""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


def check_label(path: Path) -> None:
    """Refuse a PDS3 or ISIS3 label that is longer or nested deeper than any real one.

    Raises
    ------
    TooLargeError
        If it is.
    """
    with path.open("rb") as file:
        data = file.read(LABEL_LIMIT_BYTES)
    problem = _problem(data)
    if problem is not None:
        message = f"{path.name}: its label {problem}; it is damaged or hostile"
        raise TooLargeError(message)


def _problem(data: bytes) -> str | None:
    brackets = objects = 0
    for token in _TOKEN.finditer(data):
        kind = token.lastgroup
        if kind == "last":
            return None
        brackets = max(0, brackets + (kind == "open") - (kind == "close"))
        objects = max(0, objects + (kind == "begin") - (kind == "end"))
        if brackets > _DEEPEST_BRACKETS or objects > _DEEPEST_OBJECTS:
            return "is nested too deeply"
    return f"has no END within {LABEL_LIMIT_BYTES} bytes"

"""Text labels looked at before a reader that has no bounds and follows every name: each byte once, nothing kept.

A text, a comment or a bracket that has no end takes the rest of the label, so no try is ever made twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hinterland.errors import OutsideError, TooLargeError
from hinterland.products.fields import printable
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
_POINTER = re.compile(
    rb"\^(?:IMAGE|QUBE|SPECTRAL_QUBE|CORE)[ \t]*=[\s({]*+([^\s,(){}\"'<]+|\"[^\"]*+\"|'[^']*+')",
    re.IGNORECASE,
)


def check_text_label(path: Path) -> None:
    """Refuse a PDS3 or ISIS3 label that is longer or nested deeper than any real one, or that leads elsewhere.

    Raises
    ------
    TooLargeError
        If it is too long or too deep.
    OutsideError
        If its pixels are in a file that is not beside it.
    """
    with path.open("rb") as file:
        data = file.read(LABEL_LIMIT_BYTES)
    problem = _problem(data)
    if problem is not None:
        message = f"{path.name}: its label {problem}; it is damaged or hostile"
        raise TooLargeError(message)
    pointers = (pointer[1].strip(b"\"'").decode("latin-1") for pointer in _POINTER.finditer(data))
    check_named_files(path, (name for name in pointers if not name.isdecimal()))


def check_named_files(path: Path, names: Iterable[str]) -> None:
    """Refuse a label that names files which do not lie beside it.

    Raises
    ------
    OutsideError
        If it does.
    """
    folder = path.parent.resolve()
    for name in names:
        try:
            named = (folder / name).resolve()
            is_beside = named.parent == folder and named.is_file()
        except (OSError, ValueError):  # a name that no file can have
            is_beside = False
        if not is_beside:
            message = f"{path.name}: its pixels are in {printable(name, 60)!r}, which is not beside it"
            raise OutsideError(f"{message}; give a product that has them in one file")


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

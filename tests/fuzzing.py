"""Untrusted bytes for fuzz targets: real ones, damaged as accidents and attackers damage them, and made-up ones.

A target may raise the one error that it says it raises; anything else, and any hang, is a fault of ours.
`HINTERLAND_FUZZ_CASES=N` gives each target N cases.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import hypothesis
from hypothesis import strategies as st

CASES = int(os.environ.get("HINTERLAND_FUZZ_CASES", "60"))

fuzz: Callable[[Callable[..., Any]], Callable[..., Any]] = hypothesis.settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
"""Decorates a target, above its `given`."""

NASTY = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b[2J",
    b"\r\n",
    b'"',
    b"'",
    b"(",
    b")",
    b"{",
    b"}",
    b"=",
    b"<",
    b">",
    b"/*",
    b"*/",
    b"-1",
    b"0",
    b"1e999",
    b"-0.0",
    b"nan",
    b"inf",
    b"9" * 400,
    b"2#101#",
    b"17#ZZ#",
    b"null",
    b"true",
    b"../../etc/passwd",
    b"/vsicurl/http://127.0.0.1/",
    b"%2e%2e%2f",
    b"a" * 5000,
    b"(" * 300,
    b"[" * 300,
    b'{"a":' * 300,
    b"\xf0\x9f\x9a\x80",
    b"\xed\xa0\x80",
    b"\x80\x80\x80",
    b"END",
    b"END_OBJECT",
    b"OBJECT",
    b"UNK",
    b"N/A",
)
"""What has broken parsers before."""

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["UNK", "N/A", "-0", "1e400", "(1,2,3)", "(nan,0,0)", "", "270", "0670", "\x1b[2J"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=20,
)
"""Any value that JSON can hold, NaN among them."""

_POSITION = st.integers(0, 1 << 30)
_EDIT = st.tuples(
    st.sampled_from(["flip", "set", "cut", "drop", "insert", "repeat", "swap", "digits"]),
    _POSITION,
    _POSITION,
    st.sampled_from(NASTY) | st.binary(max_size=8),
)


Made = TypeVar("Made")


def outcome(work: Callable[[], Made], refusal: type[Exception]) -> Made | None:
    """What a parser makes of something; None where it refuses it, in one clear line."""
    try:
        return work()
    except refusal as error:
        message = str(error)
    assert message.isprintable(), message
    assert 0 < len(message) < 2000
    return None


def damaged(*whole: bytes, most_edits: int = 8) -> st.SearchStrategy[bytes]:
    """One of these byte strings with some edits."""
    edits = st.lists(_EDIT, min_size=1, max_size=most_edits)
    return st.builds(_edited, st.sampled_from(whole), edits)


def lines_of(words: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Text of a language's own words, in no order, with anything between."""
    letters = st.text(string.printable, max_size=6)
    word = st.sampled_from(list(words)) | letters | st.integers().map(str) | st.floats().map(str)
    return st.lists(word, max_size=60).map(lambda found: " ".join(found).encode())


def records(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A record with fields missing, sound, or of any kind."""
    return st.fixed_dictionaries({}, optional={name: sound | JSON for name, sound in fields.items()})


def _edited(whole: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    data = bytearray(whole)
    for kind, first, second, piece in edits:
        if not data:
            return bytes(piece)
        at, to = first % len(data), second % len(data)
        low, high = min(at, to), min(max(at, to), min(at, to) + 4096)
        if kind == "flip":
            data[at] ^= 1 << second % 8
        elif kind == "set":
            data[at : at + len(piece)] = piece
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[low:high]
        elif kind == "insert":
            data[at:at] = piece
        elif kind == "repeat":
            data[at:at] = data[low:high]
        elif kind == "swap":
            data[at], data[to] = data[to], data[at]
        else:
            number = next((place for place in range(at, len(data)) if chr(data[place]).isdigit()), at)
            data[number : number + 1] = str(second - first).encode()
    return bytes(data)

"""Labels in the Object Description Language of PDS3: bytes to `Block`.

Every byte is looked at once and nesting is bounded, so a hostile label costs no more than a long one.
Source: PDS Standards Reference 3.8, chapter 12.
"""

from __future__ import annotations

import re

from hinterland.products.labels import LABEL_LIMIT_BYTES, Block, LabelError, Quantity, Value

_DEEPEST_GROUPS = 16
_DEEPEST_SEQUENCES = 4
_LONGEST_NUMBER = 64

_TOKEN = re.compile(
    r"""[\x00-\x20]+ | /\*.*?\*/ |
    "(?P<quoted>[^"]*)" | '(?P<symbol>[^']*)' | <(?P<unit>[^<>]*)> | (?P<mark>[=(){},]) |
    (?P<word>(?:(?!/\*)[^\x00-\x20=(){},<>"'])+)""",
    re.VERBOSE | re.DOTALL,
)
_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?")
_RADIX = re.compile(r"(\d{1,2})#([+-]?[0-9A-Fa-f]+)#")
_OPENING = {"GROUP", "OBJECT", "BEGIN_GROUP", "BEGIN_OBJECT"}
_CLOSING = {"END_GROUP", "END_OBJECT"}
_CLOSES = {"(": ")", "{": "}"}


def parse_label(data: bytes) -> Block:
    """Read the label at the beginning of a file, up to its END.

    Parameters
    ----------
    data : bytes
        The file, or the beginning of it; at most `LABEL_LIMIT_BYTES` are looked at.

    Returns
    -------
    Block
        The label.

    Raises
    ------
    LabelError
        If the label is malformed, not text, nested too deeply or has no END within the limit.
    """
    tokens = _Tokens(data[:LABEL_LIMIT_BYTES])
    label = Block(name="")
    opened = [label]
    while True:
        keyword = tokens.take("word").upper()
        if keyword == "END":
            break
        if keyword in _CLOSING:
            _close(tokens, opened)
            continue
        tokens.take("mark", "=")
        value = _value(tokens)
        if keyword not in _OPENING:
            opened[-1].values.setdefault(keyword, value)
            continue
        if not isinstance(value, str) or len(opened) > _DEEPEST_GROUPS:
            raise tokens.error(f"{keyword} has no name, or more than {_DEEPEST_GROUPS} are nested")
        block = Block(name=value.upper())
        opened[-1].blocks.append(block)
        opened.append(block)
    if len(opened) > 1:
        raise tokens.error(f"END inside {opened[-1].name}")
    return label


def number_in_base(text: str) -> int | None:
    """Whole number written with its base, as in `2#0000111111111111#`; None for anything else."""
    match = _RADIX.fullmatch(text)
    if match is None or not 2 <= int(match[1]) <= 16 or len(match[2]) > _LONGEST_NUMBER:
        return None
    try:
        return int(match[2], int(match[1]))
    except ValueError:  # a digit that the base has not
        return None


class _Tokens:
    """The tokens of a label, with one token of lookahead."""

    def __init__(self, data: bytes) -> None:
        self._text = data.decode("latin-1")  # one character a byte: pixels may follow the label
        self._position = 0
        self._next: tuple[str, str] | None = None  # read late: what follows END is no label

    def error(self, problem: str) -> LabelError:
        line = self._text.count("\n", 0, self._position) + 1
        return LabelError(f"{problem} (line {line} of the label)")

    def peek(self, kind: str, text: str | None = None) -> bool:
        found_kind, found = self._look()
        return found_kind == kind and text in {None, found}

    def take(self, kind: str | None = None, text: str | None = None) -> str:
        """The next token's text; it must be of the kind, and the text, that are asked for."""
        found_kind, found = self._look()
        if found_kind == "end":
            raise self.error(f"the label has no END within {LABEL_LIMIT_BYTES} bytes")
        if kind is not None and not self.peek(kind, text):
            raise self.error(f"expected {text or 'a keyword'}, found {found[:40]!r}")
        self._next = None
        return found

    def _look(self) -> tuple[str, str]:
        if self._next is None:
            self._next = self._scan()
        return self._next

    def _scan(self) -> tuple[str, str]:
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                raise self.error("a quoted text, a unit or a comment has no end")
            self._position = match.end()
            if match.lastgroup is not None:
                return match.lastgroup, self._decoded(match[match.lastgroup])
        return "end", ""

    def _decoded(self, text: str) -> str:
        if text.isascii():
            return text
        try:
            return text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            raise self.error("the label is not UTF-8 text") from None


def _close(tokens: _Tokens, opened: list[Block]) -> None:
    block = opened.pop()
    if not opened:
        raise tokens.error("a group ends that was not begun")
    if tokens.peek("mark", "="):
        tokens.take()
        name = tokens.take("word")
        if name.upper() != block.name:
            raise tokens.error(f"{block.name} is closed as {name[:40]!r}")


def _value(tokens: _Tokens) -> Value:
    sequences: list[list[Value]] = []
    closers: list[str] = []
    while True:
        if tokens.peek("mark", "(") or tokens.peek("mark", "{"):
            closers.append(_CLOSES[tokens.take()])
            sequences.append([])
            if len(sequences) > _DEEPEST_SEQUENCES:
                raise tokens.error(f"more than {_DEEPEST_SEQUENCES} sequences are nested")
            if not tokens.peek("mark", closers[-1]):
                continue
            item: Value | None = None
        else:
            item = _scalar(tokens)
        while sequences:  # the item is complete: it goes into its sequence, which may end here
            if item is not None:
                sequences[-1].append(item)
            if tokens.peek("mark", ","):
                tokens.take()
                break
            tokens.take("mark", closers.pop())
            item = tuple(sequences.pop())
        else:
            return item if item is not None else ()


def _scalar(tokens: _Tokens) -> Value:
    if tokens.peek("quoted") or tokens.peek("symbol"):
        return " ".join(tokens.take().split())
    word = tokens.take("word")
    number: int | float | None = None
    if len(word) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(word):
            number = int(word)
        elif _REAL.fullmatch(word):
            number = float(word)
        else:
            number = number_in_base(word)
    if not tokens.peek("unit"):
        return word if number is None else number
    unit = tokens.take()
    if number is None:
        raise tokens.error(f"a unit after {word[:40]!r}, which is no number")
    return Quantity(number, unit.strip())

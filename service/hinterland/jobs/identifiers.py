"""Identifiers that sort by time: 26 characters, as ULIDs have, in lower case (Crockford's base 32)."""

from __future__ import annotations

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26


def identifier(time_ms: int, chance: int) -> str:
    """Write 48 bits of milliseconds since 1970 and 80 bits of chance."""
    number = time_ms << 80 | chance
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def is_identifier(text: str) -> bool:
    """True if a text has the form of an identifier."""
    return len(text) == _LENGTH and set(text) <= set(_DIGITS)

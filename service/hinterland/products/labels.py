"""A label as a value: keywords in blocks, whichever language it was written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from hinterland.products.fields import FieldError

LABEL_LIMIT_BYTES = 256 * 1024
"""Longest label that is read: rover labels have some 30 KiB."""


class LabelError(ValueError):
    """A label that cannot be read at all; the message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, as in `335.59 <deg>`."""

    value: float
    """The number as printed."""
    unit: str
    """The unit as printed, without its brackets."""


Value: TypeAlias = "int | float | str | Quantity | tuple[Value, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A label, or a group, object or property in it."""

    name: str
    """Upper case; empty for the label itself."""
    values: dict[str, Value] = field(default_factory=dict)
    """By keyword in upper case; the first of a repeated keyword."""
    blocks: list[Block] = field(default_factory=list)
    """In the order of the label."""

    def walk(self) -> Iterator[Block]:
        """All blocks inside, at any depth."""
        waiting = list(self.blocks)
        while waiting:
            block = waiting.pop(0)
            yield block
            waiting.extend(block.blocks)

    def find(self, *names: str) -> Block | None:
        """The one block with any of these names, at any depth; None without one.

        Raises
        ------
        FieldError
            If there are several: choosing one would be a guess.
        """
        found = [block for block in self.walk() if block.name in names]
        if len(found) > 1:
            message = f"the label has {len(found)} groups {found[0].name}, where one was expected"
            raise FieldError(message)
        return found[0] if found else None

    def need(self, *names: str) -> Block:
        """The one block with any of these names.

        Raises
        ------
        FieldError
            If there is none, or several.
        """
        found = self.find(*names)
        if found is None:
            message = f"no {names[0]} in the label"
            raise FieldError(message)
        return found

"""A stand-in for a GPU whose memory ends, and what a job's host hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hinterland.publish.observer import Observer
from hinterland_kernels.backend import Backend

ALLOCATORS = {"asarray", "ascontiguousarray", "empty", "empty_like", "stack", "zeros", "zeros_like"}
"""All functions that make arrays of those that the kernels and mosaics ask a backend for."""


class ShortMemory:
    """NumPy whose memory ends: allocations from the first to the last of a range fail."""

    def __init__(self, first: int, last: int) -> None:
        self.allocations = 0
        self._fails = range(first, last + 1)

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)
        return self._counted(function) if name in ALLOCATORS else function

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.allocations += 1
            if self.allocations in self._fails:
                message = "Out of memory allocating 1,073,741,824 bytes"
                raise MemoryError(message)
            return function(*arguments, **options)

        return call


def backend_of(memory: ShortMemory) -> Backend:
    """Loops run on the CPU, but nothing else knows: what is not `CPU` itself may run out."""
    return Backend(name="cpu", xp=memory, device="short of memory")


@dataclass
class Listener(Observer):
    """Writes down what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    """Stage and message of each degradation."""
    kept: dict[str, bytes] = field(default_factory=dict)
    """What was saved, by name."""

    def degraded(self, stage: str, message: str) -> None:
        """Hear of a stage."""
        self.told.append((stage, message))

    def load(self, name: str) -> bytes | None:
        """What was saved."""
        return self.kept.get(name)

    def save(self, name: str, value: bytes) -> None:
        """Keep it."""
        self.kept[name] = value

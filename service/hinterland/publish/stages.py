"""Stages of a command: timed, and told to whom it concerns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hinterland.progress import Progress


class Stages:
    """Times the stages and hands progress on; the time of the whole runs from when it is made."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._start = time.perf_counter()
        self._begun: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        """Time a stage; it is reported as begun, and as done when it ends without an error."""
        self._begun[name] = time.perf_counter()
        self._progress(name, 0, total)
        yield
        self._ended[name] = time.perf_counter()
        self._progress(name, total, total)

    def advance(self, name: str, done: int, total: int) -> None:
        """Report a part of a stage."""
        self._progress(name, done, total)

    def timing_s(self) -> dict[str, float]:
        """Seconds of each stage so far, that under way included, and "total" since the start."""
        now = time.perf_counter()
        spans = {name: self._ended.get(name, now) - begun for name, begun in self._begun.items()}
        return {name: round(span, 3) for name, span in (*spans.items(), ("total", now - self._start))}

"""Progress of long work: what the engine reports, and how the command shows it."""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

_PLAIN_INTERVAL_S = 5.0


class Progress(Protocol):
    """Takes what is done of a stage; called from one thread."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` units of a stage are finished."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


class PlainProgress:
    """A line when a stage starts and ends, and every few seconds between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage = ""
        self._since = 0.0
        self._said = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print the stage if it is new, finished, or some seconds have passed."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._since = stage, now
        elif done < total and now - self._said < _PLAIN_INTERVAL_S:
            return
        self._said = now
        took = f" in {now - self._since:.1f} s" if done >= total else ""
        print(f"{stage}: {done}/{total}{took}", file=self._stream, flush=True)


class JsonProgress:
    """One JSON object a line, for programs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print the report as JSON."""
        line = json.dumps({"stage": stage, "done": done, "total": total})
        print(line, file=self._stream, flush=True)


class BarProgress:
    """Bars on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._stage = ""
        self._task = self._bars.add_task("", visible=False)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Advance the stage's bar."""
        if stage != self._stage:
            self._stage = stage
            self._task = self._bars.add_task(stage, total=total)
        self._bars.update(self._task, completed=done, total=total)

    def start(self) -> None:
        """Show the bars."""
        self._bars.start()

    def stop(self) -> None:
        """Leave the bars as they stand."""
        self._bars.stop()


class ProgressDisplay:
    """Progress as the user asked for it, on standard error; a context manager."""

    def __init__(self, mode: str) -> None:
        self._bars: BarProgress | None = None
        self._report: Progress = silent
        if mode == "auto" and sys.stderr.isatty():
            self._bars = BarProgress()
            self._report = self._bars
        elif mode in {"auto", "plain"}:
            self._report = PlainProgress(sys.stderr)
        elif mode == "json":
            self._report = JsonProgress(sys.stderr)

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show what is done of a stage."""
        self._report(stage, done, total)

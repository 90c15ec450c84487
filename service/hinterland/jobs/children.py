"""A child process that serves one job: it says when it is ready, takes a line and answers in lines, all JSON."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

from hinterland.errors import HinterlandError

_LONGEST_LINE = 1 << 20
_TOLD_BYTES = 4000


class ChildError(HinterlandError):
    """A child does not start, or does not keep to its part; no input is to blame."""


class ChildDiedError(Exception):
    """A child ended before it had said all."""

    def __init__(self, status: int, last_words: str) -> None:
        super().__init__(f"status {status}: {last_words}")
        self.status = status
        """Exit status; negative, the number of the signal that ended it."""


class Child:
    """Runs `python -m MODULE PARENT ARGUMENT...`; the kernel kills it when the thread that made it ends.

    Parameters
    ----------
    module : str
        What it runs; it calls `hinterland.jobs.confinement.die_with_parent` first.
    arguments : sequence of str
        After the number of this process.
    environment : mapping
        All of its environment.
    folder : Path
        That it starts in.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        self._told = TemporaryFile()  # noqa: SIM115 - it is read when the child has ended
        self._process = subprocess.Popen(  # noqa: S603 - Python itself, with a program of ours
            [sys.executable, "-P", "-m", module, str(os.getpid()), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._told,
            env=dict(environment),
            cwd=folder,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._received = b""

    @property
    def is_alive(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    @property
    def number(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, message: Any) -> None:  # noqa: ANN401 - what JSON has
        """Hand it its job."""
        with suppress(BrokenPipeError):  # it has died; the next line tells of what
            self._stdin.write(json.dumps(message).encode() + b"\n")
            self._stdin.flush()

    def line(self, tick: Callable[[], None], *, every_s: float, within_s: float | None = None) -> Any:  # noqa: ANN401
        """Wait for its next line.

        Parameters
        ----------
        tick : callable
            Called before the wait and each `every_s` seconds; what it raises goes on.
        every_s : float
            Between two ticks.
        within_s : float, optional
            How long to wait; for ever by default.

        Returns
        -------
        Any
            What the JSON says.

        Raises
        ------
        ChildDiedError
            If it ended instead.
        ChildError
            If it is late, or its line is no JSON.
        """
        until = None if within_s is None else time.monotonic() + within_s
        stream = self._stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._received:
                tick()
                if until is not None and time.monotonic() > until:
                    raise ChildError(f"a child of this service is silent: {self.last_words()}")
                if selector.select(every_s):
                    self._receive(os.read(stream, _LONGEST_LINE))
        line, _, self._received = self._received.partition(b"\n")
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ChildError(f"a child of this service says what is no JSON: {line[:80]!r}") from error

    def _receive(self, more: bytes) -> None:
        if not more:
            raise ChildDiedError(self._process.wait(), self.last_words())
        self._received += more
        if len(self._received) > 2 * _LONGEST_LINE:
            message = "a child of this service says too much at once"
            raise ChildError(message)

    def end(self) -> None:
        """Kill it if it lives, and leave nothing of it."""
        self._process.kill()
        self._process.wait()
        self._stdout.close()
        with suppress(BrokenPipeError):  # what was not sent to a child that died
            self._stdin.close()
        self._told.close()

    def last_words(self) -> str:
        """The end of what it wrote to its standard error, on one line."""
        self._told.seek(0, os.SEEK_END)
        self._told.seek(max(0, self._told.tell() - _TOLD_BYTES))
        told = self._told.read().decode("utf-8", "replace")
        return " ".join("".join(letter if letter.isprintable() else " " for letter in told).split())

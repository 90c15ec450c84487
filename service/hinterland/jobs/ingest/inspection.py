"""The worker's side of ingest: a confined child for each job, which opens every file before anything else may."""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Self, cast

from hinterland.errors import HinterlandError
from hinterland.jobs.ingest.environment import child_environment
from hinterland.jobs.ingest.values import Given, IngestLimits, Verdict, verdict_from_json
from hinterland.reasons import Failure, Reason

_STARTS_WITHIN_S = 120.0
_TICK_S = 0.5
_LONGEST_LINE = 1 << 16
_TOLD_BYTES = 2000

_ONE_THREAD_NO_COMPILER = {"OPENBLAS_NUM_THREADS": "1", "NUMBA_DISABLE_JIT": "1"}
"""Landlock binds the thread that asks; and who can write the cache of compiled kernels is in all later jobs."""

_log = logging.getLogger(__name__)


class IngestError(HinterlandError):
    """Ingest does not work on this machine; no file is to blame."""


def _no_watch(done: int) -> None:
    """Watch nothing."""


class Ingest:
    """Inspects the inputs of one job after another, each in a child of its own; one child waits ready.

    Its children are killed when the thread that started them ends: make it, and call it, in a thread that lasts
    as long as the worker.

    Parameters
    ----------
    root : Path
        Folder that holds the inputs of all jobs; a child that waits can read nothing else.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._spare: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self, limits: IngestLimits) -> None:
        """Start the child of the next job, so that the job does not wait for its imports."""
        if self._spare is not None and not (self._spare.is_alive and self._spare.limits == limits):
            self.close()
        if self._spare is None:
            self._spare = _Child(self._root, limits)

    def inspect(
        self,
        folder: Path,
        files: Sequence[Given],
        limits: IngestLimits,
        watch: Callable[[int], None] = _no_watch,
    ) -> list[Verdict]:
        """Open every file of a job and judge it.

        Parameters
        ----------
        folder : Path
            Of the job's inputs, below the root; the child can read nothing else.
        files : sequence of Given
            The files, in it.
        limits : IngestLimits
            Of the child.
        watch : callable
            Told, at least each second, how many files are done; what it raises ends the child and goes on.

        Returns
        -------
        list of Verdict
            In the order of the files, one for each; it ends early with the file that the child died of.

        Raises
        ------
        IngestError
            If no child starts.
        """
        if not files:
            return []
        self.warm(limits)
        child, self._spare = self._spare, None
        if child is None:  # pragma: no cover - warm has just made it
            raise AssertionError
        try:
            return list(child.verdicts(folder.resolve(), files, watch))
        finally:
            child.end()

    def close(self) -> None:
        """End the child that waits."""
        if self._spare is not None:
            self._spare.end()
            self._spare = None


class _Child:
    def __init__(self, root: Path, limits: IngestLimits) -> None:
        self.limits = limits
        self._told = TemporaryFile()  # noqa: SIM115 - it is read when the child has ended
        command = [sys.executable, "-P", "-m", "hinterland.jobs.ingest", str(os.getpid()), str(root)]
        self._process = subprocess.Popen(  # noqa: S603 - Python itself, with a program of ours
            [*command, json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._told,
            env=child_environment() | _ONE_THREAD_NO_COMPILER,
            cwd=root,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._received = b""

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def verdicts(
        self, folder: Path, files: Sequence[Given], watch: Callable[[int], None]
    ) -> Iterator[Verdict]:
        ready = self._answer(time.monotonic() + _STARTS_WITHIN_S, partial(watch, 0))
        if not isinstance(ready, dict) or "gaps" not in ready:
            raise IngestError(f"the ingest process does not start: {self._last_words()}")
        for gap in ready["gaps"]:
            _log.warning("ingest: %s", gap)
        self._send({"folder": str(folder), "files": [asdict(given) for given in files]})
        deadline = time.monotonic() + self.limits.wall_s
        for done, given in enumerate(files):
            verdict = _judged(self._answer(deadline, partial(watch, done)), given)
            if verdict is None:
                yield Verdict(given=given, failure=self._death(given, deadline))
                return
            yield verdict
        watch(len(files))

    def end(self) -> None:
        """Kill it if it lives, and leave nothing of it."""
        self._process.kill()
        self._process.wait()
        self._stdout.close()
        with suppress(BrokenPipeError):  # what was not sent to a child that died
            self._stdin.close()
        self._told.close()

    def _send(self, message: Any) -> None:  # noqa: ANN401 - what JSON has
        try:
            self._stdin.write(json.dumps(message).encode() + b"\n")
            self._stdin.flush()
        except BrokenPipeError:  # it has died; reading will tell of what
            return

    def _answer(self, deadline: float, tick: Callable[[], None]) -> Any:  # noqa: ANN401 - what JSON has
        """The next line; None if the child died, is late, or says what is no JSON."""
        stream = self._stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._received:
                tick()
                left = deadline - time.monotonic()
                if left <= 0.0 or len(self._received) > _LONGEST_LINE:
                    return None
                if selector.select(min(left, _TICK_S)):
                    more = os.read(stream, _LONGEST_LINE)
                    if not more:
                        return None
                    self._received += more
        line, _, self._received = self._received.partition(b"\n")
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None

    def _death(self, given: Given, deadline: float) -> Failure:
        """Why there is no verdict of a file."""
        is_late = time.monotonic() >= deadline
        if is_late or self._process.poll() is None:
            self._process.kill()
        status = self._process.wait()
        name = given.path.rpartition("/")[2]
        if is_late or status == -signal.SIGXCPU:
            message = f"{name}: takes too long to be read; it is damaged or hostile: fetch it again"
            return Failure(reason=Reason.INPUT_TOO_LARGE, message=message, metadata={"product": name})
        _log.warning("ingest of %r ended with status %d: %s", name, status, self._last_words())
        message = f"{name}: makes its reader crash; it is damaged or hostile: fetch it again"
        return Failure(reason=Reason.INPUT_CRASHED_READER, message=message, metadata={"product": name})

    def _last_words(self) -> str:
        """The end of what it wrote to its standard error, on one line."""
        self._told.seek(0, os.SEEK_END)
        self._told.seek(max(0, self._told.tell() - _TOLD_BYTES))
        told = self._told.read().decode("utf-8", "replace")
        return " ".join("".join(letter if letter.isprintable() else " " for letter in told).split())


def _judged(answer: Any, given: Given) -> Verdict | None:  # noqa: ANN401 - what JSON has
    """The answer as a verdict of that very file; None if it is none."""
    try:
        verdict = verdict_from_json(answer)
    except ValueError:
        return None
    return verdict if verdict.given == given else None

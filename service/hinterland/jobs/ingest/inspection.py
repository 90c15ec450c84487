"""The worker's side of ingest: a confined child for each job, which opens every file before anything else may."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hinterland.errors import HinterlandError
from hinterland.jobs.children import Child, ChildDiedError, ChildError
from hinterland.jobs.ingest.environment import child_environment
from hinterland.jobs.ingest.values import Given, IngestLimits, Verdict, verdict_from_json
from hinterland.reasons import Failure, Reason

_STARTS_WITHIN_S = 120.0
_TICK_S = 0.5

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
        self._spare: _IngestChild | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self, limits: IngestLimits) -> None:
        """Start the child of the next job, so that the job does not wait for its imports."""
        self._spare = self._ready(limits)

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
        child = self._ready(limits)
        self._spare = None
        try:
            return list(child.verdicts(folder.resolve(), files, watch))
        finally:
            child.end()

    def _ready(self, limits: IngestLimits) -> _IngestChild:
        if self._spare is not None and self._spare.is_alive and self._spare.limits == limits:
            return self._spare
        self.close()
        return _IngestChild(self._root, limits)

    def close(self) -> None:
        """End the child that waits."""
        if self._spare is not None:
            self._spare.end()
            self._spare = None


class _IngestChild:
    def __init__(self, root: Path, limits: IngestLimits) -> None:
        self.limits = limits
        self._child = Child(
            "hinterland.jobs.ingest",
            [str(root), json.dumps(asdict(limits))],
            environment=child_environment() | _ONE_THREAD_NO_COMPILER,
            folder=root,
        )

    @property
    def is_alive(self) -> bool:
        return self._child.is_alive

    def end(self) -> None:
        self._child.end()

    def verdicts(
        self, folder: Path, files: Sequence[Given], watch: Callable[[int], None]
    ) -> Iterator[Verdict]:
        for gap in self._gaps(partial(watch, 0)):
            _log.warning("ingest: %s", gap)
        self._child.send({"folder": str(folder), "files": [asdict(given) for given in files]})
        deadline = time.monotonic() + self.limits.wall_s
        for done, given in enumerate(files):
            verdict = self._verdict(given, deadline, partial(watch, done))
            yield verdict
            if verdict.failure is not None and not self._child.is_alive:
                return
        watch(len(files))

    def _gaps(self, tick: Callable[[], None]) -> Sequence[str]:
        """What does not hold of the child's confinement, once it is ready."""
        try:
            ready = self._child.line(tick, every_s=_TICK_S, within_s=_STARTS_WITHIN_S)
        except (ChildError, ChildDiedError) as error:
            raise IngestError(f"the ingest process does not start: {error}") from error
        return [str(gap) for gap in ready["gaps"]]

    def _verdict(self, given: Given, deadline: float, tick: Callable[[], None]) -> Verdict:
        """The child's verdict of a file; one of its death where it gives none, and then it is dead."""
        name = given.path.rpartition("/")[2]
        try:
            line = self._child.line(tick, every_s=_TICK_S, within_s=max(0.0, deadline - time.monotonic()))
            return _judged(line, given)
        except ChildDiedError as error:
            is_slow = error.status == -signal.SIGXCPU
            _log.warning("ingest of %r ended with %s", name, error)
        except (ChildError, ValueError) as error:
            is_slow = time.monotonic() >= deadline
            _log.warning("ingest of %r does not end well: %s", name, error)
        self._child.end()
        reason = Reason.INPUT_TOO_LARGE if is_slow else Reason.INPUT_CRASHED_READER
        what = "takes too long to be read" if is_slow else "makes its reader crash"
        message = f"{name}: {what}; it is damaged or hostile: fetch it again"
        return Verdict(
            given=given, failure=Failure(reason=reason, message=message, metadata={"product": name})
        )


def _judged(answer: Any, given: Given) -> Verdict:  # noqa: ANN401 - what JSON has
    """The answer as a verdict of that very file; ValueError if it is none."""
    verdict = verdict_from_json(answer)
    if verdict.given != given:
        message = f"a verdict of {verdict.given.path!r} instead of {given.path!r}"
        raise ValueError(message)
    return verdict

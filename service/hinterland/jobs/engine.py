"""The engine, as a worker sees it: a confined child for each attempt; one waits ready."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hinterland.jobs.attempt_request import AttemptRequest
from hinterland.jobs.children import Child, ChildDiedError, ChildError
from hinterland.jobs.faults import INTERNAL, OUT_OF_MEMORY
from hinterland.jobs.ingest import child_environment
from hinterland.reasons import Failure, Reason

_MODULE = "hinterland.jobs.attempt"
_STARTS_WITHIN_S = 120.0
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT})
_TEXT_LIMIT = 2000

_log = logging.getLogger(__name__)


class EngineLostError(Exception):
    """The child was ended from outside: the job is not to blame, and may be tried again."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
        """What the job fails with if it is not tried again."""


class Engine:
    """Runs one attempt after another, each in a child of its own.

    The children are killed when the thread that started them ends: make it, and call it, in a thread that lasts.

    Parameters
    ----------
    root : Path
        Folder of all jobs' work, where children start.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._spare: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Start the child of the next attempt, so that the attempt does not wait for its imports."""
        if self._spare is not None and not self._spare.is_alive:
            self.close()
        if self._spare is None:
            # one thread until it is confined: OpenBLAS would start some on import
            environment = child_environment() | {"OPENBLAS_NUM_THREADS": "1"}
            for name in ("SOURCE_DATE_EPOCH", "MPLCONFIGDIR"):
                if name in os.environ:
                    environment[name] = os.environ[name]
            self._spare = Child(_MODULE, [], environment=environment, folder=self._root)

    def run(
        self,
        request: AttemptRequest,
        hear: Callable[[Mapping[str, Any]], None],
        tick: Callable[[], None],
        *,
        every_s: float,
    ) -> Failure | None:
        """Make what is asked.

        Parameters
        ----------
        request : AttemptRequest
            What, where, with what.
        hear : callable
            Told each {"progress": ...} and {"plan": ...}.
        tick : callable
            Called at least each `every_s` seconds; what it raises ends the child and goes on.
        every_s : float
            Between two ticks.

        Returns
        -------
        Failure | None
            Why it failed; None if the result, or the plan, is there.

        Raises
        ------
        EngineLostError
            If the child was ended from outside.
        ChildError
            If no child starts.
        """
        self.warm()
        child, self._spare = self._spare, None
        if child is None:  # pragma: no cover - warm has just made it
            raise AssertionError
        try:
            return self._follow(child, request, hear, tick, every_s)
        except ChildDiedError as error:
            return _death(error)
        finally:
            child.end()

    def _follow(
        self,
        child: Child,
        request: AttemptRequest,
        hear: Callable[[Mapping[str, Any]], None],
        tick: Callable[[], None],
        every_s: float,
    ) -> Failure | None:
        child.line(tick, every_s=every_s, within_s=_STARTS_WITHIN_S)  # it is ready
        child.send(request.to_json())
        while True:
            told = child.line(tick, every_s=every_s)
            if "done" in told:
                return None
            if "failure" in told:
                if told["failure"]["reason"] == Reason.INTERNAL:
                    _log.error("the engine failed: %s", child.last_words())
                return _failure(told["failure"])
            hear(told)
            tick()

    def close(self) -> None:
        """End the child that waits."""
        if self._spare is not None:
            self._spare.end()
            self._spare = None


def _failure(told: Any) -> Failure:  # noqa: ANN401 - what JSON has
    """What the child says, believing no more than a text: a file may have taken it over."""
    try:
        metadata = {str(name)[:64]: _line(value) for name, value in told["metadata"].items()}
        return Failure(reason=Reason(told["reason"]), message=_line(told["message"]), metadata=metadata)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        message = f"a child of this service tells of no failure that there is: {error!r}"
        raise ChildError(message) from error


def _line(value: Any) -> str:  # noqa: ANN401 - what JSON has
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_TEXT_LIMIT])


def _death(error: ChildDiedError) -> Failure:
    """Why a child that died takes the job along; or that it does not."""
    _log.error("the engine died: %s", error)
    if -error.status in _CRASHES:
        message = "the inputs make the engine crash: one of them is damaged or hostile; fetch them again"
        return Failure(reason=Reason.INPUT_CRASHED_READER, message=message)
    # the kernel's way of saying that memory ran out, or somebody's of ending a process
    raise EngineLostError(OUT_OF_MEMORY if error.status == -signal.SIGKILL else INTERNAL) from error

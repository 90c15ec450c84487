"""Works by several threads whose results are taken in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Given], Made], given: Iterable[Given], workers: int, waiting: int
) -> Iterator[Made]:
    """Yield what a work makes of each one given.

    Parameters
    ----------
    work : callable
        Called in threads.
    given : iterable
        What it is called with; taken as needed.
    workers : int
        Threads.
    waiting : int
        How many are begun, or wait to be, beyond the one whose result is taken next.

    Notes
    -----
    After a failure, or when no more results are taken, what was not begun is left.
    """
    queued: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for one in given:
                queued.append(pool.submit(work, one))
                if len(queued) > waiting:
                    yield queued.popleft().result()
            while queued:
                yield queued.popleft().result()
        finally:
            for future in queued:
                future.cancel()

"""Results of several threads, in order."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hinterland.mosaics import in_order as module
from hinterland.mosaics.in_order import in_order


@pytest.mark.parametrize(("workers", "waiting"), [(1, 0), (1, 3), (3, 3), (3, 100)])
def test_results_come_in_the_order_of_what_was_given(workers: int, waiting: int) -> None:
    assert list(in_order(lambda one: one * one, range(20), workers, waiting)) == [n * n for n in range(20)]


def test_as_many_work_at_a_time_as_there_are_workers() -> None:
    together = threading.Barrier(3)
    assert len(list(in_order(lambda _: together.wait(), range(9), 3, 3))) == 9


def test_no_more_is_taken_than_may_wait() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_order(lambda one: one, numbers(), 2, 4)
    assert next(results) == 0
    assert taken == list(range(5))


class LateExecutor:
    """Begins a work when its result is asked for, or when it ends: as late as threads ever would."""

    def __init__(self, _: int) -> None:
        self._promises: list[Promise] = []

    def __enter__(self) -> "LateExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        for promise in self._promises:
            promise.end()

    def submit(self, work: Callable[[Any], Any], one: object) -> "Promise":
        self._promises.append(Promise(work, one))
        return self._promises[-1]


class Promise:
    def __init__(self, work: Callable[[Any], Any], one: object) -> None:
        self._work, self._one, self._is_open = work, one, True

    def result(self) -> Any:
        self._is_open = False
        return self._work(self._one)

    def cancel(self) -> None:
        self._is_open = False

    def end(self) -> None:
        if self._is_open:
            self.result()


def test_after_a_failure_nothing_more_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ThreadPoolExecutor", LateExecutor)
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise MemoryError

    with pytest.raises(MemoryError):
        list(in_order(work, range(100), 4, 8))
    assert begun == [0, 1, 2]


def test_when_no_more_is_taken_nothing_more_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ThreadPoolExecutor", LateExecutor)
    begun: list[int] = []
    results = in_order(begun.append, range(100), 4, 8)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert begun == [0]

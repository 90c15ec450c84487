"""What all services of a server share: the database without blocking the loop, folders, limits, metrics."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from hinterland.jobs import quotas
from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.quotas import Limits
from hinterland.rpc.metrics import Metrics
from hinterland.settings import Settings

Result = TypeVar("Result")

READERS = 4
FILE_THREADS = 8
_ROOM_HOLDS_S = 1.0


class _Answers:
    """Carries what the writer has done to the loop, waking it once for all that is there.

    A group of works is answered at once: to wake the loop for each of them, as `asyncio.wrap_future` does, would
    hand the interpreter to and fro as many times.
    """

    def __init__(self) -> None:
        self._there: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_woken = False

    def put(self, told: asyncio.Future[Any], answer: Future[Any]) -> None:
        """Take an answer, from any thread."""
        self._there.append((told, answer))
        loop = told.get_loop()
        if not self._is_woken and not loop.is_closed():
            self._is_woken = True
            loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._is_woken = False  # first: what is put from now on wakes again
        while self._there:
            told, answer = self._there.popleft()
            if told.done():  # whoever asked has gone
                continue
            failure = answer.exception()
            if failure is None:
                told.set_result(answer.result())
            else:
                told.set_exception(failure)


class Backstage:
    """The database and the disk, as seen from the event loop."""

    def __init__(self, settings: Settings, database: Database, metrics: Metrics) -> None:
        self.settings = settings
        self.database = database
        self.folders = DataFolders(settings.data)
        self.limits = Limits.of(settings)
        self.metrics = metrics
        self._room_until_s = 0.0
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._files = ThreadPoolExecutor(FILE_THREADS, "files")
        self._answers = _Answers()

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Carry out a work that changes rows; it is on the disk when this returns."""
        told: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        answer = self.database.write(work)
        answer.add_done_callback(partial(self._answers.put, told))
        try:
            return await told
        except asyncio.CancelledError:
            answer.cancel()  # unless it is under way
            raise

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Carry out a work that only reads."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.database.read, work)

    async def on_disk(self, work: Callable[[], Result]) -> Result:
        """Carry out a work that reads or writes files."""
        return await asyncio.get_running_loop().run_in_executor(self._files, work)

    def check_disk(self) -> None:
        """Refuse what would be kept where the disk is full; it is looked at once a second.

        Raises
        ------
        RefusedError
            DISK_FULL.
        """
        if time.monotonic() >= self._room_until_s:
            quotas.check_disk(self.settings.data, 0, self.settings.disk_high_water)
            self._room_until_s = time.monotonic() + _ROOM_HOLDS_S

    def close(self) -> None:
        """End the threads; the database stays open."""
        self._readers.shutdown()
        self._files.shutdown()


async def ended(work: asyncio.Future[Any] | None) -> None:
    """Wait until a work has ended, however it did, and though the call that wanted it is cancelled.

    A thread cannot be cancelled: what it uses must stay until it is done.
    """
    while work is not None and not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait((work,))

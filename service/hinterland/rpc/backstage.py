"""What all services of a server share: the database without blocking the loop, folders, limits, metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Carry out a work that changes rows; it is on the disk when this returns."""
        return await asyncio.wrap_future(self.database.write(work))

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

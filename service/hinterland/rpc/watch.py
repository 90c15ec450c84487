"""Watches: one query tells all watchers of all jobs what changed.

Every change of state reaches each watcher once, in order; of progress only the latest, so that a slow reader
costs the memory of its job's states and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from hinterland.jobs import changes
from hinterland.jobs.logs import logger
from hinterland.jobs.model import Change, State
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.backstage import Backstage

POLL_S = 0.025
_IDLE_S = 1.0
MOST_PENDING = 1000
"""States that a watcher may leave unread; one that is further behind resumes from the database."""


class Watch:
    """What one watcher has yet to be told."""

    __slots__ = ("_early", "_has_news", "_pending", "_refusal", "_sequence", "_state", "_tail_is_progress")

    def __init__(self, after_sequence: int) -> None:
        self._sequence = after_sequence
        self._state: State | None = None
        self._early: list[Change] | None = []
        self._pending: deque[Change] = deque()
        self._tail_is_progress = False
        self._refusal: RefusedError | None = None
        self._has_news = asyncio.Event()

    def put(self, change: Change) -> None:
        """Take a change in; those that come before the past was told are kept until then."""
        if self._early is not None:
            self._early.append(change)
        else:
            self._take(change)

    def begin(self, past: Iterable[Change]) -> None:
        """Take in what happened before, and then what came meanwhile."""
        early, self._early = self._early or (), None
        for change in (*past, *early):
            self._take(change)

    def _take(self, change: Change) -> None:
        if change.sequence <= self._sequence or self._refusal is not None:
            return
        is_progress = change.state is self._state
        if is_progress and self._tail_is_progress and self._pending:
            self._pending[-1] = change
        elif len(self._pending) < MOST_PENDING:
            self._pending.append(change)
        else:
            message = "changes come faster than they are read; watch again from the last sequence"
            self.end(RefusedError(Reason.SERVER_BUSY, message))
            return
        self._sequence, self._state, self._tail_is_progress = change.sequence, change.state, is_progress
        self._has_news.set()

    def end(self, refusal: RefusedError) -> None:
        """Tell the watcher to come again, once it has read what is there."""
        self._refusal = refusal
        self._has_news.set()

    async def next(self) -> Change:
        """The next change, as soon as there is one.

        Raises
        ------
        RefusedError
            If the watch was ended.
        """
        while not self._pending:
            if self._refusal is not None:
                raise self._refusal
            self._has_news.clear()
            await self._has_news.wait()
        return self._pending.popleft()


class Hub:
    """Asks the database what changed, and hands it out; at rest where nobody watches."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._reader = ThreadPoolExecutor(1, "watch hub")
        self._watches: dict[str, set[Watch]] = {}
        self._owned: Counter[str] = Counter()
        self._is_watched = asyncio.Event()
        self._revision = 0
        self._poller: asyncio.Task[None] | None = None
        self._is_draining = False

    async def start(self) -> None:
        """Begin: what changes from now on is handed out."""
        self._revision = await self._backstage.read(changes.latest_revision)
        self._poller = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """End the poller."""
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        self._reader.shutdown()

    @property
    def open_watches(self) -> int:
        """Watches that are open."""
        return self._owned.total()

    def drain(self) -> None:
        """Tell all watchers to come again later."""
        self._is_draining = True
        for watches in self._watches.values():
            for watch in watches:
                watch.end(_draining())

    async def follow(self, owner: str, job_id: str, after_sequence: int) -> AsyncGenerator[Change]:
        """Yield the changes of a job after a sequence, those that were and those that come, without end.

        Raises
        ------
        RefusedError
            NOT_YOURS; QUOTA_EXCEEDED; DRAINING, SERVER_BUSY.
        """
        with self._registered(owner, job_id, after_sequence) as watch:
            watch.begin(
                await self._backstage.read(
                    lambda connection: changes.job_changes(connection, owner, job_id, after_sequence)
                )
            )
            while True:
                yield await watch.next()

    @contextlib.contextmanager
    def _registered(self, owner: str, job_id: str, after_sequence: int) -> Iterator[Watch]:
        most = self._backstage.settings.owner_watches
        if self._owned[owner] >= most:
            message = f"you have {most} watches open, the most allowed: close some"
            raise RefusedError(Reason.QUOTA_EXCEEDED, message, quota="owner_watches")
        if self._is_draining:
            raise _draining()
        watch = Watch(after_sequence)
        self._owned[owner] += 1
        self._watches.setdefault(job_id, set()).add(watch)
        self._is_watched.set()
        try:
            yield watch
        finally:
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]
            self._owned[owner] -= 1
            if not self._owned[owner]:
                del self._owned[owner]
            if not self._watches:
                self._is_watched.clear()

    async def _poll(self) -> None:
        while True:
            try:
                await self._look()
                pause_s = POLL_S if self._watches else _IDLE_S
            except RefusedError as refusal:
                logger().warning("watches wait for the database", reason=refusal.reason)
                pause_s = _IDLE_S
            except Exception:  # noqa: BLE001 - a hub that ended would leave every watcher waiting
                logger().exception("watches wait for the database")
                pause_s = _IDLE_S
            if self._watches:
                await asyncio.sleep(pause_s)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_watched.wait(), pause_s)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        read = self._backstage.database.read
        if not self._watches:
            self._revision = await loop.run_in_executor(self._reader, read, changes.latest_revision)
            return
        since = self._revision
        self._revision, found = await loop.run_in_executor(
            self._reader, read, lambda connection: changes.changes_since(connection, since)
        )
        for change in found:
            for watch in self._watches.get(change.job_id, ()):
                watch.put(change)


def _draining() -> RefusedError:
    return RefusedError(Reason.DRAINING, "the server is ending; watch again from the last sequence")

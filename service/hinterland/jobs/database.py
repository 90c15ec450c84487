"""The database: SQLite beside the data, or PostgreSQL shared by several nodes.

Writers take turns on both: a transaction that writes first takes the one lock (BEGIN IMMEDIATE, or an advisory
lock), so that what it reads stays true until it commits, and what commits later has a later revision. The price
is paid by grouping: one thread carries out all works that wait in one transaction, and answers them after the
commit, which is on the disk then. A work that raises must leave nothing: the whole group is then taken back to the
savepoint that it began with, and carried out again, each work in a savepoint of its own.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from hinterland.errors import InputError
from hinterland.jobs import failpoints
from hinterland.reasons import Reason, RefusedError

Result = TypeVar("Result")
_Outcome = tuple[Any, BaseException | None]

MOST_GROUPED = 256
"""Works in one transaction: more only makes the first of them wait."""
BUSY_S = 5.0
"""How long a writer waits for the lock."""
_POSTGRES_LOCK = 0x68696E74
_CLOCK = "hinterland_clock"
_BUSY_SQLSTATES = frozenset({"55P03", "40P01", "40001", "57014"})

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    do: Callable[[Connection], Any]
    answer: Future[Any]


class Database:
    """Reads from any thread, writes through one.

    Parameters
    ----------
    url : str
        As SQLAlchemy has it: "sqlite:////folder/hinterland.sqlite3" or "postgresql://...".
    clock : callable
        Seconds since 1970, for SQLite; PostgreSQL has a clock of its own.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time, busy_s: float = BUSY_S) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            self._writing, self._reading = _postgres_engines(parsed, busy_s)
        elif parsed.get_backend_name() == "sqlite" and parsed.database:
            self._writing, self._reading = _sqlite_engines(parsed, clock, busy_s)
        else:
            message = f"a database is postgresql://... or left out, got {parsed.get_backend_name()}://"
            raise InputError(message)
        self._works: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._writer = threading.Thread(target=self._write_all, name="database writer", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, work: Callable[[Connection], Result]) -> Future[Result]:
        """Carry out a work that changes rows; the answer comes after the commit is on the disk.

        It may be carried out twice, when what the first time changed in rows is undone: outside of them it must
        do nothing that cannot be done again. What the work raises, its answer raises, and nothing of it is
        kept. The answer may also raise RefusedError with DATABASE_BUSY: then nothing was kept either, or, if the
        connection broke during the commit, it may have been.
        """
        answer: Future[Result] = Future()
        with self._closing:
            if self._is_closed:
                raise RefusedError(Reason.DRAINING, "the server is ending; try again")
            self._works.put(_Work(work, answer))
        return answer

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Carry out a work that only reads, on one state of the database."""
        try:
            with self._reading.connect() as connection, connection.begin():
                return work(connection)
        except sa.exc.DBAPIError as error:
            raise _as_refusal(error) from error

    def close(self) -> None:
        """Finish what waits, and close all connections."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._works.put(None)
        self._writer.join()
        self._writing.dispose()
        self._reading.dispose()

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writing

    def _write_all(self) -> None:
        ends = False
        while not ends:
            first = self._works.get()
            group = [] if first is None else [first]
            ends = first is None
            while not ends and len(group) < MOST_GROUPED:
                try:
                    work = self._works.get_nowait()
                except queue.Empty:
                    break
                ends = work is None
                if work is not None:
                    group.append(work)
            group = [work for work in group if work.answer.set_running_or_notify_cancel()]
            if group:
                self._write_group(group)

    def _write_group(self, group: list[_Work]) -> None:
        outcomes: list[_Outcome] = []
        try:
            with self._writing.connect() as connection, connection.begin():
                outcomes = _carried_out(connection, group)
                failpoints.reach("database.commit")
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            refusal = _as_refusal(error) if isinstance(error, sa.exc.DBAPIError) else error
            outcomes = [(None, refusal)] * len(group)
        for work, (value, failure) in zip(group, outcomes, strict=True):
            if failure is None:
                work.answer.set_result(value)
            else:
                work.answer.set_exception(failure)


def _carried_out(connection: Connection, group: list[_Work]) -> list[_Outcome]:
    """What became of each work of a group; a savepoint for each is paid only where one raises."""
    if len(group) == 1:
        return [_in_savepoint(connection, group[0])]
    connection.exec_driver_sql("SAVEPOINT works")
    try:
        return [(work.do(connection), None) for work in group]
    except Exception as error:
        if _is_cut(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT works")
    return [_in_savepoint(connection, work) for work in group]


def _in_savepoint(connection: Connection, work: _Work) -> _Outcome:
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        value = work.do(connection)
    except Exception as error:
        if _is_cut(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
        connection.exec_driver_sql("RELEASE SAVEPOINT work")
        return None, _as_refusal(error) if isinstance(error, sa.exc.DBAPIError) else error
    connection.exec_driver_sql("RELEASE SAVEPOINT work")
    return value, None


def _is_cut(error: Exception) -> bool:
    """True if the transaction went with its connection."""
    return isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated


def _as_refusal(error: sa.exc.DBAPIError) -> Exception:
    """DATABASE_BUSY where trying again helps, the error itself otherwise."""
    cause = error.orig
    is_locked = isinstance(cause, sqlite3.OperationalError) and any(
        word in str(cause) for word in ("locked", "busy")
    )
    is_away = error.connection_invalidated or getattr(cause, "sqlstate", "") in _BUSY_SQLSTATES
    if not (is_locked or is_away or _is_unreachable(error)):
        return error
    _logger.warning("database busy: %s", cause)
    return RefusedError(Reason.DATABASE_BUSY, "the database is busy or away; try again")


def _is_unreachable(error: sa.exc.DBAPIError) -> bool:
    """PostgreSQL that does not answer, or is starting or stopping (class 57P), has no or such a state."""
    if isinstance(error.orig, sqlite3.Error) or not isinstance(error, sa.exc.OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(("57P", "08"))


def _sqlite_engines(url: sa.URL, clock: Callable[[], float], busy_s: float) -> tuple[Engine, Engine]:
    def engine(begin: str, *pragmas: str) -> Engine:
        made = sa.create_engine(
            url,
            connect_args={"timeout": busy_s, "check_same_thread": False, "cached_statements": 256},
            execution_options={_CLOCK: clock},
        )

        @sa.event.listens_for(made, "connect")
        def prepare(connection: sqlite3.Connection, _: object) -> None:
            connection.isolation_level = None  # transactions begin as said below, not as sqlite3 guesses
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *pragmas):
                connection.execute(f"PRAGMA {pragma}").close()

        @sa.event.listens_for(made, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return made

    # what savepoints keep of changed pages is never needed again: on the disk it costs as much as the commit
    writing = engine("BEGIN IMMEDIATE", "journal_size_limit=67108864", "temp_store=MEMORY")
    return writing, engine("BEGIN", "query_only=ON")


def _postgres_engines(url: sa.URL, busy_s: float) -> tuple[Engine, Engine]:
    waits = f"-c lock_timeout={int(busy_s * 1000)} -c synchronous_commit=on"
    options: dict[str, Any] = {
        "connect_args": {"options": waits, "connect_timeout": 5},
        "pool_pre_ping": True,
    }
    writing = sa.create_engine(url, isolation_level="READ COMMITTED", **options)
    reading = sa.create_engine(
        url,
        isolation_level="REPEATABLE READ",
        pool_size=8,
        execution_options={"postgresql_readonly": True},
        **options,
    )

    @sa.event.listens_for(writing, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")

    return writing, reading


def now_s(connection: Connection) -> float:
    """Seconds since 1970 by the database's clock; SQLite has no other than this machine's."""
    clock = connection.get_execution_options().get(_CLOCK)
    if clock is not None:
        return float(clock())
    return float(
        connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())::float8").scalar_one()
    )

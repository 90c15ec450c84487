from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from job_store import sqlite_url
from postgres_server import PostgresServer, binaries, postgres_server

from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this run."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database, of either kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with the schema, of either kind."""
    with Database(url) as opened:
        migrate(opened)
        yield opened

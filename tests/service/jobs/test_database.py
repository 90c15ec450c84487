from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from job_store import new_job, sqlite_url, submit
from postgres_server import PostgresServer
from sqlalchemy.engine import Connection

from hinterland.errors import InputError
from hinterland.jobs import sqlite_files
from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.migrations import DatabaseNewerError, migrate
from hinterland.jobs.model import Job
from hinterland.jobs.opening import open_database
from hinterland.jobs.schema import counter, metadata
from hinterland.jobs.sqlite_files import DatabaseDamagedError, file_system
from hinterland.jobs.store import get_job, list_jobs
from hinterland.reasons import Reason, RefusedError
from hinterland.settings import Settings


def test_migrations_make_the_schema_that_the_code_uses(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    job = submit(database)
    migrate(database)
    assert database.read(lambda c: get_job(c, "ada", job.id)) == job


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    database.write(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))).result()
    with pytest.raises(DatabaseNewerError, match="install that version"):
        migrate(database)


def test_sqlite_waits_for_the_disk_on_every_commit(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path)) as database:

        def pragma(connection: Connection, name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        asked = [database.write(lambda c, n=n: pragma(c, n)) for n in ("synchronous", "journal_mode")]
        assert [one.result() for one in asked] == [2, "wal"]  # 2 is FULL
        assert database.write(lambda c: pragma(c, "temp_store")).result() == 2  # savepoints' pages in memory
        assert database.write(lambda c: pragma(c, "foreign_keys")).result() == 1


@pytest.mark.parametrize("broken", [None, 0, 3])
def test_works_of_one_commit_do_not_share_a_failure(database: Database, broken: int | None) -> None:
    submit(database)
    begun, goes_on, calls = threading.Event(), threading.Event(), [0] * 5

    def hold(_: Connection) -> bool:
        begun.set()
        return goes_on.wait(60.0)

    def counted(number: int, connection: Connection) -> Job:
        calls[number] += 1
        job = new_job()(connection)
        if number == broken:
            raise KeyError(number)
        return job

    holding = database.write(hold)
    assert begun.wait(60.0)
    # what is asked for meanwhile is one group
    answers = [database.write(partial(counted, number)) for number in range(5)]
    goes_on.set()
    assert holding.result()
    kept = [answer.result().id for number, answer in enumerate(answers) if number != broken]
    found = database.read(lambda c: list_jobs(c, "ada", page_size=9))
    assert sorted(job.id for job in found)[1:] == kept
    if broken is None:
        assert calls == [1] * 5
    else:
        with pytest.raises(KeyError, match=str(broken)):
            answers[broken].result()
        assert sum(job.sequence for job in found) == len(kept) + 1


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        database.read(lambda c: c.execute(sa.update(counter).values(revision=7)))


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path), busy_s=60.0) as database:
        migrate(database)
        other = sqlite3.connect(
            tmp_path / "hinterland.sqlite3", isolation_level=None, check_same_thread=False
        )
        other.execute("BEGIN IMMEDIATE")
        waiting = database.write(new_job())
        timer = threading.Timer(0.3, other.execute, ("COMMIT",))
        timer.start()
        assert waiting.result().sequence == 1
        timer.join()
        other.close()


def test_a_database_that_stays_locked_is_a_clean_error_and_works_afterwards(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path), busy_s=0.1) as database:
        migrate(database)
        other = sqlite3.connect(tmp_path / "hinterland.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = [database.write(new_job()) for _ in range(3)]
        for future in refused:
            with pytest.raises(RefusedError) as caught:
                future.result()
            assert caught.value.reason is Reason.DATABASE_BUSY
        other.execute("COMMIT")
        other.close()
        submit(database)
        assert len(database.read(lambda c: list_jobs(c, "ada", page_size=9))) == 1


def test_postgresql_may_restart_under_the_service(postgres: PostgresServer) -> None:
    with Database(postgres.new_database()) as database:
        migrate(database)
        first = submit(database)
        postgres.stop()
        with pytest.raises(RefusedError) as caught:
            submit(database)
        assert caught.value.reason is Reason.DATABASE_BUSY
        postgres.start()
        second = submit(database)
        found = database.read(lambda c: list_jobs(c, "ada", page_size=9))
        assert [job.id for job in found] == [second.id, first.id]


def test_what_was_answered_is_there_after_the_process_was_killed(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from job_store import submit
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
database = Database(sys.argv[1])
migrate(database)
print(submit(database).id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = run_script(script, sqlite_url(tmp_path))
    assert done.returncode == -9, done.stderr
    with Database(sqlite_url(tmp_path)) as database:
        migrate(database)
        assert database.read(lambda c: get_job(c, "ada", done.stdout.strip())).sequence == 1


@pytest.mark.parametrize("visit", range(1, 4))
def test_a_work_that_was_killed_before_its_commit_left_nothing(tmp_path: Path, visit: int) -> None:
    script = """
import sys
from job_store import submit
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
database = Database(sys.argv[1])
migrate(database)
for _ in range(5):
    print(submit(database).id, flush=True)
"""
    done = run_script(script, sqlite_url(tmp_path), HINTERLAND_FAILPOINTS=f"database.commit=kill@{visit}")
    assert done.returncode == -9, done.stderr
    with Database(sqlite_url(tmp_path)) as database:
        found = database.read(lambda c: list_jobs(c, "ada", page_size=9))
        assert [job.id for job in reversed(found)] == done.stdout.split()
        assert len(found) == visit - 1


def test_a_migration_that_was_killed_is_done_again(tmp_path: Path) -> None:
    script = """
import sys
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
migrate(Database(sys.argv[1]))
"""
    done = run_script(script, sqlite_url(tmp_path), HINTERLAND_FAILPOINTS="migration.commit=kill")
    assert done.returncode == -9, done.stderr
    with Database(sqlite_url(tmp_path)) as database:
        migrate(database)
        submit(database)


def run_script(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join([tests, *(entry for entry in sys.path if entry)])
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("harm", ["truncate", "flip", "not a database"])
def test_a_damaged_database_is_refused_and_a_dated_copy_kept(tmp_path: Path, harm: str) -> None:
    settings = Settings(data=tmp_path / "data")
    with open_database(settings) as database:
        for _ in range(50):
            submit(database)
    path = DataFolders(settings.data).database
    content = bytearray(path.read_bytes())
    if harm == "truncate":
        content = content[: len(content) * 2 // 3]
    elif harm == "flip":
        for place in range(4096, len(content), 4096):
            content[place : place + 8] = b"\xff" * 8
    else:
        content = bytearray(b"\0" * 100 + bytes(content[100:]))
    path.write_bytes(bytes(content))
    with pytest.raises(DatabaseDamagedError, match=r"\.recover") as caught:
        open_database(settings)
    assert str(path) in str(caught.value)
    (copy,) = settings.data.glob("*.damaged-*Z")
    assert copy.read_bytes() == path.read_bytes() == bytes(content)


def test_sqlite_is_refused_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/share {tmp_path}/net nfs4 rw 0 0\n")
    monkeypatch.setattr(sqlite_files, "_MOUNTS", mounts)
    assert file_system(tmp_path) == "ext4"
    with pytest.raises(InputError, match="postgresql"):
        open_database(Settings(data=tmp_path / "net" / "data"))


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(InputError, match="postgresql"):
        Database("mysql://somewhere/db")

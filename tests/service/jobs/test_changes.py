from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from job_store import (
    DONE,
    FAILURE,
    PROGRESS,
    beat,
    read,
    sqlite_url,
    submit,
    take_one,
)

from hinterland.jobs.changes import changes_since, job_changes, latest_revision
from hinterland.jobs.database import Database
from hinterland.jobs.leases import (
    finish,
)
from hinterland.jobs.migrations import migrate
from hinterland.jobs.model import (
    State,
)


def test_watchers_are_told_each_change_of_state_and_the_latest_progress(database: Database) -> None:
    start = database.read(latest_revision)
    submit(database)
    job = take_one(database)
    for done in range(3):
        beat(database, job, progress=replace(PROGRESS, done=done))
    revision, changes = database.read(lambda connection: changes_since(connection, start))
    assert [(c.sequence, c.state) for c in changes] == [
        (1, State.PENDING),
        (2, State.RUNNING),
        (5, State.RUNNING),
    ]
    assert changes[-1].progress.done == 2
    assert database.read(lambda connection: changes_since(connection, revision)) == (revision, [])
    database.write(lambda connection: finish(connection, job.id, job.fence, FAILURE)).result()
    _, later = database.read(lambda connection: changes_since(connection, revision))
    assert [(c.sequence, c.state) for c in later] == [(6, State.FAILED)]
    resumed = database.read(lambda connection: job_changes(connection, "ada", job.id, 2))
    assert resumed == later
    whole = database.read(lambda connection: job_changes(connection, "ada", job.id, 0))
    assert [c.sequence for c in whole] == [1, 2, 6]


def test_times_of_a_job_never_decrease_when_the_clock_is_set_back(tmp_path: Path) -> None:
    now = [2e9]
    with Database(sqlite_url(tmp_path), clock=lambda: now[0]) as database:
        migrate(database)
        submit(database)
        now[0] -= 3600.0
        job = take_one(database)
        beat(database, job, progress=PROGRESS)
        database.write(lambda connection: finish(connection, job.id, job.fence, DONE)).result()
        times = [c.time_s for c in database.read(lambda c: job_changes(c, "ada", job.id, 0))]
        assert times == sorted(times)
        ended = read(database, job)
        assert ended.created_s <= ended.started_s <= ended.ended_s

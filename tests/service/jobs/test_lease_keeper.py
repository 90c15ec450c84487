from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from job_store import PROGRESS, read, sqlite_url, submit, take_one

from hinterland.jobs.database import Database
from hinterland.jobs.lease_keeper import (
    CancelledByOwnerError,
    DrainedError,
    LeaseKeeper,
    TooLongError,
)
from hinterland.jobs.leases import FenceLostError, expire_leases
from hinterland.jobs.migrations import migrate
from hinterland.jobs.model import Degradation, Job, PlanSummary
from hinterland.jobs.store import cancel_job
from hinterland.reasons import Reason, RefusedError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Database]:
    with Database(sqlite_url(tmp_path), clock=clock) as database:
        migrate(database)
        yield database


def keeper(database: Database, job: Job, clock: Clock, **options: Any) -> LeaseKeeper:
    asked: dict[str, Any] = {"lease_s": 30.0, "heartbeat_s": 5.0, "is_draining": lambda: False, **options}
    return LeaseKeeper(database, job, clock=clock, **asked)


def test_ticks_keep_a_lease_for_ever(opened: Database, clock: Clock) -> None:
    submit(opened, max_run_s=1e9)
    job = take_one(opened)
    keeping = keeper(opened, job, clock)
    for _ in range(40):
        clock.now += 4.0
        keeping.tick()
        assert opened.write(expire_leases).result() == []
    assert read(opened, job).sequence == job.sequence  # no news, no change


def test_news_are_told_at_the_next_tick_that_is_due(opened: Database, clock: Clock) -> None:
    submit(opened)
    job = take_one(opened)
    keeping = keeper(opened, job, clock)
    plan = PlanSummary(lines=1, samples=2, tiles=3)
    degraded = Degradation(stage="seams", reason=Reason.GPU_LOST, message="on the CPU")
    keeping.report(stage="seams", done=1, total=4)
    keeping.plan(plan)
    keeping.degrade(degraded)
    keeping.tick()
    found = read(opened, job)
    assert replace(found.progress, time_s=0.0) == PROGRESS
    assert (found.plan, found.degraded) == (plan, (degraded,))
    keeping.report(stage="seams", done=2, total=4)
    clock.now += 0.1
    keeping.tick()
    assert read(opened, job).progress.done == 1  # too soon
    clock.now += 0.2
    keeping.tick()
    assert read(opened, job).progress.done == 2
    keeping.report(stage="storing", done=0, total=1)
    keeping.flush()
    assert read(opened, job).progress.stage == "storing"


def test_a_cancel_is_heard_within_a_second(opened: Database, clock: Clock) -> None:
    submit(opened)
    job = take_one(opened)
    keeping = keeper(opened, job, clock)
    keeping.tick()
    opened.write(lambda c: cancel_job(c, "ada", job.id)).result()
    clock.now += 0.9
    with pytest.raises(CancelledByOwnerError):
        keeping.tick()


def test_a_job_that_runs_for_longer_than_it_may_is_ended(opened: Database, clock: Clock) -> None:
    submit(opened, max_run_s=60.0)
    keeping = keeper(opened, take_one(opened), clock)
    clock.now += 59.0
    keeping.tick()
    clock.now += 2.0
    with pytest.raises(TooLongError):
        keeping.tick()


def test_a_worker_that_ends_gives_its_job_up(opened: Database, clock: Clock) -> None:
    submit(opened)
    keeping = keeper(opened, take_one(opened), clock, is_draining=lambda: True)
    with pytest.raises(DrainedError):
        keeping.tick()


def test_a_job_that_was_taken_away_is_let_go(opened: Database, clock: Clock) -> None:
    submit(opened)
    keeping = keeper(opened, take_one(opened), clock)
    clock.now += 31.0
    opened.write(expire_leases).result()
    with pytest.raises(FenceLostError):
        keeping.tick()


def test_a_database_that_is_away_is_borne_for_as_long_as_the_lease(
    opened: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(opened)
    keeping = keeper(opened, take_one(opened), clock)
    keeping.tick()

    def refuse(_: Callable[..., object]) -> object:
        raise RefusedError(Reason.DATABASE_BUSY, "away")

    monkeypatch.setattr(opened, "write", refuse)
    monkeypatch.setattr(opened, "read", refuse)
    for _ in range(29):
        clock.now += 1.0
        keeping.tick()
    clock.now += 2.0
    with pytest.raises(FenceLostError):
        keeping.tick()

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from job_store import (
    DEVICE,
    DONE,
    PROGRESS,
    beat,
    read,
    submit,
    take,
    take_one,
)

from hinterland.jobs.database import Database
from hinterland.jobs.leases import (
    LOST,
    Cancelled,
    FenceLostError,
    expire_leases,
    finish,
    heartbeat,
    is_cancelled,
    lose,
    release,
    see_worker,
)
from hinterland.jobs.model import (
    MOST_ATTEMPTS,
    Degradation,
    Job,
    PlanSummary,
    State,
)
from hinterland.jobs.store import cancel_job, queue_counts
from hinterland.reasons import Reason


def test_a_job_is_taken_by_one_of_many_workers(database: Database) -> None:
    made = {submit(database).id for _ in range(8)}
    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda n: take(database, f"w{n}"), range(16)))
    names = [job.id for job in taken if job is not None]
    assert sorted(names) == sorted(made)
    assert all(job.state is State.RUNNING and job.fence == 1 for job in taken if job)


def test_turns_go_to_the_owner_with_the_fewest_running_then_to_the_longest_unserved(
    database: Database,
) -> None:
    for _ in range(6):
        submit(database, "ada")
    submit(database, "bea")
    submit(database, "cy")
    submit(database, "cy")
    order = [take_one(database).owner for _ in range(6)]
    assert Counter(order[:3]) == Counter(["ada", "bea", "cy"])  # one each before anyone has two
    assert Counter(order[3:5]) == Counter(["ada", "cy"])
    assert order[5] == "ada"


def test_an_owner_who_floods_the_queue_does_not_delay_anothers_first_job(database: Database) -> None:
    for _ in range(40):
        submit(database, "ada")
    first = take_one(database)
    job = submit(database, "bea")
    assert first.owner == "ada"
    assert take_one(database).id == job.id


def test_an_owner_at_the_limit_of_running_jobs_waits(database: Database) -> None:
    submit(database)
    submit(database)
    first = take_one(database, owner_running_jobs=1)
    assert take(database, owner_running_jobs=1) is None
    database.write(lambda connection: finish(connection, first.id, first.fence, DONE)).result()
    assert take_one(database, owner_running_jobs=1).id != first.id


def test_jobs_are_taken_only_while_the_machines_memory_holds_them(database: Database) -> None:
    device = replace(DEVICE, share_bytes=60, total_bytes=100)
    for _ in range(3):
        submit(database)
    first = take_one(database, device=device)
    assert take(database, device=device) is None
    elsewhere = replace(device, node="there")
    assert take_one(database, device=elsewhere).id != first.id  # another machine has its own memory
    database.write(lambda connection: release(connection, first.id, first.fence, needed_bytes=100)).result()
    assert take_one(database, device=device).id == first.id
    assert take(database, device=device) is None


def test_what_a_heartbeat_brings_is_kept_and_counted(database: Database) -> None:
    submit(database)
    job = take_one(database)
    plan = PlanSummary(lines=3, samples=4, bands=1, tiles=2, memory_bytes=5, output_bytes=6, backend="cpu")
    degraded = (Degradation(stage="blending", reason=Reason.GPU_OUT_OF_MEMORY, message="on the CPU"),)
    assert beat(database, job) is False
    assert read(database, job).sequence == 2  # being alive is no change
    beat(database, job, progress=PROGRESS, plan=plan, degraded=degraded)
    found = read(database, job)
    assert (found.sequence, found.plan, found.degraded) == (3, plan, degraded)
    assert replace(found.progress, time_s=0.0) == PROGRESS


def test_a_cancel_reaches_the_worker_by_its_heartbeat(database: Database) -> None:
    submit(database)
    job = take_one(database)
    database.write(lambda connection: cancel_job(connection, "ada", job.id)).result()
    assert beat(database, job) is True
    assert database.read(lambda connection: is_cancelled(connection, job.id, job.fence))
    ended = database.write(lambda connection: finish(connection, job.id, job.fence, Cancelled())).result()
    assert ended.state is State.CANCELLED


def test_a_result_published_before_the_worker_heard_of_the_cancel_stands(database: Database) -> None:
    submit(database)
    job = take_one(database)
    database.write(lambda connection: cancel_job(connection, "ada", job.id)).result()
    ended = database.write(lambda connection: finish(connection, job.id, job.fence, DONE)).result()
    assert ended.state is State.SUCCEEDED


@pytest.mark.parametrize(
    "write",
    [
        lambda connection, job: heartbeat(connection, job.id, job.fence, lease_s=30.0),
        lambda connection, job: finish(connection, job.id, job.fence, DONE),
        lambda connection, job: release(connection, job.id, job.fence),
        lambda connection, job: lose(connection, job.id, job.fence),
        lambda connection, job: is_cancelled(connection, job.id, job.fence),
    ],
)
def test_a_worker_whose_lease_ran_out_can_write_nothing_more(
    database: Database, write: Callable[[sa.Connection, Job], Any]
) -> None:
    submit(database)
    old = take_one(database, lease_s=-1.0)
    expired = database.write(expire_leases).result()
    assert [(job.id, job.state) for job in expired] == [(old.id, State.PENDING)]
    with pytest.raises(FenceLostError):
        database.write(lambda connection: write(connection, old)).result()
    new = take_one(database, "w2")
    with pytest.raises(FenceLostError):
        database.write(lambda connection: write(connection, old)).result()
    assert read(database, new) == new


def test_a_late_heartbeat_keeps_a_job_that_nobody_took(database: Database) -> None:
    submit(database)
    job = take_one(database, lease_s=-1.0)
    beat(database, job)
    assert database.write(expire_leases).result() == []


def test_three_lost_workers_end_a_job_and_a_release_is_no_loss(database: Database) -> None:
    submit(database)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        job = take_one(database)
        assert job.attempt == attempt
        database.write(lambda connection, job=job: release(connection, job.id, job.fence)).result()
        job = take_one(database, lease_s=-1.0)
        assert job.attempt == attempt
        (job,) = database.write(expire_leases).result()
    assert (job.state, job.failure) == (State.FAILED, LOST)
    assert job.ended_s is not None


def test_a_cancelled_job_whose_worker_is_lost_is_cancelled(database: Database) -> None:
    submit(database)
    job = take_one(database, lease_s=-1.0)
    database.write(lambda connection: cancel_job(connection, "ada", job.id)).result()
    (ended,) = database.write(expire_leases).result()
    assert ended.state is State.CANCELLED


def test_workers_are_counted_while_they_are_seen(database: Database) -> None:
    database.write(lambda connection: see_worker(connection, "w1", DEVICE)).result()
    database.write(lambda connection: see_worker(connection, "w2", DEVICE)).result()
    assert database.read(lambda connection: queue_counts(connection, alive_s=60.0)).workers == 2
    assert database.read(lambda connection: queue_counts(connection, alive_s=-1.0)).workers == 0

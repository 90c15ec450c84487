from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from job_store import LIMITS, SPEC, all_of, give_file, new_job, submit, take_one

from hinterland.jobs.database import Database
from hinterland.jobs.leases import Cancelled, Succeeded, finish
from hinterland.jobs.migrations import migrate
from hinterland.jobs.model import ResultFile, State
from hinterland.jobs.quotas import Limits
from hinterland.jobs.schema import counter, job_events, job_labels, owners
from hinterland.jobs.specs import InputFile, OverviewSpec
from hinterland.jobs.store import (
    cancel_job,
    create_job,
    delete_job,
    get_job,
    list_jobs,
    queue_counts,
    result_of,
    retry_job,
)
from hinterland.reasons import Failure, Reason, RefusedError

FAILURE = Failure(reason=Reason.INPUT_REFUSED, message="frame.img: no", metadata={"product": "frame.img"})


def test_a_job_is_read_as_it_was_created(database: Database) -> None:
    job = submit(database, title="Jezero ✓", labels={"sol": "15"}, max_run_s=60.0, ttl_s=120.0)
    found = database.read(lambda connection: get_job(connection, "ada", job.id))
    assert found == job
    assert (found.spec, found.title, found.labels) == (SPEC, "Jezero ✓", {"sol": "15"})
    assert (found.state, found.sequence, found.attempt, found.fence) == (State.PENDING, 1, 0, 0)


def test_64_equal_submits_at_once_make_one_job(database: Database) -> None:
    request_id = str(uuid.uuid4())
    with ThreadPoolExecutor(64) as threads:
        jobs = list(threads.map(lambda _: submit(database, request_id=request_id), range(64)))
    assert len({job.id for job in jobs}) == 1
    assert database.read(lambda connection: queue_counts(connection, alive_s=60.0)).pending == 1
    other = submit(database, "bea", request_id=request_id)  # request identifiers are each owner's own
    assert other.id != jobs[0].id


def test_a_request_id_cannot_stand_for_another_request(database: Database) -> None:
    request_id = str(uuid.uuid4())
    submit(database, request_id=request_id)
    with pytest.raises(RefusedError) as caught:
        submit(database, request_id=request_id, title="another")
    assert caught.value.reason is Reason.REQUEST_ID_REUSED


@pytest.mark.parametrize("call", [get_job, cancel_job, delete_job, result_of])
def test_a_job_of_another_owner_looks_as_one_that_does_not_exist(database: Database, call: Any) -> None:
    job = submit(database)
    refused = []
    for name in (job.id, "0" * 26):
        with pytest.raises(RefusedError) as caught:
            database.write(lambda connection, name=name: call(connection, "eve", name)).result()
        refused.append((caught.value.reason, str(caught.value).replace(name, "X")))
    assert refused[0] == refused[1]
    assert refused[0][0] is Reason.NOT_YOURS


def test_a_job_of_a_file_that_was_never_uploaded_is_refused_whole(database: Database) -> None:
    with pytest.raises(RefusedError, match="upload it") as caught:
        database.write(
            lambda connection: create_job(
                connection, owner="ada", spec=SPEC, max_run_s=1.0, ttl_s=1.0, limits=LIMITS
            )
        ).result()
    assert caught.value.reason is Reason.FILE_NOT_FOUND
    assert database.read(lambda connection: list_jobs(connection, "ada", page_size=10)) == []


def test_an_overview_needs_a_panorama_that_succeeded(database: Database) -> None:
    panorama = submit(database)
    spec = OverviewSpec(panorama=panorama.id, base_maps=SPEC.frames)
    with pytest.raises(RefusedError) as caught:
        submit(database, spec=spec)
    assert caught.value.reason is Reason.RESULT_NOT_READY
    with pytest.raises(RefusedError) as caught:
        submit(database, "eve", spec=spec)
    assert caught.value.reason is Reason.NOT_YOURS
    taken = take_one(database)
    outcome = Succeeded(folder="x.1", files=(ResultFile(path="a", size_bytes=1, sha256="00"),))
    database.write(lambda connection: finish(connection, taken.id, taken.fence, outcome)).result()
    assert submit(database, spec=spec).spec == spec


def test_identifiers_sort_by_creation_even_when_the_clock_is_set_back(tmp_path: Path) -> None:
    times = iter([2e9, 2e9, *(1e9 + i for i in range(100))])
    with Database(f"sqlite:///{tmp_path / 'jobs'}", clock=lambda: next(times)) as database:
        migrate(database)
        made = [submit(database).id for _ in range(20)]
    assert made == sorted(made)


def test_pages_hold_every_job_once_the_newest_first(database: Database) -> None:
    made = [submit(database, labels={"n": str(n % 3)}).id for n in range(23)]
    submit(database, "bea")
    pages: list[str] = []
    before = None
    while True:
        page = database.read(lambda connection, b=before: list_jobs(connection, "ada", page_size=5, before=b))
        if not page:
            break
        pages += [job.id for job in page]
        before = page[-1].id
    assert pages == made[::-1]


def test_a_filter_selects_by_state_kind_and_all_labels(database: Database) -> None:
    first = submit(database, labels={"sol": "15", "eye": "left"})
    second = submit(database, labels={"sol": "15", "eye": "right"})
    third = submit(database, labels={"sol": "16"})
    database.write(lambda connection: cancel_job(connection, "ada", second.id)).result()

    def found(**filters: Any) -> list[str]:
        jobs = database.read(lambda connection: list_jobs(connection, "ada", page_size=9, **filters))
        return [job.id for job in jobs]

    assert found(labels={"sol": "15"}) == [second.id, first.id]
    assert found(labels={"sol": "15", "eye": "left"}) == [first.id]
    assert found(labels={"sol": "15"}, state=State.CANCELLED) == [second.id]
    assert found(state=State.PENDING) == [third.id, first.id]
    assert found(kind="mosaic") == []
    assert found(labels={"sol": "15"}, before=second.id) == [first.id]


def test_a_full_queue_and_a_spent_quota_refuse_without_a_trace(database: Database) -> None:
    small = Limits(queued_jobs=3, owner_queued_jobs=2, owner_running_jobs=9, owner_bytes=9)
    submit(database, limits=small)
    kept = submit(database, limits=small, request_id="r")
    for owner, reason in (("ada", Reason.QUOTA_EXCEEDED), ("bea", None), ("cy", Reason.QUEUE_FULL)):
        if reason is None:
            submit(database, owner, limits=small)
            continue
        with pytest.raises(RefusedError) as caught:
            submit(database, owner, limits=small)
        assert caught.value.reason is reason
    assert submit(database, limits=small, request_id="r").id == kept.id  # what is there is found all the same
    assert queued(database) == {"ada": 2, "bea": 1}
    database.write(lambda connection: cancel_job(connection, "ada", kept.id)).result()
    submit(database, limits=small)
    with pytest.raises(RefusedError) as caught:
        database.write(lambda connection: retry_job(connection, "ada", kept.id, limits=small)).result()
    assert caught.value.reason is Reason.QUEUE_FULL
    assert database.read(lambda connection: get_job(connection, "ada", kept.id)).state is State.CANCELLED


def queued(database: Database) -> dict[str, int]:
    rows = database.read(lambda connection: connection.execute(sa.select(owners)).all())
    total = database.read(lambda connection: connection.execute(sa.select(counter.c.queued)).scalar_one())
    counts = {row.owner: row.queued for row in rows if row.queued}
    assert sum(counts.values()) == total
    return counts


def test_cancel_stops_what_waits_asks_what_runs_and_leaves_what_has_ended(database: Database) -> None:
    waiting, running = submit(database), submit(database, "bea")
    cancelled = database.write(lambda connection: cancel_job(connection, "ada", waiting.id)).result()
    assert cancelled.state is State.CANCELLED
    assert cancelled.expires_s == cancelled.ended_s + cancelled.ttl_s
    taken = take_one(database)
    assert taken.id == running.id
    for _ in range(2):
        asked = database.write(lambda connection: cancel_job(connection, "bea", running.id)).result()
        assert (asked.state, asked.sequence) == (State.CANCELLING, 3)
    database.write(lambda connection: finish(connection, taken.id, taken.fence, Cancelled())).result()
    again = database.write(lambda connection: cancel_job(connection, "bea", running.id)).result()
    assert again.state is State.CANCELLED


def test_a_retry_begins_a_new_life_of_the_same_job(database: Database) -> None:
    job = submit(database)
    with pytest.raises(RefusedError) as caught:
        database.write(lambda connection: retry_job(connection, "ada", job.id, limits=LIMITS)).result()
    assert caught.value.reason is Reason.STATE_WRONG
    taken = take_one(database)
    failed = database.write(lambda connection: finish(connection, job.id, taken.fence, FAILURE)).result()
    assert failed.failure == FAILURE
    retried = database.write(lambda connection: retry_job(connection, "ada", job.id, limits=LIMITS)).result()
    assert (retried.state, retried.attempt, retried.failure) == (State.PENDING, 0, None)
    assert retried.ended_s is retried.expires_s is None
    assert take_one(database).fence == taken.fence + 1


def test_deleting_waits_for_the_end_and_takes_all_rows_and_bytes_along(database: Database) -> None:
    job = submit(database, labels={"a": "b"}, request_id="r")
    with pytest.raises(RefusedError) as caught:
        database.write(lambda connection: delete_job(connection, "ada", job.id)).result()
    assert caught.value.reason is Reason.STATE_WRONG
    taken = take_one(database)
    files = (
        ResultFile(path="z", size_bytes=3, sha256="aa"),
        ResultFile(path="a/b", size_bytes=4, sha256="bb"),
    )
    outcome = Succeeded(folder=f"{job.id}.1", files=files)
    database.write(lambda connection: finish(connection, job.id, taken.fence, outcome)).result()
    folder, manifest = database.read(lambda connection: result_of(connection, "ada", job.id))
    assert (folder, manifest) == (f"{job.id}.1", files[::-1])
    assert held(database) == 7
    database.write(lambda connection: delete_job(connection, "ada", job.id)).result()
    assert held(database) == 0
    for table in (job_events, job_labels):
        assert database.read(lambda connection, t=table: connection.execute(sa.select(t)).all()) == []
    assert submit(database, request_id="r").id != job.id


def held(database: Database) -> int:
    query = sa.select(owners.c.bytes).where(owners.c.owner == "ada")
    return database.read(lambda connection: connection.execute(query).scalar_one())


def test_files_beyond_one_statements_parameters_are_all_checked(database: Database) -> None:
    names = [f"{n:064x}" for n in range(1100)]

    def give(connection: sa.Connection) -> None:
        for name in names[:-1]:
            give_file(connection, "ada", name)

    database.write(give).result()
    spec = type(SPEC)(frames=tuple(InputFile(sha256=name, filename=f"f{name[-4:]}.img") for name in names))
    with pytest.raises(RefusedError, match=names[-1]):
        submit(database, spec=spec)


def test_one_thread_of_writes_answers_each_caller_with_its_own_outcome(database: Database) -> None:
    def fail(connection: sa.Connection) -> None:
        new_job()(connection)
        raise KeyError("mine")

    futures = [database.write(fail if n % 3 == 1 else new_job()) for n in range(30)]
    for number, future in enumerate(futures):
        if number % 3 == 1:
            with pytest.raises(KeyError, match="mine"):
                future.result()
    kept = all_of(future for number, future in enumerate(futures) if number % 3 != 1)
    found = database.read(lambda connection: list_jobs(connection, "ada", page_size=99))
    assert {job.id for job in found} == {job.id for job in kept}

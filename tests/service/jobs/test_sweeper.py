from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from job_service import Service
from job_store import submit, take_one
from upload_pieces import BYTES, OWNER, append, create, opened, sha256_of, take_in

from hinterland.jobs.content import content_path
from hinterland.jobs.leases import Succeeded, finish
from hinterland.jobs.model import Job, ResultFile, State
from hinterland.jobs.schema import files, jobs, uploads
from hinterland.jobs.store import delete_job, list_jobs
from hinterland.jobs.sweeper import Sweeper
from hinterland.jobs.upload_files import upload_path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    opened = Service(tmp_path / "data")
    yield opened
    opened.close()


def sweep(service: Service) -> None:
    Sweeper(service.database, service.folders, upload_retention_s=3600.0).sweep()


def result(service: Service, name: str) -> Path:
    folder = service.folders.results / name
    folder.mkdir()
    (folder / "mosaic.tif").write_bytes(b"abc")
    return folder


def succeed(service: Service, job: Job) -> Path:
    name = f"{job.id}.{job.fence}"
    folder = result(service, name)
    outcome = Succeeded(folder=name, files=(ResultFile(path="mosaic.tif", size_bytes=3, sha256="00"),))
    service.database.write(lambda c: finish(c, job.id, job.fence, outcome)).result()
    return folder


def test_a_result_stays_while_a_row_names_it_or_may_yet_name_it(service: Service) -> None:
    submit(service.database)
    done = succeed(service, take_one(service.database))
    submit(service.database)
    running = take_one(service.database)
    unwritten = result(service, f"{running.id}.{running.fence}")
    older = result(service, f"{running.id}.{running.fence - 1}")
    unknown = result(service, "0" * 26 + ".1")
    sweep(service)
    assert done.is_dir()
    assert unwritten.is_dir()
    assert not older.exists()
    assert not unknown.exists()


def test_a_deleted_job_leaves_nothing_on_the_disk(service: Service) -> None:
    job = submit(service.database)
    folder = succeed(service, take_one(service.database))
    service.folders.job(job.id).mkdir()
    service.database.write(lambda c: delete_job(c, "ada", job.id)).result()
    sweep(service)
    assert not folder.exists()
    assert not service.folders.job(job.id).exists()


def test_jobs_expire_after_their_time_and_not_before(service: Service) -> None:
    kept, over = submit(service.database), submit(service.database)
    folders = [succeed(service, take_one(service.database)) for _ in range(2)]
    past = sa.update(jobs).where(jobs.c.id == over.id).values(expires_s=1.0)
    service.database.write(lambda c: c.execute(past).rowcount).result()
    sweep(service)
    found = service.database.read(lambda c: list_jobs(c, "ada", page_size=9))
    assert [job.id for job in found] == [kept.id]
    assert [folder.exists() for folder in folders] == [True, False]


def test_only_the_attempt_under_way_keeps_its_folder(service: Service) -> None:
    submit(service.database)
    job = take_one(service.database)
    for fence in (job.fence, job.fence + 7):
        service.folders.attempt(job.id, fence).mkdir(parents=True)
    kept = service.folders.job(job.id) / "checkpoints"
    kept.mkdir()
    sweep(service)
    assert service.folders.attempt(job.id, job.fence).is_dir()
    assert not service.folders.attempt(job.id, job.fence + 7).exists()
    assert kept.is_dir()


def test_plans_that_a_killed_server_left_go_after_a_day(service: Service) -> None:
    fresh, old = service.folders.work / "plan-1", service.folders.work / "plan-2"
    for folder in (fresh, old):
        folder.mkdir()
    os.utime(old, (0.0, 0.0))
    sweep(service)
    assert fresh.is_dir()
    assert not old.exists()


def test_uploads_and_files_that_nobody_asks_for_go_in_their_time(service: Service) -> None:
    database, folder = service.database, service.folders.root
    over, kept = create(database, folder), create(database, folder, sha256=sha256_of(b"other"))
    for upload in (over, kept):
        with opened(database, folder, upload) as writer:
            append(writer, BYTES, 0, 10)
    past = sa.update(uploads).where(uploads.c.id == over.id).values(expires_s=1.0)
    database.write(lambda c: c.execute(past).rowcount).result()
    unused, fresh = (take_in(database, folder, data) for data in (b"unused", b"fresh"))
    past = sa.update(files).where(files.c.sha256 == unused.sha256).values(used_s=1.0)
    database.write(lambda c: c.execute(past).rowcount).result()
    sweep(service)
    assert [upload_path(folder, one.id).exists() for one in (over, kept)] == [False, True]
    assert [content_path(folder, OWNER, one.sha256).exists() for one in (unused, fresh)] == [False, True]


def test_jobs_of_lost_workers_are_taken_back(service: Service) -> None:
    submit(service.database)
    job = take_one(service.database, lease_s=-1.0)
    Sweeper(service.database, service.folders, upload_retention_s=1.0).take_back()
    assert service.job(job).state is State.PENDING

"""Jobs over the wire: submitted once, listed in pages, moved along the graph of states."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import duration_pb2
from grpc_server import Running, new_panorama, reason_of, serving
from job_store import FAILURE, take_one

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.jobs.leases import finish


def with_server(folder: Path, use: Callable[[Running], Awaitable[Any]], **settings: Any) -> Any:
    """What a use of a server gives."""

    async def run() -> Any:
        async with serving(folder, **settings) as running:
            return await use(running)

    return asyncio.run(run())


async def refusal(call: Awaitable[Any]) -> str:
    """The reason that a call is refused with."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason_of(error.value)


def test_64_equal_submits_at_once_make_one_job(tmp_path: Path) -> None:
    async def use(running: Running) -> None:
        caller = running.caller()
        request = new_panorama(await caller.upload(), request_id=str(uuid.uuid4()))
        answers = await asyncio.gather(*(caller.jobs.CreateJob(request) for _ in range(64)))
        assert len({job.name for job in answers}) == 1
        assert len((await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest())).jobs) == 1
        request.job.title = "another"
        assert await refusal(caller.jobs.CreateJob(request)) == "REQUEST_ID_REUSED"

    with_server(tmp_path, use)


def test_a_job_is_told_as_it_was_asked_and_as_it_stands(tmp_path: Path) -> None:
    async def use(running: Running) -> job_pb2.Job:
        caller = running.caller()
        asked = {
            "title": "Cape Verde",
            "labels": {"sol": "952"},
            "max_run_duration": duration_pb2.Duration(seconds=90),
        }
        made = await caller.submit(**asked)
        assert await caller.jobs.GetJob(jobs_pb2.GetJobRequest(name=made.name)) == made
        return made

    job = with_server(tmp_path, use)
    assert (job.title, dict(job.labels), job.max_run_duration.seconds) == ("Cape Verde", {"sol": "952"}, 90)
    assert (job.state, job.sequence, job.attempt) == (job_pb2.Job.PENDING, 1, 0)
    assert job.panorama.frames[0].filename == "frame.IMG"
    assert job.HasField("create_time")
    assert not job.HasField("start_time")
    assert not job.HasField("error")


def test_pages_hold_every_job_once_the_newest_first(tmp_path: Path) -> None:
    async def use(running: Running) -> tuple[list[str], list[str], list[int]]:
        caller = running.caller()
        made = [(await caller.submit(labels={"n": str(number % 2)})).name for number in range(7)]
        found, sizes, token = [], [], ""
        while True:
            request = jobs_pb2.ListJobsRequest(page_size=3, page_token=token)
            page = await caller.jobs.ListJobs(request)
            found += [job.name for job in page.jobs]
            sizes.append(len(page.jobs))
            token = page.next_page_token
            if not token:
                break
            await caller.submit()  # what comes between pages does not shift them
        odd = await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest(filter="labels.n=1 AND state=PENDING"))
        assert [job.name for job in odd.jobs] == made[5::-2]
        return made, found, sizes

    made, found, sizes = with_server(tmp_path, use)
    assert found == made[::-1]
    assert sizes == [3, 3, 1]


def test_a_page_of_large_jobs_ends_before_it_is_too_large_for_a_client(tmp_path: Path) -> None:
    async def use(running: Running) -> tuple[list[int], int]:
        caller = running.caller()
        file = await caller.upload()
        names = (f"{number:03}{'x' * 120}.IMG" for number in range(2000))
        frames = [job_pb2.InputFile(file=file, filename=name) for name in names]
        request = jobs_pb2.CreateJobRequest(job=job_pb2.Job(panorama=job_pb2.PanoramaSpec(frames=frames)))
        for _ in range(12):
            await caller.jobs.CreateJob(request)
        sizes, token = [], ""
        while True:
            page = await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest(page_size=1000, page_token=token))
            sizes.append(page.ByteSize())
            token = page.next_page_token
            if not token:
                return sizes, sum(sizes)

    sizes, total = with_server(tmp_path, use)
    assert max(sizes) < 4 << 20 < total


def test_states_move_as_the_contract_says(tmp_path: Path) -> None:
    async def use(running: Running) -> None:
        caller, database = running.caller(), running.server.database
        name = (await caller.submit()).name
        get, cancel = jobs_pb2.GetJobRequest(name=name), jobs_pb2.CancelJobRequest(name=name)
        retry, delete = jobs_pb2.RetryJobRequest(name=name), jobs_pb2.DeleteJobRequest(name=name)

        assert await refusal(caller.jobs.RetryJob(retry)) == "STATE_WRONG"
        assert await refusal(caller.jobs.DeleteJob(delete)) == "STATE_WRONG"
        assert (await caller.jobs.CancelJob(cancel)).state == job_pb2.Job.CANCELLED
        assert (await caller.jobs.CancelJob(cancel)).state == job_pb2.Job.CANCELLED
        assert (await caller.jobs.RetryJob(retry)).state == job_pb2.Job.PENDING

        taken = await asyncio.to_thread(take_one, database)
        assert (await caller.jobs.GetJob(get)).state == job_pb2.Job.RUNNING
        assert (await caller.jobs.CancelJob(cancel)).state == job_pb2.Job.CANCELLING
        write = database.write(lambda connection: finish(connection, taken.id, taken.fence, FAILURE))
        await asyncio.wrap_future(write)
        failed = await caller.jobs.GetJob(get)
        assert (failed.state, failed.error.message) == (job_pb2.Job.FAILED, "a fault of ours")
        assert failed.error.code == grpc.StatusCode.INTERNAL.value[0]
        assert failed.expire_time.seconds > failed.end_time.seconds

        await caller.jobs.DeleteJob(delete)
        assert await refusal(caller.jobs.GetJob(get)) == "NOT_YOURS"

    with_server(tmp_path, use)


def test_a_file_that_was_not_uploaded_is_named(tmp_path: Path) -> None:
    async def use(running: Running) -> str:
        return await refusal(running.caller().jobs.CreateJob(new_panorama("files/" + "00" * 32)))

    assert with_server(tmp_path, use) == "FILE_NOT_FOUND"


def test_a_full_disk_takes_no_job_and_still_answers(tmp_path: Path) -> None:
    async def use(running: Running) -> str:
        caller = running.caller()
        reason = await refusal(caller.jobs.CreateJob(new_panorama()))
        assert list((await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest())).jobs) == []
        return reason

    # the mark lies below what any disk has in use
    assert with_server(tmp_path, use, disk_high_water=1e-9) == "DISK_FULL"


def test_a_draining_server_says_so_and_when_to_come_again(tmp_path: Path) -> None:
    async def use(running: Running) -> str:
        await running.server.drain()
        return await refusal(running.caller().jobs.ListJobs(jobs_pb2.ListJobsRequest()))

    assert with_server(tmp_path, use) == "DRAINING"


def test_a_call_is_answered_with_the_request_it_was_sent_with(tmp_path: Path) -> None:
    async def use(running: Running) -> list[str]:
        found = []
        for metadata in ((("x-request-id", "a-1"),), (("x-request-id", 'a"\\ {1}'),), ()):
            call = running.caller().jobs.ListJobs(jobs_pb2.ListJobsRequest(), metadata=metadata)
            await call
            found.append(dict(await call.trailing_metadata())["x-request-id"])
        return found

    given, *made = with_server(tmp_path, use)
    assert given == "a-1"
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in made)

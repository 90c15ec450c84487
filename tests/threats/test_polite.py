"""Threat 5.15: one owner's demands leave room for another's."""

import asyncio
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_server import detail, new_panorama, reason_of, serving
from job_store import take_one

from hinterland.api.v1 import inputs_pb2, jobs_pb2


def test_an_owner_who_submits_thousands_does_not_delay_anothers_first_job(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with serving(tmp_path, has_tokens=True) as running:
            ada, bob = running.caller("ada"), running.caller("bob")
            request = new_panorama(await ada.upload())
            for _ in range(20):
                await asyncio.gather(
                    *(ada.jobs.CreateJob(request, metadata=ada.metadata) for _ in range(100))
                )
            await bob.submit()
            database = running.server.database
            return [(await asyncio.to_thread(take_one, database)).owner for _ in range(4)]

    # at most one of hers is taken before his
    assert asyncio.run(run()) == ["ada", "bob", "ada", "ada"]


def test_quotas_are_an_owners_own_and_say_when_to_come_again(tmp_path: Path) -> None:
    async def run() -> None:
        limits = {"owner_queued_jobs": 2, "owner_bytes": 40}
        async with serving(tmp_path, has_tokens=True, **limits) as running:
            ada, bob = running.caller("ada"), running.caller("bob")
            for _ in range(2):
                await ada.submit()
            for call in (
                ada.jobs.CreateJob(new_panorama(), metadata=ada.metadata),
                ada.inputs.CreateUpload(
                    inputs_pb2.CreateUploadRequest(upload=inputs_pb2.Upload(size_bytes=30, sha256="ab" * 32)),
                    metadata=ada.metadata,
                ),
            ):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await call
                assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert reason_of(error.value) == "QUOTA_EXCEEDED"
                assert detail(error.value, error_details_pb2.RetryInfo).retry_delay.seconds >= 1
            assert (await bob.submit()).name

    asyncio.run(run())


def test_calls_past_the_burst_are_told_to_try_again_and_none_seems_cancelled(tmp_path: Path) -> None:
    async def run() -> set[grpc.StatusCode]:
        async with serving(tmp_path, submit_burst=8) as running:
            caller = running.caller()

            async def one() -> grpc.StatusCode:
                try:
                    await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest())
                except grpc.aio.AioRpcError as error:
                    return error.code()
                return grpc.StatusCode.OK

            return set(await asyncio.gather(*(one() for _ in range(400))))

    codes = asyncio.run(run())
    assert grpc.StatusCode.OK in codes
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}

"""Threats 5.10 and 5.11: calls without identity, and calls for what is another's."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_server import Caller, Running, reason_of, serving

from hinterland.api.v1 import inputs_pb2, job_pb2, jobs_pb2, results_pb2, server_pb2

METHODS = [
    *(
        method
        for file in (jobs_pb2, inputs_pb2, results_pb2, server_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ),
    *reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].methods,
]
NOBODYS = "jobs/" + "0" * 26


def call(caller: Caller, method: MethodDescriptor, request: Any, metadata: Any) -> Any:
    """Begin a call of any method; awaiting it, or its first response, gives the answer."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    kinds = {
        (False, False): caller.channel.unary_unary,
        (False, True): caller.channel.unary_stream,
        (True, False): caller.channel.stream_unary,
        (True, True): caller.channel.stream_stream,
    }
    make = kinds[method.client_streaming, method.server_streaming]
    stub = make(
        path, lambda message: message.SerializeToString(), GetMessageClass(method.output_type).FromString
    )
    return stub([request] if method.client_streaming else request, metadata=metadata)


async def error_of(
    caller: Caller, method: MethodDescriptor, request: Any = None, metadata: Any = None
) -> grpc.aio.AioRpcError:
    """The error that a call must end with."""
    message = GetMessageClass(method.input_type)() if request is None else request
    made = call(caller, method, message, caller.metadata if metadata is None else metadata)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await (drained(made) if method.server_streaming else made)
    return error.value


async def drained(responses: AsyncIterator[Any]) -> list[Any]:
    return [response async for response in responses]


def by_name(name: str) -> MethodDescriptor:
    (found,) = [method for method in METHODS if method.name == name]
    return found


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "TOKEN_MISSING"),
        ((("authorization", "Bearer hinterland_bm9uZSBvZiB5b3Vycw"),), "TOKEN_UNKNOWN"),
        ((("authorization", "Basic YWRhOmFkYQ=="),), "TOKEN_UNKNOWN"),
        ((("authorization", "Bearer "),), "TOKEN_UNKNOWN"),
        ((("authorization", "Bearer " + "x" * 7000),), "TOKEN_UNKNOWN"),
    ],
    ids=["none", "unknown", "other scheme", "empty", "long"],
)
def test_no_method_answers_a_caller_it_does_not_know(
    tmp_path: Path, metadata: tuple[tuple[str, str], ...], reason: str
) -> None:
    async def reasons() -> dict[str, str]:
        async with serving(tmp_path, has_tokens=True) as running:
            caller = running.caller()
            return {
                method.full_name: reason_of(await error_of(caller, method, metadata=metadata))
                for method in METHODS
            }

    assert asyncio.run(reasons()) == {method.full_name: reason for method in METHODS}


def test_a_caller_who_is_not_known_learns_nothing_from_what_is_invalid(tmp_path: Path) -> None:
    async def codes() -> list[grpc.StatusCode]:
        async with serving(tmp_path, has_tokens=True) as running:
            caller = running.caller()
            requests = [b"\xff\xff\xff", jobs_pb2.GetJobRequest(name="../x").SerializeToString()]
            found = []
            for raw in requests:
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await caller.channel.unary_unary("/hinterland.api.v1.Jobs/GetJob")(raw)
                found.append(error.value.code())
            return found

    assert asyncio.run(codes()) == [grpc.StatusCode.UNAUTHENTICATED] * 2


def test_health_needs_no_token(tmp_path: Path) -> None:
    async def status() -> int:
        async with serving(tmp_path, has_tokens=True) as running:
            method = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name["Check"]
            answer = await call(running.caller(), method, health_pb2.HealthCheckRequest(), ())
            return int(answer.status)

    assert asyncio.run(status()) == health_pb2.HealthCheckResponse.SERVING


# every method that names a thing, with a request for it
NAMING = {
    "GetJob": lambda job, _: jobs_pb2.GetJobRequest(name=job),
    "WatchJob": lambda job, _: jobs_pb2.WatchJobRequest(name=job),
    "CancelJob": lambda job, _: jobs_pb2.CancelJobRequest(name=job),
    "RetryJob": lambda job, _: jobs_pb2.RetryJobRequest(name=job),
    "DeleteJob": lambda job, _: jobs_pb2.DeleteJobRequest(name=job),
    "CreateJob": lambda job, _: jobs_pb2.CreateJobRequest(
        job=job_pb2.Job(
            overview=job_pb2.OverviewSpec(
                panorama=job,
                base_maps=[
                    job_pb2.InputFile(file=f"files/{hashlib.sha256(b'map').hexdigest()}", filename="map.tif")
                ],
            )
        )
    ),
    "GetManifest": lambda job, _: results_pb2.GetManifestRequest(job=job),
    "ReadFile": lambda job, _: results_pb2.ReadFileRequest(job=job, path="panorama.tif"),
    "GetUpload": lambda _, upload: inputs_pb2.GetUploadRequest(name=upload),
    "WriteUpload": lambda _, upload: inputs_pb2.WriteUploadRequest(name=upload, data=b"x"),
    "FinishUpload": lambda _, upload: inputs_pb2.FinishUploadRequest(name=upload),
}
# of the rest, these only ever tell of the caller's own
OWN = {"ListJobs", "CreateUpload", "GetServerInfo", "ServerReflectionInfo"}


def test_what_is_anothers_and_what_does_not_exist_are_told_alike(tmp_path: Path) -> None:
    async def told() -> dict[str, tuple[tuple[grpc.StatusCode, str, str], ...]]:
        async with serving(tmp_path, has_tokens=True) as running:
            job, upload = await things_of(running.caller("ada"))
            bob = running.caller("bob")
            await bob.upload(b"map")
            found = {}
            for name, request in NAMING.items():
                theirs = await error_of(bob, by_name(name), request(job, upload))
                nobodys = await error_of(bob, by_name(name), request(NOBODYS, "uploads/" + "0" * 26))
                found[name] = tuple(
                    (
                        error.code(),
                        reason_of(error),
                        error.details().replace(job, "IT").replace(NOBODYS, "IT"),
                    )
                    for error in (theirs, nobodys)
                )
            return found

    assert NAMING.keys() | OWN == {method.name for method in METHODS}
    for name, (theirs, nobodys) in asyncio.run(told()).items():
        assert theirs == nobodys, name
        assert theirs[:2] == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOURS"), name


async def things_of(caller: Caller) -> tuple[str, str]:
    """Names of a job and of an upload of a caller."""
    job = await caller.submit()
    upload = inputs_pb2.Upload(size_bytes=1, sha256=hashlib.sha256(b"x").hexdigest())
    request = inputs_pb2.CreateUploadRequest(upload=upload)
    return job.name, (await caller.inputs.CreateUpload(request, metadata=caller.metadata)).name


def test_lists_files_and_page_tokens_hold_only_what_is_the_callers(tmp_path: Path) -> None:
    async def check(running: Running) -> None:
        ada, bob = running.caller("ada"), running.caller("bob")
        names = [(await ada.submit()).name for _ in range(3)]
        first = await ada.jobs.ListJobs(jobs_pb2.ListJobsRequest(page_size=2), metadata=ada.metadata)
        assert [job.name for job in first.jobs] == names[:0:-1]
        nothing = await bob.jobs.ListJobs(jobs_pb2.ListJobsRequest(), metadata=bob.metadata)
        assert list(nothing.jobs) == []
        stolen = jobs_pb2.ListJobsRequest(page_size=2, page_token=first.next_page_token)
        assert reason_of(await error_of(bob, by_name("ListJobs"), stolen)) == "PAGE_TOKEN_INVALID"
        # a file's digest gives no right to it
        spec = job_pb2.PanoramaSpec(frames=[names_file(names)])
        request = jobs_pb2.CreateJobRequest(job=job_pb2.Job(panorama=spec))
        assert reason_of(await error_of(bob, by_name("CreateJob"), request)) == "FILE_NOT_FOUND"

    def names_file(_: list[str]) -> job_pb2.InputFile:
        digest = hashlib.sha256(b"a frame of Mars").hexdigest()
        return job_pb2.InputFile(file=f"files/{digest}", filename="frame.IMG")

    async def run() -> None:
        async with serving(tmp_path, has_tokens=True) as running:
            await check(running)

    asyncio.run(run())


def test_refusing_what_is_anothers_reads_no_more_than_refusing_what_does_not_exist(tmp_path: Path) -> None:
    # how long it takes would tell: what is another's is sought by its owner too, and its row stays unread
    async def statements() -> list[list[str]]:
        found: list[list[str]] = []

        def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            if "FROM jobs" in statement:
                assert "bob" in parameters
                found[-1].append(statement)

        async with serving(tmp_path, has_tokens=True) as running:
            job = await running.caller("ada").submit()
            bob = running.caller("bob")
            sa.event.listen(sa.Engine, "before_cursor_execute", note)
            try:
                for name in (job.name, NOBODYS):
                    found.append([])
                    for method in ("GetJob", "CancelJob", "DeleteJob", "RetryJob"):
                        request = GetMessageClass(by_name(method).input_type)(name=name)
                        await error_of(bob, by_name(method), request)
            finally:
                sa.event.remove(sa.Engine, "before_cursor_execute", note)
        return found

    theirs, nobodys = asyncio.run(statements())
    assert theirs == nobodys
    assert len(theirs) == 4


def test_a_server_that_others_reach_does_not_start_without_tls_and_identity(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hinterland.cli", "serve", "--data", str(tmp_path / "data")]
    done = subprocess.run([*command, "--listen", "0.0.0.0:0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is reached from other machines: give tls_certificate, tls_key and tokens" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()

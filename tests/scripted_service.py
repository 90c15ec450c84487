"""A server of the contract that keeps what it is told in memory and fails as its test says."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import google_crc32c
import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from hinterland.api.v1 import (
    inputs_pb2,
    inputs_pb2_grpc,
    job_pb2,
    jobs_pb2,
    jobs_pb2_grpc,
    results_pb2,
    results_pb2_grpc,
)

JOB = "jobs/00000000000000000000000001"
CONTEXT = grpc.aio.ServicerContext


async def refuse(context: CONTEXT, code: grpc.StatusCode, reason: str, message: str) -> None:
    """End a call as the real server does."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="hinterland"))
    status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
    await context.abort_with_status(rpc_status.to_status(status))


@dataclass
class Script(inputs_pb2_grpc.InputsServicer, jobs_pb2_grpc.JobsServicer, results_pb2_grpc.ResultsServicer):
    """The services; `fails` is asked before each call with its name and how often it was called."""

    fails: Callable[[str, int], grpc.StatusCode | None] = lambda _, __: None
    calls: list[str] = field(default_factory=list)
    sent: dict[str, bytearray] = field(default_factory=dict)
    requests: list[jobs_pb2.CreateJobRequest] = field(default_factory=list)
    changes: list[jobs_pb2.WatchJobResponse] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    break_after: int | None = None
    """Messages of a stream after which it breaks, once."""
    breaks_with: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    """What the client hears of it."""
    damage: bool = False
    """Flip a bit of what is downloaded."""

    async def _begin(self, name: str, context: CONTEXT) -> None:
        self.calls.append(name)
        self.metadata.append(dict(context.invocation_metadata() or ()))
        code = self.fails(name, self.calls.count(name))
        if code is grpc.StatusCode.UNAVAILABLE:
            await context.abort(code, "no server today")
        if code is not None:
            await refuse(context, code, "FIELD_INVALID", "that cannot be")

    async def _break(self, context: CONTEXT, done: int) -> None:
        if self.break_after is not None and done > self.break_after:
            self.break_after = None
            await context.abort(self.breaks_with, "the line went dead")

    async def CreateUpload(  # noqa: N802 - the contract's name
        self, request: inputs_pb2.CreateUploadRequest, context: CONTEXT
    ) -> inputs_pb2.Upload:
        await self._begin("CreateUpload", context)
        name = f"uploads/{request.upload.sha256}"
        if len(self.sent.setdefault(name, bytearray())) == request.upload.size_bytes:
            return inputs_pb2.Upload(
                name=name, state=inputs_pb2.Upload.FINISHED, file=f"files/{request.upload.sha256}"
            )
        return self._upload(name, request.upload.size_bytes)

    async def GetUpload(  # noqa: N802 - the contract's name
        self, request: inputs_pb2.GetUploadRequest, context: CONTEXT
    ) -> inputs_pb2.Upload:
        await self._begin("GetUpload", context)
        return self._upload(request.name, self._size)

    async def WriteUpload(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[inputs_pb2.WriteUploadRequest], context: CONTEXT
    ) -> inputs_pb2.Upload:
        await self._begin("WriteUpload", context)
        name = ""
        done = 0
        async for piece in request_iterator:
            await self._break(context, done)
            name = name or piece.name
            assert piece.offset == len(self.sent[name])
            assert google_crc32c.value(piece.data) == piece.crc32c
            self.sent[name] += piece.data
            done += 1
        return self._upload(name, self._size)

    async def FinishUpload(  # noqa: N802 - the contract's name
        self, request: inputs_pb2.FinishUploadRequest, context: CONTEXT
    ) -> inputs_pb2.File:
        await self._begin("FinishUpload", context)
        return inputs_pb2.File(name=f"files/{hashlib.sha256(self.sent[request.name]).hexdigest()}")

    async def CreateJob(  # noqa: N802 - the contract's name
        self, request: jobs_pb2.CreateJobRequest, context: CONTEXT
    ) -> job_pb2.Job:
        self.requests.append(request)
        await self._begin("CreateJob", context)
        return job_pb2.Job(name=JOB, state=job_pb2.Job.PENDING, panorama=request.job.panorama)

    async def GetJob(  # noqa: N802 - the contract's name
        self, request: jobs_pb2.GetJobRequest, context: CONTEXT
    ) -> job_pb2.Job:
        await self._begin("GetJob", context)
        return job_pb2.Job(name=request.name, state=job_pb2.Job.PENDING, title="x\n\x1b[2Jy")

    async def RetryJob(  # noqa: N802 - the contract's name
        self, request: jobs_pb2.RetryJobRequest, context: CONTEXT
    ) -> job_pb2.Job:
        await self._begin("RetryJob", context)
        return job_pb2.Job(name=request.name)

    async def ListJobs(  # noqa: N802 - the contract's name
        self, request: jobs_pb2.ListJobsRequest, context: CONTEXT
    ) -> jobs_pb2.ListJobsResponse:
        await self._begin("ListJobs", context)
        first = int(request.page_token or 0)
        jobs = [job_pb2.Job(name=f"jobs/{number}") for number in range(first, first + 2)]
        return jobs_pb2.ListJobsResponse(jobs=jobs, next_page_token="2" if first == 0 else "")

    async def WatchJob(  # noqa: N802 - the contract's name
        self, request: jobs_pb2.WatchJobRequest, context: CONTEXT
    ) -> AsyncIterator[jobs_pb2.WatchJobResponse]:
        await self._begin("WatchJob", context)
        later = (change for change in self.changes if change.sequence > request.start_sequence)
        for done, change in enumerate(later):
            await self._break(context, done)
            yield change

    async def GetManifest(  # noqa: N802 - the contract's name
        self, request: results_pb2.GetManifestRequest, context: CONTEXT
    ) -> results_pb2.Manifest:
        await self._begin("GetManifest", context)
        files = [
            results_pb2.ResultFile(
                path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
            )
            for path, content in self.files.items()
        ]
        return results_pb2.Manifest(job=request.job, files=files)

    async def ReadFile(  # noqa: N802 - the contract's name
        self, request: results_pb2.ReadFileRequest, context: CONTEXT
    ) -> AsyncIterator[results_pb2.ReadFileResponse]:
        await self._begin("ReadFile", context)
        content = self.files[request.path]
        for done, offset in enumerate(range(request.offset, len(content), 1000)):
            await self._break(context, done)
            data = content[offset : offset + 1000]
            crc32c = google_crc32c.value(data)
            if self.damage:
                data = bytes([data[0] ^ 1]) + data[1:]
            yield results_pb2.ReadFileResponse(offset=offset, data=data, crc32c=crc32c)

    def _upload(self, name: str, size_bytes: int) -> inputs_pb2.Upload:
        self._size = size_bytes
        return inputs_pb2.Upload(
            name=name,
            size_bytes=size_bytes,
            state=inputs_pb2.Upload.OPEN,
            committed_bytes=len(self.sent[name]),
        )


def served(script: Script, work: Callable[[str], Awaitable[None]]) -> None:
    """Serve a script on a free port and do some work with its address."""

    async def serve() -> None:
        server = grpc.aio.server()
        inputs_pb2_grpc.add_InputsServicer_to_server(script, server)
        jobs_pb2_grpc.add_JobsServicer_to_server(script, server)
        results_pb2_grpc.add_ResultsServicer_to_server(script, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            await work(f"127.0.0.1:{port}")
        finally:
            await server.stop(None)

    asyncio.run(serve())

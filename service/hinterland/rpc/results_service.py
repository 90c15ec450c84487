"""Results of the contract: files are found in the manifest, never by a path that a caller made."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import google_crc32c
from sqlalchemy.engine import Connection

from hinterland.api.v1 import results_pb2, results_pb2_grpc
from hinterland.jobs import store
from hinterland.jobs.model import Job, ResultFile
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.backstage import Backstage, ended
from hinterland.rpc.convert import result_file_message, timestamp
from hinterland.rpc.interceptors import Context, about_job, caller
from hinterland.rpc.requests import invalid, job_id

PIECE_BYTES = 1 << 20


class ResultsService(results_pb2_grpc.ResultsServicer):
    """Hands out the results of the caller's jobs."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage

    async def GetManifest(
        self,
        request: results_pb2.GetManifestRequest,
        context: Context,  # noqa: ARG002
    ) -> results_pb2.Manifest:
        """Name, size and checksum of each file."""
        wanted = job_id(request.job, "job")
        about_job(wanted)
        job, _, files = await self._backstage.read(partial(_result, caller(), wanted))
        manifest = results_pb2.Manifest(job=request.job, files=map(result_file_message, files))
        if job.expires_s is not None:
            manifest.expire_time.CopyFrom(timestamp(job.expires_s))
        return manifest

    async def ReadFile(
        self,
        request: results_pb2.ReadFileRequest,
        context: Context,  # noqa: ARG002
    ) -> AsyncIterator[results_pb2.ReadFileResponse]:
        """A file, or a part of it, in pieces."""
        wanted = job_id(request.job, "job")
        about_job(wanted)
        if request.limit_bytes < 0:
            raise invalid("limit_bytes", f"0 or more, got {request.limit_bytes}")
        _, folder, files = await self._backstage.read(partial(_result, caller(), wanted))
        file = next((file for file in files if file.path == request.path), None)
        if file is None:
            message = f"path: jobs/{wanted} has no such file; GetManifest names them"
            raise RefusedError(Reason.RESULT_FILE_NOT_FOUND, message)
        if not 0 <= request.offset <= file.size_bytes:
            message = f"offset: 0 to {file.size_bytes}, the size of the file, got {request.offset}"
            raise RefusedError(Reason.OFFSET_WRONG, message, size_bytes=str(file.size_bytes))
        end = file.size_bytes
        if request.limit_bytes:
            end = min(end, request.offset + request.limit_bytes)
        descriptor = await self._backstage.on_disk(
            partial(_open, self._backstage.folders.results / folder, file)
        )
        try:
            async for response in self._pieces(descriptor, request.offset, end):
                yield response
        finally:
            await self._backstage.on_disk(partial(os.close, descriptor))

    async def _pieces(
        self, descriptor: int, offset: int, end: int
    ) -> AsyncIterator[results_pb2.ReadFileResponse]:
        """One piece is read while the one before is sent."""
        ahead = self._piece(descriptor, offset, end)
        try:
            while (response := await asyncio.shield(ahead)) is not None:
                size_bytes = len(response.data)  # once: each look at the data is a copy
                ahead = self._piece(descriptor, response.offset + size_bytes, end)
                self._backstage.metrics.transfer("out", size_bytes)
                yield response
        finally:
            await ended(ahead)  # the descriptor must not be closed under a thread that reads

    def _piece(
        self, descriptor: int, offset: int, end: int
    ) -> asyncio.Task[results_pb2.ReadFileResponse | None]:
        return asyncio.ensure_future(self._backstage.on_disk(partial(_read, descriptor, offset, end)))


def _result(owner: str, wanted: str, connection: Connection) -> tuple[Job, str, tuple[ResultFile, ...]]:
    folder, files = store.result_of(connection, owner, wanted)
    return store.get_job(connection, owner, wanted), folder, files


def _open(folder: Path, file: ResultFile) -> int:
    descriptor = os.open(folder / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if os.fstat(descriptor).st_size != file.size_bytes:
        os.close(descriptor)
        raise _damaged()
    return descriptor


def _read(descriptor: int, offset: int, end: int) -> results_pb2.ReadFileResponse | None:
    if offset >= end:
        return None
    data = os.pread(descriptor, min(PIECE_BYTES, end - offset), offset)
    if not data:
        raise _damaged()
    return results_pb2.ReadFileResponse(offset=offset, data=data, crc32c=google_crc32c.value(data))


def _damaged() -> RefusedError:
    message = "the file is not as it was made: the server's disk has lost bytes; retry the job"
    return RefusedError(Reason.CHECKSUM_WRONG, message)

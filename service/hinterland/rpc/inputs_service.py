"""Inputs of the contract: uploads are written in threads, one piece while the next one arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from hinterland.api.v1 import inputs_pb2, inputs_pb2_grpc
from hinterland.jobs import uploads
from hinterland.jobs.content import File
from hinterland.jobs.upload_writing import UploadWriter, finish_upload, open_writer
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.backstage import Backstage, ended
from hinterland.rpc.convert import timestamp
from hinterland.rpc.interceptors import Context, caller
from hinterland.rpc.requests import invalid, sha256, upload_id

MOST_PIECE_BYTES = 1 << 20
SILENCE_S = 60.0
"""A stream that brings nothing for so long is ended, so that another can go on with its upload."""
_FINISHING = 2

Requests = AsyncIterator[inputs_pb2.WriteUploadRequest]


class InputsService(inputs_pb2_grpc.InputsServicer):
    """Takes the caller's files in."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._limits = uploads.UploadLimits.of(backstage.settings)
        # each reads a whole file: more at a time would leave no thread to those that write
        self._finishing = asyncio.Semaphore(_FINISHING)

    async def CreateUpload(
        self,
        request: inputs_pb2.CreateUploadRequest,
        context: Context,  # noqa: ARG002
    ) -> inputs_pb2.Upload:
        """Begin an upload."""
        asked = request.upload
        create = partial(
            uploads.create_upload,
            folder=self._backstage.settings.data,
            owner=caller(),
            size_bytes=asked.size_bytes,
            sha256=sha256(asked.sha256, "upload.sha256"),
            limits=self._limits,
        )
        return _upload(await self._backstage.write(create))

    async def GetUpload(
        self,
        request: inputs_pb2.GetUploadRequest,
        context: Context,  # noqa: ARG002
    ) -> inputs_pb2.Upload:
        """How much of an upload is kept."""
        return await self._read(caller(), upload_id(request.name))

    async def WriteUpload(
        self,
        requests: Requests,
        context: Context,  # noqa: ARG002
    ) -> inputs_pb2.Upload:
        """Add bytes; what was added is on the disk when this returns, and also where the stream breaks."""
        owner = caller()
        first = await _next(requests)
        if first is None:
            raise invalid("name", "the stream brought no message")
        wanted = upload_id(first.name)
        async with self._writer(owner, wanted) as writer:
            await self._write(writer, first, requests)
        return await self._read(owner, wanted)

    async def FinishUpload(
        self,
        request: inputs_pb2.FinishUploadRequest,
        context: Context,  # noqa: ARG002
    ) -> inputs_pb2.File:
        """Make an upload a file."""
        finish = partial(
            finish_upload,
            self._backstage.database,
            self._backstage.settings.data,
            owner=caller(),
            upload_id=upload_id(request.name),
            limits=self._limits,
        )
        async with self._finishing:
            file: File = await self._backstage.on_disk(finish)
        return inputs_pb2.File(
            name=f"files/{file.sha256}",
            size_bytes=file.size_bytes,
            expire_time=timestamp(file.used_s + self._backstage.settings.upload_retention_s),
        )

    async def _read(self, owner: str, wanted: str) -> inputs_pb2.Upload:
        read = partial(uploads.get_upload, owner=owner, upload_id=wanted)
        return _upload(await self._backstage.read(read))

    async def _write(
        self, writer: UploadWriter, first: inputs_pb2.WriteUploadRequest, requests: Requests
    ) -> None:
        request: inputs_pb2.WriteUploadRequest | None = first
        writing: asyncio.Future[None] | None = None
        try:
            while request is not None:
                data = request.data  # once: each look at it is a copy
                if not 1 <= len(data) <= MOST_PIECE_BYTES:
                    raise invalid("data", f"1 to {MOST_PIECE_BYTES} bytes, got {len(data)}")
                if writing is not None:
                    await asyncio.shield(writing)
                append = partial(writer.append, request.offset, data, request.crc32c)
                writing = asyncio.ensure_future(self._backstage.on_disk(append))
                self._backstage.metrics.transfer("in", len(data))
                request = await _next(requests)
        finally:
            await ended(writing)
        if writing is not None:
            writing.result()

    @asynccontextmanager
    async def _writer(self, owner: str, wanted: str) -> AsyncIterator[UploadWriter]:
        """The writer of an upload, closed however the call ends: a lock that stayed would bar the next."""
        open_it = partial(
            open_writer,
            self._backstage.database,
            self._backstage.settings.data,
            owner=owner,
            upload_id=wanted,
            limits=self._limits,
        )
        opening = asyncio.ensure_future(self._backstage.on_disk(open_it))
        try:
            yield await asyncio.shield(opening)
        finally:
            await ended(opening)
            if opening.exception() is None:
                closing = asyncio.ensure_future(
                    self._backstage.on_disk(partial(opening.result().__exit__, None, None, None))
                )
                await ended(closing)
                closing.result()


async def _next(requests: Requests) -> inputs_pb2.WriteUploadRequest | None:
    """The next message of a stream; None at its end."""
    try:
        async with asyncio.timeout(SILENCE_S):
            return await anext(requests, None)
    except TimeoutError:
        message = f"nothing came for {SILENCE_S:g} s; go on from committed_bytes"
        raise RefusedError(Reason.CALL_TOO_LONG, message) from None


def _upload(upload: uploads.Upload) -> inputs_pb2.Upload:
    is_finished = upload.state is uploads.UploadState.FINISHED
    return inputs_pb2.Upload(
        name=f"uploads/{upload.id}",
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        state=upload.state.value,
        committed_bytes=upload.committed_bytes,
        file=f"files/{upload.sha256}" if is_finished else "",
        expire_time=None if is_finished else timestamp(upload.expires_s),
    )

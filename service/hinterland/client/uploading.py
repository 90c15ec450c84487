"""Files sent to a server: once for each content, in pieces, going on after a broken connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc

from hinterland.api.v1 import inputs_pb2, inputs_pb2_grpc
from hinterland.client.connection import LONG_S, Connection, Patience
from hinterland.client.errors import ServiceError
from hinterland.client.transfers import TransferProgress, digest, read_piece, unheard
from hinterland.reasons import Reason

_AT_A_TIME = 4


class Uploader:
    """Uploads over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inputs = inputs_pb2_grpc.InputsStub(connection.channel)

    async def upload_all(self, paths: Sequence[Path], progress: TransferProgress) -> dict[Path, str]:
        """Upload files, some at a time; the resource name of each."""
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def sent(path: Path) -> str:
            async with gate:
                return await self.upload(path, progress)

        unique = list(dict.fromkeys(paths))
        tasks = [asyncio.ensure_future(sent(path)) for path in unique]
        try:
            names = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return dict(zip(unique, names, strict=True))

    async def upload(self, path: Path, progress: TransferProgress = unheard) -> str:
        """Upload one file, unless the server has it, and return its resource name.

        Raises
        ------
        InputError
            If it cannot be read.
        ServiceError
            If the server refuses it, or stays away.
        """
        size_bytes, sha256 = await asyncio.to_thread(digest, path)
        request = inputs_pb2.CreateUploadRequest(
            upload=inputs_pb2.Upload(size_bytes=size_bytes, sha256=sha256)
        )
        upload = await self._connection.call(self._inputs.CreateUpload, request, is_safe=True)
        patience = Patience(self._connection.patience_s)
        while upload.state != inputs_pb2.Upload.FINISHED and upload.committed_bytes < size_bytes:
            committed = upload.committed_bytes
            try:
                upload = await self._write(path, upload, progress)
            except ServiceError as error:
                # our own broken stream: the server has not noticed it yet, or gRPC did as it sent a piece, which
                # it calls an internal error; the server's own have a reason
                is_busy = error.reason is Reason.UPLOAD_BUSY
                if is_busy or (error.reason is None and error.code is grpc.StatusCode.INTERNAL):
                    error.code = grpc.StatusCode.UNAVAILABLE
                if not await patience.pauses_after(error):
                    raise
                again = inputs_pb2.GetUploadRequest(name=upload.name)
                upload = await self._connection.call(self._inputs.GetUpload, again, is_safe=True)
            if upload.committed_bytes > committed:
                patience.renew()
        progress(path.name, size_bytes, size_bytes)
        if upload.state == inputs_pb2.Upload.FINISHED:
            return upload.file
        finish = inputs_pb2.FinishUploadRequest(name=upload.name)
        file = await self._connection.call(self._inputs.FinishUpload, finish, is_safe=True, within_s=LONG_S)
        return file.name

    async def _write(
        self, path: Path, upload: inputs_pb2.Upload, progress: TransferProgress
    ) -> inputs_pb2.Upload:
        async def pieces() -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
            offset = upload.committed_bytes
            while offset < upload.size_bytes:
                data, crc32c = await asyncio.to_thread(read_piece, path, offset)
                if not data:
                    return  # the file shrank: the server says that it is incomplete
                yield inputs_pb2.WriteUploadRequest(name=upload.name, offset=offset, data=data, crc32c=crc32c)
                offset += len(data)
                progress(path.name, offset, upload.size_bytes)

        async def write() -> inputs_pb2.Upload:
            return await self._inputs.WriteUpload(pieces(), metadata=self._connection.metadata)

        return await self._connection.once(write)

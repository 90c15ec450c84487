"""Results fetched from a server: checked, going on where a broken connection left off, published whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from hinterland.api.v1 import results_pb2, results_pb2_grpc
from hinterland.client.connection import Connection, Patience
from hinterland.client.errors import ServiceError
from hinterland.client.transfers import Download, TransferError, TransferProgress, checked


class Downloader:
    """Downloads over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._results = results_pb2_grpc.ResultsStub(connection.channel)

    async def manifest(self, name: str) -> results_pb2.Manifest:
        """Name, size and checksum of each file of a job's result."""
        request = results_pb2.GetManifestRequest(job=name)
        return await self._connection.call(self._results.GetManifest, request, is_safe=True)

    async def download(
        self, name: str, folder: Path, *, overwrite: bool, progress: TransferProgress
    ) -> Sequence[Path]:
        """Download a result into a folder; the files of it, in the folder."""
        manifest = await self.manifest(name)
        download = Download(folder, name.rpartition("/")[2], overwrite=overwrite)
        for file in manifest.files:
            await self._read(name, file, download, progress)
        await asyncio.to_thread(download.publish, manifest.files)
        return [folder / file.path for file in manifest.files]

    async def _read(
        self, name: str, file: results_pb2.ResultFile, download: Download, progress: TransferProgress
    ) -> None:
        patience = Patience(self._connection.patience_s)
        while (offset := download.arrived_bytes(file)) < file.size_bytes or offset == 0:
            try:
                await self._read_from(offset, name, file, download, progress)
            except ServiceError as error:
                if download.arrived_bytes(file) > offset:
                    patience.renew()
                if not await patience.pauses_after(error):
                    raise
            else:
                break
        await asyncio.to_thread(download.check, file)

    async def _read_from(
        self,
        offset: int,
        name: str,
        file: results_pb2.ResultFile,
        download: Download,
        progress: TransferProgress,
    ) -> None:
        request = results_pb2.ReadFileRequest(job=name, path=file.path, offset=offset)

        async def read() -> None:
            nonlocal offset
            with download.path(file).open("ab") as arrived:
                async for piece in self._results.ReadFile(request, metadata=self._connection.metadata):
                    await asyncio.to_thread(arrived.write, checked(file.path, piece, offset))
                    offset += len(piece.data)
                    progress(file.path, offset, file.size_bytes)

        await self._connection.once(read)
        if offset != file.size_bytes:
            message = f"{file.path}: {offset} of {file.size_bytes} bytes arrived; download again"
            raise TransferError(message)

"""A server in the test's own process, and what a client needs to call it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import google_crc32c
import grpc
from google.rpc import error_details_pb2, status_pb2

from hinterland.api.v1 import (
    inputs_pb2,
    inputs_pb2_grpc,
    job_pb2,
    jobs_pb2,
    jobs_pb2_grpc,
    results_pb2_grpc,
    server_pb2_grpc,
)
from hinterland.rpc.auth import add_token
from hinterland.rpc.server import Server
from hinterland.settings import load_settings

PIECE_BYTES = 1 << 20
CONTENT = b"a frame of Mars"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass(slots=True)
class Caller:
    """A client of a server, with or without a token."""

    channel: grpc.aio.Channel
    token: str | None = None
    jobs: Any = field(init=False)
    inputs: Any = field(init=False)
    results: Any = field(init=False)
    server: Any = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = jobs_pb2_grpc.JobsStub(self.channel)
        self.inputs = inputs_pb2_grpc.InputsStub(self.channel)
        self.results = results_pb2_grpc.ResultsStub(self.channel)
        self.server = server_pb2_grpc.ServerStub(self.channel)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)

    async def upload(self, content: bytes = CONTENT) -> str:
        """Upload a content; the name of its file."""
        upload = inputs_pb2.Upload(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        request = inputs_pb2.CreateUploadRequest(upload=upload)
        made = await self.inputs.CreateUpload(request, metadata=self.metadata)
        if made.file:
            return str(made.file)
        await self.inputs.WriteUpload(pieces(made.name, content), metadata=self.metadata)
        finish = inputs_pb2.FinishUploadRequest(name=made.name)
        return str((await self.inputs.FinishUpload(finish, metadata=self.metadata)).name)

    async def submit(self, **changes: Any) -> job_pb2.Job:
        """Create a panorama's job of one file."""
        return await self.jobs.CreateJob(new_panorama(await self.upload(), **changes), metadata=self.metadata)


def new_panorama(
    file: str = f"files/{SHA256}", request_id: str = "", **changes: Any
) -> jobs_pb2.CreateJobRequest:
    """A request for a panorama of one file."""
    spec = job_pb2.PanoramaSpec(frames=[job_pb2.InputFile(file=file, filename="frame.IMG")])
    job = job_pb2.Job(**{"panorama": spec, **changes})
    return jobs_pb2.CreateJobRequest(job=job, request_id=request_id)


async def pieces(
    name: str, content: bytes, start: int = 0, size: int = PIECE_BYTES
) -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
    """The messages of an upload."""
    for offset in range(start, len(content), size):
        data = content[offset : offset + size]
        yield inputs_pb2.WriteUploadRequest(
            name=name, offset=offset, data=data, crc32c=google_crc32c.value(data)
        )


@dataclass(slots=True)
class Running:
    """A server that takes calls."""

    server: Server
    address: str
    tokens: Path
    _channels: list[grpc.aio.Channel] = field(default_factory=list)

    def caller(self, owner: str | None = None, options: Sequence[tuple[str, Any]] = ()) -> Caller:
        """A client on a connection of its own; with an owner, one that has a token of theirs."""
        # channels of equal options share a connection
        unshared = (("grpc.use_local_subchannel_pool", 1), *options)
        channel = grpc.aio.insecure_channel(self.address, options=unshared)
        self._channels.append(channel)
        return Caller(channel, None if owner is None else add_token(self.tokens, owner))

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()


@asynccontextmanager
async def serving(folder: Path, *, has_tokens: bool = False, **settings: Any) -> AsyncIterator[Running]:
    """Serve a folder's data on a free port of loopback."""
    tokens = folder / "tokens"
    if has_tokens:
        add_token(tokens, "operator")
        settings["tokens"] = tokens
    options = {"data": folder / "data", "listen": "127.0.0.1:0", **settings}
    server = Server(load_settings(**options))
    address = await server.start()
    running = Running(server, address, tokens)
    try:
        yield running
    finally:
        await running.close()
        await server.drain()
        await server.finish_calls(5.0)
        await server.close()


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The google.rpc.Status that an error carries."""
    (details,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    return status_pb2.Status.FromString(details)


def detail(error: grpc.aio.AioRpcError, kind: type[Any]) -> Any:
    """The detail of a kind that an error carries; None without one."""
    for one in status_of(error).details:
        found = kind()
        if one.Unpack(found):
            return found
    return None


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason that an error carries."""
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.domain == "hinterland"
    return str(info.reason)

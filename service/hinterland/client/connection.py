"""The way to a server: address, identity, and calls that are tried again where that is safe."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import grpc

from hinterland.client.errors import ServiceError
from hinterland.errors import InputError

CALL_S = 10.0
"""Deadline of a call that only asks or tells."""
LONG_S = 120.0
"""Deadline of a call that plans, or checks a whole file."""
_PAUSES_S = (0.1, 2.0)
_OPTIONS = (
    # manifests of large pyramids; everything else stays below 4 MiB
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 60_000),
    # what a lost server costs is bounded by our own patience, not by gRPC's growing pauses
    ("grpc.max_reconnect_backoff_ms", 2_000),
)

Request_contra = TypeVar("Request_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)
Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Method(Protocol[Request_contra, Answer_co]):
    """A unary method of a stub."""

    def __call__(
        self, request: Request_contra, *, timeout: float | None, metadata: Sequence[tuple[str, str]]
    ) -> Awaitable[Answer_co]:
        """Call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What TLS needs beside the system's authorities: PEM files."""

    ca: Path | None = None
    """Authorities of the server."""
    certificate: Path | None = None
    """Of the client, where the server asks for one."""
    key: Path | None = None
    """Of the client."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files.

        Raises
        ------
        InputError
            If one cannot be read.
        """
        return grpc.ssl_channel_credentials(_pem(self.ca), _pem(self.key), _pem(self.certificate))


class Connection:
    """A channel to a server.

    Parameters
    ----------
    address : str
        "host:port".
    token : str or None
        Bearer token; it is only sent over TLS or to this machine.
    tls : Tls or None
        None is plain text.
    patience_s : float
        How long a server that does not answer is asked again, where that is safe.
    """

    def __init__(self, address: str, *, token: str | None, tls: Tls | None, patience_s: float) -> None:
        is_near = address.rpartition(":")[0].strip("[]") in {"127.0.0.1", "::1", "localhost"}
        if token is not None and tls is None and not (is_near or address.startswith("unix:")):
            message = f"a token is not sent to {address} in plain text: connect with TLS"
            raise InputError(message)
        self.address = address
        self.patience_s = patience_s
        self.metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()
        self.channel = (
            grpc.aio.insecure_channel(address, _OPTIONS)
            if tls is None
            else grpc.aio.secure_channel(address, tls.credentials(), _OPTIONS)
        )

    async def close(self) -> None:
        """Give the channel up."""
        await self.channel.close()

    async def call(
        self, method: Method[Request, Answer], request: Request, *, is_safe: bool, within_s: float = CALL_S
    ) -> Answer:
        """Call a unary method.

        Parameters
        ----------
        method
            Of a stub.
        request
            Its request.
        is_safe : bool
            Calling it twice does what calling it once does: then an unavailable server is asked again.
        within_s : float
            Deadline of each try.

        Raises
        ------
        ServiceError
            If the server refuses or stays away.
        """

        async def once() -> Answer:
            return await method(request, timeout=within_s, metadata=self.metadata)

        return await self.patiently(once) if is_safe else await self.once(once)

    async def once(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do a call whose errors are the service's."""
        try:
            return await work()
        except grpc.aio.AioRpcError as failed:
            raise ServiceError.of_call(failed, self.address) from failed

    async def patiently(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do a call, again and again while the server is unavailable and patience lasts."""
        patience = Patience(self.patience_s)
        while True:
            try:
                return await self.once(work)
            except ServiceError as error:
                if not await patience.pauses_after(error):
                    raise


class Patience:
    """Decides whether to try again, and waits a growing, uneven while before."""

    def __init__(self, limit_s: float) -> None:
        self._until = time.monotonic() + limit_s
        self._limit_s = limit_s
        self._pause_s = _PAUSES_S[0]

    def renew(self) -> None:
        """Something came through: count from now."""
        self._until = time.monotonic() + self._limit_s
        self._pause_s = _PAUSES_S[0]

    async def pauses_after(self, error: ServiceError) -> bool:
        """Wait if the error may pass and time is left; False means give up."""
        # a server that sheds load ends calls as if their client had cancelled them
        passes = error.code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        if not passes or time.monotonic() + self._pause_s > self._until:
            return False
        await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, keeps no secret
        self._pause_s = min(2.0 * self._pause_s, _PAUSES_S[1])
        return True


def _pem(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({os.strerror(error.errno or 0)})"
        raise InputError(message) from error

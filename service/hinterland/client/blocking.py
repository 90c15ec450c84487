"""The client for programs without asyncio: the same calls, each one waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hinterland.api.v1 import job_pb2, jobs_pb2, results_pb2, server_pb2
from hinterland.client.asynchronous import DEFAULT_ADDRESS, PATIENCE_S, AsyncClient
from hinterland.client.connection import Tls
from hinterland.client.specs import Spec
from hinterland.client.transfers import TransferProgress, unheard

Answer = TypeVar("Answer")


class Client:
    """A client of one server, as `AsyncClient`; a context manager.

    Its calls run on a thread of their own. Progress is told from that thread.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        token: str | None = None,
        tls: Tls | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hinterland-client", daemon=True)
        self._thread.start()

        async def connect() -> AsyncClient:
            return AsyncClient(address, token=token, tls=tls, patience_s=patience_s)

        try:
            self._client = self._wait(connect())
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._wait(self._loop.shutdown_asyncgens())
        self._wait(self._client.close())
        self._stop()

    def server_info(self) -> server_pb2.ServerInfo:
        """Version, capabilities, limits and load of the server."""
        return self._wait(self._client.server_info())

    def submit(
        self,
        spec: Spec,
        *,
        title: str = "",
        labels: Mapping[str, str] | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        progress: TransferProgress = unheard,
    ) -> job_pb2.Job:
        """Upload what a job needs and submit it; see `AsyncClient.submit`."""
        return self._wait(
            self._client.submit(
                spec,
                title=title,
                labels=labels,
                request_id=request_id,
                validate_only=validate_only,
                progress=progress,
            )
        )

    def upload(self, path: Path, progress: TransferProgress = unheard) -> str:
        """Upload one file, unless the server has it, and return its resource name."""
        return self._wait(self._client.upload(path, progress))

    def get(self, name: str) -> job_pb2.Job:
        """Read a job."""
        return self._wait(self._client.get(name))

    def list(self, *, filter: str = "", page_size: int = 0) -> Iterator[job_pb2.Job]:  # noqa: A002 - the API's word
        """Read the caller's jobs, the newest first, page after page."""
        return self._each(self._client.list(filter=filter, page_size=page_size))

    def cancel(self, name: str) -> job_pb2.Job:
        """Ask a job to stop."""
        return self._wait(self._client.cancel(name))

    def retry(self, name: str) -> job_pb2.Job:
        """Begin a failed or cancelled job again."""
        return self._wait(self._client.retry(name))

    def delete(self, name: str) -> None:
        """Delete a job that has ended, and its result."""
        self._wait(self._client.delete(name))

    def watch(self, name: str, start_sequence: int = 0) -> Iterator[jobs_pb2.WatchJobResponse]:
        """Follow a job until it ends; see `AsyncClient.watch`."""
        return self._each(self._client.watch(name, start_sequence))

    def wait(self, name: str) -> job_pb2.Job:
        """Wait until a job has ended; see `AsyncClient.wait`."""
        return self._wait(self._client.wait(name))

    def manifest(self, name: str) -> results_pb2.Manifest:
        """Name, size and checksum of each file of a job's result."""
        return self._wait(self._client.manifest(name))

    def download(
        self, name: str, folder: Path, *, overwrite: bool = False, progress: TransferProgress = unheard
    ) -> Sequence[Path]:
        """Download a job's result into a folder; see `AsyncClient.download`."""
        return self._wait(self._client.download(name, folder, overwrite=overwrite, progress=progress))

    def _wait(self, call: Coroutine[object, object, Answer]) -> Answer:
        """Wait for a call; an interrupt ends the call too."""
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _each(self, answers: AsyncIterator[Answer]) -> Iterator[Answer]:
        async def following() -> Answer:
            return await anext(answers)

        try:
            while True:
                try:
                    yield self._wait(following())
                except StopAsyncIteration:
                    return
        finally:
            if (
                not self._loop.is_closed()
            ):  # a caller may leave the answers where they are and close the client
                self._wait(answers.aclose())  # type: ignore[attr-defined]

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

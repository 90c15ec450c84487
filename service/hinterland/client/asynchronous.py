"""The client for asyncio."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc

from hinterland.api.v1 import (
    job_pb2,
    jobs_pb2,
    jobs_pb2_grpc,
    results_pb2,
    server_pb2,
    server_pb2_grpc,
)
from hinterland.client.connection import LONG_S, Connection, Patience, Tls
from hinterland.client.downloading import Downloader
from hinterland.client.errors import ServiceError
from hinterland.client.specs import Spec, check_files
from hinterland.client.transfers import TransferProgress, unheard
from hinterland.client.uploading import Uploader

DEFAULT_ADDRESS = "127.0.0.1:50051"
PATIENCE_S = 60.0


class AsyncClient:
    """A client of one server; a context manager.

    Parameters
    ----------
    address : str
        "host:port".
    token : str or None
        Bearer token, where the server asks for one.
    tls : Tls or None
        How to speak TLS; None is plain text, for a server on this machine.
    patience_s : float
        How long a server that does not answer is asked again, where that is safe.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        token: str | None = None,
        tls: Tls | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._connection = Connection(address, token=token, tls=tls, patience_s=patience_s)
        channel = self._connection.channel
        self._jobs = jobs_pb2_grpc.JobsStub(channel)
        self._server = server_pb2_grpc.ServerStub(channel)
        self._uploader = Uploader(self._connection)
        self._downloader = Downloader(self._connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    async def server_info(self) -> server_pb2.ServerInfo:
        """Version, capabilities, limits and load of the server."""
        return await self._connection.call(
            self._server.GetServerInfo, server_pb2.GetServerInfoRequest(), is_safe=True
        )

    async def submit(
        self,
        spec: Spec,
        *,
        title: str = "",
        labels: Mapping[str, str] | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        progress: TransferProgress = unheard,
    ) -> job_pb2.Job:
        """Upload what a job needs and submit it.

        Parameters
        ----------
        spec : Panorama, Mosaic or Overview
            What to make.
        title : str
            For people.
        labels : Mapping[str, str] or None
            For filters.
        request_id : str or None
            UUID 4: the same one again gives the same job, so that a submit can be repeated after a crash of the
            client; made anew by default.
        validate_only : bool
            Check and plan, keep no job.
        progress : TransferProgress
            Told what is uploaded of each file.

        Returns
        -------
        job_pb2.Job
            As the server keeps it.

        Raises
        ------
        InputError
            If a file is missing or cannot be read.
        ServiceError
            If the server refuses the job or a file, or stays away.
        """
        check_files(spec)
        job = spec.job(await self._uploader.upload_all(spec.files(), progress))
        job.title = title
        job.labels.update(labels or {})
        request = jobs_pb2.CreateJobRequest(
            job=job, request_id=request_id or str(uuid.uuid4()), validate_only=validate_only
        )
        return await self._connection.call(self._jobs.CreateJob, request, is_safe=True, within_s=LONG_S)

    async def upload(self, path: Path, progress: TransferProgress = unheard) -> str:
        """Upload one file, unless the server has it, and return its resource name.

        Raises
        ------
        InputError
            If it cannot be read.
        ServiceError
            If the server refuses it, or stays away.
        """
        return await self._uploader.upload(path, progress)

    async def get(self, name: str) -> job_pb2.Job:
        """Read a job."""
        return await self._connection.call(self._jobs.GetJob, jobs_pb2.GetJobRequest(name=name), is_safe=True)

    async def list(self, *, filter: str = "", page_size: int = 0) -> AsyncIterator[job_pb2.Job]:  # noqa: A002
        """Read the caller's jobs, the newest first, page after page."""
        token = ""
        while True:
            request = jobs_pb2.ListJobsRequest(page_size=page_size, page_token=token, filter=filter)
            page = await self._connection.call(self._jobs.ListJobs, request, is_safe=True)
            for job in page.jobs:
                yield job
            token = page.next_page_token
            if not token:
                return

    async def cancel(self, name: str) -> job_pb2.Job:
        """Ask a job to stop."""
        request = jobs_pb2.CancelJobRequest(name=name)
        return await self._connection.call(self._jobs.CancelJob, request, is_safe=True)

    async def retry(self, name: str) -> job_pb2.Job:
        """Begin a failed or cancelled job again."""
        request = jobs_pb2.RetryJobRequest(name=name)
        return await self._connection.call(self._jobs.RetryJob, request, is_safe=False)

    async def delete(self, name: str) -> None:
        """Delete a job that has ended, and its result."""
        request = jobs_pb2.DeleteJobRequest(name=name)
        await self._connection.call(self._jobs.DeleteJob, request, is_safe=False)

    async def watch(self, name: str, start_sequence: int = 0) -> AsyncIterator[jobs_pb2.WatchJobResponse]:
        """Follow a job until it ends, through restarts of the server.

        Yields
        ------
        jobs_pb2.WatchJobResponse
            Each change of state once, in order, and the latest progress; the last one carries the job.
        """
        patience = Patience(self._connection.patience_s)
        sequence = start_sequence
        while True:
            request = jobs_pb2.WatchJobRequest(name=name, start_sequence=sequence)
            try:
                async for change in self._jobs.WatchJob(request, metadata=self._connection.metadata):
                    patience.renew()
                    sequence = change.sequence
                    yield change
            except grpc.aio.AioRpcError as failed:
                error = ServiceError.of_call(failed, self._connection.address)
                if not await patience.pauses_after(error):
                    raise error from failed
            else:
                return

    async def wait(self, name: str) -> job_pb2.Job:
        """Wait until a job has ended.

        Raises
        ------
        ServiceError
            If it failed or was cancelled.
        """
        async for change in self.watch(name):
            if change.HasField("job"):
                return succeeded(change.job)
        return succeeded(await self.get(name))

    async def manifest(self, name: str) -> results_pb2.Manifest:
        """Name, size and checksum of each file of a job's result."""
        return await self._downloader.manifest(name)

    async def download(
        self, name: str, folder: Path, *, overwrite: bool = False, progress: TransferProgress = unheard
    ) -> Sequence[Path]:
        """Download a job's result into a folder, which appears whole or not at all.

        Returns
        -------
        Sequence[Path]
            The files.

        Raises
        ------
        InputError
            If the folder is there already or cannot be made.
        ServiceError
            If there is no result, or the server stays away.
        TransferError
            If what arrived is damaged; a second try goes on where this one stopped.
        """
        return await self._downloader.download(name, folder, overwrite=overwrite, progress=progress)


def succeeded(job: job_pb2.Job) -> job_pb2.Job:
    """The job, if it succeeded.

    Raises
    ------
    ServiceError
        If it failed, with the reason that the server gives, or was cancelled.
    """
    if job.state == job_pb2.Job.FAILED:
        raise ServiceError.of_status(job.error)
    if job.state == job_pb2.Job.CANCELLED:
        message = f"{job.name} was cancelled"
        raise ServiceError(message, grpc.StatusCode.CANCELLED, None, {})
    return job

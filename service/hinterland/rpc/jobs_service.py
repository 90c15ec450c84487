"""Jobs of the contract: each method reads its request, does one thing in the store, and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

from google.protobuf import empty_pb2
from sqlalchemy.engine import Connection

from hinterland.api.v1 import job_pb2, jobs_pb2, jobs_pb2_grpc
from hinterland.jobs import store
from hinterland.jobs.model import Job
from hinterland.reasons import RefusedError
from hinterland.rpc.backstage import Backstage
from hinterland.rpc.convert import change_message, job_message, plan_message
from hinterland.rpc.interceptors import Context, about_job, caller
from hinterland.rpc.paging import Filter, PageTokens, page_size_of, read_filter
from hinterland.rpc.planning import Planner
from hinterland.rpc.requests import NewJob, invalid, job_id, new_job
from hinterland.rpc.watch import Hub

# a page ends early rather than exceed what clients take in one message (4 MiB)
_PAGE_BYTES = 3 << 20
_READ_AT_ONCE = 100
_LARGE_BYTES = 16 << 10


class _CheckedError(Exception):
    """Carries out of a work what it would have kept, so that it is not."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class JobsService(jobs_pb2_grpc.JobsServicer):
    """Submits, reads, lists, follows, cancels, retries and deletes jobs of the caller."""

    def __init__(self, backstage: Backstage, hub: Hub, pages: PageTokens, planner: Planner) -> None:
        self._backstage = backstage
        self._hub = hub
        self._pages = pages
        self._planner = planner

    async def CreateJob(self, request: jobs_pb2.CreateJobRequest, context: Context) -> job_pb2.Job:  # noqa: ARG002
        """Accept a job; it is on the disk when this returns."""
        settings = self._backstage.settings
        read = partial(new_job, request, most_run_s=settings.run_duration_s, retention_s=settings.retention_s)
        # thousands of files take a while to check, in which nobody else would be answered
        asked = await self._backstage.on_disk(read) if request.ByteSize() > _LARGE_BYTES else read()
        self._backstage.check_disk()
        if asked.validate_only:
            return await self._validated(asked)
        job = await self._backstage.write(partial(self._create, asked, caller()))
        about_job(job.id)
        return job_message(job)

    def _create(self, asked: NewJob, owner: str, connection: Connection) -> Job:
        return store.create_job(
            connection,
            owner=owner,
            spec=asked.spec,
            title=asked.title,
            labels=asked.labels,
            max_run_s=asked.max_run_s,
            ttl_s=asked.ttl_s,
            request_id=None if asked.validate_only else asked.request_id,
            limits=self._backstage.limits,
        )

    async def _validated(self, asked: NewJob) -> job_pb2.Job:
        owner = caller()

        def check(connection: Connection) -> None:
            raise _CheckedError(self._create(asked, owner, connection))

        try:
            await self._backstage.write(check)
        except _CheckedError as checked:
            job = checked.job
        plan = await self._planner.plan(job)
        message = job_message(job)
        message.plan.CopyFrom(plan_message(plan))
        for name in ("name", "state", "sequence", "create_time"):
            message.ClearField(name)
        return message

    async def GetJob(self, request: jobs_pb2.GetJobRequest, context: Context) -> job_pb2.Job:  # noqa: ARG002
        """Read a job."""
        return await self._read(job_id(request.name))

    async def _read(self, wanted: str) -> job_pb2.Job:
        about_job(wanted)
        owner = caller()
        return await self._backstage.read(
            lambda connection: job_message(store.get_job(connection, owner, wanted))
        )

    async def ListJobs(
        self,
        request: jobs_pb2.ListJobsRequest,
        context: Context,  # noqa: ARG002
    ) -> jobs_pb2.ListJobsResponse:
        """A page of jobs."""
        owner = caller()
        size = page_size_of(request.page_size)
        wanted = read_filter(request.filter)
        before = None
        if request.page_token:
            before = self._pages.place(owner, request.filter, request.page_token)
        messages, is_last = await self._backstage.read(partial(_page, owner, size, before, wanted))
        response = jobs_pb2.ListJobsResponse(jobs=messages)
        if not is_last:
            last = messages[-1].name.removeprefix("jobs/")
            response.next_page_token = self._pages.token(owner, request.filter, last)
        return response

    async def WatchJob(
        self,
        request: jobs_pb2.WatchJobRequest,
        context: Context,  # noqa: ARG002
    ) -> AsyncIterator[jobs_pb2.WatchJobResponse]:
        """Follow a job to its end."""
        wanted, since = job_id(request.name), request.start_sequence
        if since < 0:
            raise invalid("start_sequence", f"0 or more, got {since}")
        job = await self._read(wanted)
        if job.HasField("end_time") and job.sequence <= since:
            return
        async with aclosing(self._hub.follow(caller(), wanted, since)) as following:
            async for change in following:
                response = change_message(change)
                if change.state.is_final:
                    try:
                        job = await self._read(wanted)
                    except RefusedError:  # deleted since
                        yield response
                        raise
                    if job.sequence == change.sequence:
                        response.job.CopyFrom(job)
                        yield response
                        return
                yield response

    async def CancelJob(self, request: jobs_pb2.CancelJobRequest, context: Context) -> job_pb2.Job:  # noqa: ARG002
        """Ask a job to stop."""
        wanted, owner = job_id(request.name), caller()
        about_job(wanted)
        job = await self._backstage.write(lambda connection: store.cancel_job(connection, owner, wanted))
        return job_message(job)

    async def RetryJob(self, request: jobs_pb2.RetryJobRequest, context: Context) -> job_pb2.Job:  # noqa: ARG002
        """Begin a job again."""
        wanted, owner = job_id(request.name), caller()
        about_job(wanted)
        limits = self._backstage.limits
        await self._read(wanted)  # whose it is comes before what the disk can take
        self._backstage.check_disk()
        job = await self._backstage.write(
            lambda connection: store.retry_job(connection, owner, wanted, limits=limits)
        )
        return job_message(job)

    async def DeleteJob(
        self,
        request: jobs_pb2.DeleteJobRequest,
        context: Context,  # noqa: ARG002
    ) -> empty_pb2.Empty:
        """Delete a job that has ended."""
        wanted, owner = job_id(request.name), caller()
        about_job(wanted)
        await self._backstage.write(lambda connection: store.delete_job(connection, owner, wanted))
        return empty_pb2.Empty()


def _page(
    owner: str, size: int, before: str | None, wanted: Filter, connection: Connection
) -> tuple[list[job_pb2.Job], bool]:
    """Jobs of a page, and whether it is the last."""
    messages: list[job_pb2.Job] = []
    room = _PAGE_BYTES
    while True:
        some = min(size - len(messages), _READ_AT_ONCE)
        found = store.list_jobs(
            connection,
            owner,
            page_size=some + 1,
            before=before,
            state=wanted.state,
            kind=wanted.kind,
            labels=wanted.labels,
        )
        for job in found[:some]:
            message = job_message(job)
            room -= message.ByteSize()
            if messages and room < 0:
                return messages, False
            messages.append(message)
            before = job.id
        if len(found) <= some:
            return messages, True
        if len(messages) == size:
            return messages, False

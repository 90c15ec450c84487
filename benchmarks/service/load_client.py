"""What the service's benchmark calls with: clients, filled databases, watchers, transfers."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import google_crc32c
import grpc
from sqlalchemy.engine import Connection

from hinterland.api.v1 import (
    inputs_pb2,
    inputs_pb2_grpc,
    job_pb2,
    jobs_pb2,
    jobs_pb2_grpc,
    results_pb2,
    results_pb2_grpc,
)
from hinterland.jobs.content import add_file
from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.leases import Device, Succeeded, claim, finish, heartbeat
from hinterland.jobs.model import Job, ResultFile, StageProgress
from hinterland.jobs.opening import open_database
from hinterland.jobs.quotas import Limits
from hinterland.jobs.specs import InputFile, PanoramaSpec
from hinterland.jobs.store import create_job
from hinterland.rpc.auth import LOCAL_OWNER
from hinterland.settings import load_settings

_PIECE = 1 << 20
_SHA256 = hashlib.sha256(b"frame").hexdigest()
_LIMITS = Limits(
    queued_jobs=1 << 40, owner_queued_jobs=1 << 40, owner_running_jobs=1 << 20, owner_bytes=1 << 50
)
_TAKEN = {"lease_s": 3600.0, "owner_running_jobs": 1 << 20}


class Caller:
    """A client on a connection of its own."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=(("grpc.use_local_subchannel_pool", 1),))
        self.jobs: Any = jobs_pb2_grpc.JobsStub(self._channel)
        self.inputs: Any = inputs_pb2_grpc.InputsStub(self._channel)
        self.results: Any = results_pb2_grpc.ResultsStub(self._channel)

    async def create(self, request: jobs_pb2.CreateJobRequest) -> job_pb2.Job:
        """Submit a job."""
        return await self.jobs.CreateJob(request)

    async def begin(self, content: bytes) -> inputs_pb2.Upload:
        """Begin an upload."""
        upload = inputs_pb2.Upload(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        return await self.inputs.CreateUpload(inputs_pb2.CreateUploadRequest(upload=upload))

    async def upload(self, content: bytes) -> str:
        """Upload a content, unless it is there; the name of its file."""
        begun = await self.begin(content)
        if begun.file:
            return str(begun.file)
        name = begun.name
        await self.inputs.WriteUpload(pieces(name, content))
        return str((await self.inputs.FinishUpload(inputs_pb2.FinishUploadRequest(name=name))).name)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()


async def pieces(name: str, content: bytes) -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
    """The messages of an upload."""
    view = memoryview(content)
    for offset in range(0, len(content), _PIECE):
        data = bytes(view[offset : offset + _PIECE])
        crc32c = google_crc32c.value(data)
        yield inputs_pb2.WriteUploadRequest(name=name, offset=offset, data=data, crc32c=crc32c)


def new_job(file: str) -> jobs_pb2.CreateJobRequest:
    """A request for a panorama of one frame."""
    spec = job_pb2.PanoramaSpec(frames=[job_pb2.InputFile(file=file, filename="frame.IMG")])
    return jobs_pb2.CreateJobRequest(job=job_pb2.Job(panorama=spec))


async def in_flight(count: int, width: int, call: Callable[[int], Awaitable[Any]]) -> list[float]:
    """Make calls, some at a time; seconds of each."""
    spent: list[float] = []
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            began = time.perf_counter()
            await call(number)
            spent.append(time.perf_counter() - began)

    await asyncio.gather(*(worker() for _ in range(width)))
    return spent


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100.0))]


def _new(connection: Connection, count: int) -> None:
    add_file(connection, LOCAL_OWNER, _SHA256, 5)
    spec = PanoramaSpec(frames=(InputFile(sha256=_SHA256, filename="frame.IMG"),))
    for _ in range(count):
        create_job(connection, owner=LOCAL_OWNER, spec=spec, max_run_s=60.0, ttl_s=3600.0, limits=_LIMITS)


def fill(data: Path, count: int) -> None:
    """Have jobs wait in a database."""
    database = open_database(load_settings(data=data))
    for start in range(0, count, 1000):
        database.write(partial(_new, count=min(1000, count - start))).result()
    database.close()


def running_jobs(database: Database, count: int, device: Device) -> list[Job]:
    """Jobs that a worker has."""
    database.write(partial(_new, count=count)).result()
    taken = [
        database.write(lambda connection: claim(connection, "w", device=device, **_TAKEN)).result()
        for _ in range(count)
    ]
    return [getattr(one, "job", one) for one in taken if one is not None]


@dataclass(slots=True)
class Watched:
    """What watchers saw."""

    expected: int = 0
    """Changes of progress."""
    overtaken: int = 0
    """Of those, not sent because a newer one was there."""
    lost: int = 0
    """Changes of state that a watcher was not told."""
    lags_s: list[float] = field(default_factory=list)


async def watch(
    address: str, database: Database, jobs: Sequence[Job], count: int, seconds: float, channels: int
) -> Watched:
    """Have watchers follow jobs that change twice a second, and see what reached them when."""
    callers = [Caller(address) for _ in range(channels)]
    seen: list[int] = [0] * count
    states: list[list[int]] = [[] for _ in range(count)]
    lags_s: list[float] = []
    begun = asyncio.Semaphore(0)

    async def follow(number: int) -> None:
        request = jobs_pb2.WatchJobRequest(name=f"jobs/{jobs[number % len(jobs)].id}")
        async for response in callers[number % channels].jobs.WatchJob(request):
            if response.state not in states[number]:
                states[number].append(response.state)
            if response.HasField("progress"):
                seen[number] += 1
                lags_s.append(time.time() - response.time.ToMicroseconds() / 1e6)
            elif response.state == job_pb2.Job.RUNNING:
                begun.release()

    watchers = [asyncio.ensure_future(follow(number)) for number in range(count)]
    for _ in range(count):
        await begun.acquire()
    beats = int(2 * seconds)
    start = time.monotonic()
    for beat in range(beats + 1):
        for index, job in enumerate(jobs):
            due = start + 0.5 * (beat + index / len(jobs))
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            work = partial(_beat, done=beat, total=beats) if beat < beats else _end
            await asyncio.wrap_future(database.write(partial(work, job=job)))
    await asyncio.gather(*watchers)
    for caller in callers:
        await caller.close()
    # the last response repeats the last progress
    overtaken = sum(max(beats + 1 - one, 0) for one in seen)
    told = [job_pb2.Job.PENDING, job_pb2.Job.RUNNING, job_pb2.Job.SUCCEEDED]
    lost = sum(len(set(told) - set(one)) + (one != told) for one in states)
    return Watched(expected=count * (beats + 1), overtaken=overtaken, lost=lost, lags_s=lags_s)


def _beat(connection: Connection, *, job: Job, done: int, total: int) -> None:
    progress = StageProgress(stage="seams", done=done, total=total, time_s=0.0)
    heartbeat(connection, job.id, job.fence, progress=progress, lease_s=3600.0)


def _end(connection: Connection, *, job: Job) -> None:
    finish(connection, job.id, job.fence, Succeeded(folder="none", files=()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Seconds of one round."""

    upload_s: float
    finish_s: float
    download_s: float


async def transfer(address: str, data: Path, size_bytes: int, *, seed: int) -> Transfer:
    """Upload a file, and download one of its size."""
    caller = Caller(address)
    content = random.Random(seed).randbytes(1 << 20) * (size_bytes >> 20)  # noqa: S311 - any bytes
    name = (await caller.begin(content)).name
    began = time.perf_counter()
    await caller.inputs.WriteUpload(pieces(name, content))
    upload_s = time.perf_counter() - began
    began = time.perf_counter()
    file = await caller.inputs.FinishUpload(inputs_pb2.FinishUploadRequest(name=name))
    finish_s = time.perf_counter() - began
    job = (await caller.create(new_job(file.name))).name.removeprefix("jobs/")
    await asyncio.to_thread(_publish, data, job, content)
    request = results_pb2.ReadFileRequest(job=f"jobs/{job}", path="mosaic.tif")
    began, received = time.perf_counter(), 0
    async for piece in caller.results.ReadFile(request):
        if google_crc32c.value(piece.data) != piece.crc32c:
            raise AssertionError
        received += len(piece.data)
    download_s = time.perf_counter() - began
    if received != size_bytes:
        raise AssertionError
    await caller.close()
    return Transfer(upload_s=upload_s, finish_s=finish_s, download_s=download_s)


def _publish(data: Path, job_id: str, content: bytes) -> None:
    """Give a job its result, as a worker does."""
    device = Device(node="bench", name="cpu", share_bytes=1, total_bytes=1 << 60)
    database = open_database(load_settings(data=data))
    taken = database.write(lambda connection: claim(connection, "w", device=device, **_TAKEN)).result()
    job = getattr(taken, "job", taken)
    if job is None or job.id != job_id:
        raise AssertionError
    folder = DataFolders(data).results / job_id
    folder.mkdir()
    (folder / "mosaic.tif").write_bytes(content)
    file = ResultFile(path="mosaic.tif", size_bytes=len(content), sha256="0" * 64)
    done = Succeeded(folder=job_id, files=(file,))
    database.write(lambda connection: finish(connection, job_id, job.fence, done)).result()
    database.close()

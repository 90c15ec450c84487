"""Jobs that are only asked about: checked and planned as they would be, and nothing of them is kept."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from grpc_server import Caller, Running, reason_of, serving

from hinterland.api.v1 import job_pb2, jobs_pb2

EXAMPLES = Path(__file__).parents[3] / "examples" / "jezero_landing_frames"


async def asked(caller: Caller, frames: Sequence[tuple[str, bytes]], **options: float) -> job_pb2.Job:
    """What the server says of a panorama that it shall only plan."""
    metadata = EXAMPLES / "feed.json"
    spec = job_pb2.PanoramaSpec(
        frames=[
            job_pb2.InputFile(file=await caller.upload(content), filename=name) for name, content in frames
        ],
        metadata=[job_pb2.InputFile(file=await caller.upload(metadata.read_bytes()), filename="feed.json")],
        **options,
    )
    request = jobs_pb2.CreateJobRequest(job=job_pb2.Job(panorama=spec), validate_only=True)
    answer: job_pb2.Job = await caller.jobs.CreateJob(request)
    return answer


async def nothing_is_kept(running: Running, caller: Caller) -> None:
    assert list((await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest())).jobs) == []
    assert list(running.server.backstage.folders.work.iterdir()) == []


def test_a_plan_tells_size_and_memory_and_keeps_nothing(tmp_path: Path) -> None:
    async def run() -> job_pb2.Job:
        async with serving(tmp_path, backend="cpu") as running:
            caller = running.caller()
            frames = [(path.name, path.read_bytes()) for path in sorted(EXAMPLES.glob("*.png"))]
            told = await asked(caller, frames, pixels_per_degree=2.0)
            await nothing_is_kept(running, caller)
            return told

    told = asyncio.run(run())
    assert (told.name, told.sequence, told.state) == ("", 0, job_pb2.Job.STATE_UNSPECIFIED)
    assert told.plan.bands == 3
    # 2 pixels a degree: no panorama is wider than 720
    assert 0 < told.plan.lines < told.plan.samples <= 720
    assert told.plan.tiles >= 1
    assert told.plan.output_bytes >= 3 * told.plan.lines * told.plan.samples
    assert told.plan.memory_bytes > 0
    assert told.plan.backend == "cpu"


def test_a_file_that_the_job_would_fail_of_is_told_now(tmp_path: Path) -> None:
    async def run() -> tuple[grpc.StatusCode, str, str]:
        async with serving(tmp_path, backend="cpu") as running:
            caller = running.caller()
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await asked(caller, [("frame.png", b"\x89PNG\r\n\x1a\n no picture")])
            await nothing_is_kept(running, caller)
            return error.value.code(), reason_of(error.value), error.value.details()

    code, reason, words = asyncio.run(run())
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert reason.startswith("INPUT_")
    assert words.startswith("frame.png: ")


def test_a_plan_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async def run() -> str:
        async with serving(tmp_path, backend="cpu", plan_output_bytes=1000) as running:
            frames = [(path.name, path.read_bytes()) for path in sorted(EXAMPLES.glob("*.png"))]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await asked(running.caller(), frames, pixels_per_degree=2.0)
            return reason_of(error.value)

    assert asyncio.run(run()) == "PLAN_TOO_LARGE"

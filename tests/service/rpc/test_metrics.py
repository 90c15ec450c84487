"""Metrics as Prometheus scrapes them: calls, errors, the queue, stages and pixels."""

import asyncio
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_server import Running, new_panorama, serving
from job_store import DONE, FAILURE, beat, take_one
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import Connection

from hinterland.jobs.leases import finish
from hinterland.jobs.model import Job, PlanSummary, StageProgress


def scrape(address: str) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


def end(running: Running, job: Job, outcome: Any) -> None:
    def work(connection: Connection) -> Job:
        return finish(connection, job.id, job.fence, outcome)

    running.server.database.write(work).result()


def test_what_jobs_and_calls_do_is_counted(tmp_path: Path) -> None:
    async def run() -> dict[tuple[str, ...], float]:
        async with serving(tmp_path, metrics_listen="127.0.0.1:0") as running:
            caller, database = running.caller(), running.server.database
            for _ in range(3):
                await caller.submit()
            with pytest.raises(grpc.aio.AioRpcError):
                await caller.jobs.CreateJob(new_panorama("files/" + "00" * 32))
            made = await asyncio.to_thread(take_one, database)
            for stage in ("reading", "seams"):
                progress = StageProgress(stage=stage, done=1, total=2, time_s=0.0)
                await asyncio.to_thread(beat, database, made, progress=progress)
                await running.server.monitor.look()
            plan = PlanSummary(lines=300, samples=1000, bands=3)
            await asyncio.to_thread(beat, database, made, plan=plan)
            await asyncio.to_thread(end, running, made, DONE)
            failed = await asyncio.to_thread(take_one, database)
            await asyncio.to_thread(end, running, failed, FAILURE)
            await running.server.monitor.look()
            return await asyncio.to_thread(scrape, running.server.metrics_address)

    found = asyncio.run(run())
    create = "/hinterland.api.v1.Jobs/CreateJob"
    expected = {
        ("grpc_server_call_started_total", create): 4,
        ("grpc_server_call_duration_seconds_count", create, "OK"): 3,
        ("grpc_server_call_duration_seconds_count", create, "NOT_FOUND"): 1,
        ("hinterland_errors_total", "FILE_NOT_FOUND"): 1,
        ("hinterland_job_ends_total", "panorama", "", "SUCCEEDED"): 1,
        ("hinterland_job_ends_total", "panorama", "INTERNAL", "FAILED"): 1,
        ("hinterland_output_pixels_total", "panorama"): 300_000,
        ("hinterland_stage_seconds_count", "panorama", "reading"): 1,
        ("hinterland_stage_seconds_count", "panorama", "seams"): 1,
        ("hinterland_jobs_pending",): 1,
        ("hinterland_jobs_running",): 0,
        ("hinterland_watches",): 0,
        ("hinterland_transferred_bytes_total", "in"): len(b"a frame of Mars"),
    }
    assert {key: found.get(key) for key in expected} == expected
    assert found["hinterland_disk_free_bytes",] > 0
    assert found["grpc_server_call_rcvd_total_compressed_message_size_bytes_sum", create, "OK"] > 0
    assert found["grpc_server_call_sent_total_compressed_message_size_bytes_sum", create, "OK"] > 0

"""The service under load: submits, watchers, transfers, a long queue, a restart; one machine does it all."""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from benchmarks.harness import Figure, Settings
from benchmarks.service import load_client as client
from benchmarks.service.one_job import SETTLED_S, overheads, serve_command
from hinterland.api.v1 import jobs_pb2, server_pb2, server_pb2_grpc
from hinterland.jobs import leases
from hinterland.jobs.leases import Device
from hinterland.jobs.opening import open_database
from hinterland.settings import load_settings

_IN_FLIGHT = 64
_CHANNELS = 4
_DEVICE = Device(node="bench", name="cpu", share_bytes=1, total_bytes=1 << 60)


def run(settings: Settings) -> list[Figure]:
    """Small makes a hundredth of the calls, on an empty queue."""
    figures: list[Figure] = []
    gc.collect()
    gc.freeze()  # who measures must not pause for what other benchmarks left
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        figures += _submits(root / "submits", 200 if settings.small else 10_000)
        figures += _watchers(root / "watchers", *((20, 1.0) if settings.small else (1000, 10.0)))
        figures += _transfers(root / "transfers", (4 if settings.small else 512) << 20, settings.rounds)
        figures += _long_queue(root / "queue", *((100, 20) if settings.small else (100_000, 300)))
        figures += _restart(root / "restart", 100 if settings.small else 10_000)
        figures += overheads(root / "one", *((1, 0.0) if settings.small else (5, SETTLED_S)))
    gc.unfreeze()
    return figures


def _submits(data: Path, count: int) -> list[Figure]:
    """Durable submits, 64 in flight and then one."""
    with _server(data) as address:

        async def load() -> tuple[float, list[float], list[float]]:
            callers = [client.Caller(address) for _ in range(_CHANNELS)]
            request = client.new_job(await callers[0].upload(b"frame"))
            await asyncio.gather(*(callers[n % _CHANNELS].create(request) for n in range(_IN_FLIGHT)))
            began = time.perf_counter()
            spent = await client.in_flight(
                count, _IN_FLIGHT, lambda n: callers[n % _CHANNELS].create(request)
            )
            wall_s = time.perf_counter() - began
            alone = await client.in_flight(max(count // 20, 10), 1, lambda _: callers[0].create(request))
            for caller in callers:
                await caller.close()
            return count / wall_s, spent, alone

        rate, spent, alone = asyncio.run(load())
    return [
        Figure(
            name=f"durable submits, {_IN_FLIGHT} in flight", value=rate, unit="/s", details=_spread(spent)
        ),
        _p99("durable submit, 64 in flight, p99", spent),
        _p99("durable submit, alone, p99", alone),
    ]


def _watchers(data: Path, count: int, seconds: float) -> list[Figure]:
    """Two changes a second for each of many watchers, of jobs that a worker's heartbeats change."""
    per_job = 20
    with _server(data) as address:
        database = open_database(load_settings(data=data))
        jobs = client.running_jobs(database, max(count // per_job, 1), _DEVICE)
        try:
            watched = asyncio.run(client.watch(address, database, jobs, count, seconds, _CHANNELS))
        finally:
            database.close()
    more = {
        "watchers": float(count),
        "expected": float(watched.expected),
        "overtaken": float(watched.overtaken),
    }
    return [
        _p99(f"{count} watchers, 2 changes/s, lag p99", watched.lags_s, more),
        Figure(name="changes of state that a watcher was not told", value=watched.lost, unit=""),
    ]


def _transfers(data: Path, size_bytes: int, rounds: int) -> list[Figure]:
    """One stream up, one down."""
    with _server(data) as address:
        done = [
            asyncio.run(client.transfer(address, data, size_bytes, seed=number))
            for number in range(min(rounds, 3))
        ]
    megabytes = size_bytes / 1e6
    return [
        Figure(name=name, value=megabytes / statistics.median(seconds), unit="MB/s")
        for name, seconds in (
            ("upload, one stream", [one.upload_s for one in done]),
            ("SHA-256 of an upload", [one.finish_s for one in done]),
            ("download, one stream", [one.download_s for one in done]),
        )
    ]


def _long_queue(data: Path, count: int, calls: int) -> list[Figure]:
    """Claims and lists while many jobs wait, beside the same with few."""
    figures = []
    for waiting in (max(count // 100, 10), count):
        place = data / str(waiting)
        place.mkdir(parents=True)
        client.fill(place, waiting)
        with _server(place) as address:
            database = open_database(load_settings(data=place))
            claims = []
            for _ in range(min(calls, waiting // 2)):
                began = time.perf_counter()
                database.write(
                    lambda connection: leases.claim(
                        connection, "w", device=_DEVICE, lease_s=3600.0, owner_running_jobs=1 << 20
                    )
                ).result()
                claims.append(time.perf_counter() - began)
            database.close()
            lists = asyncio.run(_lists(address, calls))
        figures += [
            _p99(f"claim, {waiting} queued, p99", claims),
            _p99(f"list of 50, {waiting} queued, p99", lists),
        ]
    return figures


async def _lists(address: str, calls: int) -> list[float]:
    caller = client.Caller(address)
    request = jobs_pb2.ListJobsRequest(page_size=50, filter="state=PENDING")
    spent: list[float] = await client.in_flight(calls, 1, lambda _: caller.jobs.ListJobs(request))
    await caller.close()
    return spent


def _restart(data: Path, count: int) -> list[Figure]:
    """From the command to the first answer, with jobs in the database."""
    data.mkdir()
    client.fill(data, count)
    began = time.perf_counter()
    with subprocess.Popen(
        serve_command(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            address = process.stdout.readline().split()[-1] if process.stdout else ""
            with grpc.insecure_channel(address) as channel:
                server_pb2_grpc.ServerStub(channel).GetServerInfo(server_pb2.GetServerInfoRequest())
            spent = time.perf_counter() - began
        finally:
            process.terminate()
    return [Figure(name=f"restart with {count} jobs", value=spent, unit="s")]


@contextmanager
def _server(data: Path) -> Iterator[str]:
    """A server without workers, in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.service.bare_server", str(data)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait()


def _p99(name: str, seconds: list[float], more: dict[str, float] | None = None) -> Figure:
    spread = _spread(seconds)
    return Figure(name=name, value=spread["p99_ms"], unit="ms", details={**spread, **(more or {})})


def _spread(seconds: list[float]) -> dict[str, Any]:
    return {
        "p50_ms": 1e3 * client.percentile(seconds, 50),
        "p99_ms": 1e3 * client.percentile(seconds, 99),
        "count": float(len(seconds)),
    }

"""What a server says of itself."""

import asyncio
from pathlib import Path

from grpc_server import serving
from job_store import DEVICE, take_one

import hinterland
from hinterland.api.v1 import server_pb2
from hinterland.jobs.leases import Device, see_worker


def told(folder: Path, *devices: Device) -> server_pb2.ServerInfo:
    """What a server with workers on some devices, one job that waits and one that runs, says of itself."""

    async def run() -> server_pb2.ServerInfo:
        async with serving(folder, owner_watches=7, retention_s=86400.5) as running:
            caller, database = running.caller(), running.server.database
            for _ in range(2):
                await caller.submit()
            await asyncio.to_thread(take_one, database)
            for number, device in enumerate(devices):
                write = database.write(
                    lambda connection, name=f"w{number}", device=device: see_worker(connection, name, device)
                )
                await asyncio.wrap_future(write)
            info: server_pb2.ServerInfo = await caller.server.GetServerInfo(server_pb2.GetServerInfoRequest())
            return info

    return asyncio.run(run())


def test_version_limits_and_load_are_told(tmp_path: Path) -> None:
    info = told(tmp_path, DEVICE)
    assert info.version == hinterland.__version__
    assert info.limits.owner_watches == 7
    assert info.limits.retention.ToMilliseconds() == 86_400_500
    assert (info.queue.pending, info.queue.running, info.queue.workers) == (1, 1, 1)
    assert "rlimits" in info.confinement
    assert {one.kind for one in info.capabilities} == {"panorama", "mosaic", "overview"}


def test_the_backends_are_those_of_its_workers(tmp_path: Path) -> None:
    gpus = [Device(node="here", name=f"gpu-{number}", share_bytes=1, total_bytes=1) for number in range(2)]
    assert list(told(tmp_path / "none").backends) == ["cpu"]
    assert list(told(tmp_path / "cpu", DEVICE).backends) == ["cpu"]
    both = told(tmp_path / "both", *gpus, DEVICE)
    assert (list(both.backends), list(both.gpus)) == (["cpu", "cuda"], ["gpu-0", "gpu-1"])
    assert list(told(tmp_path / "gpus", *gpus).backends) == ["cuda"]

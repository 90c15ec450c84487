"""One job of a server that waits for it, beside the same work in a process that has done it before."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from benchmarks.harness import Figure, seconds_of
from benchmarks.service.load_client import Caller
from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest

_PAIR = Path(__file__).parents[2] / "examples" / "mer_navcam_pair"
_CRS = "+proj=eqc +lat_ts=45 +R=3396190 +units=m"
_SIDE = 512
_SCALE = 2.0
SETTLED_S = 4.0
"""In which a server without work has the children of the next job ready."""


@dataclass(frozen=True, slots=True)
class _Work:
    name: str
    files: tuple[Path, ...]
    alone: Callable[[Path], object]
    """The work in this process; told where the result goes."""
    job: Callable[[list[job_pb2.InputFile]], job_pb2.Job]


def overheads(folder: Path, rounds: int, settled_s: float) -> list[Figure]:
    """What the service adds to a mosaic of one tile, and to a small panorama, after pauses of so many seconds."""
    folder.mkdir()
    works = (_mosaic(folder), _panorama())
    with _serving(folder / "data") as address:
        return [_overhead(address, work, folder, rounds, settled_s) for work in works]


def _overhead(address: str, work: _Work, folder: Path, rounds: int, settled_s: float) -> Figure:
    outs = [folder / f"{work.name} {number}" for number in range(rounds + 1)]
    alone = [seconds_of(partial(work.alone, out)) for out in outs]
    waited_for = asyncio.run(_jobs(address, work, rounds, pause_s=settled_s))
    in_a_row = asyncio.run(_jobs(address, work, rounds, pause_s=0.0))
    warm_s, job_s = statistics.median(alone[1:]), statistics.median(waited_for)
    return Figure(
        name=f"{work.name}, what the service adds",
        value=1e3 * (job_s - warm_s),
        unit="ms",
        details={"job_s": job_s, "warm_process_s": warm_s, "job_in_a_row_s": statistics.median(in_a_row)},
    )


def _mosaic(folder: Path) -> _Work:
    generator = np.random.default_rng(1)
    rasters = []
    for number in range(2):
        path = folder / f"raster{number}.tif"
        west = 100.0 * _SIDE * 0.5 * number
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            height=_SIDE,
            width=_SIDE,
            dtype="uint8",
            crs=_CRS,
            transform=Affine(100.0, 0.0, west, 0.0, -100.0, 2_667_361.0),
        ) as dataset:
            dataset.write(generator.integers(1, 255, (_SIDE, _SIDE), np.uint8), 1)
        rasters.append(path)
    return _Work(
        "mosaic of one tile",
        tuple(rasters),
        lambda out: make_mosaic(
            MosaicRequest(rasters=tuple(rasters), out=out.with_suffix(".tif"), backend="cpu")
        ),
        lambda files: job_pb2.Job(mosaic=job_pb2.MosaicSpec(rasters=files)),
    )


def _panorama() -> _Work:
    frames = tuple(sorted(_PAIR.glob("1N*.IMG")))
    return _Work(
        "small panorama",
        frames,
        lambda out: make_bundle(
            PanoramaRequest(frames=frames, out=out, pixels_per_degree=_SCALE, backend="cpu")
        ),
        lambda files: job_pb2.Job(panorama=job_pb2.PanoramaSpec(frames=files, pixels_per_degree=_SCALE)),
    )


async def _jobs(address: str, work: _Work, rounds: int, *, pause_s: float) -> list[float]:
    """Seconds of each job, from the submit to the last change."""
    caller = Caller(address)
    files = []
    for path in work.files:
        name = await caller.upload(path.read_bytes())
        files.append(job_pb2.InputFile(file=name, filename=path.name))
    spent = []
    for _ in range(rounds):
        await asyncio.sleep(pause_s)
        began = time.perf_counter()
        job = await caller.create(jobs_pb2.CreateJobRequest(job=work.job(files)))
        async for change in caller.jobs.WatchJob(jobs_pb2.WatchJobRequest(name=job.name)):
            state = change.state
        spent.append(time.perf_counter() - began)
        if state != job_pb2.Job.SUCCEEDED:
            raise RuntimeError(str(change))
    await caller.close()
    return spent


def serve_command(data: Path) -> list[str]:
    """What starts a whole server."""
    serve = [sys.executable, "-m", "hinterland.cli", "serve"]
    return [*serve, "--data", str(data), "--listen", "127.0.0.1:0"]


@contextmanager
def _serving(data: Path) -> Iterator[str]:
    """A whole server; its address."""
    with subprocess.Popen(
        serve_command(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().split()[-1] if process.stdout else ""
        finally:
            process.terminate()

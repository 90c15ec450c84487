"""A service without its doors: a database, files, and workers as they are run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from job_store import LIMITS
from map_rasters import NORTH, WEST, from_origin, textured, write_raster

from hinterland.jobs.content import add_file, content_path
from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.leases import Device
from hinterland.jobs.model import Job
from hinterland.jobs.opening import database_url, open_database
from hinterland.jobs.specs import InputFile, MosaicSpec, PanoramaSpec, Spec
from hinterland.jobs.store import create_job, get_job
from hinterland.jobs.worker_settings import WorkerSettings
from hinterland.settings import Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
FRAMES = tuple(sorted((EXAMPLES / "jezero_landing_frames").glob("*.png")))
FEED = EXAMPLES / "jezero_landing_frames" / "feed.json"
SMALL_PPD = 3.0
_PATIENCE_S = 120.0


class Service:
    """The data of a server in a folder, and what tests do with it."""

    def __init__(self, data: Path) -> None:
        self.settings = Settings(data=data)
        self.folders = DataFolders(data)
        self.database: Database = open_database(self.settings)
        self.url = database_url(self.settings)

    def keep(self, path: Path, owner: str = "ada") -> InputFile:
        """Have a file as if its owner had uploaded it."""
        return self.keep_bytes(path.read_bytes(), path.name, owner)

    def keep_bytes(self, content: bytes, filename: str, owner: str = "ada") -> InputFile:
        """Have a content as if its owner had uploaded it."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = content_path(self.folders.root, owner, sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        self.database.write(lambda c: add_file(c, owner, sha256, len(content))).result()
        return InputFile(sha256=sha256, filename=filename)

    def panorama_spec(self, owner: str = "ada", **options: Any) -> PanoramaSpec:
        """The panorama of two small frames."""
        return PanoramaSpec(
            frames=tuple(self.keep(path, owner) for path in FRAMES),
            metadata=(self.keep(FEED, owner),),
            **{"pixels_per_degree": SMALL_PPD, "kernel": "nearest", **options},
        )

    def mosaic_spec(self, owner: str = "ada", seed: int = 5, **options: Any) -> MosaicSpec:
        """The mosaic of two rasters of 64 x 64 samples that overlap by half: one tile."""
        rasters = []
        for number in range(2):
            path = self.folders.run / f"raster{seed + number}.tif"
            affine = from_origin(WEST + 32 * 6.0 * number, NORTH, 6.0)
            write_raster(path, textured(64, 64, seed + number), affine=affine)
            rasters.append(self.keep(path, owner))
        return MosaicSpec(rasters=tuple(rasters), **options)

    def submit(self, spec: Spec, owner: str = "ada", **options: Any) -> Job:
        """Create a job."""
        asked = {"max_run_s": 600.0, "ttl_s": 3600.0, "limits": LIMITS, **options}
        return self.database.write(lambda c: create_job(c, owner=owner, spec=spec, **asked)).result()

    def job(self, job: Job) -> Job:
        """As it is now."""
        return self.database.read(lambda c: get_job(c, job.owner, job.id))

    def wait(self, job: Job, until: Callable[[Job], bool] = lambda job: job.state.is_final) -> Job:
        """Wait for a job; a test that would wait for ever fails."""
        return wait_for(lambda: self.job(job), until)

    def worker_settings(self, **changes: Any) -> WorkerSettings:
        """Of a worker on the CPU."""
        settings = WorkerSettings(
            data=str(self.folders.root),
            database_url=self.url,
            device=Device(node="here", name="cpu", share_bytes=2 << 30, total_bytes=8 << 30),
            cores=(),
            backend="cpu",
            lease_s=30.0,
            heartbeat_s=5.0,
            drain_s=0.5,
            owner_running_jobs=10,
            plan_output_bytes=1 << 36,
            disk_high_water=1.0,
        )
        return replace(settings, **changes)

    @contextmanager
    def worker(
        self, environment: Mapping[str, str] | None = None, **changes: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A worker as the supervisor runs it; killed in the end if it lives."""
        with (self.folders.run / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hinterland.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write((self.worker_settings(**changes).to_json() + "\n").encode())
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self) -> str:
        """What workers have logged."""
        return (self.folders.run / "worker.log").read_text()

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def wait_for(look: Callable[[], Any], until: Callable[[Any], bool], within_s: float = _PATIENCE_S) -> Any:
    """Look until what is seen is as wished."""
    limit = time.monotonic() + within_s
    while not until(seen := look()):
        assert time.monotonic() < limit, f"still {seen}"
        time.sleep(0.02)
    return seen

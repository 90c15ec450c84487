from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_service import FRAMES, Service
from job_store import LIMITS
from map_rasters import DEGREES, NORTH, WEST, from_origin, textured, write_raster

from hinterland.jobs.model import Job, State
from hinterland.jobs.specs import MosaicSpec, OverviewSpec
from hinterland.jobs.store import cancel_job, result_of, retry_job
from hinterland.publish.mosaic import MosaicRequest, make_mosaic
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest
from hinterland.reasons import Reason

MEASURED = ("timing_s", "peak_rss_bytes")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one worker, for all tests that leave it whole."""
    opened = Service(tmp_path_factory.mktemp("service") / "data")
    with opened.worker(log_level="info"):
        yield opened
    opened.close()


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Service]:
    """A service whose workers each test starts itself."""
    opened = Service(tmp_path / "data")
    yield opened
    opened.close()


def folder_of(service: Service, job: Job) -> Path:
    name, files = service.database.read(lambda c: result_of(c, job.owner, job.id))
    folder = service.folders.results / name
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        file.path for file in files
    }
    for file in files:
        assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
    return folder


def report(path: Path) -> dict[str, object]:
    return {name: value for name, value in json.loads(path.read_text()).items() if name not in MEASURED}


def test_a_mosaic_is_what_the_command_makes_of_the_same_files(service: Service, tmp_path: Path) -> None:
    spec = service.mosaic_spec()
    job = service.wait(service.submit(spec))
    assert job.state is State.SUCCEEDED, job.failure
    assert job.plan is not None
    assert (job.plan.lines, job.plan.samples, job.plan.tiles) == (64, 96, 1)
    assert job.progress is not None
    assert job.progress.stage == "storing"
    made = folder_of(service, job)
    rasters = tuple(service.folders.run / file.filename for file in spec.rasters)
    make_mosaic(MosaicRequest(rasters=rasters, out=tmp_path / "mosaic.tif", backend="cpu"))
    for path in tmp_path.glob("*.tif"):
        assert (made / path.name).read_bytes() == path.read_bytes()
    ours, theirs = report(made / "mosaic.json"), report(tmp_path / "mosaic.json")
    for one in (ours, theirs):
        del one["inputs_digest"]  # it takes the files' times in
    assert ours == theirs
    assert list(service.folders.work.glob(f"{job.id}*")) == []


def test_a_panorama_and_its_map_are_made_one_after_the_other(service: Service, tmp_path: Path) -> None:
    spec = service.panorama_spec()
    job = service.wait(service.submit(spec))
    assert job.state is State.SUCCEEDED, job.failure
    made = folder_of(service, job)
    request = PanoramaRequest(
        frames=FRAMES,
        metadata=(FRAMES[0].with_name("feed.json"),),
        out=tmp_path / "bundle",
        pixels_per_degree=spec.pixels_per_degree,
        kernel=spec.kernel,
        backend="cpu",
    )
    make_bundle(request)
    for path in (tmp_path / "bundle").rglob("*"):
        if path.is_file() and path.name not in {"panorama.json", "item.json", "index.html"}:
            assert (made / path.relative_to(tmp_path / "bundle")).read_bytes() == path.read_bytes()
    assert report(made / "panorama.json") == report(tmp_path / "bundle" / "panorama.json")
    position = (77.45, 18.445)
    ground = write_raster(
        tmp_path / "ground.tif", textured(500, 500), crs=DEGREES, affine=from_origin(77.445, 18.45, 2e-5)
    )
    base = service.keep(ground)
    drawn = service.wait(
        service.submit(OverviewSpec(panorama=job.id, base_maps=(base,), position=position, width_px=600))
    )
    assert drawn.state is State.SUCCEEDED, drawn.failure
    assert {path.name for path in folder_of(service, drawn).iterdir()} == {
        "overview.png",
        "overview.geojson",
    }


def test_an_input_of_the_wrong_kind_fails_at_once_and_is_named(service: Service) -> None:
    file = service.keep_bytes(b"<html>not found</html>", "ESP_012345_1850_RED.tif")
    job = service.wait(service.submit(MosaicSpec(rasters=(file,))))
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert job.failure is not None
    assert job.failure.reason is Reason.INPUT_FORMAT_REFUSED
    assert "ESP_012345_1850_RED.tif" in job.failure.message


def test_an_option_that_cannot_be_used_is_told_without_the_servers_paths(service: Service) -> None:
    spec = service.mosaic_spec(crs="no such system")
    job = service.wait(service.submit(spec))
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert job.failure is not None
    assert job.failure.reason is Reason.INPUT_REFUSED
    assert str(service.folders.root) not in job.failure.message


def test_an_output_beyond_all_measure_is_refused(service: Service) -> None:
    job = service.wait(service.submit(service.mosaic_spec(extent=(WEST, NORTH - 3e6, WEST + 3e6, NORTH))))
    assert job.failure is not None
    assert job.failure.reason is Reason.PLAN_TOO_LARGE


def test_a_job_whose_files_are_gone_says_so(service: Service) -> None:
    spec = service.mosaic_spec(seed=99)
    for path in service.folders.files.rglob(spec.rasters[0].sha256):
        path.unlink()
    job = service.wait(service.submit(spec))
    assert job.failure is not None
    assert job.failure.reason is Reason.FILE_NOT_FOUND


def test_a_job_that_runs_too_long_is_ended(broken: Service) -> None:
    job = broken.submit(broken.mosaic_spec(), max_run_s=1.0)
    with broken.worker({"HINTERLAND_FAILPOINTS": "attempt.start=stop"}):
        job = broken.wait(job)
    assert job.failure is not None
    assert job.failure.reason is Reason.RUN_TOO_LONG


def test_a_running_job_is_cancelled_and_can_be_retried(broken: Service) -> None:
    job = broken.submit(broken.mosaic_spec())
    with broken.worker({"HINTERLAND_FAILPOINTS": "attempt.mosaicking=stop"}):
        broken.wait(job, lambda job: job.progress is not None and job.progress.stage == "seams")
        broken.database.write(lambda c: cancel_job(c, "ada", job.id)).result()
        job = broken.wait(job)
        assert job.state is State.CANCELLED
        assert list(broken.folders.results.iterdir()) == []
    broken.database.write(lambda c: retry_job(c, "ada", job.id, limits=LIMITS)).result()
    with broken.worker():
        assert broken.wait(job).state is State.SUCCEEDED


def test_a_worker_that_is_told_to_end_gives_its_job_back_and_ends_well(broken: Service) -> None:
    job = broken.submit(broken.mosaic_spec())
    with broken.worker({"HINTERLAND_FAILPOINTS": "attempt.mosaicking=stop"}, drain_s=0.1) as worker:
        broken.wait(job, lambda job: job.progress is not None and job.progress.stage == "seams")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
    given_back = broken.job(job)
    assert (given_back.state, given_back.attempt) == (State.PENDING, 0)
    with broken.worker():
        assert broken.wait(job).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("ingest.file=segfault", Reason.INPUT_CRASHED_READER),
        ("attempt.seams=segfault", Reason.INPUT_CRASHED_READER),
        ("attempt.seams=memory", Reason.OUT_OF_MEMORY),
        ("attempt.seams=full", Reason.DISK_FULL),
        ("publish.fsync=full@2", Reason.DISK_FULL),
        ("attempt.seams=error", Reason.INTERNAL),
    ],
)
def test_what_breaks_a_job_for_good_is_not_tried_again(broken: Service, place: str, reason: Reason) -> None:
    job = broken.submit(broken.mosaic_spec())
    with broken.worker({"HINTERLAND_FAILPOINTS": place}) as worker:
        job = broken.wait(job)
        assert worker.poll() is None  # the worker outlives what its child died of
    assert (job.state, job.attempt) == (State.FAILED, 1)
    assert job.failure is not None
    assert job.failure.reason is reason
    assert list(broken.folders.results.iterdir()) == []


def test_a_job_takes_a_larger_share_of_the_memory_once_its_plan_asks_for_it(broken: Service) -> None:
    path = write_raster(broken.folders.run / "wide.tif", textured(700, 700))
    job = broken.submit(MosaicSpec(rasters=(broken.keep(path),)))
    device = broken.worker_settings().device
    small = type(device)(node="here", name="cpu", share_bytes=1 << 20, total_bytes=8 << 30)
    with broken.worker(device=small):
        job = broken.wait(job)
    assert job.state is State.SUCCEEDED, job.failure
    assert (job.attempt, job.fence) == (1, 2)  # given back once, at no cost
    assert job.plan is not None
    assert job.plan.memory_bytes > 1 << 20

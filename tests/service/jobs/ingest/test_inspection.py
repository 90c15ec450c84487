from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from inspected_files import inspect, laid_out
from map_rasters import DATA, EARTH_TILES, textured, write_raster
from product_files import EAST, SOL_15_FEED, TILE, sol_15_records, write_frame
from rasterio.windows import Window

from hinterland.jobs.ingest import Content, Given, Ingest, IngestError, IngestLimits, Role, Verdict
from hinterland.reasons import Reason

ROUTES = DATA / "route_forms"
GALE_DEM = DATA / "gale_stop" / "missionDEM.tif"


def contents(verdicts: list[Verdict]) -> list[Content | None]:
    assert [verdict.failure for verdict in verdicts] == [None] * len(verdicts)
    return [verdict.content for verdict in verdicts]


def reasons(verdicts: list[Verdict]) -> list[Reason | None]:
    return [None if verdict.failure is None else verdict.failure.reason for verdict in verdicts]


def test_sound_files_of_every_role_are_taken_and_described(tmp_path: Path) -> None:
    frame = write_frame(tmp_path, sol_15_records()[TILE])
    (tmp_path / "root").mkdir()
    files = [
        (EAST, Role.FRAME),
        (frame, Role.FRAME),
        (SOL_15_FEED, Role.FEED),
        (EARTH_TILES[0], Role.RASTER),
        (GALE_DEM, Role.RASTER),
        (ROUTES / "M20_waypoints_current.json", Role.ROUTE),
        (ROUTES / "MSL_line.json", Role.PLANNED),
    ]
    assert contents(inspect(tmp_path / "root", files)) == [
        Content(format="PDS3", lines=1024, samples=1024, bands=1, dtype="uint16"),
        Content(format="PNG", lines=976, samples=1288, bands=1, dtype="uint8"),
        Content(format="feed"),
        Content(format="GTiff", lines=400, samples=400, bands=3, dtype="uint8"),
        Content(format="GTiff", lines=337, samples=348, bands=1, dtype="float32"),
        Content(format="GeoJSON"),
        Content(format="GeoJSON"),
    ]


def test_a_file_taken_for_something_else_is_refused(tmp_path: Path) -> None:
    files = [(EARTH_TILES[0], Role.FRAME), (SOL_15_FEED, Role.RASTER), (EAST, Role.ROUTE)]
    assert reasons(inspect(tmp_path, files)) == [
        Reason.INPUT_FORMAT_REFUSED,
        Reason.INPUT_FORMAT_REFUSED,
        Reason.INPUT_REFUSED,
    ]


def test_every_block_mask_and_overview_is_decoded(tmp_path: Path) -> None:
    """A bit that flips in DEFLATE's stream is found, wherever it is."""
    sound = tmp_path / "sound.tif"
    write_raster(sound, textured(256, 256), tiled=True, blockxsize=64, blockysize=64, compress="DEFLATE")
    whole = sound.read_bytes()
    (tmp_path / "root").mkdir()
    damaged = []
    for share in (0.3, 0.6, 0.9):
        place = int(share * len(whole))
        path = tmp_path / f"{share}.tif"
        path.write_bytes(whole[:place] + bytes(16) + whole[place + 16 :])
        damaged.append((path, Role.RASTER))
    verdicts = inspect(tmp_path / "root", [(sound, Role.RASTER), *damaged])
    assert reasons(verdicts) == [None] + [Reason.INPUT_REFUSED] * 3


def test_a_copy_that_rotted_on_the_server_is_told_from_what_was_uploaded(tmp_path: Path) -> None:
    given = laid_out(tmp_path / "inputs", [(EARTH_TILES[0], Role.RASTER), (EAST, Role.FRAME)])
    for one in given:
        path = tmp_path / "inputs" / one.path
        path.write_bytes(path.read_bytes()[:-1] + b"\x5a")
    with Ingest(tmp_path) as ingest:
        verdicts = ingest.inspect(tmp_path / "inputs", given, IngestLimits())
    for verdict in verdicts:
        assert verdict.failure is not None
        assert "is damaged; upload it again" in verdict.failure.message


@pytest.mark.parametrize("path", ["../secret", "0/../../secret", "0/link", "/etc/hostname"])
def test_a_path_that_leads_out_of_the_job_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_bytes(EAST.read_bytes())
    (tmp_path / "inputs" / "0").mkdir(parents=True)
    (tmp_path / "inputs" / "0" / "link").symlink_to("../../secret")
    given = Given(path=path, sha256=hashlib.sha256(EAST.read_bytes()).hexdigest(), role=Role.FRAME)
    with Ingest(tmp_path) as ingest:
        verdicts = ingest.inspect(tmp_path / "inputs", [given], IngestLimits())
    assert reasons(verdicts) == [Reason.INPUT_OUTSIDE_JOB]


@pytest.mark.parametrize("end", ["segfault", "kill", "error"])
def test_a_file_that_ends_its_reader_is_named_and_the_worker_lives(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINTERLAND_FAILPOINTS", f"ingest.file={end}@2")
    given = laid_out(tmp_path / "inputs", [(EARTH_TILES[number], Role.RASTER) for number in range(3)])
    with Ingest(tmp_path) as ingest:
        verdicts = ingest.inspect(tmp_path / "inputs", given, IngestLimits())
        assert reasons(verdicts) == [None, Reason.INPUT_CRASHED_READER]
        failure = verdicts[1].failure
        assert failure is not None
        assert given[1].path.rpartition("/")[2] in failure.message
        monkeypatch.delenv("HINTERLAND_FAILPOINTS")
        assert reasons(ingest.inspect(tmp_path / "inputs", given, IngestLimits())) == [None] * 3


def test_a_file_that_needs_too_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HINTERLAND_FAILPOINTS", "ingest.file=memory@1")
    verdicts = inspect(tmp_path, [(EARTH_TILES[0], Role.RASTER), (EARTH_TILES[1], Role.RASTER)])
    assert reasons(verdicts) == [Reason.INPUT_TOO_LARGE, None]


def test_a_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HINTERLAND_FAILPOINTS", "ingest.file=stop@1")
    verdicts = inspect(tmp_path, [(EARTH_TILES[0], Role.RASTER)], IngestLimits(wall_s=0.5))
    assert reasons(verdicts) == [Reason.INPUT_TOO_LARGE]


def test_a_reader_that_works_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ends it: decoding, the second step, was granted a second at most."""
    monkeypatch.setenv("HINTERLAND_FAILPOINTS", "ingest.step=work@2")
    limits = IngestLimits(header_s=0.0, least_bytes_per_s=1e12)
    verdicts = inspect(tmp_path, [(EARTH_TILES[0], Role.RASTER)], limits)
    assert reasons(verdicts) == [Reason.INPUT_TOO_LARGE]


def test_a_raster_larger_than_the_memory_is_read_in_blocks_and_a_frame_is_refused(tmp_path: Path) -> None:
    side, memory_bytes = 22_000, 448 << 20
    path = tmp_path / "a.tif"
    options = {"driver": "GTiff", "tiled": True, "compress": "ZSTD", "ZSTD_LEVEL": 1, "count": 1}
    with rasterio.open(path, "w", width=side, height=side, dtype="uint8", **options) as dataset:
        strip = np.full((1, 512, side), 7, dtype=np.uint8)
        for line in range(0, side, 512):
            lines = min(512, side - line)
            dataset.write(strip[:, :lines], window=Window(0, line, side, lines))
    frame = tmp_path / "large.png"
    frame.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(frame, memory_bytes)
    (tmp_path / "root").mkdir()
    limits = IngestLimits(memory_bytes=memory_bytes)
    verdicts = inspect(tmp_path / "root", [(path, Role.RASTER), (frame, Role.FRAME)], limits)
    assert side * side > memory_bytes
    assert reasons(verdicts) == [None, Reason.INPUT_TOO_LARGE]


def test_the_watch_hears_of_every_file_and_may_end_it(tmp_path: Path) -> None:
    given = laid_out(tmp_path / "inputs", [(tile, Role.RASTER) for tile in EARTH_TILES])
    heard: list[int] = []

    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        if done >= 1:
            raise StopError

    with Ingest(tmp_path) as ingest:
        ingest.inspect(tmp_path / "inputs", given, IngestLimits(), heard.append)
        assert heard[-1] == len(given)
        assert sorted(set(heard)) == list(range(len(given) + 1))
        with pytest.raises(StopError):
            ingest.inspect(tmp_path / "inputs", given, IngestLimits(), stop)


def test_a_child_waits_for_the_next_job_and_serves_one(tmp_path: Path) -> None:
    given = laid_out(tmp_path / "inputs", [(EARTH_TILES[0], Role.RASTER)])
    with Ingest(tmp_path) as ingest:
        ingest.warm(IngestLimits())
        waiting = ingest._spare
        ingest.warm(IngestLimits())
        assert ingest._spare is waiting
        ingest.inspect(tmp_path / "inputs", given, IngestLimits())
        assert ingest._spare is None
        ingest.warm(replace(IngestLimits(), header_s=1.0))
        assert contents(ingest.inspect(tmp_path / "inputs", given, IngestLimits()))


def test_no_files_need_no_child(tmp_path: Path) -> None:
    with Ingest(tmp_path / "missing") as ingest:
        assert ingest.inspect(tmp_path, [], IngestLimits()) == []


def test_ingest_that_cannot_start_blames_no_file(tmp_path: Path) -> None:
    given = laid_out(tmp_path / "inputs", [(EARTH_TILES[0], Role.RASTER)])
    limits = IngestLimits(memory_bytes=40 << 20)  # Python and GDAL need more
    with Ingest(tmp_path) as ingest, pytest.raises(IngestError, match="does not start"):
        ingest.inspect(tmp_path / "inputs", given, limits)


def test_the_worker_loads_none_of_what_reads_files() -> None:
    program = (
        "import sys, hinterland.jobs.ingest\n"
        "print([name for name in ('rasterio', 'numpy', 'numba', 'cv2', 'PIL') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_a_child_without_work_ends_in_peace(tmp_path: Path) -> None:
    with Ingest(tmp_path) as ingest:
        ingest.warm(IngestLimits())
        assert ingest._spare is not None
        number = ingest._spare._child.number
        os.kill(number, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, signal.SIGTERM)

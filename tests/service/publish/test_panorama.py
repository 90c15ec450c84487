"""From frames to bundle: what the report says of it, and what a run that is stopped leaves."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from product_files import EAST, SOUTH_EAST, label_of, pds3_product, with_keyword

from hinterland.errors import InputError
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest

_KILLED = """
import os, signal, sys
from pathlib import Path
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest

def progress(stage, done, total):
    if stage == "blending" and 0 < done < total:
        os.kill(os.getpid(), signal.SIGKILL)

*frames, out = map(Path, sys.argv[1:])
make_bundle(
    PanoramaRequest(frames=tuple(frames), out=out, pixels_per_degree=8.0, backend="cpu", tile_px=128), progress
)
"""


def request(out: Path, *frames: Path, scale: float = 4.0, memory_bytes: int | None = None) -> PanoramaRequest:
    return PanoramaRequest(
        frames=frames, out=out, pixels_per_degree=scale, backend="cpu", memory_bytes=memory_bytes
    )


def test_a_run_killed_while_it_blends_leaves_no_bundle_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(EAST), str(SOUTH_EAST), str(out)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()
    assert list(tmp_path.glob(".bundle.partial-*"))  # it was under way
    make_bundle(request(out, EAST))
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_the_report_has_the_time_of_every_stage_and_of_the_whole(tmp_path: Path) -> None:
    report = make_bundle(request(tmp_path / "bundle", EAST))
    *stages, last = report["timing_s"]
    assert last == "total"
    assert stages == [
        "reading",
        "tie points",
        "pointing",
        "planning",
        "levelling",
        "seams",
        "blending",
        "publishing",
    ]
    assert report["timing_s"]["publishing"] > 0.0
    # stages are rounded to a millisecond each
    assert report["timing_s"]["total"] >= sum(report["timing_s"][stage] for stage in stages) - 0.005
    assert json.loads((tmp_path / "bundle" / "panorama.json").read_text()) == report


def test_too_little_memory_is_refused_before_anything_is_published(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--memory 1048576: .*lower --scale"):
        make_bundle(request(tmp_path / "bundle", EAST, memory_bytes=1 << 20))
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_is_smaller_than_a_pixel_is_not_called_hidden(tmp_path: Path) -> None:
    label = with_keyword(label_of(SOUTH_EAST), "PRODUCT_ID", '"1N491020519ILFCNY9P0706L0M2"')
    corner = tmp_path / "corner.IMG"
    ramp = np.arange(100, 164, dtype=np.int16).reshape(1, 8, 8)
    corner.write_bytes(pds3_product(label, ramp))
    report = make_bundle(request(tmp_path / "bundle", EAST, corner, scale=1.0))
    frames = report["frames"]
    assert [(frame["used"], frame["reason"]) for frame in frames] == [
        (True, None),
        (False, "smaller than a pixel of the panorama"),
    ]
    assert report["warnings"][0].endswith("1N491020376ILFCNY9P0706L0M1, 1N491020519ILFCNY9P0706L0M2")


def test_a_second_run_with_the_pointing_of_the_first_is_the_same_without_a_solve(tmp_path: Path) -> None:
    first = make_bundle(request(tmp_path / "first", EAST, SOUTH_EAST))
    nav = tmp_path / "first" / "nav.json"
    again = make_bundle(replace(request(tmp_path / "again", EAST, SOUTH_EAST), nav=nav))
    assert first["residuals"]["tie_points"] > 0
    assert "tie points" not in again["timing_s"]
    assert again["residuals"]["tie_points"] == 0
    assert not [words for words in again["warnings"] if "tie point" in words]
    for name in ("panorama.tif", "sources.tif"):
        with (
            rasterio.open(tmp_path / "first" / name) as one,
            rasterio.open(tmp_path / "again" / name) as other,
        ):
            np.testing.assert_array_equal(other.read(), one.read())
    assert (tmp_path / "again" / "nav.json").read_bytes() == nav.read_bytes()
    assert again["surface"] == first["surface"]
    assert again["inputs_digest"] != first["inputs_digest"]
    for found, expected in zip(again["frames"], first["frames"], strict=True):
        assert any(expected["correction_deg"].values())
        assert found["correction_deg"] == pytest.approx(expected["correction_deg"], abs=1e-9)


def test_the_pointing_of_other_frames_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    make_bundle(request(tmp_path / "first", EAST))
    nav = tmp_path / "first" / "nav.json"
    with pytest.raises(InputError, match="its pointing is not known: leave the frame out, or --nav"):
        make_bundle(replace(request(tmp_path / "again", EAST, SOUTH_EAST), nav=nav))
    assert [path.name for path in tmp_path.iterdir()] == ["first"]

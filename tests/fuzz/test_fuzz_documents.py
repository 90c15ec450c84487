"""Documents of our own that come back from outside: nav.json, and what clients send."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fuzzing import JSON, NASTY, damaged, fuzz, lines_of, outcome, records
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.errors import InputError
from hinterland.jobs.content import is_filename, is_sha256
from hinterland.jobs.specs import from_json, input_files, to_json
from hinterland.model.cameras import CameraModel
from hinterland.publish.nav import read_nav
from hinterland.reasons import RefusedError
from hinterland.rpc.paging import Filter, read_filter
from hinterland.rpc.requests import job_id, new_job, upload_id

FRAME = {
    "product": "NLF_0670",
    "C": [0.1, 0.2, -1.9],
    "A": [1.0, 0.0, 0.0],
    "H": [500.0, 900.0, 0.0],
    "V": [400.0, 0.0, 900.0],
    "O": [1.0, 0.0, 0.0],
    "R": [0.0, 0.01, 0.0],
    "E": [0.0, 0.0, 0.0],
    "type": 2,
    "parameter": 0.0,
    "lines": 960,
    "samples": 1280,
}
NAV = json.dumps({"frames": [FRAME]}).encode()
FILE = {"file": "files/" + "ab" * 32, "filename": "frame.IMG"}
REQUESTS = (
    jobs_pb2.CreateJobRequest(
        job=job_pb2.Job(
            title="t", labels={"a": "b"}, panorama=job_pb2.PanoramaSpec(frames=[FILE], kernel="bilinear")
        )
    ),
    jobs_pb2.CreateJobRequest(
        job=job_pb2.Job(
            mosaic=job_pb2.MosaicSpec(
                rasters=[FILE],
                crs="IAU_2015:49910",
                resolution=6.0,
                extent={"west": 0, "south": 0, "east": 1, "north": 1},
            )
        ),
        request_id="6b29fc40-ca47-4067-b31d-00dd010662da",
    ),
    jobs_pb2.CreateJobRequest(
        job=job_pb2.Job(
            overview=job_pb2.OverviewSpec(
                panorama="jobs/" + "0" * 26, base_maps=[FILE], position={"longitude_deg": 77.0}
            )
        )
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "nav.json"


_FRAMES = st.lists(records({name: st.just(value) for name, value in FRAME.items()}) | JSON, max_size=3)


@fuzz
@given(
    data=damaged(NAV)
    | st.fixed_dictionaries({"frames": _FRAMES | JSON}).map(lambda nav: json.dumps(nav).encode())
)
def test_a_nav_json_is_read_or_refused(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    nav = outcome(lambda: read_nav(path), InputError)
    assert nav is None or all(isinstance(camera, CameraModel) for camera in nav.cameras.values())


@fuzz
@given(data=damaged(*(request.SerializeToString() for request in REQUESTS)))
def test_a_request_makes_a_job_that_can_be_kept_or_is_refused(data: bytes) -> None:
    request = jobs_pb2.CreateJobRequest()
    try:
        request.ParseFromString(data)
    except DecodeError:  # gRPC refuses it before us
        return
    job = outcome(lambda: new_job(request, most_run_s=3600.0, retention_s=86400.0), RefusedError)
    if job is None:
        return
    assert from_json(job.spec.kind, to_json(job.spec)) == job.spec
    assert all(is_sha256(file.sha256) and is_filename(file.filename) for file in input_files(job.spec))


_TEXT = st.text(max_size=80) | st.sampled_from(NASTY).map(lambda data: data.decode("latin-1"))


@fuzz
@given(
    text=_TEXT
    | lines_of(["state=RUNNING", "kind=panorama", "labels.a=b", "AND", "=", '"', "\\"]).map(bytes.decode)
)
def test_a_filter_is_read_or_refused(text: str) -> None:
    found = outcome(lambda: read_filter(text), RefusedError)
    assert found is None or isinstance(found, Filter)


@fuzz
@given(text=_TEXT | _TEXT.map(lambda text: f"jobs/{text}") | _TEXT.map(lambda text: f"uploads/{text}"))
def test_a_name_is_an_identifier_or_refused(text: str) -> None:
    for read in (job_id, upload_id):
        found = outcome(partial(read, text), RefusedError)
        assert found is None or (found.isalnum() and found.isascii())


def test_sound_requests_are_accepted() -> None:
    kinds: list[Any] = [
        new_job(request, most_run_s=3600.0, retention_s=86400.0).spec.kind for request in REQUESTS[:2]
    ]
    assert kinds == ["panorama", "mosaic"]

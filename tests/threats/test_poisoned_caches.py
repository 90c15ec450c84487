"""Threat 5.9: what is kept between attempts and jobs, changed by somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_store import sqlite_url
from upload_pieces import BYTES, OWNER, append, create, finish, opened, sha256_of

from hinterland.jobs.checkpoints import Checkpoints
from hinterland.jobs.content import content_path
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
from hinterland.reasons import Reason, RefusedError

VALUE = b"tie points of a stop" * 20


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1 << 30), bit=st.integers(0, 7))
def test_a_checkpoint_with_a_flipped_bit_is_none(tmp_path: Path, place: int, bit: int) -> None:
    kept = Checkpoints(tmp_path / "checkpoints")
    kept.save("tie-points", VALUE)
    (path,) = (tmp_path / "checkpoints").iterdir()
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    assert kept.load("tie-points") is None
    kept.save("tie-points", VALUE)
    assert kept.load("tie-points") == VALUE


@pytest.mark.parametrize("kept_bytes", [0, 1, 31, 32, 33, -1])
def test_a_checkpoint_that_was_cut_is_none(tmp_path: Path, kept_bytes: int) -> None:
    kept = Checkpoints(tmp_path / "checkpoints")
    kept.save("tie-points", VALUE)
    (path,) = (tmp_path / "checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert kept.load("tie-points") is None


def test_a_checkpoint_is_not_taken_for_another(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "checkpoints")
    kept.save("verdicts", VALUE)
    (path,) = (tmp_path / "checkpoints").iterdir()
    path.rename(path.with_name(path.name.replace("verdicts", "tie-points")))
    assert kept.load("tie-points") is None


def test_an_upload_changed_on_the_disk_before_its_end_is_no_file(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES)
    path = tmp_path / "uploads" / upload.id
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(RefusedError) as caught:
        finish(database, tmp_path, upload)
    database.close()
    assert caught.value.reason is Reason.CHECKSUM_WRONG
    assert not content_path(tmp_path, OWNER, sha256_of(BYTES)).exists()

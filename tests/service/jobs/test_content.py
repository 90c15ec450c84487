from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from job_store import new_job
from upload_pieces import BYTES, OWNER, create, sha256_of, take_in

from hinterland.jobs.content import (
    content_path,
    find_file,
    is_filename,
    owner_folder,
    place_inputs,
    sweep_files,
)
from hinterland.jobs.database import Database
from hinterland.jobs.schema import files, owners
from hinterland.jobs.specs import InputFile, PanoramaSpec
from hinterland.jobs.uploads import UploadState
from hinterland.reasons import Reason, RefusedError

SHA256 = sha256_of(BYTES)
GIVEN = InputFile(sha256=SHA256, filename="frame.IMG")


def age_files(database: Database, seconds: float) -> None:
    database.write(
        lambda connection: connection.execute(sa.update(files).values(used_s=files.c.used_s - seconds))
    ).result()


def held_bytes(database: Database) -> int:
    select = sa.select(owners.c.bytes).where(owners.c.owner == OWNER)
    return int(database.read(lambda connection: connection.execute(select).scalar_one()))


@given(owner=st.text(min_size=1), sha256=st.text("0123456789abcdef", min_size=64, max_size=64))
def test_no_owner_and_no_digest_lead_out_of_the_folder(owner: str, sha256: str) -> None:
    folder = Path("/data")
    path = content_path(folder, owner, sha256)
    assert path.parts[:3] == ("/", "data", "files")
    assert len(path.parts) == 6
    assert not {"..", "."} & set(path.parts)


@given(sha256=st.text(max_size=80))
def test_what_is_no_digest_makes_no_path(sha256: str) -> None:
    if len(sha256) == 64 and set(sha256) <= set("0123456789abcdef"):
        return
    with pytest.raises(RefusedError) as caught:
        content_path(Path("/data"), OWNER, sha256)
    assert caught.value.reason is Reason.FIELD_INVALID


def test_owners_have_folders_of_their_own() -> None:
    assert owner_folder(Path(), "ada") != owner_folder(Path(), "Ada")


@given(name=st.text(max_size=200))
def test_a_file_name_is_one_plain_part_of_a_path(name: str) -> None:
    if is_filename(name):
        assert Path("/inputs/0") / name == Path(f"/inputs/0/{name}")
        assert (Path("/inputs/0") / name).parent == Path("/inputs/0")
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith((".", "/"))


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "",
        ".hidden",
        "a/b",
        "a\\b",
        "a\x00b",
        "a\nb",
        "%2e%2e/x",
        "a:b",
        "é",
        "x" * 129,
        "a b",
        "name\n",
    ],
)
def test_a_name_of_which_a_path_could_be_made_is_none(name: str) -> None:
    assert not is_filename(name)


def test_a_kept_content_cannot_be_written(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    mode = content_path(tmp_path, OWNER, SHA256).stat().st_mode
    assert not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def test_bytes_are_counted_once_for_each_content(database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        take_in(database, tmp_path)
    assert held_bytes(database) == len(BYTES)


def test_inputs_lie_each_in_a_folder_of_its_own(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    twice = [GIVEN, InputFile(sha256=SHA256, filename="copy.IMG")]
    placed = place_inputs(tmp_path, OWNER, twice, tmp_path / "inputs")
    assert placed == (tmp_path / "inputs/0/frame.IMG", tmp_path / "inputs/1/copy.IMG")
    assert all(path.read_bytes() == BYTES for path in placed)
    assert place_inputs(tmp_path, OWNER, twice, tmp_path / "inputs") == placed


def test_inputs_on_another_disk_are_copied(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_disk(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    take_in(database, tmp_path)
    monkeypatch.setattr(Path, "hardlink_to", other_disk)
    (placed,) = place_inputs(tmp_path, OWNER, [GIVEN], tmp_path / "inputs")
    assert placed.read_bytes() == BYTES
    assert placed.stat().st_ino != content_path(tmp_path, OWNER, SHA256).stat().st_ino


def test_an_input_whose_content_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"frame\.IMG") as caught:
        place_inputs(tmp_path, OWNER, [GIVEN], tmp_path / "inputs")
    assert caught.value.reason is Reason.FILE_NOT_FOUND


def test_an_input_is_not_laid_where_its_name_leads(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    with pytest.raises(RefusedError):
        place_inputs(tmp_path, OWNER, [InputFile(sha256=SHA256, filename="../out")], tmp_path / "inputs")
    assert not (tmp_path / "inputs").exists()


def test_files_that_no_job_uses_are_swept_in_time(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    assert database.write(lambda connection: sweep_files(connection, tmp_path, 60.0)).result() == 0
    age_files(database, 61.0)
    assert database.write(lambda connection: sweep_files(connection, tmp_path, 60.0)).result() == 1
    assert database.read(lambda connection: find_file(connection, OWNER, SHA256)) is None
    assert not list(tmp_path.glob("files/*/*/*"))
    assert held_bytes(database) == 0
    assert create(database, tmp_path).state is UploadState.OPEN


def test_files_that_a_job_uses_stay(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    database.write(new_job(OWNER, spec=PanoramaSpec(frames=(GIVEN,)))).result()
    age_files(database, 1e6)
    database.write(lambda connection: sweep_files(connection, tmp_path, 60.0)).result()
    assert database.read(lambda connection: find_file(connection, OWNER, SHA256)) is not None
    assert content_path(tmp_path, OWNER, SHA256).exists()


def test_a_swept_file_stays_with_the_attempt_that_has_it(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    (placed,) = place_inputs(tmp_path, OWNER, [GIVEN], tmp_path / "inputs")
    age_files(database, 61.0)
    database.write(lambda connection: sweep_files(connection, tmp_path, 60.0)).result()
    assert placed.read_bytes() == BYTES

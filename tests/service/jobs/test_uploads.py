from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from upload_pieces import BYTES, LIMITS, OWNER, append, create, opened, sha256_of, take_in

from hinterland.jobs.database import Database
from hinterland.jobs.schema import uploads
from hinterland.jobs.upload_files import upload_path
from hinterland.jobs.uploads import UploadState, get_upload, sweep_uploads
from hinterland.reasons import Reason, RefusedError

OTHER = b"another content"


def age(database: Database, seconds: float) -> None:
    """Let all uploads have been made so long ago."""
    database.write(
        lambda connection: connection.execute(
            sa.update(uploads).values(expires_s=uploads.c.expires_s - seconds)
        )
    ).result()


def test_a_new_upload_is_open_and_empty(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    assert (upload.state, upload.committed_bytes, upload.size_bytes) == (UploadState.OPEN, 0, len(BYTES))
    assert database.read(lambda connection: get_upload(connection, OWNER, upload.id)) == upload


def test_a_content_that_the_owner_has_needs_no_upload(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    again = create(database, tmp_path)
    assert (again.state, again.committed_bytes) == (UploadState.FINISHED, len(BYTES))


def test_a_content_that_another_owner_has_must_be_uploaded(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    assert create(database, tmp_path, owner="grace").state is UploadState.OPEN


def test_a_content_whose_file_was_lost_must_be_uploaded_again(database: Database, tmp_path: Path) -> None:
    file = take_in(database, tmp_path)
    (kept,) = tmp_path.glob(f"files/*/*/{file.sha256}")
    kept.unlink()
    assert create(database, tmp_path).state is UploadState.OPEN


def test_an_upload_that_was_cut_off_is_found_again(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 4000)
    again = create(database, tmp_path)
    assert (again.id, again.committed_bytes) == (upload.id, 4000)


def test_two_clients_may_upload_the_same_content_at_once(database: Database, tmp_path: Path) -> None:
    first = create(database, tmp_path)
    with opened(database, tmp_path, first):
        assert create(database, tmp_path).id != first.id


@pytest.mark.parametrize("size", [0, -1, LIMITS.file_bytes + 1])
def test_a_size_that_no_file_may_have_is_refused(database: Database, tmp_path: Path, size: int) -> None:
    class Sized(bytes):
        def __len__(self) -> int:
            return max(size, 0)

    with pytest.raises(RefusedError, match="size_bytes") as caught:
        create(database, tmp_path, Sized(b"x"))
    assert caught.value.reason is Reason.FIELD_INVALID


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "é" * 64])
def test_a_digest_that_is_none_is_refused(database: Database, tmp_path: Path, sha256: str) -> None:
    with pytest.raises(RefusedError) as caught:
        create(database, tmp_path, sha256=sha256)
    assert caught.value.reason is Reason.FIELD_INVALID


def test_a_known_digest_with_another_size_is_refused(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    with pytest.raises(RefusedError, match=f"has {len(BYTES)} bytes") as caught:
        create(database, tmp_path, OTHER, sha256=sha256_of(BYTES))
    assert caught.value.reason is Reason.FIELD_INVALID


def test_what_open_uploads_will_be_counts_against_the_owner(database: Database, tmp_path: Path) -> None:
    limits = replace(LIMITS, owner=replace(LIMITS.owner, owner_bytes=len(BYTES) + len(OTHER) - 1))
    create(database, tmp_path, limits=limits)
    with pytest.raises(RefusedError) as caught:
        create(database, tmp_path, OTHER, limits=limits)
    assert caught.value.reason is Reason.QUOTA_EXCEEDED
    assert create(database, tmp_path, OTHER, owner="grace", limits=limits).state is UploadState.OPEN


def test_nothing_is_taken_in_past_the_high_water_mark(database: Database, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        create(database, tmp_path, limits=replace(LIMITS, disk_high_water=1e-9))
    assert caught.value.reason is Reason.DISK_FULL


@pytest.mark.parametrize("name", ["0" * 26, "../../secret", "", "0" * 25 + "\x00", "%2e%2e"])
def test_an_upload_that_is_not_there_is_not_yours(database: Database, name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        database.read(lambda connection: get_upload(connection, OWNER, name))
    assert caught.value.reason is Reason.NOT_YOURS


def test_an_upload_of_another_owner_is_not_yours(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with pytest.raises(RefusedError) as foreign:
        database.read(lambda connection: get_upload(connection, "grace", upload.id))
    with pytest.raises(RefusedError) as missing:
        database.read(lambda connection: get_upload(connection, "grace", "0" * 26))
    assert foreign.value.reason is Reason.NOT_YOURS
    assert str(foreign.value) == str(missing.value)


def test_an_upload_that_nobody_writes_expires_and_is_swept(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 100)
    fresh = create(database, tmp_path, OTHER)
    age(database, LIMITS.retention_s + 1.0)
    database.write(
        lambda connection: connection.execute(
            sa.update(uploads).where(uploads.c.id == fresh.id).values(expires_s=fresh.expires_s)
        )
    ).result()
    with pytest.raises(RefusedError) as caught:
        database.read(lambda connection: get_upload(connection, OWNER, upload.id))
    assert caught.value.reason is Reason.UPLOAD_EXPIRED
    assert database.write(lambda connection: sweep_uploads(connection, tmp_path)).result() == 1
    assert not upload_path(tmp_path, upload.id).exists()
    assert database.read(lambda connection: get_upload(connection, OWNER, fresh.id)) == fresh


def test_an_upload_under_way_is_not_swept(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 100)
        age(database, LIMITS.retention_s + 1.0)
        assert database.write(lambda connection: sweep_uploads(connection, tmp_path)).result() == 0
    # what was kept at the end of the stream gives it time again
    assert database.read(lambda connection: get_upload(connection, OWNER, upload.id)).committed_bytes == 100

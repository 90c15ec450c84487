from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from job_store import sqlite_url
from upload_pieces import BYTES, OWNER, append, create, finish, opened, sha256_of, take_in

from hinterland.jobs import upload_writing
from hinterland.jobs.content import content_path
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
from hinterland.jobs.upload_files import upload_path
from hinterland.jobs.uploads import Upload, UploadLimits, UploadState, get_upload
from hinterland.reasons import Reason, RefusedError
from hinterland.settings import Settings


def committed(database: Database, upload: Upload) -> int:
    return database.read(lambda connection: get_upload(connection, OWNER, upload.id)).committed_bytes


def test_what_was_written_in_pieces_is_the_file(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        for first in range(0, len(BYTES), 1000):
            append(writer, BYTES, first, first + 1000)
    file = finish(database, tmp_path, upload)
    assert (file.sha256, file.size_bytes) == (sha256_of(BYTES), len(BYTES))
    assert content_path(tmp_path, OWNER, file.sha256).read_bytes() == BYTES
    assert not upload_path(tmp_path, upload.id).exists()


def test_finishing_again_gives_the_same_file(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES)
    first = finish(database, tmp_path, upload)
    again = finish(database, tmp_path, upload)
    assert (again.sha256, again.size_bytes) == (first.sha256, first.size_bytes)


def test_a_stream_that_breaks_keeps_what_came(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with suppress(ConnectionError), opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 3000)
        raise ConnectionError
    assert committed(database, upload) == 3000
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 3000)
    assert finish(database, tmp_path, upload).sha256 == sha256_of(BYTES)


@pytest.mark.parametrize("offset", [0, 999, 1001, len(BYTES), -1])
def test_a_piece_out_of_order_is_refused_and_told_where_to_go_on(
    database: Database, tmp_path: Path, offset: int
) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 1000)
        with pytest.raises(RefusedError) as caught:
            writer.append(offset, b"x", google_crc32c.value(b"x"))
    assert caught.value.reason is Reason.OFFSET_WRONG
    assert caught.value.metadata["next_offset"] == "1000"
    assert committed(database, upload) == 1000


def test_a_piece_beyond_the_size_announced_is_refused(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer, pytest.raises(RefusedError) as caught:
        append(writer, BYTES + b"more")
    assert caught.value.reason is Reason.OFFSET_WRONG
    assert committed(database, upload) == 0


def test_a_piece_damaged_on_its_way_is_refused(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 1000)
        with pytest.raises(RefusedError) as caught:
            writer.append(1000, b"damagea", google_crc32c.value(b"damaged"))
    assert caught.value.reason is Reason.CHECKSUM_WRONG
    assert committed(database, upload) == 1000


def test_a_file_other_than_announced_leaves_the_upload_empty(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path, sha256=sha256_of(b"other"))
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES)
    with pytest.raises(RefusedError) as caught:
        finish(database, tmp_path, upload)
    assert caught.value.reason is Reason.CHECKSUM_WRONG
    assert committed(database, upload) == 0
    assert not list(tmp_path.glob("files/*/*/*"))


def test_an_upload_cannot_be_finished_before_all_is_there(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 10)
    with pytest.raises(RefusedError) as caught:
        finish(database, tmp_path, upload)
    assert caught.value.reason is Reason.UPLOAD_INCOMPLETE
    assert caught.value.metadata["committed_bytes"] == "10"


def test_a_second_stream_is_told_that_the_upload_is_busy(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES)
        for call in (opened, finish):
            with pytest.raises(RefusedError) as caught:
                call(database, tmp_path, upload)
            assert caught.value.reason is Reason.UPLOAD_BUSY
    assert finish(database, tmp_path, upload).size_bytes == len(BYTES)


def test_a_finished_upload_takes_nothing_more(database: Database, tmp_path: Path) -> None:
    take_in(database, tmp_path)
    upload = create(database, tmp_path)
    assert upload.state is UploadState.FINISHED
    with pytest.raises(RefusedError) as caught:
        opened(database, tmp_path, upload)
    assert caught.value.reason is Reason.STATE_WRONG


def test_a_long_stream_is_kept_on_its_way(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_writing, "KEPT_EVERY_BYTES", 1000)
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        for first in range(0, 5000, 1000):
            append(writer, BYTES, first, first + 1000)
        assert committed(database, upload) in {4000, 5000}  # the fifth had to wait for the fourth
        append(writer, BYTES, 5000)
    assert finish(database, tmp_path, upload).sha256 == sha256_of(BYTES)


def test_what_could_not_be_kept_on_its_way_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(upload_writing, "KEPT_EVERY_BYTES", 1000)
    upload = create(database, tmp_path)

    def write() -> None:
        with opened(database, tmp_path, upload) as writer, monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            append(writer, BYTES, 0, 1000)
            append(writer, BYTES, 1000, 2000)

    with pytest.raises(RefusedError) as caught:
        write()
    assert caught.value.reason is Reason.DISK_FULL
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, committed(database, upload))
    assert finish(database, tmp_path, upload).sha256 == sha256_of(BYTES)


def test_sixteen_uploads_at_once_become_one_file(database: Database, tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        files = list(pool.map(lambda _: _persistently(database, tmp_path), range(16)))
    assert {file.sha256 for file in files} == {sha256_of(BYTES)}
    (kept,) = tmp_path.glob("files/*/*/*")
    assert kept.read_bytes() == BYTES


def _persistently(database: Database, folder: Path) -> object:
    """As a client does it: what is busy is begun again."""
    while True:
        try:
            return take_in(database, folder)
        except RefusedError as error:
            if error.reason not in {Reason.UPLOAD_BUSY, Reason.OFFSET_WRONG, Reason.STATE_WRONG}:
                raise


def test_a_full_disk_keeps_what_fitted(database: Database, tmp_path: Path) -> None:
    upload = create(database, tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 2000)
        writer.commit()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
            with pytest.raises(RefusedError) as caught:
                append(writer, BYTES, 2000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.reason is Reason.DISK_FULL
    assert committed(database, upload) == 2000
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 2000)
    assert finish(database, tmp_path, upload).sha256 == sha256_of(BYTES)


PLACES = ["upload.write@3", "upload.fsync", "upload.commit", "database.commit@2", "content.rename"]
PLACES += ["content.fsync@1", "content.fsync@2", "content.fsync@3", "upload.settle", "database.commit@3"]
PROGRAM = """
import sys
from pathlib import Path
from upload_pieces import BYTES, append, create, finish, opened
from hinterland.jobs.database import Database
folder = Path(sys.argv[2])
database = Database(sys.argv[1])
upload = create(database, folder)
print(upload.committed_bytes, flush=True)
if upload.committed_bytes < len(BYTES):
    with opened(database, folder, upload) as writer:
        for first in range(upload.committed_bytes, len(BYTES), 2500):
            append(writer, BYTES, first, first + 2500)
    print("acknowledged", flush=True)
finish(database, folder, upload)
print("finished", flush=True)
"""


@pytest.mark.parametrize("place", PLACES)
def test_a_server_killed_anywhere_loses_nothing_that_it_acknowledged(place: str, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    with Database(url) as database:
        migrate(database)
    name, _, visit = place.partition("@")
    program = [sys.executable, "-c", PROGRAM, url, str(tmp_path)]
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths}
    killed = subprocess.run(
        program,
        env=environment | {"HINTERLAND_FAILPOINTS": f"{name}=kill@{visit or 1}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    if "acknowledged" in killed.stdout:
        assert again.stdout.split()[0] == str(len(BYTES)), "acknowledged bytes were asked for again"
    assert again.stdout.split()[-1] == "finished"
    assert content_path(tmp_path, OWNER, sha256_of(BYTES)).read_bytes() == BYTES
    assert not list(tmp_path.glob("uploads/*"))


def test_a_crash_between_data_and_row_costs_only_what_was_not_acknowledged(
    database: Database, tmp_path: Path
) -> None:
    upload = create(database, tmp_path)
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 0, 2000)
    with upload_path(tmp_path, upload.id).open("ab") as file:
        file.write(np.random.default_rng(1).bytes(500))  # written, and never told of
    with opened(database, tmp_path, upload) as writer:
        append(writer, BYTES, 2000)
    assert finish(database, tmp_path, upload).sha256 == sha256_of(BYTES)


def test_limits_are_those_of_the_settings() -> None:
    limits = UploadLimits.of(Settings(data=Path("data"), file_bytes=7, upload_retention_s=9.0))
    assert (limits.file_bytes, limits.retention_s, limits.owner.owner_bytes) == (7, 9.0, 200 << 30)

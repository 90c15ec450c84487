"""Threat 5.1: identifiers, digests and names that lead elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_store import sqlite_url
from upload_pieces import BYTES, LIMITS, OWNER, sha256_of, take_in

from hinterland.jobs.content import place_inputs
from hinterland.jobs.database import Database
from hinterland.jobs.migrations import migrate
from hinterland.jobs.specs import InputFile
from hinterland.jobs.upload_writing import finish_upload, open_writer
from hinterland.reasons import RefusedError

_SHA256 = sha256_of(BYTES)
_PARTS = (
    "..",
    ".",
    "/",
    "\\",
    "\0",
    "%2f",
    "%2e%2e",
    "\u2024\u2024",
    "\uff0f",
    "etc",
    "passwd",
    "a" * 4096,
    "~",
    "$HOME",
    "\n",
)
HOSTILE_NAMES = (
    st.lists(st.sampled_from(_PARTS), max_size=6).map("".join)
    | st.text(max_size=40)
    | st.sampled_from(
        ["/etc/passwd", "../../../etc/passwd", "files/../..", "C:\\x", "con", "a/../../b", "\ud800"]
    )
)

_opened: list[str] = []
_watched: list[bool] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event in {
        "open",
        "os.link",
        "os.symlink",
        "os.rename",
        "os.remove",
        "os.mkdir",
        "os.truncate",
        "os.chmod",
    }:
        _opened.extend(str(part) for part in arguments[:2] if isinstance(part, str | Path | bytes))


sys.addaudithook(_hear)  # for ever: it is deaf but while a test watches


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Database]]:
    folder = tmp_path_factory.mktemp("data")
    with Database(sqlite_url(folder)) as database:
        migrate(database)
        take_in(database, folder)
        yield folder, database


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=HOSTILE_NAMES)
def test_no_name_of_a_user_opens_anything_outside_the_server_s_folder(
    name: str, server: tuple[Path, Database]
) -> None:
    folder, database = server
    _opened.clear()
    _watched.append(True)
    try:
        for sha256, filename in ((name, "frame.IMG"), (_SHA256, name)):
            with suppress(RefusedError):
                place_inputs(
                    folder, OWNER, [InputFile(sha256=sha256, filename=filename)], folder / "work" / "in"
                )
        with suppress(RefusedError, UnicodeEncodeError):  # an owner's name came as UTF-8
            place_inputs(
                folder, name, [InputFile(sha256=_SHA256, filename="frame.IMG")], folder / "work" / "in"
            )
        for call in (open_writer, finish_upload):
            with suppress(RefusedError):
                call(database, folder, owner=OWNER, upload_id=name, limits=LIMITS)
    finally:
        _watched.clear()
    outside = [path for path in _opened if path.startswith("/") and not Path(path).is_relative_to(folder)]
    assert not outside
    assert not [path for path in _opened if ".." in Path(path).parts]


def test_the_watch_hears_what_leads_outside(tmp_path: Path) -> None:
    """So the test above can fail."""
    _opened.clear()
    _watched.append(True)
    try:
        (tmp_path / "seen").write_text("x")
    finally:
        _watched.clear()
    assert str(tmp_path / "seen") in _opened

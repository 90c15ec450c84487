from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hinterland.jobs import failpoints
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.publishing import UnfitResultError, publish, withdraw

CONTENTS = {"panorama.tif": b"a" * 1000, "tiles/0/0.jpg": b"b", "index.html": b""}
PLACES = ("open", "fsync", "fsync_folder", "rename", "fsync_results")


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    found = DataFolders(tmp_path / "data")
    found.make()
    return found


@pytest.fixture
def made(folders: DataFolders) -> Path:
    folder = folders.attempt("job", 1) / "made" / "out"
    for path, content in CONTENTS.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def test_a_published_result_is_what_its_manifest_says(folders: DataFolders, made: Path) -> None:
    outcome = publish(folders, "job", 1, made)
    found = {file.path: (file.size_bytes, file.sha256) for file in outcome.files}
    assert found == {
        path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in CONTENTS.items()
    }
    for path, content in CONTENTS.items():
        assert (folders.results / outcome.folder / path).read_bytes() == content
    withdraw(folders, "job", 1)
    assert list(folders.results.iterdir()) == []


@pytest.mark.parametrize("action", ["error", "full", "memory"])
def test_whichever_step_fails_nothing_is_left_in_the_results(
    folders: DataFolders, made: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    steps = 0
    for place in PLACES:
        for visit in range(1, 100):
            monkeypatch.setattr(failpoints, "_ASKED", f"publish.{place}={action}@{visit}")
            failpoints._visits.clear()
            try:
                publish(folders, "job", 1, made)
            except (OSError, MemoryError):
                assert list(folders.results.iterdir()) == []
                steps += 1
            else:  # the step comes no so many times: all were tried
                withdraw(folders, "job", 1)
                remake(made)
                break
            remake(made)
    assert steps == 3 + 3 + 3 + 1 + 1  # files opened and synced, folders synced, a rename, the results synced


def remake(made: Path) -> None:
    for path, content in CONTENTS.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(content)


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe", "hidden", "control character", "empty"])
def test_what_is_no_plain_file_is_not_published(
    folders: DataFolders, made: Path, tmp_path: Path, kind: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of another")
    if kind == "link":
        (made / "x.tif").symlink_to(secret)
    elif kind == "folder link":
        (made / "x").symlink_to(tmp_path, target_is_directory=True)
    elif kind == "pipe":
        os.mkfifo(made / "x.tif")
    elif kind == "hidden":
        (made / ".x").write_text("")
    elif kind == "control character":
        (made / "x\n.tif").write_text("")
    else:
        made = tmp_path / "nothing"
        made.mkdir()
    with pytest.raises(UnfitResultError):
        publish(folders, "job", 1, made)
    assert list(folders.results.iterdir()) == []


def test_a_lease_is_kept_while_large_files_are_hashed(folders: DataFolders, made: Path) -> None:
    (made / "large.tif").write_bytes(bytes(200 << 20))
    ticks = []
    publish(folders, "job", 1, made, lambda: ticks.append(1))
    assert len(ticks) >= 4  # one each 64 MiB

from pathlib import Path

import pytest

from hinterland.errors import HinterlandError, InputError
from hinterland.maps import overview_files
from hinterland.maps.overview_files import check_place


def test_both_files_appear_and_nothing_else(tmp_path: Path) -> None:
    files = ((tmp_path / "new" / "map.png", b"picture"), (tmp_path / "new" / "map.geojson", b"features"))
    overview_files._write(files)
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        "map.png": b"picture",
        "map.geojson": b"features",
    }
    assert (tmp_path / "new" / "map.png").stat().st_mode & 0o777 == 0o644


def test_when_writing_fails_the_old_files_stay_and_no_part_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, features = tmp_path / "map.png", tmp_path / "map.geojson"
    picture.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(overview_files.os, "fsync", full)
    with pytest.raises(HinterlandError, match=r"map\.png: cannot be written: No space left"):
        overview_files._write(((picture, b"new"), (features, b"new")))
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert picture.read_bytes() == b"old"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HinterlandError, match="cannot be written"):
        overview_files._write(((tmp_path / "file" / "map.png", b""),))


def test_a_picture_is_a_png() -> None:
    check_place(Path("map.PNG"))
    with pytest.raises(InputError, match=r"map\.tif: an overview is a \.png"):
        check_place(Path("map.tif"))

"""Two runs of a command that give the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hinterland.errors import InputError
from hinterland.publish.mosaic import MosaicRequest, make_mosaic
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest

EXAMPLES = Path(__file__).parents[3] / "examples"
EPOCH = "1613692800"


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _bundle(out: Path) -> Path:
    frames = tuple(sorted((EXAMPLES / "mer_navcam_pair").glob("*.IMG")))
    make_bundle(PanoramaRequest(frames=frames, out=out, pixels_per_degree=4.0))
    return out


def test_two_bundles_are_the_same_bytes_at_a_given_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    first, second = _contents(_bundle(tmp_path / "a")), _contents(_bundle(tmp_path / "b"))
    assert first == second
    assert {"panorama.tif", "panorama.json", "item.json", "index.html"} <= set(first)


def test_the_item_says_the_given_time_and_the_page_no_duration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    bundle = _bundle(tmp_path / "a")
    assert "2021-02-19T00:00:00Z" in (bundle / "item.json").read_text()
    assert "(cpu).</p>" in (bundle / "index.html").read_text()


def test_an_epoch_that_is_no_number_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH=yesterday"):
        _bundle(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_two_mosaics_of_copies_are_the_same_bytes_at_a_given_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    original = next((EXAMPLES / "jezero_landing_map").glob("*.tif"))
    contents = []
    for name in ("a", "b"):
        (tmp_path / name / "in").mkdir(parents=True)
        copy = tmp_path / name / "in" / original.name
        copy.write_bytes(original.read_bytes())
        make_mosaic(
            MosaicRequest(
                rasters=(copy,), out=tmp_path / name / "out" / "mosaic.tif", workers=1 + (name == "b")
            )
        )
        contents.append(_contents(tmp_path / name / "out"))
    assert contents[0] == contents[1]

"""Page and item of a bundle that a map has joined."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bundle_values import VIEW, product, report, solution

from hinterland.publish.page import write_page
from hinterland.publish.refresh import refresh
from hinterland.publish.report import write_report
from hinterland.publish.stac import write_item
from hinterland.publish.view import View

MADE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """What a panorama command leaves, as far as page and item ask for it."""
    made = report(solution(product(1), product(2)))
    write_report(tmp_path / "panorama.json", made)
    write_page(tmp_path, made, VIEW)
    write_item(tmp_path, made, VIEW, MADE)
    return tmp_path


def test_the_report_gives_back_the_view(bundle: Path) -> None:
    assert View.from_report(json.loads((bundle / "panorama.json").read_text())["view"]) == VIEW


def test_without_a_new_file_nothing_changes(bundle: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    refresh(bundle)
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


def test_a_map_appears_on_the_page_and_among_the_assets(bundle: Path) -> None:
    assert "overview.png" not in (bundle / "index.html").read_text()
    (bundle / "overview.png").write_bytes(b"a picture")
    refresh(bundle)
    assert '<img src="overview.png"' in (bundle / "index.html").read_text()
    item = json.loads((bundle / "item.json").read_text())
    assert item["assets"]["map"]["href"].endswith("overview.png")
    assert item["properties"]["created"] == "2026-03-01T12:00:00Z"


def test_a_folder_with_a_report_alone_is_left_as_it_is(bundle: Path) -> None:
    (bundle / "item.json").unlink()
    before = (bundle / "index.html").read_bytes()
    (bundle / "overview.png").write_bytes(b"a picture")
    refresh(bundle)
    assert (bundle / "index.html").read_bytes() == before
    assert not (bundle / "item.json").exists()

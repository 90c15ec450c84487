"""What the page runs."""

import re
from pathlib import Path

from hinterland.publish.assets import LICENCE, SCRIPTS, STYLE, write_assets


def test_scripts_style_and_licence_lie_in_the_bundle(tmp_path: Path) -> None:
    write_assets(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*SCRIPTS, STYLE, LICENCE}
    leaflet, viewer = ((tmp_path / name).read_text(encoding="utf-8") for name in SCRIPTS)
    head = leaflet[:300]
    licence = (tmp_path / LICENCE).read_text(encoding="utf-8")
    years = re.findall(r"\(c\) (\d{4}-\d{4})", head)
    assert len(years) == 2
    assert all(f"Copyright (c) {span}, " in licence for span in years)  # those of this version
    assert "dataset.panorama" in viewer


def test_our_script_sets_what_it_is_given_as_text_only(tmp_path: Path) -> None:
    write_assets(tmp_path)
    viewer = (tmp_path / SCRIPTS[1]).read_text(encoding="utf-8")
    assert "textContent" in viewer
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "setContent"):
        assert way not in viewer


def test_our_script_asks_no_server(tmp_path: Path) -> None:
    write_assets(tmp_path)
    viewer = (tmp_path / SCRIPTS[1]).read_text(encoding="utf-8")
    assert "://" not in viewer
    for way in ("fetch(", "XMLHttpRequest", "import("):
        assert way not in viewer

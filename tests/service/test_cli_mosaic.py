"""`hinterland mosaic`: what it says and how it ends; what it computes is tested with `publish.mosaic`."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.merge import merge

from hinterland import cli

TILES = sorted((Path(__file__).parents[1] / "data" / "earth_tiles").glob("rgb*.tif"))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Exit status of `hinterland mosaic ARGUMENTS`."""
    monkeypatch.setattr("sys.argv", ["hinterland", "mosaic", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_the_command_gives_what_merging_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.tif"
    assert run(monkeypatch, *TILES, "-o", out, "--method", "first", "--progress", "none") == 0
    merged, transform = merge(TILES, method="first")
    with rasterio.open(out) as opened:
        np.testing.assert_array_equal(opened.read(), merged)
        assert opened.transform.almost_equals(transform)


def test_the_report_goes_to_standard_output_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.tif"
    assert run(monkeypatch, *TILES[:2], "-o", out, "--method", "max", "--progress", "none", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out.json").read_text())


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--method", "best"], "--method best: choose one of"),
        (["--resolution", "-1"], "--resolution -1"),
        (["--crs", "IAU_2015:0"], "--crs"),
        (["--memory", "1000"], "--memory 1000"),
        (["nowhere.tif"], "nowhere.tif"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    options: list[str],
    fragment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *TILES, *options, "-o", tmp_path / "out.tif", "--progress", "none") == 2
    said = capsys.readouterr().err
    assert said.startswith("hinterland: ")
    assert said.count("\n") == 1
    assert fragment in said
    assert list(tmp_path.iterdir()) == []


def test_a_mosaic_is_replaced_only_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.tif"
    assert run(monkeypatch, *TILES[:2], "-o", out, "--method", "first", "--progress", "none") == 0
    before = out.read_bytes()
    assert run(monkeypatch, *TILES[2:], "-o", out, "--method", "first", "--progress", "none") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_bytes() == before

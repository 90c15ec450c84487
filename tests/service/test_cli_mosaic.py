"""`hinterland mosaic`: what it says and how it ends; what it computes is tested with `publish.mosaic`."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.merge import merge

from hinterland import cli

TILES = sorted((Path(__file__).parents[1] / "data" / "earth_tiles").glob("rgb*.tif"))

DEM = Path(__file__).parents[2] / "examples" / "jezero_landing_map" / "jezero_landing_dem_1m.tif"


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


def test_terrain_options_reach_the_mosaic_and_its_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with rasterio.open(DEM) as dataset:
        profile, heights = dataset.profile, dataset.read()
    lifted = tmp_path / "lifted.tif"
    with rasterio.open(lifted, "w", **profile) as dataset:
        dataset.write(heights + np.float32(25.0))
    out = tmp_path / "out.tif"
    options = [
        "--level",
        "offset",
        "--join",
        "feather",
        "--feather",
        "32",
        "--fill",
        "5",
        "--progress",
        "none",
    ]
    options += ["--reference", str(DEM), "--relief", "--light", "300", "40", "--slope"]
    assert run(monkeypatch, lifted, "-o", out, *options) == 0
    assert "levelled: lifted.tif by -25.00 m in its middle, 0.00 m are left" in capsys.readouterr().out
    asked = {
        "level": "offset",
        "join": "feather",
        "feather_px": 32.0,
        "fill_m": 5.0,
        "light_deg": [300.0, 40.0],
    }
    assert asked.items() <= json.loads((tmp_path / "out.json").read_text())["options"].items()
    assert {"out.relief.tif", "out.slope.tif"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--method", "best"], "--method best: choose one of"),
        (["--resolution", "-1"], "--resolution -1"),
        (["--crs", "IAU_2015:0"], "--crs"),
        (["--memory", "1000"], "--memory 1000"),
        (["nowhere.tif"], "nowhere.tif"),
        (["--level", "plane"], "--level"),
        (["--relief"], "--relief"),
        (["--fill", "nan"], "--fill"),
        (["--reference", "nowhere.tif", "--level", "offset"], "nowhere.tif"),
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

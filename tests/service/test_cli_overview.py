"""`hinterland overview`: exit statuses and messages of bad input, and what it says of good input."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import synthetic_valley
from rasterio.transform import Affine

from hinterland import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
LANDING_MAP = EXAMPLES / "jezero_landing_map" / "Lookdown_Map_aligned.jpg"
DEM = EXAMPLES / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
PLACES = EXAMPLES / "m2020_route" / "places_best_interp_sol0-15.csv"
MSL_ROUTE = Path(__file__).parents[1] / "data" / "route_forms" / "MSL_waypoints.json"
STOP = (77.450938891, 18.444722039)
MARS_DEGREES = "IAU_2015:49900"
STEP_DEG = 1e-5

Arguments = list[str | Path]


def make_bundle(folder: Path, **changes: Any) -> Path:
    """A panorama of 90 degrees to the west at site 3, drive 188; `changes` are members of the report."""
    grid = synthetic_valley.CylindricalGrid(
        azimuth_left_deg=225.0, elevation_top_deg=10.0, pixels_per_degree=2.0, lines=100, samples=180
    )
    bundle = synthetic_valley.write_bundle(folder, grid, np.full(grid.shape, 90.0, dtype=np.float32))
    path = bundle / "panorama.json"
    report = json.loads(path.read_text())
    report["stop"] = {"mission": "M2020", "site": 3, "drive": 188}
    path.write_text(json.dumps(report | changes))
    return bundle


def good(folder: Path, **changes: Any) -> dict[str, list[Any]]:
    """Options that make a map, each with its values; None takes one away."""
    known: dict[str, list[Any]] = {
        "--panorama": [make_bundle(folder / "bundle")] if "--panorama" not in changes else [],
        "--basemap": [LANDING_MAP], "--route": [PLACES], "--width": [600],
    }  # fmt: skip
    return known | {name: value if isinstance(value, list) else [value] for name, value in changes.items()}


def spelled(options: dict[str, list[Any]]) -> Arguments:
    """As they are written on the command line; `--position` and flags take what they have in one go."""
    words: Arguments = []
    for name, values in options.items():
        if name in {"--position", "--json"}:
            words += [name, *values]
        else:
            for value in values:
                words += [name, value]
    return words


def raster(path: Path, values: np.ndarray[Any, Any] | None = None, **changes: Any) -> Path:
    """A small map around the stop."""
    samples = np.full((1, 60, 60), 90, dtype=np.uint8) if values is None else values
    known: dict[str, Any] = {
        "crs": MARS_DEGREES,
        "transform": Affine(STEP_DEG, 0.0, STOP[0] - 30 * STEP_DEG, 0.0, -STEP_DEG, STOP[1] + 30 * STEP_DEG),
    }
    with rasterio.open(
        path, "w", driver="GTiff", count=samples.shape[0], height=samples.shape[1], width=samples.shape[2],
        dtype=samples.dtype, **known | changes,
    ) as dataset:  # fmt: skip
        dataset.write(samples)
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def lines_of(path: Path, *coordinates: list[list[float]]) -> Path:
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": line}}
        for line in coordinates
    ]
    return text(path, json.dumps({"type": "FeatureCollection", "features": features}))


def hollow(path: Path) -> Path:
    """Terrain with a hole where the rover stands."""
    heights = np.zeros((1, 60, 60), dtype=np.float32)
    heights[:, 20:40, 20:40] = np.nan
    return raster(path, heights)


def enormous(path: Path) -> Path:
    """Terrain that is huge by its header and nearly empty on disk."""
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=10**6, width=10**6, dtype="float32", crs=MARS_DEGREES,
        transform=Affine(1e-8, 0.0, STOP[0] - 5e-3, 0.0, -1e-8, STOP[1] + 5e-3), tiled=True, sparse_ok=True,
        bigtiff="YES", blockxsize=4096, blockysize=4096,
    ):  # fmt: skip
        pass
    return path


@dataclass(frozen=True)
class Bad:
    name: str
    change: Callable[[Path], dict[str, Any]]
    fragment: str
    exit_status: int = 2


BAD = (
    Bad("no such bundle", lambda f: {"--panorama": f / "none"}, "none: not a panorama bundle"),
    Bad(
        "a folder without a report",
        lambda f: {"--panorama": f},
        "not a panorama bundle: panorama.json cannot be read",
    ),
    Bad(
        "a report that is no JSON",
        lambda f: {"--panorama": text(make_bundle(f / "b") / "panorama.json", "{").parent},
        "panorama.json: not JSON",
    ),
    Bad(
        "a report without a view",
        lambda f: {"--panorama": make_bundle(f / "b", view=None)},
        "panorama.json: it has no view",
    ),
    Bad(
        "a report without a stop",
        lambda f: {"--panorama": make_bundle(f / "b", stop=None, frames=[])},
        "names neither a stop nor a used frame with site and drive",
    ),
    Bad(
        "a report whose azimuth is no number",
        lambda f: {"--panorama": make_bundle(f / "b", view={"azimuth_min_deg": "west"})},
        "azimuth_min_deg must be a number",
    ),
    Bad(
        "a damaged panorama",
        lambda f: {"--panorama": text(make_bundle(f / "b") / "panorama.tif", "no").parent},
        "panorama.tif: cannot be read as a GeoTIFF",
    ),
    Bad("no such base map", lambda f: {"--basemap": f / "none.tif"}, "none.tif: no such file"),
    Bad(
        "a base map that is no raster",
        lambda f: {"--basemap": text(f / "map.tif", "a map")},
        "map.tif: cannot be read as a raster",
    ),
    Bad(
        "a base map without a coordinate system",
        lambda f: {"--basemap": raster(f / "map.tif", crs=None)},
        "map.tif: it has no coordinate system: set one with gdal_edit.py -a_srs",
    ),
    Bad(
        "a base map of another body",
        lambda f: {"--basemap": raster(f / "map.tif", crs="EPSG:4326")},
        "map.tif: its coordinate system is of a body of 6378 km radius, not of Mars",
    ),
    Bad(
        "base maps of two bodies",
        lambda f: {"--basemap": [LANDING_MAP, raster(f / "moon.tif", crs="IAU_2015:30100")]},
        "moon.tif: its body has a radius of 1737 km",
    ),
    Bad(
        "a base map of another place",
        lambda f: {
            "--basemap": raster(f / "map.tif", transform=Affine(STEP_DEG, 0.0, 137.0, 0.0, -STEP_DEG, -4.0))
        },
        "map.tif: no base map reaches the stop at 77.45094, 18.44472",
    ),
    Bad(
        "a base map cut off",
        lambda f: {"--basemap": cut_off(f / "map.tif")},
        "map.tif: cannot be read as a raster",
    ),
    Bad("no route", lambda _: {"--route": []}, "give its waypoints with --route or a place with --position"),
    Bad("no such route", lambda f: {"--route": f / "none.csv"}, "none.csv: cannot be read"),
    Bad(
        "a route of another mission",
        lambda _: {"--route": MSL_ROUTE},
        "the route is one of MSL, the panorama of M2020",
    ),
    Bad(
        "a route without the stop",
        lambda f: {"--panorama": make_bundle(f / "b", stop={"mission": "M2020", "site": 40, "drive": 2})},
        "the route has no stop of site 40; its nearest sites are 3: give a file that covers the stop",
    ),
    Bad(
        "a table that is no route",
        lambda f: {"--route": text(f / "table.csv", "a,b\n1,2\n")},
        "table.csv: neither GeoJSON nor a PLACES table",
    ),
    Bad(
        "a planned route of another planet",
        lambda f: {"--planned": lines_of(f / "plan.geojson", [[-104.98, 39.74], [-104.9, 39.8]])},
        "plan.geojson: a point of it lies",
    ),
    Bad(
        "a planned route that is nowhere",
        lambda f: {"--planned": lines_of(f / "plan.geojson", [[77.45, 18.44], [77.45, 1e12]])},
        "are no place: degrees are needed",
    ),
    Bad(
        "a planned route that is a point",
        lambda f: {"--planned": lines_of(f / "plan.geojson", [[77.45, 18.44]])},
        "a line needs two points",
    ),
    Bad(
        "a place without a name",
        lambda f: {
            "--places": text(
                f / "places.geojson",
                '{"type": "Feature", "properties": {}, '
                '"geometry": {"type": "Point", "coordinates": [77.45, 18.44]}}',
            )
        },
        "a place needs a name",
    ),
    Bad("no such terrain", lambda f: {"--dem": f / "none.tif"}, "none.tif"),
    Bad(
        "terrain that does not hold the stop",
        lambda f: {
            "--dem": raster(
                f / "dem.tif",
                np.zeros((1, 60, 60), dtype=np.float32),
                transform=Affine(STEP_DEG, 0.0, 77.0, 0.0, -STEP_DEG, 18.0),
            )
        },
        "dem.tif: does not hold longitude 77.45",
    ),
    Bad(
        "terrain with a hole at the stop",
        lambda f: {"--dem": hollow(f / "dem.tif")},
        "dem.tif: has no height",
    ),
    Bad("a picture for terrain", lambda _: {"--dem": LANDING_MAP}, "an elevation model has one of heights"),
    Bad(
        "terrain without a coordinate system",
        lambda f: {"--dem": raster(f / "dem.tif", np.zeros((1, 9, 9), dtype=np.float32), crs=None)},
        "dem.tif: it has no coordinate system",
    ),
    Bad("huge terrain", lambda f: {"--dem": enormous(f / "dem.tif")}, "million cells in range"),
    Bad("a huge width", lambda _: {"--width": 10**6}, "a map is 600 to 8000 pixels wide, got 1000000"),
    Bad("a width of no size", lambda _: {"--width": 0}, "a map is 600 to 8000 pixels wide, got 0"),
    Bad("a width that is a word", lambda _: {"--width": "wide"}, "Invalid value for '--width'"),
    Bad("a range of nothing", lambda _: {"--range": 0}, "the range must be more than 0"),
    Bad("a range that is no number", lambda _: {"--range": "nan"}, "the range must be more than 0"),
    Bad("a mast in the ground", lambda _: {"--mast-height": -2}, "the mast height must be more than 0"),
    Bad("a side larger than the planet", lambda _: {"--side": 1e9}, "the side must be more than 0"),
    Bad("a position off the planet", lambda _: {"--position": [77.0, 118.0]}, "the position must be"),
    Bad(
        "a picture that is no PNG",
        lambda f: {"-o": f / "map.jpg"},
        "map.jpg: an overview is a .png",
    ),
    Bad(
        "a folder that is a file",
        lambda f: {"-o": text(f / "file", "in the way") / "map.png"},
        "map.png: cannot be written",
        1,
    ),
    Bad("an unknown option", lambda _: {"--basmap": "x.tif"}, "No such option: --basmap"),
)


def cut_off(path: Path) -> Path:
    """The first part of a raster's file: its header promises what is not there."""
    noise = np.random.default_rng(2).integers(0, 255, (1, 60, 60)).astype(np.uint8)
    content = raster(path, noise).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def run(monkeypatch: pytest.MonkeyPatch, options: dict[str, list[Any]]) -> int:
    """Exit status of `hinterland overview`."""
    monkeypatch.setattr("sys.argv", ["hinterland", "overview", *map(str, spelled(options))])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad_input_ends_in_one_line_that_names_it_and_nothing_is_written(
    case: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = good(tmp_path, **case.change(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, options) == case.exit_status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("hinterland: ")
    assert said.err.count("\n") == 1
    assert case.fragment in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_map_is_written_into_the_bundle_and_said_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = good(tmp_path)
    assert run(monkeypatch, options) == 0
    bundle = tmp_path / "bundle"
    said = capsys.readouterr().out
    assert str(bundle / "overview.png") in said
    assert str(bundle / "overview.geojson") in said
    assert (bundle / "overview.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((bundle / "mmgis.json").read_text())["images"][0]["azmin"] == 225.0


def test_the_report_is_printed_as_json_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = good(tmp_path, **{"--route": [], "--position": list(STOP), "--json": [], "--dem": DEM})
    assert run(monkeypatch, options) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["view"]["kind"] == "viewshed"
    assert report["heading_check"]["correction_deg"] is None
    assert report["heading_check"]["reason"]

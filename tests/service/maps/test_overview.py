import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
import synthetic_valley
from PIL import Image
from rasterio.transform import Affine

from hinterland.errors import InputError
from hinterland.maps import drawing
from hinterland.maps.canvas import Canvas
from hinterland.maps.local_frame import LocalFrame, MapGrid
from hinterland.maps.overview import OverviewRequest, make_overview
from hinterland.maps.placement import Box
from hinterland.model.grids import CylindricalGrid

EXAMPLES = Path(__file__).parents[3] / "examples"
LANDING_MAP = EXAMPLES / "jezero_landing_map" / "Lookdown_Map_aligned.jpg"
DEM = EXAMPLES / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
ROUTE = (
    EXAMPLES / "m2020_route" / "places_best_interp_sol0-15.csv",
    EXAMPLES / "m2020_route" / "M20_waypoints.json",
)
STOP = (77.450938891, 18.444722039)
"""PLACES: site 3, drive 188."""
LEFT_DEG, RIGHT_DEG = 196.25, 344.25
ROVER, PLANNED, VIEW = (38, 168, 255), (255, 59, 48), (255, 213, 0)
WIDTH = 1000


def collection(*features: tuple[dict[str, Any], dict[str, Any]]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": p, "geometry": g} for p, g in features],
        }
    )


def make_bundle(folder: Path, **view: float) -> Path:
    folder.mkdir(exist_ok=True)
    report = {
        "projection": {
            "kind": "cylindrical", "azimuth_left_deg": LEFT_DEG, "elevation_top_deg": 9.5,
            "pixels_per_degree": 50.0, "samples": 7400, "lines": 2300, "origin_m": [0.7, 0.6, -1.9],
        },
        "view": {
            "azimuth_min_deg": LEFT_DEG, "azimuth_max_deg": RIGHT_DEG, "azimuth_center_deg": 270.25,
            "compass": "W", "elevation_min_deg": -36.5, "elevation_max_deg": 9.5,
        } | view,
        "frames": [{"index": 1, "product": "NLF_0015", "sol": 15, "site": 3, "drive": 188, "used": True}],
        "stop": {"mission": "M2020", "site": 3, "drive": 188},
        "credits": ["NASA/JPL-Caltech"],
    }  # fmt: skip
    (folder / "panorama.json").write_text(json.dumps(report))
    return folder


def make_request(folder: Path, **changes: Any) -> OverviewRequest:
    planned = folder / "planned.geojson"
    line = [[77.4509, 18.4447], [77.4506, 18.4449], [77.4502, 18.4448]]
    planned.write_text(collection(({}, {"type": "LineString", "coordinates": line})))
    places = folder / "places.geojson"
    named = [("Octavia E. Butler Landing", [77.45088572, 18.44462715]), ("Máaz", [77.4505, 18.4449])]
    places.write_text(collection(*(({"name": n}, {"type": "Point", "coordinates": c}) for n, c in named)))
    known: dict[str, Any] = {
        "panorama": make_bundle(folder / "bundle"), "base_maps": (LANDING_MAP,), "route": ROUTE,
        "planned": planned, "places": places, "width_px": WIDTH,
    }  # fmt: skip
    return OverviewRequest(**known | changes)


def features_of(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    document = json.loads(Path(report["geojson"]).read_text())
    return [one for one in document["features"] if one["properties"]["kind"] == kind]


def dot_of(report: dict[str, Any]) -> tuple[float, float]:
    """Column and row of the middle of the rover's dot on the map, in pixels from the picture's corner."""
    pixels = np.asarray(Image.open(report["overview"]))
    blue = (pixels == ROVER).all(axis=2)
    part = report["map"]
    blue[:, part["left"] + part["samples"] :] = False  # the legend and the inset have blue too
    row, column = np.nonzero(blue)
    return float(column.mean()) + 0.5, float(row.mean()) + 0.5


@pytest.fixture(scope="module")
def wedge(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make_overview(make_request(tmp_path_factory.mktemp("wedge")))


@pytest.fixture(scope="module")
def viewshed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make_overview(make_request(tmp_path_factory.mktemp("viewshed"), dem=DEM, range_m=80.0))


def test_the_dot_is_within_a_map_sample_of_the_localised_stop(wedge: dict[str, Any]) -> None:
    size_m, _, west, _, _, north = wedge["map"]["affine"]
    column, row = dot_of(wedge)
    east_m, north_m = west + column * size_m, north - row * size_m
    expected = pyproj.Proj(wedge["map"]["crs"])(*STOP)
    assert math.hypot(east_m - expected[0], north_m - expected[1]) < size_m
    (rover,) = features_of(wedge, "rover")
    assert rover["geometry"]["coordinates"] == pytest.approx(STOP, abs=1e-9)
    assert rover["properties"]["position_exact"] is True


def test_the_edges_are_drawn_at_the_panorama_s_azimuths(wedge: dict[str, Any]) -> None:
    sphere = pyproj.Geod(a=3396190.0, b=3396190.0)
    edges = features_of(wedge, "view_edge")
    assert [edge["properties"]["side"] for edge in edges] == ["left", "right"]
    for edge, azimuth_deg in zip(edges, (LEFT_DEG, RIGHT_DEG), strict=True):
        start, end = edge["geometry"]["coordinates"]
        found, _, distance_m = sphere.inv(*start, *end)
        assert abs(math.remainder(found - azimuth_deg, 360.0)) < 0.05
        assert distance_m == pytest.approx(30.0, abs=0.01)


def test_the_ground_is_drawn_where_it_lies(tmp_path: Path) -> None:
    """A raster with a cross at a known place: the cross is found there on the map, whatever lies over it."""
    path = tmp_path / "cross.tif"
    values = np.full((400, 400), 90, dtype=np.uint8)
    values[150, :], values[:, 260] = 255, 255
    step = 3e-6
    corner = STOP[0] - 200 * step, STOP[1] + 200 * step
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=400, width=400, dtype="uint8",
        crs="IAU_2015:49900", transform=Affine(step, 0.0, corner[0], 0.0, -step, corner[1]),
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    request = make_request(tmp_path, base_maps=(path,), route=(), position=STOP, planned=None, places=None)
    report = make_overview(request)
    pixels = np.asarray(Image.open(report["overview"])).astype(int).sum(axis=2)
    size_m, _, west, _, _, north = report["map"]["affine"]
    to_map = pyproj.Proj(report["map"]["crs"])
    east_m, north_m = to_map(corner[0] + 260.5 * step, corner[1] - 150.5 * step)
    column, row = (east_m - west) / size_m, (north - north_m) / size_m
    around = 12
    part = pixels[round(row) - around : round(row) + around, round(column) - around : round(column) + around]
    assert abs(part.sum(axis=0).argmax() + round(column) - around + 0.5 - column) <= 1.0
    assert abs(part.sum(axis=1).argmax() + round(row) - around + 0.5 - row) <= 1.0


def test_the_planned_route_is_red_and_the_view_yellow(wedge: dict[str, Any]) -> None:
    pixels = np.asarray(Image.open(wedge["overview"]))
    part = wedge["map"]
    size_m, _, west, _, _, north = part["affine"]
    row, column = np.nonzero((pixels[:, : part["left"] + part["samples"]] == PLANNED).all(axis=2))
    east, up = west + (column + 0.5) * size_m, north - (row + 0.5) * size_m
    plan = shapely.LineString(
        np.column_stack(pyproj.Proj(part["crs"])([77.4509, 77.4506, 77.4502], [18.4447, 18.4449, 18.4448]))
    )
    half_m = 1.1 * WIDTH / 480.0 * size_m + size_m  # half the dots' 2.2 points, and a pixel
    assert len(row) > 100
    assert shapely.distance(plan, shapely.points(east, up)).max() < half_m
    assert (pixels == VIEW).all(axis=2).sum() > 300


def texts_of(monkeypatch: pytest.MonkeyPatch, request: OverviewRequest) -> list[tuple[str, Box]]:
    """What is written on the sheet, and where."""
    made: list[Canvas] = []

    class Recorder(Canvas):
        def __init__(self, width: int, height: int) -> None:
            super().__init__(width, height)
            made.append(self)

    monkeypatch.setattr(drawing, "Canvas", Recorder)
    make_overview(request)
    (canvas,) = made
    found = [(text.get_text(), canvas.extent(text)) for text in canvas._axes.texts]
    sheet = Box(left=0.0, bottom=0.0, right=canvas.width, top=canvas.height)
    assert all(sheet.contains(box) for _, box in found), "a text is clipped"
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"width_px": 600},
        {"dem": DEM},
        {"side_m": 400.0, "places": None},
        {"side_m": 20.0},
        {"credit": "A long credit line that goes on and on, " * 12},
    ],
    ids=["plain", "small", "viewshed", "wide", "close", "credited"],
)
def test_no_text_lies_on_another_and_none_is_clipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    found = texts_of(monkeypatch, make_request(tmp_path, **changes))
    assert len(found) > 15
    for (one, box), (other, other_box) in itertools.combinations(found, 2):
        assert not box.overlaps(other_box), f"{one!r} and {other!r}"


def test_the_words_on_the_sheet_say_what_the_map_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "\n".join(text for text, _ in texts_of(monkeypatch, make_request(tmp_path)))
    for expected in (
        "Perseverance · sol 15 · site 3, drive 188",
        "Panorama looks W, azimuth 196° to 344°",
        "View directions, 30 m",
        "Base map, 9 cm samples",
        "Route driven",
        "Driven later",
        "Route planned",
        "Perseverance, sol 15",
        "Máaz",
        "sol 14",
        "77.4505°E",
        "18.4445°N",
        "NASA/JPL-Caltech",
        "N",
    ):
        assert expected in words


def test_on_terrain_the_legend_says_viewshed_and_the_outlines_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, viewshed: dict[str, Any]
) -> None:
    request = make_request(tmp_path, dem=DEM, range_m=80.0)
    assert "Visible ground (viewshed)" in [text for text, _ in texts_of(monkeypatch, request)]
    (view,) = features_of(viewshed, "view")
    assert view["properties"]["method"] == "viewshed"
    shape = shapely.geometry.shape(view["geometry"])
    assert shape.is_valid
    assert not shape.is_empty


def test_the_geojson_holds_all_that_is_drawn(wedge: dict[str, Any]) -> None:
    document = json.loads(Path(wedge["geojson"]).read_text())
    kinds = {feature["properties"]["kind"] for feature in document["features"]}
    assert kinds == {"rover", "view", "view_edge", "route", "route_later", "stop", "planned", "place"}
    for feature in document["features"]:
        assert shapely.geometry.shape(feature["geometry"]).is_valid
    (view,) = features_of(wedge, "view")
    outer = shapely.geometry.shape(view["geometry"]).geoms[0].exterior
    assert outer.is_ccw
    stops = features_of(wedge, "stop")
    assert [one["properties"]["RMC"] for one in stops if not one["properties"]["later"]][-1] == "3_188"
    driven = shapely.geometry.shape(features_of(wedge, "route")[0]["geometry"])
    assert driven.geoms[-1].coords[-1] == pytest.approx(STOP, abs=1e-9)


def test_the_rover_is_a_waypoint_that_mmgis_loads(wedge: dict[str, Any]) -> None:
    (rover,) = features_of(wedge, "rover")
    assert rover["properties"]["RMC"] == "3_188"
    (image,) = rover["properties"]["images"]
    assert image == wedge["mmgis"][0]
    assert (image["url"], image["rows"], image["columns"]) == ("panorama.tif", 2300, 7400)
    assert (image["azmin"], image["azmax"], image["elzero"]) == (LEFT_DEG, RIGHT_DEG, 475.5)


def test_mmgis_s_file_lies_in_the_bundle(wedge: dict[str, Any]) -> None:
    written = json.loads((Path(wedge["overview"]).parent / "mmgis.json").read_text())
    assert written == {"images": wedge["mmgis"]}


def test_mmgis_is_given_the_preview_where_there_is_one(tmp_path: Path) -> None:
    request = make_request(tmp_path)
    Image.new("L", (740, 230)).save(request.panorama / "preview.jpg")
    (image,) = make_overview(request)["mmgis"]
    assert (image["url"], image["rows"], image["columns"]) == ("preview.jpg", 230, 740)
    assert image["elzero"] == 48.0


def test_a_stop_that_no_file_knows_is_drawn_at_its_nearest_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(tmp_path, route=ROUTE[1:])
    words = [text for text, _ in texts_of(monkeypatch, request)]
    assert any("position of drive 110, the nearest one localised" in text for text in words)
    report = make_overview(request)
    assert report["stop"]["exact"] is False
    assert report["stop"]["position_of_drive"] == 110
    (rover,) = features_of(report, "rover")
    assert rover["properties"]["drive"] == 188
    assert rover["geometry"]["coordinates"] == pytest.approx((77.45094676, 18.44454339), abs=1e-8)


def test_a_view_across_north_and_one_all_round_are_drawn(tmp_path: Path) -> None:
    request = make_request(tmp_path, width_px=600)
    make_bundle(request.panorama, azimuth_min_deg=300.0, azimuth_max_deg=80.0)
    (view,) = features_of(make_overview(request), "view")
    west, _, east, north = shapely.geometry.shape(view["geometry"]).bounds
    assert west < STOP[0] < east
    assert north == pytest.approx(STOP[1] + math.degrees(30.7 / 3396190.0), abs=1e-7)  # 0.7 m north, 30 m
    make_bundle(request.panorama, azimuth_min_deg=0.0, azimuth_max_deg=360.0)
    assert features_of(make_overview(request), "view_edge") == []


def test_the_same_request_gives_the_same_bytes(tmp_path: Path, wedge: dict[str, Any]) -> None:
    again = make_overview(make_request(tmp_path))
    for key in ("overview", "geojson"):
        assert Path(again[key]).read_bytes() == Path(wedge[key]).read_bytes()


def test_it_goes_into_the_bundle_unless_told_otherwise(tmp_path: Path, wedge: dict[str, Any]) -> None:
    assert Path(wedge["overview"]).name == "overview.png"
    assert Path(wedge["overview"]).parent.name == "bundle"
    assert {path.name for path in Path(wedge["overview"]).parent.iterdir()} == {
        "panorama.json", "overview.png", "overview.geojson", "mmgis.json"
    }  # fmt: skip
    out = tmp_path / "maps" / "sol15.png"
    report = make_overview(make_request(tmp_path, out=out, width_px=600))
    assert report["overview"] == str(out)
    assert report["geojson"] == str(out.with_suffix(".geojson"))
    assert {path.name for path in out.parent.iterdir()} == {"sol15.png", "sol15.geojson"}
    with Image.open(out) as image:
        assert image.size[0] == 600
    with Image.open(wedge["overview"]) as image:
        assert image.info["dpi"][0] == pytest.approx(150.0, abs=0.1)  # 1000 pixels on 6.67 inches


def test_the_report_says_how_fine_the_ground_is_known(wedge: dict[str, Any]) -> None:
    (layer,) = wedge["base_maps"]
    assert layer["file"] == "Lookdown_Map_aligned.jpg"
    assert layer["sample_m"] == pytest.approx(0.0899, abs=1e-4)
    assert layer["coarse"] is False
    assert (layer["gain"], layer["offset"]) == (1.0, 0.0)  # a lone map is left as it is
    assert layer["share"] == 1.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_maps": ()}, "needs a base map"),
        ({"route": ()}, "give its waypoints with --route or a place with --position"),
        ({"range_m": 0.0}, "the range must be more than 0"),
        ({"range_m": math.nan}, "the range must be more than 0"),
        ({"mast_height_m": -1.0}, "the mast height must be more than 0"),
        ({"side_m": 1e9}, "less than 200 km"),
        ({"width_px": 100}, "600 to 8000 pixels wide"),
        ({"position": (1000.0, 10.0)}, "longitude and a latitude in degrees"),
        (
            {"route": (), "position": (10.0, 10.0), "planned": None, "places": None},
            "no base map reaches the stop at 10.00000, 10.00000",
        ),
        ({"out": Path("map.jpg")}, "map.jpg: an overview is a .png"),
        ({"panorama": Path("nowhere")}, "not a panorama bundle"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    request = make_request(tmp_path, **changes)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        make_overview(request)
    assert said in str(caught.value)
    assert set(tmp_path.rglob("*")) == before


def test_a_plan_of_another_place_is_refused(tmp_path: Path) -> None:
    request = make_request(tmp_path)
    assert request.planned is not None
    request.planned.write_text(
        collection(({}, {"type": "LineString", "coordinates": [[137.4, -4.6], [137.5, -4.7]]}))
    )
    with pytest.raises(InputError, match=r"planned\.geojson: a point of it lies 3\d\d\d km from the rover"):
        make_overview(request)


def test_a_route_of_another_mission_is_refused(tmp_path: Path) -> None:
    other = Path(__file__).parents[2] / "data" / "route_forms" / "MSL_waypoints.json"
    with pytest.raises(InputError, match="the route is one of MSL, the panorama of M2020"):
        make_overview(make_request(tmp_path, route=(other,)))


def test_a_map_of_mars_in_a_coordinate_system_of_the_earth_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "earth.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=50, width=50, dtype="uint8", crs="EPSG:4326",
        transform=Affine(1e-5, 0.0, STOP[0], 0.0, -1e-5, STOP[1]),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((1, 50, 50), 90, dtype=np.uint8))
    with pytest.raises(InputError, match="a body of 6378 km radius, not of Mars"):
        make_overview(make_request(tmp_path, base_maps=(path,)))


def test_a_stop_at_a_pole_has_a_map(tmp_path: Path) -> None:
    path = tmp_path / "pole.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=300, width=300, dtype="uint8", crs="IAU_2015:49930",
        transform=Affine(1.0, 0.0, -150.0, 0.0, -1.0, 150.0),
    ) as dataset:  # fmt: skip
        dataset.write(np.random.default_rng(1).integers(60, 200, (1, 300, 300)).astype(np.uint8))
    request = make_request(
        tmp_path, base_maps=(path,), route=(), position=(0.0, 90.0), planned=None, places=None
    )
    report = make_overview(replace(request, width_px=600))
    assert report["base_maps"][0]["share"] == 1.0
    assert report["base_maps"][0]["sample_m"] == pytest.approx(1.0, rel=1e-3)


def test_the_map_s_affine_is_that_of_its_grid(wedge: dict[str, Any]) -> None:
    part = wedge["map"]
    size_m, _, west, _, _, north = part["affine"]
    grid = MapGrid(
        frame=LocalFrame(longitude_deg=STOP[0], latitude_deg=STOP[1], radius_m=3396190.0),
        east_m=west + part["left"] * size_m, north_m=north - part["top"] * size_m,
        metres_per_sample=size_m, lines=part["lines"], samples=part["samples"],
    )  # fmt: skip
    ((line, sample),) = grid.to_points([STOP])
    column, row = dot_of(wedge)
    assert (column, row) == pytest.approx((part["left"] + sample + 0.5, part["top"] + line + 0.5), abs=0.5)


def in_the_valley(folder: Path, off_deg: float, **changes: Any) -> OverviewRequest:
    """A request for a panorama rendered from terrain, whose azimuths are `off_deg` too small."""
    dem = synthetic_valley.valley()
    grid = synthetic_valley.view()
    known: dict[str, Any] = {
        "panorama": synthetic_valley.write_bundle(
            folder / "bundle", grid, synthetic_valley.photograph(dem, grid, off_deg)
        ),
        "base_maps": (synthetic_valley.write_dem(folder / "dem.tif", dem),),
        "dem": folder / "dem.tif", "position": synthetic_valley.STOP, "range_m": 600.0, "width_px": 600,
    }  # fmt: skip
    return OverviewRequest(**known | changes)


def test_the_heading_is_checked_by_the_skyline_and_the_view_left_as_it_is(tmp_path: Path) -> None:
    report = make_overview(in_the_valley(tmp_path, -2.4))
    check = report["heading_check"]
    assert check["reason"] is None
    assert check["correction_deg"] == pytest.approx(-2.4, abs=0.05)  # half a sample of the panorama
    assert abs(check["correction_deg"] + 2.4) < 4.0 * check["uncertainty_deg"]
    assert check["elevation_offset_deg"] == pytest.approx(0.0, abs=0.06)
    assert check["applied"] is False
    (view,) = features_of(report, "view")
    assert view["properties"]["heading_check"] == check
    assert [edge["properties"]["azimuth_deg"] for edge in features_of(report, "view_edge")] == [200.0, 350.0]


def test_the_heading_is_applied_to_the_drawn_view_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = in_the_valley(tmp_path, -2.4, apply_heading=True)
    report = make_overview(request)
    assert report["heading_check"]["applied"] is True
    sphere = pyproj.Geod(a=3396190.0, b=3396190.0)
    for edge, azimuth_deg in zip(features_of(report, "view_edge"), (197.6, 347.6), strict=True):
        start, end = edge["geometry"]["coordinates"]
        found = sphere.inv(*start, *end)[0] % 360.0
        assert found == pytest.approx(azimuth_deg, abs=0.05)
        assert found == pytest.approx(edge["properties"]["azimuth_deg"], abs=0.01)
    (image,) = report["mmgis"]
    assert image["azmin"] == 200.0  # the panorama is as it was
    words = [text for text, _ in texts_of(monkeypatch, request)]
    assert any(text.startswith("Panorama looks W, azimuth 198° to 348°, turned -2.4") for text in words)


def test_at_jezero_the_horizon_lies_beyond_the_terrain_and_nothing_is_applied(tmp_path: Path) -> None:
    """The crater's rim, tens of kilometres away, stands above a model that reaches 240 m."""
    grid = CylindricalGrid(
        azimuth_left_deg=LEFT_DEG, elevation_top_deg=9.5, pixels_per_degree=10.0, lines=460, samples=1480
    )
    azimuths = np.radians(LEFT_DEG + (np.arange(1480) + 0.5) / 10.0)
    rim_deg = 1.6 + 0.5 * np.sin(3.0 * azimuths) + 0.4 * np.cos(7.0 * azimuths)
    below = grid.elevation_top_deg - (np.arange(460)[:, None] + 0.5) / 10.0 < rim_deg
    ground = np.random.default_rng(4).uniform(60.0, 120.0, below.shape)
    folder = tmp_path / "rim"
    synthetic_valley.write_bundle(folder, grid, np.where(below, ground, 190.0).astype(np.float32))
    document = json.loads((folder / "panorama.json").read_text())
    document["stop"] = {"mission": "M2020", "site": 3, "drive": 188}
    (folder / "panorama.json").write_text(json.dumps(document))
    report = make_overview(make_request(tmp_path, panorama=folder, dem=DEM, apply_heading=True))
    check = report["heading_check"]
    assert check["correction_deg"] is None
    assert check["applied"] is False
    assert "beyond" in check["reason"]
    assert [edge["properties"]["azimuth_deg"] for edge in features_of(report, "view_edge")] == [
        LEFT_DEG, RIGHT_DEG
    ]  # fmt: skip


def test_without_terrain_there_is_no_check(wedge: dict[str, Any]) -> None:
    assert wedge["heading_check"] is None


@pytest.mark.parametrize("dem", [None, DEM], ids=["level", "terrain"])
def test_ground_that_no_frame_shows_is_not_claimed(tmp_path: Path, dem: Path | None) -> None:
    """Frames fill a rectangle of azimuth and elevation only in part: here 240 to 300 degrees do."""
    request = make_request(tmp_path, dem=dem, width_px=600)
    pixels = np.full((230, 740), 90, dtype=np.uint8)
    azimuths = LEFT_DEG + (np.arange(740) + 0.5) / 5.0
    # elsewhere only what lies below 30 degrees, at most 3.5 m away, is in the picture
    pixels[: round((9.5 + 30.0) * 5), (azimuths < 240.0) | (azimuths > 300.0)] = 0
    with rasterio.open(
        request.panorama / "panorama.tif", "w", driver="GTiff", count=1, height=230, width=740,
        dtype="uint8", nodata=0,
    ) as dataset:  # fmt: skip
        dataset.write(pixels, 1)
    report = make_overview(request)
    (view,) = features_of(report, "view")
    places = np.concatenate(
        [np.array(ring) for polygon in view["geometry"]["coordinates"] for ring in polygon]
    )
    start = view["properties"]["viewpoint"]
    sphere = pyproj.Geod(a=3396190.0, b=3396190.0)
    found, _, distances = sphere.inv(*np.broadcast_to(start, places.shape).T, *places.T)
    far = np.mod(found, 360.0)[distances > 20.0]
    # a step of azimuths on level ground; on terrain a cell and the simplification of its outline at 20 m
    within = 1.0 if dem is None else 6.0
    assert far.min() == pytest.approx(240.0, abs=within)
    assert far.max() == pytest.approx(300.0, abs=within)
    for edge in features_of(report, "view_edge"):
        assert sphere.inv(*edge["geometry"]["coordinates"][0], *edge["geometry"]["coordinates"][1])[2] < 4.0


def ground_raster(path: Path, samples: int, side_deg: float) -> Path:
    """A square of speckles about the stop."""
    step = side_deg / samples
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=samples, width=samples, dtype="uint8", crs="IAU_2015:49900",
        transform=Affine(step, 0.0, STOP[0] - 0.5 * side_deg, 0.0, -step, STOP[1] + 0.5 * side_deg),
    ) as dataset:  # fmt: skip
        speckles = np.random.default_rng(8).integers(60, 200, (1, samples, samples))
        dataset.write(speckles.astype(np.uint8))
    return path


def test_the_legend_has_room_for_all_that_can_be_on_a_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = ground_raster(tmp_path / "fine.tif", 400, 0.001)
    coarse = ground_raster(tmp_path / "coarse.tif", 50, 0.005)
    request = make_request(tmp_path, base_maps=(fine, coarse), side_m=500.0, width_px=600)
    words = [text for text, _ in texts_of(monkeypatch, request)]
    for expected in (
        "Perseverance", "View directions, 30 m", "Route driven", "Driven later", "Last stop of a sol",
        "Route planned", "Named place", "Base map, 14 cm samples", "Coarse map, 5.8 m samples", "No base map",
    ):  # fmt: skip
        assert expected in words


def test_at_the_start_of_the_route_nothing_is_said_to_be_driven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files round the landing's degrees differently: those 0.6 mm are no drive."""
    request = make_request(tmp_path, width_px=600)
    path = request.panorama / "panorama.json"
    document = json.loads(path.read_text())
    document["stop"]["drive"] = 24
    path.write_text(json.dumps(document))
    words = [text for text, _ in texts_of(monkeypatch, request)]
    assert "22 km driven from here" in words
    assert "Route driven" not in words
    assert "Last stop of a sol" not in words


def test_a_base_map_that_only_the_inset_shows_is_drawn_and_credited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = ground_raster(tmp_path / "fine.tif", 400, 0.02)
    region = ground_raster(tmp_path / "region.tif", 400, 0.6)
    request = make_request(tmp_path, base_maps=(fine, region), side_m=200.0, width_px=600)
    report = make_overview(request)
    assert [layer["file"] for layer in report["base_maps"]] == ["fine.tif"]
    assert report["base_maps"][0]["gain"] == 1.0  # it hides the other: nothing to be level with
    said = [text for text, _ in texts_of(monkeypatch, request) if "Base map:" in text]
    assert "fine.tif; region.tif" in said[0]
    with Image.open(report["overview"]) as image:
        sheet = np.asarray(image)
    inset = sheet[50:75, 500:580]  # no mark lies there: without imagery it is one grey
    assert inset.std() > 10.0

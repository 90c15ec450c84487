import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hinterland.errors import InputError
from hinterland.maps.mmgis import mmgis_keys

ROOT = Path(__file__).parents[3]
FORMS = ROOT / "tests" / "data" / "route_forms"
WAYPOINTS = ROOT / "examples" / "m2020_route" / "M20_waypoints.json"


def report(**projection: Any) -> dict[str, Any]:
    known = {
        "kind": "cylindrical", "azimuth_left_deg": 200.0, "elevation_top_deg": 10.0,
        "pixels_per_degree": 50.0, "samples": 7000, "lines": 2500,
    }  # fmt: skip
    return {"projection": known | projection}


def mosaic() -> dict[str, float]:
    """JPL's own parameters of the Navcam mosaic of sol 1051."""
    with (FORMS / "mosaic_parameters.csv").open() as file:
        (row,) = csv.DictReader(file)
    return {key: float(value) for key, value in row.items() if key != "mos_name"}


def as_report(known: dict[str, float]) -> dict[str, Any]:
    """The report of ours that a mosaic of JPL's would have: elmax is of the centre of its first line."""
    scale = known["columns"] / ((known["azmax"] - known["azmin"]) % 360.0 or 360.0)
    return report(
        azimuth_left_deg=known["azmin"], elevation_top_deg=known["elmax"] + 0.5 / scale,
        pixels_per_degree=scale, lines=int(known["rows"]), samples=int(known["columns"]),
    )  # fmt: skip


def test_the_line_of_elevation_zero_is_that_of_jpl_s_mosaic() -> None:
    known = mosaic()
    keys = mmgis_keys(as_report(known))
    for name in ("rows", "columns", "azmin", "azmax", "elmax"):
        assert keys[name] == pytest.approx(known[name], abs=1e-5), name
    # JPL rounds elmax to 1e-4 degrees, 0.002 lines, after choosing its scale to 1e-5: 0.02 lines
    assert keys["elzero"] == pytest.approx(known["elzero"], abs=0.02)
    # below, the mosaic's own limit lies 1.6 lines lower than its rows reach
    assert keys["elmin"] == pytest.approx(known["elmin"], abs=2.0 * 360.0 / 7696)


def test_targets_measured_in_the_mosaic_lie_where_the_keys_say() -> None:
    keys = mmgis_keys(as_report(mosaic()))
    degrees = 360.0 / keys["columns"]
    with next(FORMS.glob("azel_targets_*.csv")).open() as file:
        for row in csv.DictReader(file):
            line, sample = float(row["line"]), float(row["sample"])
            assert keys["azmin"] + sample * degrees == pytest.approx(float(row["az"]), abs=0.01)
            # lines are counted from 0 there, elzero from 1; the picks are good to a tenth of a line
            assert (keys["elzero"] - 1.0 - line) * degrees == pytest.approx(float(row["el"]), abs=0.01)


def test_hundreds_of_perseverance_s_panoramas_agree() -> None:
    errors = []
    for feature in json.loads(WAYPOINTS.read_text())["features"]:
        for image in feature["properties"]["images"]:
            numbers = {
                key: image.get(key) for key in ("rows", "columns", "azmin", "azmax", "elmax", "elzero")
            }
            if (
                all(value not in {"", "0", None} or key == "azmin" for key, value in numbers.items())
                and image["azmin"]
            ):
                known = {key: float(value) for key, value in numbers.items()}
                errors.append(abs(mmgis_keys(as_report(known))["elzero"] - known["elzero"]))
    errors.sort()
    assert len(errors) > 300
    # the scale is rounded to whole columns a turn: a few hundredths of a line; a handful are typed in by hand
    assert errors[len(errors) // 2] < 0.03
    assert errors[int(0.95 * len(errors))] < 0.12


def test_a_view_across_north_has_its_left_edge_above_its_right_one() -> None:
    keys = mmgis_keys(report(azimuth_left_deg=300.0))
    assert (keys["azmin"], keys["azmax"]) == (300.0, 80.0)
    keys = mmgis_keys(report(azimuth_left_deg=220.0))
    assert (keys["azmin"], keys["azmax"]) == (220.0, 360.0)


def test_an_all_round_view_has_a_whole_turn_between_its_edges() -> None:
    keys = mmgis_keys(report(azimuth_left_deg=30.0, samples=18_000))
    assert (keys["azmin"], keys["azmax"]) == (30.0, 390.0)


def test_a_reduced_picture_has_its_own_rows_and_the_same_directions() -> None:
    whole, half = mmgis_keys(report()), mmgis_keys(report(), url="preview.jpg", size=(1250, 3500))
    assert (half["url"], half["rows"], half["columns"]) == ("preview.jpg", 1250, 3500)
    assert (half["azmin"], half["azmax"]) == (whole["azmin"], whole["azmax"])
    # the same height: line 500.5 of one is line 250.5 of the other, counted from 1 at centres
    assert (whole["elzero"], half["elzero"]) == (500.5, 250.5)
    assert half["elmax"] == pytest.approx(whole["elmax"] - 0.01)


@pytest.mark.parametrize(
    "wrong", [{"kind": "polar"}, {"lines": 0}, {"pixels_per_degree": "many"}, {"pixels_per_degree": -1.0}]
)
def test_other_projections_and_broken_ones_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"cylindrical|cannot be used"):
        mmgis_keys(report(**wrong))
    with pytest.raises(InputError, match="cylindrical"):
        mmgis_keys({})

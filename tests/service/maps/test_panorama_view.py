import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hinterland.errors import InputError
from hinterland.maps.panorama_view import read_report, view_of

REPORT: dict[str, Any] = {
    "projection": {"kind": "cylindrical", "origin_m": [0.7, 0.6, -1.9]},
    "view": {
        "azimuth_min_deg": 200.0, "azimuth_max_deg": 340.0,
        "elevation_min_deg": -40.0, "elevation_max_deg": 10.0,
    },
    "frames": [
        {"sol": 16, "site": 3, "drive": 188, "used": True},
        {"sol": 15, "site": 3, "drive": 188, "used": True},
        {"sol": 99, "site": 9, "drive": 9, "used": False},
    ],
    "stop": {"mission": "M2020", "site": 3, "drive": 188},
    "credits": ["NASA/JPL-Caltech"],
}  # fmt: skip


def changed(*path: str, to: object) -> dict[str, Any]:
    report = copy.deepcopy(REPORT)
    part = report
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = to
    return report


def test_the_report_tells_stop_view_and_viewpoint() -> None:
    view = view_of(REPORT, "panorama.json")
    assert (view.mission, view.site, view.drive, view.sols) == ("M2020", 3, 188, (15, 16))
    assert (view.azimuth_min_deg, view.azimuth_width_deg, view.azimuth_center_deg) == (200.0, 140.0, 270.0)
    assert view.viewpoint_m == (0.7, 0.6, -1.9)
    assert view.credits == ("NASA/JPL-Caltech",)


@pytest.mark.parametrize(
    ("left", "right", "width", "middle", "all_round"),
    [
        (350.0, 10.0, 20.0, 0.0, False),
        (0.0, 360.0, 360.0, 180.0, True),
        (34.0, 394.0, 360.0, 214.0, True),
        (0.0, 359.5, 359.5, 179.75, True),
        (-10.0, 10.0, 20.0, 0.0, False),
    ],
)
def test_a_view_may_cross_north_or_go_all_round(
    left: float, right: float, width: float, middle: float, *, all_round: bool
) -> None:
    report = changed("view", "azimuth_min_deg", to=left)
    report["view"]["azimuth_max_deg"] = right
    view = view_of(report, "panorama.json")
    assert 0.0 <= view.azimuth_min_deg < 360.0
    assert view.azimuth_width_deg == pytest.approx(width)
    assert view.azimuth_center_deg == pytest.approx(middle)
    assert view.is_all_round == all_round


def test_without_a_stop_the_first_used_frame_says_where() -> None:
    view = view_of(changed("stop", to=None), "panorama.json")
    assert (view.mission, view.site, view.drive) == (None, 3, 188)


@pytest.mark.parametrize(
    ("path", "to", "said"),
    [
        (("view",), None, "it has no view"),
        (("projection",), [], "it has no projection"),
        (("view", "azimuth_min_deg"), "west", "azimuth_min_deg must be a number, got 'west'"),
        (("view", "azimuth_max_deg"), float("nan"), "azimuth_max_deg must be a number"),
        (("view", "elevation_min_deg"), 20.0, "elevations 20 to 10 are no range"),
        (("projection", "origin_m"), [0.0, 0.0], "origin_m must be three numbers"),
        (("projection", "origin_m"), None, "origin_m must be three numbers"),
    ],
)
def test_a_report_that_lacks_what_the_map_needs_is_refused(
    path: tuple[str, ...], to: object, said: str
) -> None:
    with pytest.raises(InputError, match=f"^panorama.json: .*{re.escape(said)}"):
        view_of(changed(*path, to=to), "panorama.json")


def test_a_report_that_names_no_stop_is_refused() -> None:
    report = changed("stop", to={"mission": "M2020"})
    report["frames"] = []
    with pytest.raises(InputError, match="neither a stop nor a used frame"):
        view_of(report, "panorama.json")


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_folder_without_a_report_is_no_bundle(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="not a panorama bundle"):
        read_report(tmp_path)
    (tmp_path / "panorama.json").write_text(content)
    with pytest.raises(InputError, match=r"not JSON|not a report"):
        read_report(tmp_path)
    (tmp_path / "panorama.json").write_text(json.dumps(REPORT))
    assert read_report(tmp_path) == REPORT

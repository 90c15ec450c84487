import dataclasses
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from bundle_values import GRID, product, report, solution

from hinterland.model.products import Dropped
from hinterland.model.solution import INFINITY, Correction, Residuals, SolvedFrame
from hinterland.publish.report import HIDDEN, UNTIED, inputs_digest, write_report

FRAME_KEYS = [
    "index",
    "product",
    "url",
    "page",
    "sha256",
    "sol",
    "site",
    "drive",
    "instrument",
    "correction_deg",
    "gain",
    "offset",
    "tie_points",
    "residual_median_px",
    "used",
    "reason",
    "time_utc",
    "notes",
]


def test_the_keys_are_those_that_users_rely_on() -> None:
    made = report(solution(product(1), product(2)))
    assert list(made) == [
        "projection",
        "view",
        "surface",
        "frames",
        "residuals",
        "seams",
        "warnings",
        "timing_s",
        "peak_rss_bytes",
        "backend",
        "versions",
        "inputs_digest",
        "stop",
        "credits",
    ]
    assert list(made["projection"]) == [
        "kind",
        "azimuth_left_deg",
        "elevation_top_deg",
        "pixels_per_degree",
        "samples",
        "lines",
        "origin_m",
    ]
    assert list(made["view"]) == [
        "azimuth_min_deg",
        "azimuth_max_deg",
        "azimuth_center_deg",
        "azimuth_width_deg",
        "compass",
        "elevation_min_deg",
        "elevation_max_deg",
        "heading",
    ]
    assert list(made["surface"]) == ["kind", "normal", "distance_m", "source"]
    assert list(made["residuals"]) == ["tie_points", "median_px", "p95_px", "prior_median_px"]
    assert list(made["seams"]) == ["visibility", "level_step"]
    assert [list(frame) for frame in made["frames"]] == [FRAME_KEYS] * 3


def test_a_frame_is_told_with_its_original_and_what_it_was_given() -> None:
    frame = report(solution(product(1), product(2, notes=("no flat field",))))["frames"][1]
    assert frame == {
        "index": 2,
        "product": "NLF_0014_0667192302_846ECM",
        "url": "https://example.org/2.png",
        "page": "https://example.org/2",
        "sha256": "2" * 64,
        "sol": 14,
        "site": 3,
        "drive": 110,
        "instrument": "NAVCAM_LEFT",
        "correction_deg": {"azimuth": 0.041, "elevation": -0.013, "twist": 0.002},
        "gain": 1.25,
        "offset": -3.5,
        "tie_points": 17,
        "residual_median_px": 0.31,
        "used": True,
        "reason": None,
        "time_utc": "2021-03-05T10:12:00.250",
        "notes": ["no flat field"],
    }


def test_levels_of_several_bands_are_lists() -> None:
    solved = solution(product(1))
    colour = dataclasses.replace(solved.frames[0], gain=(1.0, 2.0, 3.0), offset=(0.0, 1.0, 2.0))
    frame = report(dataclasses.replace(solved, frames=(colour,)))["frames"][0]
    assert (frame["gain"], frame["offset"]) == ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])


def test_a_solved_frame_that_gives_no_pixel_keeps_its_index_and_says_why() -> None:
    frames = report(solution(product(1), product(2), product(3)), unused={1: HIDDEN})["frames"]
    assert [(frame["index"], frame["used"], frame["reason"]) for frame in frames[:3]] == [
        (1, True, None),
        (2, False, HIDDEN),
        (3, True, None),
    ]


def test_a_dropped_input_is_listed_after_the_frames_with_its_reason() -> None:
    frame = report(solution(product(1)))["frames"][-1]
    assert (frame["index"], frame["product"], frame["used"], frame["reason"]) == (
        None,
        "NLF_0014_thumb",
        False,
        "thumbnail",
    )


def test_the_projection_is_that_of_the_grid_seen_from_the_viewpoint() -> None:
    assert report(solution(product(1)))["projection"] == {
        "kind": "cylindrical",
        "azimuth_left_deg": GRID.azimuth_left_deg,
        "elevation_top_deg": GRID.elevation_top_deg,
        "pixels_per_degree": GRID.pixels_per_degree,
        "samples": GRID.samples,
        "lines": GRID.lines,
        "origin_m": [0.8, 0.5, -1.9],
    }


def test_a_surface_at_infinity_has_no_distance() -> None:
    made = report(solution(product(1), surface=INFINITY))
    assert made["surface"] == {
        "kind": "infinity",
        "normal": None,
        "distance_m": None,
        "source": "infinity",
    }


def test_what_is_not_known_is_null() -> None:
    made = report(
        solution(product(1, sol=None, url=None), residuals=Residuals()), visibility=None, level_step=None
    )
    assert made["residuals"] == {"tie_points": 0, "median_px": None, "p95_px": None, "prior_median_px": None}
    assert made["seams"] == {"visibility": None, "level_step": None}
    assert (made["frames"][0]["sol"], made["frames"][0]["url"]) == (None, None)


def test_each_credit_line_is_given_once() -> None:
    made = report(solution(product(1), product(2), product(3, credit=None), product(4, credit="USGS")))
    assert made["credits"] == ["NASA/JPL-Caltech", "USGS"]


def untied(number: int, **changes: Any) -> SolvedFrame:
    return dataclasses.replace(solution(product(number, **changes)).frames[0], tie_points=0)


def test_a_frame_that_no_tie_point_joins_says_so_and_is_warned_of() -> None:
    solved = solution(product(1), product(2))
    made = report(dataclasses.replace(solved, frames=(*solved.frames, untied(3, notes=("resized copy",)))))
    assert [frame["notes"] for frame in made["frames"][:3]] == [[], [], ["resized copy", UNTIED]]
    (warning,) = made["warnings"]
    assert warning == (
        "1 frame is placed by the label's pointing alone, no tie point joins it to another frame: "
        "NLF_0014_0667192303_846ECM"
    )


def test_many_frames_that_no_tie_point_joins_are_counted_and_some_are_named() -> None:
    solved = dataclasses.replace(solution(product(1)), frames=tuple(untied(number) for number in range(1, 6)))
    (warning,) = report(solved)["warnings"]
    assert warning.startswith("5 frames are placed")
    assert warning.endswith("and 2 more")


def test_a_single_exposure_needs_no_tie_points() -> None:
    tiles = tuple(untied(number, exposure="one") for number in (1, 2))
    made = report(dataclasses.replace(solution(product(1)), frames=tiles, residuals=Residuals()))
    assert made["warnings"] == []
    assert made["frames"][0]["notes"] == []


def test_a_tile_without_tie_points_is_held_by_the_others_of_its_exposure() -> None:
    solved = solution(product(1), product(2))
    frames = (*solved.frames, untied(3, exposure="2"))
    assert report(dataclasses.replace(solved, frames=frames))["warnings"] == []


@pytest.mark.parametrize(
    ("median_px", "p95_px", "is_warned"), [(0.75, 2.0, False), (0.76, 1.0, True), (0.3, 2.01, True)]
)
def test_frames_that_do_not_fit_are_warned_of(median_px: float, p95_px: float, is_warned: bool) -> None:
    residuals = Residuals(tie_points=17, median_px=median_px, p95_px=p95_px, prior_median_px=4.7)
    warnings = report(solution(product(1), product(2), residuals=residuals))["warnings"]
    assert [warning.split(" px only")[0] for warning in warnings] == (
        [f"the frames fit each other to {median_px:.2f}"] if is_warned else []
    )


def test_a_correction_that_did_not_help_is_warned_of() -> None:
    solved = solution(product(1), product(2))
    still = tuple(dataclasses.replace(frame, correction=Correction()) for frame in solved.frames)
    (warning,) = report(dataclasses.replace(solved, frames=still))["warnings"]
    assert warning.startswith("the frames keep the labels' pointing")


def test_mixed_cameras_are_warned_of() -> None:
    (warning,) = report(solution(product(1), product(2, instrument="NAVCAM_RIGHT")))["warnings"]
    assert warning == "2 cameras are mixed, which see near ground apart: NAVCAM_LEFT, NAVCAM_RIGHT"


def test_a_dropped_input_tells_what_is_known_of_it() -> None:
    known = Dropped(
        product="p", path=None, reason="thumbnail", sha256="a" * 64, sol=15, url="https://u", page="https://p"
    )
    frame = report(solution(product(1)), dropped=[known])["frames"][-1]
    assert (frame["sha256"], frame["sol"]) == ("a" * 64, 15)
    assert (frame["url"], frame["page"]) == ("https://u", "https://p")


def test_the_file_holds_the_report(tmp_path: Path) -> None:
    made = report(solution(product(1, credit="Équipe Σ")))
    write_report(tmp_path / "panorama.json", made)
    text = (tmp_path / "panorama.json").read_text(encoding="utf-8")
    assert json.loads(text) == made
    assert list(json.loads(text)) == list(made)
    assert "Équipe Σ" in text


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(tmp_path / "panorama.json", report(solution(product(1)), visibility=math.nan))
    assert not (tmp_path / "panorama.json").exists()


def test_the_digest_is_of_the_inputs_in_order_and_the_options() -> None:
    text = '{"inputs":["aa","bb"],"options":{"kernel":"lanczos3","scale":null}}'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert inputs_digest(["aa", "bb"], {"scale": None, "kernel": "lanczos3"}) == expected
    others = [
        inputs_digest(["bb", "aa"], {"scale": None, "kernel": "lanczos3"}),
        inputs_digest(["aa"], {"scale": None, "kernel": "lanczos3"}),
        inputs_digest(["aa", "bb"], {"scale": 2.0, "kernel": "lanczos3"}),
    ]
    assert expected not in others
    made = report(solution(product(1), product(2)))
    assert made["inputs_digest"] == inputs_digest(["1" * 64, "2" * 64], {"surface": "auto"})

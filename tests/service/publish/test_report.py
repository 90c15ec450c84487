import dataclasses
import hashlib
import json
import math
from pathlib import Path

import pytest
from bundle_values import GRID, product, report, solution

from hinterland.model.solution import INFINITY, Residuals
from hinterland.publish.report import HIDDEN, inputs_digest, write_report

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
    ]
    assert list(made["surface"]) == ["kind", "normal", "distance_m", "source"]
    assert list(made["residuals"]) == ["tie_points", "median_px", "p95_px", "prior_median_px"]
    assert list(made["seams"]) == ["visibility"]
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
    frames = report(solution(product(1), product(2), product(3)), used=[True, False, True])["frames"]
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
    made = report(solution(product(1, sol=None, url=None), residuals=Residuals()), visibility=None)
    assert made["residuals"] == {"tie_points": 0, "median_px": None, "p95_px": None, "prior_median_px": None}
    assert made["seams"] == {"visibility": None}
    assert (made["frames"][0]["sol"], made["frames"][0]["url"]) == (None, None)


def test_each_credit_line_is_given_once() -> None:
    made = report(solution(product(1), product(2), product(3, credit=None), product(4, credit="USGS")))
    assert made["credits"] == ["NASA/JPL-Caltech", "USGS"]


def test_flags_must_fit_the_frames() -> None:
    with pytest.raises(ValueError, match="shorter"):
        report(solution(product(1), product(2)), used=[True])


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

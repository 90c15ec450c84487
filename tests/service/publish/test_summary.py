from pathlib import Path

from bundle_values import VIEW, product, report, solution

from hinterland.model.solution import Residuals
from hinterland.publish.summary import summary


def test_it_says_where_which_way_and_how_well() -> None:
    made = report(solution(product(1), product(2)))
    assert list(summary(Path("out"), made)) == [
        "Perseverance, sol 14, site 3, drive 110: looking west, 270°",
        "1800 x 600 samples of 2 frames",
        "17 tie points: median 0.29 px, 95 % within 0.83 px (label pointing: 4.70 px), surface plane",
        "left out: NLF_0014_thumb: thumbnail",
        "took 4.0 s",
        "look at   out/index.html",
        "image     out/panorama.tif",
    ]


def test_one_frame_is_singular_and_needs_no_residuals() -> None:
    lines = list(summary(Path("out"), report(solution(product(1), residuals=Residuals()), dropped=[])))
    assert lines[1:3] == ["1800 x 600 samples of 1 frame", "took 4.0 s"]


def test_a_ring_looks_no_way() -> None:
    ring = type(VIEW)(
        azimuth_min_deg=0.0,
        azimuth_width_deg=360.0,
        azimuth_center_deg=180.0,
        is_all_round=True,
        elevation_min_deg=-20.0,
        elevation_max_deg=10.0,
    )
    first = next(iter(summary(Path("out"), report(solution(product(1)), view=ring))))
    assert first == "Perseverance, sol 14, site 3, drive 110: all round"


def test_each_warning_is_a_line() -> None:
    made = report(solution(product(1), product(2, instrument="NAVCAM_RIGHT")))
    (line,) = (line for line in summary(Path("out"), made) if line.startswith("warning: "))
    assert line.endswith("NAVCAM_LEFT, NAVCAM_RIGHT")

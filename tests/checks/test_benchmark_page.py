"""What becomes of kept figures: the page, and the warning that something got slower."""

import json
from pathlib import Path

import pytest
from benchmarks.harness import Figure
from benchmarks.page import PAGE, write_page
from benchmarks.regression import latest, slower

ROOT = Path(__file__).parents[2]


def _line(time: str, ratio: float | None, name: str = "warp") -> dict[str, object]:
    figure = {
        "name": name,
        "value": 12.0,
        "unit": "Mpx/s",
        "peer": "cv2.remap",
        "ratio": ratio,
        "floor": 0.25,
    }
    return {
        "time": time,
        "processor": "A CPU",
        "cores": 2,
        "device": "cpu",
        "commit": "0123456789abcdef",
        "figures": [figure],
    }


@pytest.mark.parametrize(
    ("now", "is_slower"), [(1.0, False), (0.81, False), (0.79, True), (3.0, False), (None, False)]
)
def test_only_a_ratio_that_fell_by_more_than_a_fifth_is_called_slower(
    now: float | None, is_slower: bool
) -> None:
    before = latest([_line("2026-01-01", 9.0), _line("2026-01-02", 1.0)])
    found = slower([Figure(name="warp", value=1.0, unit="s", peer="cv2.remap", ratio=now)], before)
    assert bool(found) == is_slower


def test_another_peer_is_not_compared() -> None:
    figure = Figure(name="warp", value=1.0, unit="s", peer="gdalwarp", ratio=0.1)
    assert slower([figure], latest([_line("2026-01-01", 9.0)])) == []


def test_the_page_shows_the_last_figure_of_each_name_for_each_machine(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (tmp_path / "docs").mkdir()
    lines = [_line("2026-01-01", 1.5), _line("2026-01-02", 2.5), _line("2026-01-02", None, "demo")]
    (results / "a-cpu.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = write_page(tmp_path, results).read_text()
    assert "| warp | 12 Mpx/s | cv2.remap | 2.50 | 0.25 | 2026-01-02 0123456 |" in page
    assert "| demo |" in page
    assert "1.50" not in page
    assert (tmp_path / "docs/images/performance-a-cpu.png").stat().st_size > 1000


def test_the_page_in_the_tree_is_that_of_the_results_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    assert write_page(tmp_path).read_text() == (ROOT / PAGE).read_text()


def test_one_figure_may_have_several_peers() -> None:
    line = _line("2026-01-01", 2.0)
    (first,) = line["figures"]
    line["figures"] = [first, {**first, "peer": "rasterio.reproject", "ratio": 9.0}]
    assert sorted(one.figure["ratio"] for one in latest([line]).values()) == [2.0, 9.0]


def test_what_the_last_whole_run_did_not_measure_is_forgotten() -> None:
    lines = [_line("2026-01-01", 2.0, "gone"), {**_line("2026-01-02", 3.0), "is_whole": True}]
    lines.append(_line("2026-01-03", 4.0, "alone"))
    assert sorted(name for name, _ in latest(lines)) == ["alone", "warp"]

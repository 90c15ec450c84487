import dataclasses
from pathlib import Path

import pytest
from bundle_values import VIEW, product, report, solution
from pages import Page, page_of

from hinterland.model.products import Dropped, Stop
from hinterland.model.solution import Residuals
from hinterland.publish.page import write_page
from hinterland.publish.report import HIDDEN


def test_the_page_says_where_and_which_way(bundle_folder: Path) -> None:
    page = page_of(bundle_folder, product(1), product(2))
    assert page.text[0] == "Perseverance, sol 14, site 3, drive 110: looking west, 270°"
    assert page.text[1:4] == [
        "Perseverance, sol 14, site 3, drive 110",
        "looking west, 270°",
        "90° wide, elevation −20° to 10°, 1,800 × 600 pixels at 20.00 a degree",
    ]


def test_a_closed_panorama_is_all_round(bundle_folder: Path) -> None:
    closed = dataclasses.replace(VIEW, azimuth_width_deg=340.0, is_all_round=True)
    text = page_of(bundle_folder, product(1), view=closed).text
    assert text[2] == "all round"
    assert text[3].startswith("340° wide")


def test_several_sols_are_a_range(bundle_folder: Path) -> None:
    page = page_of(bundle_folder, product(1, sol=15), product(2, sol=14), product(3, sol=None))
    assert page.text[1] == "Perseverance, sols 14 to 15, site 3, drive 110"


def test_without_tiles_it_asks_nothing_of_a_server_and_runs_nothing(bundle_folder: Path) -> None:
    page = page_of(bundle_folder, product(1))
    names = {name for name, _ in page.elements}
    assert names.isdisjoint({"script", "iframe", "object", "embed", "link", "form", "base"})
    policy = next(attrs["content"] for name, attrs in page.elements if attrs.get("http-equiv"))
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "script-src" not in rules  # so default-src holds
    assert page.all("img", "src") == ["preview.jpg"]
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)


def test_it_links_the_files_that_are_there_and_the_item_that_comes_last(bundle_folder: Path) -> None:
    (bundle_folder / "nav.json").unlink()
    (bundle_folder / "overview.png").write_bytes(b"map")
    page = page_of(bundle_folder, product(1))
    local = [address for address in page.all("a", "href") if "://" not in address]
    assert local == [
        "preview.jpg",
        "overview.png",
        "panorama.tif",
        "sources.tif",
        "panorama.json",
        "preview.jpg",
        "overview.png",
        "item.json",
    ]
    assert "Panorama at full resolution, 1.2 kB" in page.text  # 12 letters a hundred times


def rows(folder: Path) -> list[list[str]]:
    body = (folder / "index.html").read_text(encoding="utf-8").split("<tbody>")[1].split("</tbody>")[0]
    return [Page(f"<table><tr{row}</table>").text for row in body.split("<tr")[1:]]


def test_a_row_tells_all_of_a_frame(bundle_folder: Path) -> None:
    page_of(bundle_folder, product(1), product(2), unused={1: HIDDEN})
    assert rows(bundle_folder) == [
        [
            "1",
            "NLF_0014_0667192301_846ECM",
            "yes",
            "14",
            "3, 110",
            "NAVCAM_LEFT",
            "+0.041°, −0.013°, +0.002°",
            "1.250",
            "−3.5",
            "17",
            "0.31",
        ],
        [
            "2",
            "NLF_0014_0667192302_846ECM",
            "no: hidden behind the other frames",
            "14",
            "3, 110",
            "NAVCAM_LEFT",
            "+0.041°, −0.013°, +0.002°",
            "1.250",
            "−3.5",
            "17",
            "0.31",
        ],
        ["–", "NLF_0014_thumb", "no: thumbnail", "–", "–", "–", "–", "–", "–", "–", "–"],
    ]


def test_levels_of_three_bands_stand_side_by_side(bundle_folder: Path) -> None:
    solved = solution(product(1))
    colour = dataclasses.replace(solved.frames[0], gain=(1.0, 0.5, 2.0), offset=(0.0, -0.04, 3.0))
    write_page(bundle_folder, report(dataclasses.replace(solved, frames=(colour,))), VIEW)
    text = (bundle_folder / "index.html").read_text(encoding="utf-8")
    assert "1.000, 0.500, 2.000" in text
    assert "0.0, 0.0, 3.0" in text  # no sign on a zero


@pytest.mark.parametrize(
    ("page", "url", "linked"),
    [
        ("https://example.org/p?a=1&b=2", "https://example.org/f.png", "https://example.org/p?a=1&b=2"),
        (None, "http://example.org/f.png", "http://example.org/f.png"),
        ("javascript:alert(1)", "https://example.org/f.png", "https://example.org/f.png"),
        (None, None, None),
        (" javascript:alert(1)", "data:text/html,x", None),
        ("file:///etc/passwd", "//example.org/f.png", None),
        ("https:relative", "http://[", None),
    ],
)
def test_a_product_links_to_its_original_on_the_web_only(
    bundle_folder: Path, page: str | None, url: str | None, linked: str | None
) -> None:
    made = page_of(bundle_folder, product(1, page=page, url=url))
    outside = [address for address in made.all("a", "href") if not (bundle_folder / address).is_file()]
    assert outside == ["item.json", *([linked] if linked else [])]


def test_text_of_labels_is_text(bundle_folder: Path) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"
    plain = page_of(bundle_folder, product(1))
    page = page_of(
        bundle_folder,
        product(
            1,
            product_id=evil,
            instrument=evil,
            credit=evil,
            notes=(evil,),
            page=f"https://example.org/{evil}",
            stop=Stop(mission=evil, site=3, drive=110),
        ),
        dropped=[Dropped(product=evil, path=None, reason=evil)],
        versions={"hinterland": evil},
        backend=evil,
    )
    assert [name for name, _ in page.elements if name != "small"] == [
        name for name, _ in plain.elements if name != "small"
    ]
    assert page.text.count(evil) == 4  # product, note, instrument, dropped product
    assert f"no: {evil}" in page.text
    assert f"Credit: {evil}" in page.text
    assert f"https://example.org/{evil}" in page.all("a", "href")
    assert page.all("img", "alt") == [f"Panorama from {evil}, sol 14, site 3, drive 110, looking west, 270°"]


def test_a_page_without_tie_points_shows_no_numbers_it_does_not_have(bundle_folder: Path) -> None:
    solved = solution(product(1), residuals=Residuals())
    write_page(bundle_folder, report(solved, visibility=None, level_step=None, dropped=[]), VIEW)
    page = Page((bundle_folder / "index.html").read_text(encoding="utf-8"))
    facts = page.text[page.text.index("Frames") : page.text.index("Downloads")]
    assert facts == [
        *["Frames", "1", "all used"],
        *["Tie points", "0"],
        *["Median residual", "–"],
        *["Surface", "Plane", "nominal"],
        *["Seam visibility", "–"],
    ]

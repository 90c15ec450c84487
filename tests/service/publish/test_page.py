import dataclasses
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bundle_values import GRID, VIEW, product, report, solution

from hinterland.model.products import Dropped, Product, Stop
from hinterland.model.solution import Residuals
from hinterland.publish.page import write_page
from hinterland.publish.report import HIDDEN
from hinterland.publish.view import View

VOID = {"meta", "img", "br", "link", "hr", "input", "base"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its links, its text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open:
            self.text.append(data.strip())

    def all(self, tag: str, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for name, attrs in self.elements if name == tag and attribute in attrs]


def page_of(folder: Path, *products: Product, view: View = VIEW, **changes: Any) -> Page:
    write_page(folder, report(solution(*products), **changes), view)
    return Page((folder / "index.html").read_text(encoding="utf-8"))


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


def test_it_asks_nothing_of_a_server_and_runs_nothing(bundle_folder: Path) -> None:
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


@pytest.mark.parametrize(
    ("left_deg", "width_deg", "marks"),
    [
        (225.0, 90.0, ["SW 225°", "240°", "255°", "W 270°", "285°", "300°", "NW 315°"]),
        (
            0.0,
            360.0,
            ["N 0°", "NE 45°", "E 90°", "SE 135°", "S 180°", "SW 225°", "W 270°", "NW 315°", "N 0°"],
        ),
        (352.0, 30.0, ["355°", "N 0°", "5°", "10°", "15°", "20°"]),
        (100.5, 6.0, ["101°", "102°", "103°", "104°", "105°", "106°"]),
    ],
)
def test_the_ruler_marks_round_azimuths_where_they_are(
    bundle_folder: Path, left_deg: float, width_deg: float, marks: list[str]
) -> None:
    grid = dataclasses.replace(
        GRID, azimuth_left_deg=left_deg, samples=round(width_deg * GRID.pixels_per_degree)
    )
    page = page_of(bundle_folder, product(1), grid=grid)
    places = [
        float((attrs["style"] or "").removeprefix("left: ").removesuffix("%"))
        for name, attrs in page.elements
        if name == "li" and "style" in attrs
    ]
    assert [text for text in page.text if text in marks] == marks
    for text, place in zip(marks, places, strict=True):
        azimuth = left_deg + place / 100.0 * width_deg
        assert (azimuth - float(text.split()[-1].rstrip("°")) + 180.0) % 360.0 == pytest.approx(
            180.0, abs=0.01
        )


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

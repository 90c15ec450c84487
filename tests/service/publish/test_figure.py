"""The panorama on the page: its ruler, and what its viewer is given."""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_values import GRID, product
from pages import Page, page_of

from hinterland.products.cog import RasterWriter
from hinterland.products.geotiff import read_pyramid
from hinterland.publish.assets import write_assets
from hinterland.publish.display import Stretch
from hinterland.publish.tiles import write_tiles

EVIL = "\"'><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">&amp;"
CHROMIUM = shutil.which("chromium")


def labels() -> Any:
    """Frame 1 on the left with a hole, frame 2 on the right and as a small patch within frame 1."""
    found = np.zeros(GRID.shape, np.uint16)
    found[100:500, 100:900] = 1
    found[100:500, 900:1700] = 2
    found[200:300, 300:400] = 2
    found[350:450, 300:400] = 0
    return found


@pytest.fixture
def bundle(bundle_folder: Path) -> Path:
    """A bundle with rasters, tiles and scripts, but no page yet."""
    common: dict[str, Any] = {"lines": GRID.lines, "samples": GRID.samples}
    with RasterWriter(
        bundle_folder / "sources.tif", bands=1, dtype=np.uint16, labels=True, **common
    ) as writer:
        writer.write(0, 0, labels()[None])
        writer.finish()
    picture = np.zeros((1, *GRID.shape), np.uint8)
    picture[0] = np.linspace(0, 255, GRID.samples)
    with RasterWriter(bundle_folder / "panorama.tif", bands=1, dtype=np.uint8, **common) as writer:
        writer.write(0, 0, picture, labels() > 0)
        writer.finish()
    write_tiles(
        bundle_folder,
        GRID.shape,
        lambda: read_pyramid(bundle_folder / "panorama.tif"),
        Stretch(low=0.0, high=255.0),
        2,
    )
    write_assets(bundle_folder)
    return bundle_folder


def data_of(page: Page) -> dict[str, Any]:
    found = next(attrs["data-panorama"] for _, attrs in page.elements if "data-panorama" in attrs)
    assert found is not None
    data = json.loads(found)
    assert isinstance(data, dict)
    return data


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


def test_with_tiles_the_page_runs_files_of_the_bundle_and_nothing_else(bundle: Path) -> None:
    page = page_of(bundle, product(1), product(2))
    policy = next(attrs["content"] for _, attrs in page.elements if attrs.get("http-equiv"))
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' file:"  # so neither inline nor from elsewhere
    assert page.all("script", "src") == ["assets/leaflet.js", "assets/viewer.js"]
    assert sum(name == "script" for name, _ in page.elements) == 2
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)
    local = [
        address
        for tag, attribute in (("script", "src"), ("link", "href"), ("img", "src"), ("a", "href"))
        for address in page.all(tag, attribute)
        if "://" not in address and address != "item.json"  # which comes last
    ]
    assert "assets/leaflet-licence.txt" in local
    assert [address for address in local if not (bundle / address).is_file()] == []


def test_without_a_script_the_preview_stays(bundle: Path) -> None:
    page = page_of(bundle, product(1), product(2))
    viewer = next(attrs for _, attrs in page.elements if attrs.get("id") == "viewer")
    assert "hidden" in viewer
    preview = next(attrs for name, attrs in page.elements if name == "img")
    assert preview["src"] == "preview.jpg"


def test_the_viewer_is_told_where_the_panorama_looks(bundle: Path) -> None:
    data = data_of(page_of(bundle, product(1), product(2)))
    del data["frames"]
    assert data == {
        "azimuthLeft": 225.0,
        "elevationTop": 10.0,
        "pixelsPerDegree": 20.0,
        "lines": 600,
        "samples": 1800,
        "tile": 512,
        "finestZoom": 2,
        "outlinePixel": 2,
    }
    assert (bundle / "tiles" / "2" / "3" / "1.jpg").is_file()


def test_frames_have_the_outlines_of_their_pixels(bundle: Path) -> None:
    frames = data_of(page_of(bundle, product(1), product(2)))["frames"]
    assert [(frame["index"], frame["product"]) for frame in frames] == [
        (1, "NLF_0014_0667192301_846ECM"),
        (2, "NLF_0014_0667192302_846ECM"),
    ]
    boxes = []
    for frame in frames:
        for ring in frame["rings"]:
            xs, ys = ring[0::2], ring[1::2]
            assert len(ring) == 8  # a rectangle each
            boxes.append((frame["index"], min(xs), min(ys), max(xs), max(ys)))
    assert boxes[0] == (1, 50, 50, 450, 250)  # the outer edge before the holes, in pixels of half the size
    assert set(boxes[1:3]) == {(1, 150, 100, 200, 150), (1, 150, 175, 200, 225)}
    assert boxes[3:] == [(2, 450, 50, 850, 250), (2, 150, 100, 200, 150)]  # the largest first


def test_text_of_labels_is_text_for_the_viewer_too(bundle: Path) -> None:
    plain = page_of(bundle, product(1), product(2))
    page = page_of(bundle, product(1, product_id=EVIL), product(2))
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert data_of(page)["frames"][0]["product"] == EVIL


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_shows_the_viewer_from_disk(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert CHROMIUM is not None
    page_of(bundle, product(1, product_id=EVIL), product(2))
    profile = tmp_path_factory.mktemp("profile")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            "--window-size=1400,1000",
            "--virtual-time-budget=5000",
            "--dump-dom",
            f"file://{bundle}/index.html#az=247,el=-8,zoom=3,frames=shown",
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert "CONSOLE" not in done.stderr  # no error and no breach of the policy
    page = Page(done.stdout)
    assert "<title>ran" not in done.stdout
    # sample 440, line 360: to the right of the hole
    assert f"247.00° WSW, elevation −8.00° · frame 1: {EVIL}" in page.text
    assert {"244°", "246°", "248°"} <= set(page.text)
    tiles = [source for source in page.all("img", "src") if source.startswith("tiles/2/")]
    assert tiles
    assert all((bundle / source).is_file() for source in tiles)
    assert sum(name == "path" for name, _ in page.elements) == 2

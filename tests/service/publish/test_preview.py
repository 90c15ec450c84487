import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from bundle_values import GRID
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from hinterland.model.grids import CylindricalGrid
from hinterland.publish.display import NO_DATA
from hinterland.publish.preview import LARGEST, panorama_properties, write_preview

GPANO = "{http://ns.google.com/photos/1.0/panorama/}"


class Panorama:
    """A panorama that keeps what it was asked for: a ramp to the right, without data in the upper half."""

    def __init__(self, bands: int) -> None:
        self.bands = bands
        self.asked: list[tuple[int, int]] = []

    def read_reduced(self, lines: int, samples: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        self.asked.append((lines, samples))
        ramp = np.linspace(500, 3500, samples).astype(np.uint16)
        mask = np.zeros((lines, samples), bool)
        mask[lines // 2 :] = True
        return np.broadcast_to(ramp, (self.bands, lines, samples)).copy(), mask


def gpano(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        packet = image.info["xmp"]
    text = packet.decode().removesuffix('<?xpacket end="r"?>').split("?>", 1)[1]
    root = ET.fromstring(text)  # noqa: S314  # our own packet
    description = next(root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"))
    return {key.removeprefix(GPANO): value for key, value in description.items() if key.startswith(GPANO)}


def test_the_crop_of_a_partial_panorama_is_that_worked_out_by_hand() -> None:
    # 140 x 50 degrees at 10 pixels a degree, looking west: all round is 3600, 700 from the zenith down
    grid = CylindricalGrid(
        azimuth_left_deg=200.0, elevation_top_deg=20.0, pixels_per_degree=10.0, lines=500, samples=1400
    )
    assert panorama_properties(grid, 500, 1400) == {
        "FullPanoWidthPixels": 3600,
        "FullPanoHeightPixels": 1800,
        "CroppedAreaImageWidthPixels": 1400,
        "CroppedAreaImageHeightPixels": 500,
        "CroppedAreaLeftPixels": 1100,
        "CroppedAreaTopPixels": 700,
        "PoseHeadingDegrees": 270.0,
    }


def test_a_reduced_panorama_that_closes_fills_the_width() -> None:
    grid = CylindricalGrid(
        azimuth_left_deg=0.0, elevation_top_deg=30.0, pixels_per_degree=20.0, lines=1800, samples=7200
    )
    assert panorama_properties(grid, 512, 2048) == {
        "FullPanoWidthPixels": 2048,
        "FullPanoHeightPixels": 1024,
        "CroppedAreaImageWidthPixels": 2048,
        "CroppedAreaImageHeightPixels": 512,
        "CroppedAreaLeftPixels": 0,
        "CroppedAreaTopPixels": round(60 * 2048 / 360),
        "PoseHeadingDegrees": 180.0,
    }


@settings(deadline=None)
@given(
    left=st.floats(0.0, 359.9),
    top=st.floats(-60.0, 90.0),
    pixels_per_degree=st.floats(0.5, 60.0),
    width_deg=st.floats(1.0, 360.0),
    height_deg=st.floats(1.0, 29.0),
    factor=st.floats(0.1, 1.0),
)
def test_a_viewer_finds_every_pixel_in_its_direction(
    left: float,
    top: float,
    pixels_per_degree: float,
    width_deg: float,
    height_deg: float,
    factor: float,
) -> None:
    grid = CylindricalGrid(
        azimuth_left_deg=left,
        elevation_top_deg=top,
        pixels_per_degree=pixels_per_degree,
        lines=max(1, int(height_deg * pixels_per_degree)),
        samples=max(1, int(width_deg * pixels_per_degree)),
    )
    lines, samples = (max(1, round(size * factor)) for size in grid.shape)
    crop = panorama_properties(grid, lines, samples)
    width, height = crop["FullPanoWidthPixels"], crop["FullPanoHeightPixels"]
    assert 0 <= crop["CroppedAreaLeftPixels"] <= width - samples
    assert 0 <= crop["CroppedAreaTopPixels"] <= height - lines
    # a viewer reads the full panorama as 360 degrees, its middle at the heading
    sample = 0.5 * samples
    azimuth = crop["PoseHeadingDegrees"] + ((crop["CroppedAreaLeftPixels"] + sample) / width - 0.5) * 360.0
    expected = left + 0.5 * grid.samples / pixels_per_degree
    # the full width is rounded to whole pixels, so the middle of the image may be off by half a pixel
    assert (azimuth - expected + 180.0) % 360.0 == pytest.approx(180.0, abs=0.51 * 360.0 / width)
    elevation = 90.0 - crop["CroppedAreaTopPixels"] / height * 180.0
    # half a pixel of the top edge, and up to 5/6 of the 3/4 pixel that the full height is rounded by
    assert elevation == pytest.approx(top, abs=1.2 * 180.0 / height)


@pytest.mark.parametrize(
    ("lines", "samples", "size"),
    [
        (600, 1800, (1800, 600)),
        (6000, 18600, (2048, 661)),
        (4096, 1024, (512, 2048)),
        (3, 40000, (2048, 1)),
    ],
)
def test_a_preview_is_read_at_the_size_it_has(
    tmp_path: Path, lines: int, samples: int, size: tuple[int, int]
) -> None:
    panorama = Panorama(bands=1)
    grid = CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=10.0,
        pixels_per_degree=samples / 100.0,
        lines=lines,
        samples=samples,
    )
    write_preview(tmp_path / "preview.jpg", grid, panorama.read_reduced)
    assert panorama.asked == [(size[1], size[0])]
    with Image.open(tmp_path / "preview.jpg") as image:
        assert (image.format, image.size) == ("JPEG", size)
        assert max(image.size) <= LARGEST


@pytest.mark.parametrize(("bands", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_three_bands_are_colours_and_others_grey(tmp_path: Path, bands: int, mode: str) -> None:
    write_preview(tmp_path / "preview.jpg", GRID, Panorama(bands).read_reduced)
    with Image.open(tmp_path / "preview.jpg") as image:
        assert image.mode == mode
        pixels = np.asarray(image.convert("L")).astype(int)
    # JPEG at quality 88 errs by a few DN away from edges
    assert abs(pixels[50, 100] - NO_DATA) <= 4
    assert pixels[500, 20] <= 4
    assert pixels[500, -20] >= 251
    assert abs(pixels[500, 900] - 127.5) <= 5


def test_the_file_carries_the_properties_a_viewer_asks_for(tmp_path: Path) -> None:
    write_preview(tmp_path / "preview.jpg", GRID, Panorama(3).read_reduced)
    found = gpano(tmp_path / "preview.jpg")
    expected = {key: str(value) for key, value in panorama_properties(GRID, 600, 1800).items()}
    assert found == expected | {"ProjectionType": "equirectangular", "UsePanoramaViewer": "True"}
    assert found["PoseHeadingDegrees"] == "270.0"
    # where a JPEG reader looks for XMP: APP1 with Adobe's name space
    head = (tmp_path / "preview.jpg").read_bytes()[:4096]
    assert re.search(rb"\xff\xe1..http://ns\.adobe\.com/xap/1\.0/\x00<\?xpacket", head, re.DOTALL)


def test_heading_north_is_zero() -> None:
    grid = dataclasses.replace(GRID, azimuth_left_deg=315.0)
    assert panorama_properties(grid, 600, 1800)["PoseHeadingDegrees"] == 0.0


def test_it_says_how_it_was_stretched(tmp_path: Path) -> None:
    stretch = write_preview(tmp_path / "preview.jpg", GRID, Panorama(3).read_reduced)
    # 1 % and 99 % of a ramp from 500 to 3500, of which every sixth sample counts: they are 10 apart
    assert stretch.low == pytest.approx(530.0, abs=10.1)
    assert stretch.high == pytest.approx(3470.0, abs=10.1)

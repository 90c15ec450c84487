import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Picture
from product_files import (
    FLAT_RECORD,
    SOL_3000_FEED,
    TILE,
    size_of,
    sol_15_records,
    write_feed,
    write_frame,
)

from hinterland.model.cameras import CameraModel
from hinterland.model.products import Dropped, Image, Stop
from hinterland.products.camera_models import camera_from_feed
from hinterland.products.feeds import read_feeds
from hinterland.products.fields import vector
from hinterland.products.frames import read_frame
from hinterland.products.sources import read_source


def frame(path: Path, feed: Path) -> Image | Dropped:
    match = read_feeds([feed]).match(path.stem)
    assert match is not None
    return read_frame(read_source(path), match)


def tile(folder: Path, path: Path | None = None, **changes: Any) -> Image:
    """The sol 15 tile with changes of its record, its picture a ramp unless there is a path."""
    record = sol_15_records()[TILE] | changes
    found = frame(path or write_frame(folder, record), write_feed(folder / "feed.json", [record]))
    assert isinstance(found, Image), found
    return found


def linear_part(camera: CameraModel) -> CameraModel:
    """C, A, H and V alone."""
    zero = (0.0, 0.0, 0.0)
    return dataclasses.replace(
        camera, kind="CAHV", optical=None, radial=zero, entrance=zero, model_type=0, parameter=0.0
    )


TILE_PARTS = [name for part in ("camera", "extended") for name in sol_15_records()[TILE][part]]
FULL_FRAMES = [name for name, record in sol_15_records().items() if record["sample_type"] == "Full"]


@pytest.mark.parametrize("product_id", FULL_FRAMES)
def test_the_model_looks_where_the_feeds_camera_vector_says(product_id: str) -> None:
    # the feed's vector is the ray of C, A, H, V through (width / 2, height / 2), counted from 0, made of
    # vectors of six digits: their rounding is 1e-6 of a ray, half a pixel 1.7e-4
    record = sol_15_records()[product_id]
    lines, samples = size_of(record)
    fields = record["camera"]
    camera = camera_from_feed(
        fields["camera_model_type"], fields["camera_model_component_list"], lines, samples
    )
    _, rays = linear_part(camera).look([[lines / 2, samples / 2]])
    expected = vector(fields["camera_vector"], "camera_vector", 3)
    np.testing.assert_allclose(rays[0], expected, rtol=0, atol=2e-6)


def test_a_frame_has_what_its_record_says(tmp_path: Path) -> None:
    found = tile(tmp_path)
    product = found.product
    assert product.product_id == TILE
    assert product.path == tmp_path / f"{TILE}01.png"
    assert product.stop == Stop(mission="M2020", site=3, drive=188)
    assert product.exposure == "NLE_0015_0668275956"
    assert (product.instrument, product.sol) == ("NAVCAM_LEFT", 15)
    assert product.time_utc == "2021-03-06T09:43:34.000"
    assert product.attitude == (0.996207, 0.00588069, -0.0132222, 0.0858027)
    assert product.url is not None
    assert product.url.endswith(f"/{TILE}01.png")
    assert product.page == f"https://mars.nasa.gov/mars2020/multimedia/raw-images/?id={TILE}"
    assert product.credit == "NASA/JPL-Caltech"
    assert product.notes == ()
    camera = product.camera
    assert (camera.kind, camera.model_type, camera.parameter) == ("CAHVORE", 2, 0.0)
    assert camera.shape == (976, 1288)
    # already in the pixels of the file: the subframe that starts at line 953 is not applied again
    assert camera.vertical == (168.933, 236.261, 3105.92)


def test_a_grey_picture_has_one_band_and_no_mask(tmp_path: Path) -> None:
    found = tile(tmp_path)
    assert found.samples.shape == (1, 976, 1288)
    assert (found.samples[0, 0, 0], found.samples[0, -1, -1]) == (30, 220)
    assert (found.samples.dtype, found.largest) == (np.uint8, 255.0)
    assert found.mask.all()


@pytest.mark.parametrize("dimension", [[1288, 976], ["1288", "976"], "[1288, 976]", "( 1288.0 , 976 )"])
def test_sizes_come_as_text_and_as_lists(tmp_path: Path, dimension: Any) -> None:
    record = sol_15_records()[TILE]
    found = tile(
        tmp_path, write_frame(tmp_path, record), extended=record["extended"] | {"dimension": dimension}
    )
    assert found.product.camera.shape == (976, 1288)


def test_a_resized_copy_has_the_model_of_its_own_pixels(tmp_path: Path) -> None:
    full = tile(tmp_path).product.camera
    path = tmp_path / f"{TILE}01_1200.jpg"
    Picture.new("L", (1200, 909)).save(path)
    found = tile(tmp_path, path).product
    assert found.notes == ("resized copy: 909 x 1200 of 976 x 1288",)
    # an image's corners stay its corners: outer edge -0.5 to n - 0.5 whatever n
    corners = np.array([[-0.5, -0.5], [-0.5, 1.0], [1.0, -0.5], [1.0, 1.0]])
    edges = [np.where(corners < 0, -0.5, np.array(camera.shape) - 0.5) for camera in (full, found.camera)]
    np.testing.assert_allclose(
        linear_part(full).look(edges[0])[1], linear_part(found.camera).look(edges[1])[1], rtol=0, atol=1e-12
    )


def test_a_curiosity_record_places_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "NLB_663825389EDR_F0850000NCAM00312M_.JPG"
    Picture.new("RGB", (1024, 1024), (90, 70, 50)).save(path, "JPEG")
    found = frame(path, SOL_3000_FEED)
    assert isinstance(found, Image)
    product = found.product
    assert product.stop == Stop(mission="MSL", site=85, drive=0)
    assert product.camera.shape == (1024, 1024)
    assert product.exposure == "NAV_LEFT_B 663825389"
    assert product.page == "https://mars.nasa.gov/raw_images/883244"
    assert product.url is not None
    assert product.url.startswith("https://mars.nasa.gov/msl-raw-images/")
    assert product.time_utc == "2021-01-13T16:40:35.000Z"
    assert (product.sol, product.credit) == (3000, None)


def test_a_binned_subframe_without_its_size_is_not_guessed(tmp_path: Path) -> None:
    content = json.loads(SOL_3000_FEED.read_text())
    content["items"][0]["scale_factor"] = 2
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps(content))
    path = tmp_path / "NLB_663825389EDR_F0850000NCAM00312M_.JPG"
    Picture.new("L", (512, 512)).save(path, "JPEG")
    found = frame(path, feed)
    assert isinstance(found, Dropped)
    assert found.reason == "the record does not say the size of its image"


def test_a_stored_record_with_an_attitude_places_its_frame(tmp_path: Path) -> None:
    record = json.loads(FLAT_RECORD.read_text()) | {"attitude": [1, 0, 0, 0]}
    feed = tmp_path / "record.json"
    feed.write_text(json.dumps(record))
    path = tmp_path / f"{record['imageid']}01.png"
    Picture.new("RGB", (1288, 968), (90, 70, 50)).save(path)
    found = frame(path, feed)
    assert isinstance(found, Image)
    assert found.samples.shape == (3, 968, 1288)
    assert found.product.stop == Stop(mission="M2020", site=32, drive=604)
    assert found.product.url == record["link"], "the stored link is the file's"
    assert found.product.page is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(sorted({*sol_15_records()[TILE], *TILE_PARTS})), value=JSON)
def test_any_value_of_any_field_makes_an_image_or_a_reason(tmp_path: Path, name: str, value: Any) -> None:
    record = sol_15_records()[TILE]
    inner = next((record[part] for part in ("camera", "extended") if name in record[part]), record)
    inner[name] = value
    path = tmp_path / f"{TILE}01.png"
    if not path.exists():
        write_frame(tmp_path, sol_15_records()[TILE])
    match = read_feeds([write_feed(tmp_path / "feed.json", [record])]).match(path.stem)
    found = None if match is None else read_frame(read_source(path), match)
    if isinstance(found, Dropped):
        assert found.reason.isprintable()
    else:
        assert found is None or math.isfinite(sum(found.product.camera.horizontal))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        'https://a.example/"onclick=x',
        "file:///etc/passwd",
        "https://a b",
        "https://\ud800",
        7,
        "UNK",
    ],
)
def test_only_plain_web_addresses_are_linked_to(tmp_path: Path, link: Any) -> None:
    assert tile(tmp_path, link=link).product.page is None


def test_the_same_record_twice_is_one(tmp_path: Path) -> None:
    record = sol_15_records()[TILE]
    feed = write_feed(tmp_path / "feed.json", [record, record])
    assert isinstance(frame(write_frame(tmp_path, record), feed), Image)

"""Raw-image feeds, their records, and camera models."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from fuzzing import JSON, SCALARS, damaged, fuzz, lines_of, outcome, records
from hypothesis import given
from hypothesis import strategies as st
from product_files import FLAT_RECORD, SOL_3000_FEED, TILE, sol_15_records, write_frame

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.products import load_images
from hinterland.products.camera_models import camera_from_feed
from hinterland.products.feeds import read_feeds
from hinterland.products.fields import FieldError, integer, number, text, vector

RECORD = sol_15_records()[TILE]
FEEDS = (json.dumps({"images": [RECORD]}).encode(), FLAT_RECORD.read_bytes(), SOL_3000_FEED.read_bytes())
COMPONENTS = RECORD["camera"]["camera_model_component_list"]


def _fields(value: Any) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(inner) for name, inner in value.items()}


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feeds") / "feed.json"


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small frame with the name of the record's."""
    folder = tmp_path_factory.mktemp("frames")
    record = {**RECORD, "extended": {**RECORD["extended"], "dimension": "(8,6)"}}
    return write_frame(folder, record)


@fuzz
@given(
    data=damaged(*FEEDS)
    | JSON.map(lambda value: json.dumps(value).encode())
    | lines_of(["{", "}", "[", "]", ":"])
)
def test_a_feed_is_read_or_refused(data: bytes, feed: Path) -> None:
    feed.write_bytes(data)
    feeds = outcome(lambda: read_feeds([feed]), InputError)
    if feeds is None:
        return
    for name in list(feeds.records)[:5]:
        feeds.match(name)


@fuzz
@given(
    top=records(_fields(RECORD)),
    camera=records(_fields(RECORD["camera"])),
    extended=records({**_fields(RECORD["extended"]), "dimension": st.just("(8,6)")}),
)
def test_a_frame_s_record_places_it_or_drops_it(
    top: dict[str, Any], camera: dict[str, Any], extended: dict[str, Any], feed: Path, frame: Path
) -> None:
    record = {"camera": camera, "extended": extended, **top, "imageid": RECORD["imageid"]}
    feed.write_text(json.dumps({"images": [record]}))
    loaded = load_images([frame], feed)
    assert len(loaded.images) + len(loaded.dropped) == 1
    assert all(dropped.reason.isprintable() for dropped in loaded.dropped)


_VECTOR = st.lists(st.floats() | st.integers(), min_size=1, max_size=4).map(
    lambda numbers: "(" + ",".join(map(str, numbers)) + ")"
)
_MODEL = st.lists(_VECTOR | st.floats().map(str) | st.text(max_size=8), max_size=10).map(";".join)
_LISTED = damaged(COMPONENTS.encode()).map(lambda data: data.decode("latin-1"))


@fuzz
@given(
    kind=st.sampled_from(["CAHV", "CAHVOR", "CAHVORE", "cahvore"]) | JSON,
    components=_MODEL | _LISTED | JSON,
    lines=st.integers(-5, 2000),
    samples=st.integers(-5, 2000),
)
def test_a_camera_model_is_one_or_refused(kind: Any, components: Any, lines: int, samples: int) -> None:
    camera = outcome(lambda: camera_from_feed(kind, components, lines, samples), FieldError)
    assert camera is None or isinstance(camera, CameraModel)


@fuzz
@given(value=SCALARS | JSON, length=st.integers(1, 5))
def test_a_field_is_a_value_none_or_refused(value: Any, length: int) -> None:
    assert (text(value) or "x").isprintable()
    found = outcome(lambda: number(value, "n"), FieldError)
    assert found is None or math.isfinite(found)
    whole = outcome(lambda: integer(value, "n"), FieldError)
    assert whole is None or whole == found
    numbers = outcome(lambda: vector(value, "n", length), FieldError)
    assert numbers is None or len(numbers) == length

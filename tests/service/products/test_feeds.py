import json
from pathlib import Path
from typing import Any

import pytest
from product_files import FLAT_RECORD, SOL_15_FEED, SOL_3000_FEED, TILE, sol_15_records, write_feed

from hinterland.products.feeds import read_feeds


def test_records_are_found_by_all_names_of_their_frame() -> None:
    feeds = read_feeds([SOL_15_FEED])
    for name in (TILE, f"{TILE}01", f"{TILE}02"):
        match = feeds.match(name)
        assert match is not None
        assert [record.product_id for record in match.records] == [TILE]
        assert not match.resized
    for size in (320, 800, 1200):
        match = feeds.match(f"{TILE}01_{size}")
        assert match is not None
        assert match.resized


def test_a_name_that_is_only_alike_has_no_record() -> None:
    feeds = read_feeds([SOL_15_FEED])
    assert feeds.match(TILE[:-1]) is None
    assert feeds.match(f"{TILE}01_640") is None
    assert feeds.match(f"x{TILE}") is None


@pytest.mark.parametrize(
    ("path", "product_id", "mission", "instrument"),
    [
        (SOL_15_FEED, TILE, "M2020", "NAVCAM_LEFT"),
        (SOL_3000_FEED, "NLB_663825389EDR_F0850000NCAM00312M_", "MSL", "NAV_LEFT_B"),
        (FLAT_RECORD, "NLF_0670_0726421423_362ECM_N0320604NCAM08111_01_095J", "M2020", "NAVCAM_LEFT"),
    ],
)
def test_three_forms_give_the_same_fields(path: Path, product_id: str, mission: str, instrument: str) -> None:
    match = read_feeds([path]).match(product_id)
    assert match is not None
    record = match.records[0]
    assert record.mission == mission
    assert record.fields["instrument"] == instrument
    for name in ("camera_model_component_list", "subframe_rect", "scale_factor", "mast_az", "sample_type"):
        assert name in record.fields, name


def test_a_list_of_stored_records_is_a_feed(tmp_path: Path) -> None:
    record = json.loads(FLAT_RECORD.read_text())
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record, {**record, "imageid": "OTHER"}]))
    feeds = read_feeds([path])
    assert feeds.match("OTHER") is not None
    assert feeds.match(record["imageid"]) is not None


def test_several_feeds_are_one(tmp_path: Path) -> None:
    tile = sol_15_records()[TILE]
    feeds = read_feeds([write_feed(tmp_path / "a.json", [tile]), SOL_3000_FEED])
    assert feeds.names == ("a.json", SOL_3000_FEED.name)
    assert feeds.match(TILE) is not None
    assert feeds.match("NLB_663825389EDR_F0850000NCAM00312M_") is not None


@pytest.mark.parametrize("entry", [None, 7, "text", [], {}, {"imageid": None}, {"imageid": "UNK"}])
def test_an_entry_without_an_image_id_is_passed_over(tmp_path: Path, entry: Any) -> None:
    path = tmp_path / "feed.json"
    path.write_text(json.dumps({"images": [entry, sol_15_records()[TILE]]}))
    feeds = read_feeds([path])
    assert feeds.match(TILE) is not None
    assert feeds.match("UNK") is None


def test_a_null_at_the_top_does_not_hide_a_field_inside(tmp_path: Path) -> None:
    record = sol_15_records()[TILE] | {"dimension": None}
    match = read_feeds([write_feed(tmp_path / "feed.json", [record])]).match(TILE)
    assert match is not None
    assert match.records[0].fields["dimension"] == "(1288,976)"

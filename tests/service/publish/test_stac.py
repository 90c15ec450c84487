import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pystac
import pytest
from bundle_values import VIEW, product, report, solution

from hinterland.model.products import Product, Stop
from hinterland.publish.stac import write_item

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def item_of(folder: Path, *products: Product, created: datetime = NOW) -> dict[str, Any]:
    write_item(folder, report(solution(*products)), VIEW, created)
    item: dict[str, Any] = json.loads((folder / "item.json").read_text(encoding="utf-8"))
    return item


def test_the_item_is_one_to_pystac(bundle_folder: Path) -> None:
    made = item_of(bundle_folder, product(1), product(2))
    item = pystac.Item.from_file(str(bundle_folder / "item.json"))
    assert item.id == f"m2020-site3-drive110-{report(solution(product(1), product(2)))['inputs_digest'][:12]}"
    assert item.datetime == datetime(2021, 3, 5, 10, 11, 0, 250_000, tzinfo=UTC)
    assert set(item.assets) == {"panorama", "sources", "report", "pointing", "preview"}
    assert item.assets["panorama"].media_type == pystac.MediaType.COG
    again = item.to_dict(include_self_link=False, transform_hrefs=False)
    assert again == made


def test_a_panorama_lies_nowhere_on_a_map(bundle_folder: Path) -> None:
    item = item_of(bundle_folder, product(1))
    # the item schema of STAC 1.1: either a geometry and a bbox, or a null geometry and no bbox
    assert item["geometry"] is None
    assert "bbox" not in item
    assert item["properties"]["ssys:targets"] == ["Mars"]
    assert item["properties"]["ssys:target_class"] == "planet"
    assert any("/ssys/" in address for address in item["stac_extensions"])


def test_every_file_is_an_asset_with_its_checksum(bundle_folder: Path) -> None:
    assets = item_of(bundle_folder, product(1))["assets"]
    for asset in assets.values():
        data = (bundle_folder / asset["href"]).read_bytes()
        assert asset["href"].startswith("./")
        # multihash: 0x12 is SHA-256, 0x20 its 32 bytes
        assert asset["file:checksum"] == "1220" + hashlib.sha256(data).hexdigest()
        assert asset["file:size"] == len(data)
        assert len(asset["roles"]) == 1
    assert {asset["href"] for asset in assets.values()} == {
        "./panorama.tif",
        "./sources.tif",
        "./panorama.json",
        "./nav.json",
        "./preview.jpg",
    }


def test_an_item_made_twice_does_not_hold_itself(bundle_folder: Path) -> None:
    first = item_of(bundle_folder, product(1))
    assert item_of(bundle_folder, product(1)) == first


def test_it_derives_from_the_originals(bundle_folder: Path) -> None:
    item = item_of(bundle_folder, product(1), product(2, url=None), product(3, url=None, page=None))
    assert item["links"] == [
        {
            "rel": "derived_from",
            "href": "https://example.org/1.png",
            "type": "image/png",
            "title": "NLF_0014_0667192301_846ECM",
        },
        {
            "rel": "derived_from",
            "href": "https://example.org/2",
            "title": "NLF_0014_0667192302_846ECM",
        },
    ]


def test_several_exposures_are_a_time_range(bundle_folder: Path) -> None:
    properties = item_of(bundle_folder, product(3), product(1), product(2))["properties"]
    assert properties["datetime"] == "2021-03-05T10:11:00.250000Z"
    assert properties["start_datetime"] == "2021-03-05T10:11:00.250000Z"
    assert properties["end_datetime"] == "2021-03-05T10:13:00.250000Z"
    assert properties["created"] == "2024-05-06T07:08:09Z"
    assert "description" not in properties


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2004-06-15T12:33:11.123", "2004-06-15T12:33:11.123000Z"),
        ("2004-06-15T12:33:11.123Z", "2004-06-15T12:33:11.123000Z"),
        ("2004-06-15T14:33:11+02:00", "2004-06-15T12:33:11Z"),
        ("2004-167T12:33:11.5", "2004-06-15T12:33:11.500000Z"),  # day 167 of a leap year
        ("2003-365T23:59:59Z", "2003-12-31T23:59:59Z"),
    ],
)
def test_calendar_and_day_of_year_times_are_read(bundle_folder: Path, text: str, expected: str) -> None:
    properties = item_of(bundle_folder, product(1, time_utc=text))["properties"]
    assert properties["datetime"] == expected
    assert "start_datetime" not in properties


@pytest.mark.parametrize("text", [None, "", "UNK", "2004-400T00:00:00", "2004-167T00:00:00.x"])
def test_where_no_label_tells_the_time_the_item_says_so(bundle_folder: Path, text: str | None) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    properties = item_of(bundle_folder, product(1, time_utc=text), created=local)["properties"]
    assert properties["datetime"] == properties["created"] == "2024-05-06T07:08:09Z"
    assert "do not say when" in properties["description"]
    assert "start_datetime" not in properties


def test_a_mission_that_is_not_known_is_called_what_the_label_calls_it(bundle_folder: Path) -> None:
    stop = Stop(mission="LUNOKHOD 2", site=1, drive=7)
    item = item_of(bundle_folder, product(1, stop=stop))
    assert item["properties"]["mission"] == "LUNOKHOD 2"
    assert item["id"].startswith("lunokhod-2-site1-drive7-")
    assert not any(key.startswith("ssys:") for key in item["properties"])
    assert not any("/ssys/" in address for address in item["stac_extensions"])
    assert "platform" not in item["properties"]


@pytest.mark.parametrize(
    ("key", "platform"),
    [("M2020", "Perseverance"), ("MSL", "Curiosity"), ("MER1", "Opportunity"), ("MER2", "Spirit")],
)
def test_the_rovers_are_known_by_name(bundle_folder: Path, key: str, platform: str) -> None:
    item = item_of(bundle_folder, product(1, stop=Stop(mission=key, site=1, drive=7)))
    assert item["properties"]["platform"] == platform
    assert item["properties"]["instruments"] == ["NAVCAM_LEFT"]
    assert item["properties"]["title"].endswith("site 1 drive 7: panorama looking west, 270°")

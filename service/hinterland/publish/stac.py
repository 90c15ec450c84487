"""item.json: the bundle as a STAC item.

A panorama lies on no map: its geometry is null and it has no bounding box, as STAC has it for such items.
References: https://github.com/radiantearth/stac-spec, https://github.com/stac-extensions/ssys and .../file.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pystac

from hinterland.model.missions import mission_of
from hinterland.publish.files import ITEM, BundleFile, present
from hinterland.publish.view import View

_SOLAR_SYSTEM = "https://stac-extensions.github.io/ssys/v1.1.1/schema.json"
_FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
_SHA256_MULTIHASH = "1220"  # code of SHA-256, length of 32 bytes


def write_item(folder: Path, report: Mapping[str, Any], view: View, created: datetime) -> None:
    """Write item.json for the files that lie in a bundle's folder, so after all of them.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    report : Mapping[str, Any]
        As `make_report` gives it.
    view : View
        What the panorama covers.
    created : datetime
        When the panorama was made, with its time zone. Where no label tells when the frames were taken, it
        also stands for the item's time, which STAC demands, and the description says so.
    """
    (folder / ITEM).write_text(item_text(folder, report, view, created), encoding="utf-8", newline="\n")


def item_text(folder: Path, report: Mapping[str, Any], view: View, created: datetime) -> str:
    """The text of the item that `write_item` writes."""
    item = stac_item(folder, report, view, created).to_dict(include_self_link=False)
    return json.dumps(item, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def stac_item(folder: Path, report: Mapping[str, Any], view: View, created: datetime) -> pystac.Item:
    """The item that `write_item` writes."""
    frames = [frame for frame in report["frames"] if frame["index"] is not None]
    stop = report["stop"]
    mission = mission_of(stop["mission"])
    times = sorted(time for time in (_time(frame["time_utc"]) for frame in frames) if time is not None)
    properties: dict[str, Any] = {
        "title": f"{mission.name}, site {stop['site']} drive {stop['drive']}: panorama {view.heading}",
        "created": _text(created),
        "mission": mission.name,
        "instruments": sorted({frame["instrument"] for frame in frames}),
    }
    if mission.rover:
        properties["platform"] = mission.rover
    if mission.target:
        properties |= {"ssys:targets": [mission.target], "ssys:target_class": mission.target_class}
    if not times:
        properties["description"] = (
            "The labels do not say when the frames were taken; datetime is when this was made."
        )
    if len(times) > 1:
        properties |= {"start_datetime": _text(times[0]), "end_datetime": _text(times[-1])}
    item = pystac.Item(
        id=_identity(report),
        geometry=None,
        bbox=None,
        datetime=times[0] if times else created.astimezone(UTC),
        properties=properties,
        stac_extensions=[_FILE, *([_SOLAR_SYSTEM] if mission.target else [])],
    )
    for frame in frames:
        address = frame["url"] or frame["page"]
        if address:
            media_type = mimetypes.guess_type(address)[0]
            item.add_link(pystac.Link("derived_from", address, media_type=media_type, title=frame["product"]))
    for file in present(folder):
        if file.name != ITEM:
            item.add_asset(file.key, _asset(folder, file))
    return item


def _asset(folder: Path, file: BundleFile) -> pystac.Asset:
    path = folder / file.name
    with path.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return pystac.Asset(
        f"./{file.name}",
        title=file.title,
        media_type=file.media_type,
        roles=[file.role],
        extra_fields={"file:checksum": _SHA256_MULTIHASH + checksum, "file:size": path.stat().st_size},
    )


def _identity(report: Mapping[str, Any]) -> str:
    stop = report["stop"]
    name = f"{stop['mission']}-site{stop['site']}-drive{stop['drive']}-{report['inputs_digest'][:12]}"
    return re.sub(r"[^a-z0-9-]+", "-", name.lower())


def _time(text: str | None) -> datetime | None:
    """A label's time, calendar or day-of-year; None if it is neither."""
    if not text:
        return None
    for parse in (datetime.fromisoformat, _day_of_year):
        try:
            time = parse(text)
        except ValueError:
            continue
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def _day_of_year(text: str) -> datetime:
    whole, _, fraction = text.rstrip("Z").partition(".")
    time = datetime.strptime(f"{whole}Z", "%Y-%jT%H:%M:%S%z")
    return time.replace(microsecond=int(f"{fraction:0<6.6}"))


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")

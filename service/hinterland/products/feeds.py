"""Records of the raw-image feeds, in the three forms they are met in, as one.

Mars 2020 answers `{"images": [...]}` with `camera` and `extended` inside each record; MSL answers
`{"items": [...]}` with other names and places; tools store one record, or a list of them, with all fields
at the top. A record here has all its fields at one level, in snake_case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from hinterland.errors import InputError
from hinterland.products.fields import printable, text
from hinterland.products.identifiers import mission_of_host, mission_of_id
from hinterland.products.sources import Source, read_source

FEED_LIMIT_BYTES = 64 << 20
"""Largest feed that is read: a record has some 3 KB."""

_LISTS = {"images": "M2020", "items": "MSL"}
_NESTED = ("extended", "camera")
_ADDRESSES = ("full_res", "large", "medium", "small", "https_url", "url", "link")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIZED = re.compile(r"_(?:320|800|1200)$")
_VERSION = re.compile(r"\d\d$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a feed says of one image."""

    product_id: str
    """The field `imageid`."""
    source: str
    """Name of the file the record came from."""
    mission: str | None
    """"M2020", "MSL", or what the record says; None where nothing tells."""
    fields: Mapping[str, object]
    """All fields, those of `camera`, `extended` and `image_files` among them, in snake_case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The records that go with a frame."""

    records: tuple[Record, ...]
    """Usually one; several if feeds tell of the same image."""
    resized: bool
    """True if the frame's name says that it is a resized copy of the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Records by the names that their frames' files may have."""

    names: tuple[str, ...]
    """Of the files."""
    records: dict[str, list[Record]] = field(default_factory=dict)
    """By product id, and by the name without suffix of each file the record links to."""

    def match(self, stem: str) -> Match | None:
        """Find the records of a frame by its file's name without suffix; None without one.

        The name is the product id, with or without a version of two digits, with or without the "_1200",
        "_800" or "_320" of a resized copy.
        """
        full = original_stem(stem)
        for name in (full, _VERSION.sub("", full)):
            if name in self.records:
                return Match(records=tuple(self.records[name]), resized=full != stem)
        return None


def original_stem(stem: str) -> str:
    """Name without suffix of the full-resolution file that a resized copy was made of."""
    return _SIZED.sub("", stem)


def read_feeds(paths: Iterable[Path]) -> Feeds:
    """Read feed files.

    Raises
    ------
    InputError
        If one of them cannot be read or holds no image records.
    """
    sources = [read_source(path, FEED_LIMIT_BYTES) for path in paths]
    feeds = Feeds(names=tuple(source.name for source in sources))
    for source in sources:
        for record in _records(source):
            for name in _names(record):
                feeds.records.setdefault(name, []).append(record)
    return feeds


def _records(source: Source) -> list[Record]:
    try:
        content = json.loads(source.data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        message = f"{source.name}: is not UTF-8 text; fetch the feed again"
        raise InputError(message) from None
    except (ValueError, RecursionError) as error:
        message = f"{source.name}: is not JSON ({printable(error, 60)}); fetch the feed again"
        raise InputError(message) from None
    entries, mission = _entries(content)
    if entries is None:
        message = f"{source.name}: holds no image records: neither 'images' nor 'items' nor 'imageid'"
        raise InputError(message)
    return [
        _record(entry, source.name, mission)
        for entry in entries
        if isinstance(entry, dict) and text(entry.get("imageid"))
    ]


def _entries(content: object) -> tuple[list[object] | None, str | None]:
    """The records of a file in any of the forms, and the mission that its form is used by."""
    if isinstance(content, dict):
        for name, mission in _LISTS.items():
            if isinstance(content.get(name), list):
                return content[name], mission
        return ([content] if "imageid" in content else None), None
    if isinstance(content, list) and any(isinstance(entry, dict) and "imageid" in entry for entry in content):
        return content, None
    return None, None


def _record(entry: dict[str, object], source: str, mission: str | None) -> Record:
    fields: dict[str, object] = {}
    for part in (*(entry.get(name) for name in _NESTED), entry.get("image_files"), entry):
        if isinstance(part, dict):
            known = {name: value for name, value in part.items() if value is not None}
            fields.update({_CAMEL.sub("_", name).lower(): value for name, value in known.items()})
    product_id = printable(entry["imageid"])
    named = text(fields.get("mission"))
    return Record(
        product_id=product_id,
        source=source,
        mission=mission_of_host(named) if named else mission_of_id(product_id) or mission,
        fields=fields,
    )


def _names(record: Record) -> set[str]:
    names = {record.product_id}
    for key in _ADDRESSES:
        address = record.fields.get(key)
        if isinstance(address, str) and address.startswith("https://"):
            path = PurePosixPath(_path_of(address))
            if path.suffix:
                names.add(original_stem(path.stem))
    return names


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:  # a malformed host names no file
        return ""

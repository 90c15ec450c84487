"""The files of a bundle and what each is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One file of a bundle."""

    key: str
    """Short name, the key of its STAC asset."""
    name: str
    """Of the file, in the bundle's folder."""
    title: str
    """What it is, for people."""
    media_type: str
    """As RFC 6838 has it."""
    role: str
    """STAC role."""


_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_JSON = "application/json"

PAGE, ITEM = "index.html", "item.json"

FILES = tuple(
    BundleFile(key=key, name=name, title=title, media_type=media_type, role=role)
    for key, name, title, media_type, role in (
        ("panorama", "panorama.tif", "Panorama at full resolution", _COG, "data"),
        ("sources", "sources.tif", "Which frame each pixel comes from", _COG, "metadata"),
        ("pointing", "nav.json", "Corrected camera models", _JSON, "metadata"),
        ("report", "panorama.json", "Report: frames, corrections, residuals", _JSON, "metadata"),
        ("preview", "preview.jpg", "Preview", "image/jpeg", "thumbnail"),
        ("map", "overview.png", "Overview map", "image/png", "overview"),
        ("map_features", "overview.geojson", "Overview map, features", "application/geo+json", "metadata"),
        ("mmgis", "mmgis.json", "Place of the panorama, for MMGIS", _JSON, "metadata"),
        ("item", ITEM, "STAC item", "application/geo+json", "metadata"),
        ("page", PAGE, "This page", "text/html", "overview"),
    )
)
"""In the order in which people look for them."""


def present(folder: Path) -> tuple[BundleFile, ...]:
    """The files that a folder holds so far."""
    return tuple(file for file in FILES if (folder / file.name).is_file())

"""assets/: what the page runs, copied into the bundle so that it opens without a network."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

SCRIPTS = ("assets/leaflet.js", "assets/viewer.js")
"""In the order in which the page runs them."""
STYLE = "assets/leaflet.css"
"""What they need beside the page's own style."""
LICENCE = "assets/leaflet-licence.txt"
"""What whoever hands Leaflet on has to hand on with it."""


def write_assets(folder: Path) -> None:
    """Write the scripts of the page, their style and licence into a bundle's folder."""
    ours, leaflet = files("hinterland.publish"), files("xstatic.pkg.leaflet") / "data"
    sources: dict[str, Traversable] = {
        "assets/leaflet.js": leaflet / "leaflet.js",
        "assets/viewer.js": ours / "viewer.js",
        STYLE: leaflet / "leaflet.css",
        LICENCE: ours / "leaflet-licence.txt",
    }
    (folder / "assets").mkdir()
    for name, source in sources.items():
        (folder / name).write_bytes(source.read_bytes())

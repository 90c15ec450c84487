"""Page and item of a published bundle, made anew when a file has joined it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from hinterland.publish.bundle import REPORT
from hinterland.publish.files import ITEM, PAGE
from hinterland.publish.page import page
from hinterland.publish.stac import item_text
from hinterland.publish.view import View


def refresh(bundle: Path) -> None:
    """Rewrite index.html and item.json so that they show what the bundle holds now.

    Each is replaced whole; the item keeps the time at which the panorama was made. A folder that has the report
    but no item, as another program may write it, has no page of ours and is left alone.

    Parameters
    ----------
    bundle : Path
        A published bundle.
    """
    if not (bundle / ITEM).is_file():
        return
    report = json.loads((bundle / REPORT).read_text(encoding="utf-8"))
    view = View.from_report(report["view"])
    created = json.loads((bundle / ITEM).read_text(encoding="utf-8"))["properties"]["created"]
    _replace(bundle / PAGE, page(bundle, report, view))
    _replace(bundle / ITEM, item_text(bundle, report, view, datetime.fromisoformat(created)))


def _replace(path: Path, text: str) -> None:
    """Put a text file in place at once."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)

"""The files of a panorama's bundle that are made from its rasters; what makes them is imported last."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from hinterland.mosaics.compose import Composition
from hinterland.products.geotiff import read_pyramid, read_reduced
from hinterland.publish.assets import write_assets
from hinterland.publish.bundle import REPORT
from hinterland.publish.nav import write_nav
from hinterland.publish.page import write_page
from hinterland.publish.preview import write_preview
from hinterland.publish.report import write_report
from hinterland.publish.stac import write_item
from hinterland.publish.tiles import write_tiles
from hinterland.publish.view import View


def write_pictures(folder: Path, composition: Composition, workers: int) -> None:
    """Write what comes before the report, which tells how long it took."""
    panorama, grid = folder / "panorama.tif", composition.plan.grid
    write_nav(folder / "nav.json", composition.solution.frames, composition.solution.surface)
    stretch = write_preview(folder / "preview.jpg", grid, partial(read_reduced, panorama))
    write_tiles(folder, grid.shape, partial(read_pyramid, panorama), stretch, workers)
    write_assets(folder)


def write_words(folder: Path, report: dict[str, Any], view: View, made: datetime) -> None:
    """Write the report, the page that shows it and the item that lists all files."""
    write_report(folder / REPORT, report)
    write_page(folder, report, view)
    write_item(folder, report, view, made)  # last: it lists what is there

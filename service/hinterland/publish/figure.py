"""The panorama on the page: the preview with its azimuths, and, where a bundle has tiles, the viewer over it.

The viewer is empty and hidden until its script fills it: without one the preview stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from math import ceil, floor
from pathlib import Path
from typing import Any

from hinterland.model.grids import compass_point
from hinterland.products.geotiff import read_outlines
from hinterland.publish.tiles import TILE_PX, TILES, finest_zoom
from hinterland.publish.view import View

_RULER_STEPS_DEG = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0)
_MOST_RULER_MARKS = 8
_EDGE = 0.03  # of the width: a centred label would be cut off
_OUTLINES_PX = 1024  # a border is off by a pixel or two of what fills a screen
_VIEWER = """
<div class="viewer" id="viewer" data-panorama="{data}" hidden>
<ol class="compass" aria-hidden="true"></ol>
<div class="sight" role="application" aria-label="{label}"></div>
<div class="bar">
<p class="readout" aria-live="polite"></p>
<div class="controls">
<button type="button" data-does="whole">Whole</button>
<button type="button" data-does="full" aria-label="One pixel of the panorama to one of the screen">1 : 1</button>
<button type="button" data-does="frames" aria-pressed="false">Frames</button>
<button type="button" data-does="screen">Full screen</button>
</div>
</div>
</div>"""


def has_viewer(folder: Path) -> bool:
    """True if a bundle's folder holds what the viewer shows."""
    return (folder / TILES).is_dir()


def figure(folder: Path, report: Mapping[str, Any], place: str, view: View) -> str:
    """The element that shows the panorama.

    Parameters
    ----------
    folder : Path
        Of the bundle, with the rasters and the tiles if there are any.
    report : Mapping[str, Any]
        As `make_report` gives it.
    place : str
        Where the panorama was taken.
    view : View
        What it covers.
    """
    projection = report["projection"]
    aspect = projection["samples"] / projection["lines"]
    alt = escape(f"Panorama from {place}, {view.heading}")
    viewer = _viewer(folder, report, alt) if has_viewer(folder) else ""
    return (
        f'<figure id="panorama" style="--aspect: {aspect:.4f}">{viewer}\n'
        f'<a href="preview.jpg"><img src="preview.jpg" alt="{alt}"></a>\n'
        f'<ol class="ruler" aria-label="Azimuth">{_ruler(projection)}</ol>\n</figure>'
    )


def _viewer(folder: Path, report: Mapping[str, Any], alt: str) -> str:
    projection = report["projection"]
    factor, outlines = read_outlines(folder / "sources.tif", _OUTLINES_PX)
    products = {frame["index"]: frame["product"] for frame in report["frames"]}
    data = {
        "azimuthLeft": projection["azimuth_left_deg"],
        "elevationTop": projection["elevation_top_deg"],
        "pixelsPerDegree": projection["pixels_per_degree"],
        "lines": projection["lines"],
        "samples": projection["samples"],
        "tile": TILE_PX,
        "finestZoom": finest_zoom(projection["lines"], projection["samples"]),
        "outlinePixel": factor,
        "frames": [
            {"index": index, "product": products[index], "rings": _rings(outline)}
            for index, outline in outlines.items()
        ],
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    label = f"{alt}. Arrow keys move, plus and minus zoom."
    return _VIEWER.format(data=escape(text), label=label)


def _rings(outline: Any) -> list[list[int]]:  # noqa: ANN401 - shapely is untyped
    """Corners x, y, x, y ... of outer edges and holes alike: what an odd number of rings surrounds is inside.

    The largest part is first, since its middle is where the frame is named.
    """
    parts = sorted(getattr(outline, "geoms", [outline]), key=lambda part: -part.area)
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [[round(value) for corner in ring.coords[:-1] for value in corner] for ring in rings]


def _ruler(projection: Mapping[str, Any]) -> str:
    """Marks under the image at round azimuths, the eight main compass points by name."""
    left, width = projection["azimuth_left_deg"], projection["samples"] / projection["pixels_per_degree"]
    step = next(
        (step for step in _RULER_STEPS_DEG if width <= step * _MOST_RULER_MARKS), _RULER_STEPS_DEG[-1]
    )
    first, last = ceil(left / step), floor((left + width) / step)
    return "".join(_mark(number * step, (number * step - left) / width) for number in range(first, last + 1))


def _mark(azimuth: float, place: float) -> str:
    azimuth %= 360.0
    name = f"{compass_point(azimuth)} " if azimuth % 45.0 == 0.0 else ""
    kinds = [
        *(["main"] if azimuth % 90.0 == 0.0 else []),
        *(["first"] if place < _EDGE else ["last"] if place > 1.0 - _EDGE else []),
    ]
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<li{kind} style="left: {100.0 * place:.3f}%">{name}{azimuth:g}°</li>'

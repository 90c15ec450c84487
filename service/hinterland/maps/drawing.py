"""The overview map as a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.canvas import INK, SMALL_PT, SOFT_INK, TEXT_PT, TITLE_PT, Canvas
from hinterland.maps.contents import draw_labels, draw_routes, draw_rover_and_places, draw_view
from hinterland.maps.furniture import MapArea, draw_frame, draw_graticule, draw_north_arrow, draw_scale_bar
from hinterland.maps.ground_picture import printed
from hinterland.maps.inset import draw_inset
from hinterland.maps.layout import Layout
from hinterland.maps.legend import draw_legend
from hinterland.maps.scene import MapSheet, Scene

_HATCH_PT = 5.0
_CREDIT_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """A finished sheet."""

    pixels: NDArray[np.uint8]
    """(lines, samples, 3): red, green, blue."""
    dpi: float
    """At which the sheet prints as it was laid out."""
    labels_left_out: int
    """Labels that found no room without overlapping."""


def draw_overview(scene: Scene, sheet: MapSheet, layout: Layout) -> Drawing:
    """Draw an overview map.

    Parameters
    ----------
    scene : Scene
        What to show.
    sheet : MapSheet
        On which ground; its grids have the layout's sizes.
    layout : Layout
        Where the parts lie.

    Returns
    -------
    Drawing
        Sample `s` and line `l` of the map's grid are pixel `layout.map.left + s`,
        `layout.height - layout.map.top + l` of the sheet.
    """
    canvas = Canvas(layout.width, layout.height)
    area = MapArea(grid=sheet.grid, box=layout.map)
    pitch = canvas.points(_HATCH_PT)
    canvas.image(printed(sheet.ground, pitch), round(area.box.left), round(area.box.bottom))
    draw_graticule(canvas, area)
    draw_view(canvas, area, scene.ground_view)
    draw_routes(canvas, area, scene)
    draw_rover_and_places(canvas, area, scene)
    furniture = (draw_scale_bar(canvas, area), draw_north_arrow(canvas, area))
    left_out = draw_labels(canvas, area, scene, furniture)
    draw_frame(canvas, area)
    draw_inset(canvas, layout.inset, scene, sheet, pitch)
    draw_legend(canvas, layout.legend, scene, sheet.ground, pitch)
    _write_margins(canvas, layout, scene, sheet.credit)
    return Drawing(pixels=canvas.pixels(), dpi=canvas.dpi, labels_left_out=left_out)


def _write_margins(canvas: Canvas, layout: Layout, scene: Scene, credit: str) -> None:
    box = layout.title
    canvas.text(
        box.left,
        box.top - canvas.points(1.0),
        canvas.shortened(scene.title, TITLE_PT, 0.94 * (box.right - box.left)),  # bold is wider
        size_pt=TITLE_PT,
        weight="bold",
        color=INK,
        align=("left", "top"),
    )
    canvas.text(
        box.left,
        box.bottom + canvas.points(4.0),
        canvas.shortened(scene.subtitle, TEXT_PT, box.right - box.left),
        color=SOFT_INK,
        align=("left", "bottom"),
    )
    box = layout.credit
    for row, words in enumerate(canvas.wrapped(credit, SMALL_PT, box.right - box.left, _CREDIT_LINES)):
        canvas.text(
            box.left,
            box.top - canvas.points(2.5 + row * (SMALL_PT + 2.2)),
            words,
            size_pt=SMALL_PT,
            color=SOFT_INK,
            align=("left", "top"),
        )

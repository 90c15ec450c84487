"""The inset: the whole route, and where the map lies on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hinterland.maps.canvas import (
    DRIVEN,
    INK,
    PAPER,
    PLANNED,
    ROVER,
    SMALL_PT,
    SOFT_INK,
    Canvas,
    LineStyle,
)
from hinterland.maps.furniture import MapArea, draw_frame, draw_scale_bar
from hinterland.maps.ground_picture import printed
from hinterland.maps.placement import Box, Placer
from hinterland.maps.routes import Line, distance_m
from hinterland.maps.scale import length_text
from hinterland.maps.scene import MapSheet, Scene

_DRIVEN = LineStyle(color=DRIVEN, width_pt=1.0, halo_pt=1.0)
_LATER = LineStyle(color=DRIVEN, width_pt=0.8, halo_pt=0.7, opacity=0.8)
_PLANNED = LineStyle(color=PLANNED, width_pt=1.0, halo_pt=1.0)
_OUTLINE = LineStyle(color=ROVER, width_pt=1.1, halo_pt=1.2)
_LEAST_OUTLINE_PT = 7.0


def draw_inset(canvas: Canvas, box: Box, scene: Scene, sheet: MapSheet, pitch: float) -> None:
    """Draw the inset into its square, its caption below."""
    area = MapArea(grid=sheet.inset_grid, box=box)
    canvas.image(printed(sheet.inset_ground, pitch, plain=True), round(box.left), round(box.bottom))
    for lines, style in ((scene.later_track, _LATER), (scene.planned, _PLANNED), (scene.track, _DRIVEN)):
        for line in lines:
            canvas.line(area.to_pixels(line), style, clip=box)
    outline = _outline_of_map(canvas, area, sheet)
    corners = [(outline.left, outline.bottom), (outline.left, outline.top), (outline.right, outline.top)]
    corners += [(outline.right, outline.bottom), corners[0]]
    canvas.line(np.array(corners), _OUTLINE, clip=box)
    draw_frame(canvas, area)
    bar = draw_scale_bar(canvas, area, share=0.4, inset_pt=5.0)
    _label_ends(canvas, area, scene, (bar, outline))
    canvas.text(
        0.5 * (box.left + box.right),
        box.bottom - canvas.points(2.5),
        canvas.shortened(_caption(scene, sheet), SMALL_PT, box.right - box.left),
        size_pt=SMALL_PT,
        color=SOFT_INK,
        align=("center", "top"),
    )


def _outline_of_map(canvas: Canvas, area: MapArea, sheet: MapSheet) -> Box:
    """Where the map lies on the inset, never too small to be seen."""
    west, east, south, north = sheet.grid.bounds_m
    edge = sheet.grid.frame.to_degrees([(west, south), (east, south), (east, north), (west, north)])
    pixels = area.to_pixels(edge)
    middle, half = pixels.mean(axis=0), 0.5 * np.ptp(pixels, axis=0)
    half = np.maximum(half, canvas.points(0.5 * _LEAST_OUTLINE_PT))
    return Box(
        left=middle[0] - half[0],
        bottom=middle[1] - half[1],
        right=middle[0] + half[0],
        top=middle[1] + half[1],
    )


def _label_ends(canvas: Canvas, area: MapArea, scene: Scene, taken: tuple[Box, ...]) -> None:
    """Say at which sols the route begins and ends."""
    stops = [stop for stop in (*scene.stops, *scene.later_stops) if stop.sol is not None]
    placer = Placer(frame=area.box.grown(-canvas.points(2.0)), margin=canvas.points(1.5), taken=list(taken))
    for stop in dict.fromkeys((*stops[:1], *stops[-1:])):
        x, y = area.to_pixels([stop.position])[0]
        text = canvas.text(0.0, 0.0, f"sol {stop.sol}", size_pt=SMALL_PT, color=PAPER, halo=True)
        extent = canvas.extent(text)
        placed = placer.place(
            x, y, extent.right - extent.left, extent.top - extent.bottom, canvas.points(3.5)
        )
        if placed is None:
            text.remove()
            continue
        canvas.dot(x, y, 1.8, INK, edge_pt=0.6)
        text.set_position((placed.box.left - extent.left, placed.box.bottom - extent.bottom))


def _caption(scene: Scene, sheet: MapSheet) -> str:
    radius_m = sheet.grid.frame.radius_m
    here, later = _length_m(scene.track, radius_m), _length_m(scene.later_track, radius_m)
    if here + later == 0.0:
        return "Where the map lies"
    if later == 0.0:
        return f"The whole route: {length_text(here)}"
    if here == 0.0:
        return f"{length_text(later)} driven from here"
    return f"{length_text(here)} driven to here, {length_text(here + later)} in all"


def _length_m(lines: Sequence[Line], radius_m: float) -> float:
    return sum(distance_m(one, other, radius_m) for line in lines for one, other in pairwise(line))

"""The contents of the map: view, routes, stops, rover, places, and the labels they get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.canvas import (
    DRIVEN,
    HALO,
    PAPER,
    PLANNED,
    ROVER,
    TEXT_PT,
    VIEW,
    Canvas,
    LineStyle,
)
from hinterland.maps.furniture import MapArea
from hinterland.maps.placement import Box, Placer
from hinterland.maps.routes import Line
from hinterland.maps.scene import Scene
from hinterland.maps.view import GroundView

VIEW_LINE = LineStyle(color=VIEW, width_pt=1.2)
DETAIL_LINE = LineStyle(color=VIEW, width_pt=0.6, halo_pt=0.6)
EDGE_LINE = LineStyle(color=VIEW, width_pt=0.8, halo_pt=1.0)
DRIVEN_LINE = LineStyle(color=DRIVEN, width_pt=2.2, halo_pt=1.0, is_dotted=True)
LATER_LINE = LineStyle(color=DRIVEN, width_pt=1.3, halo_pt=0.7, is_dotted=True, opacity=0.65)
PLANNED_LINE = LineStyle(color=PLANNED, width_pt=2.2, halo_pt=1.0, is_dotted=True)
LEADER_LINE = LineStyle(color=PAPER, width_pt=0.5, halo_pt=0.9)

ROVER_PT = 7.5
STOP_PT = 2.6
PLACE_PT = 3.2

_VIEW_TINT = 0.14
_DETAIL = 0.12
"""Of the map's width: smaller patches and holes are drawn finely, or they would drown what bounds the view."""
_LEAST_RING_PX = 3.0
_SPACING_PX = 4.0
_STOP_WEIGHT = 8  # a covered stop is worse than a covered piece of line
_RIM_PT = 1.0
_ROOM_PT = 1.5
_GAP_PT = _RIM_PT + _ROOM_PT + 0.5
"""From a mark to its label, or the label would touch its own mark."""


def draw_view(canvas: Canvas, area: MapArea, view: GroundView) -> None:
    """Tint the ground seen and bound it in yellow, finely around details, and draw the panorama's edges."""
    detail = _DETAIL * (area.box.right - area.box.left)
    for rings in view.polygons:
        pixels = [area.to_pixels(ring) for ring in rings]
        if np.ptp(pixels[0], axis=0).max() < _LEAST_RING_PX:  # invisible; GeoJSON keeps it
            continue
        canvas.area(pixels, VIEW, _VIEW_TINT, area.box)
        for ring in pixels:
            style = VIEW_LINE if np.ptp(ring, axis=0).max() > detail else DETAIL_LINE
            canvas.line(ring, style, clip=area.box)
    for edge in view.edges:
        canvas.line(area.to_pixels(edge), EDGE_LINE, clip=area.box)


def draw_routes(canvas: Canvas, area: MapArea, scene: Scene) -> None:
    """Draw the route driven, its stops at the end of a sol, what followed, and the route planned."""
    routes = ((scene.later_track, LATER_LINE), (scene.track, DRIVEN_LINE), (scene.planned, PLANNED_LINE))
    for lines, style in routes:
        for line in lines:
            canvas.line(area.to_pixels(line), style, clip=area.box)
    for stop in scene.stops_by_sol:
        draw_mark(canvas, area, area.to_pixels([stop.position])[0], STOP_PT, PAPER)


def draw_rover_and_places(canvas: Canvas, area: MapArea, scene: Scene) -> None:
    """Draw the named places and, over everything, the rover."""
    for place in scene.places:
        draw_mark(canvas, area, area.to_pixels([place.position])[0], PLACE_PT, HALO)
    x, y = area.to_pixels([scene.stop.position])[0]
    canvas.dot(x, y, ROVER_PT, ROVER, edge_pt=1.3)


def draw_mark(canvas: Canvas, area: MapArea, pixel: NDArray[np.float64], size_pt: float, fill: str) -> None:
    """Draw a small round mark if it lies on the map."""
    if _is_inside(area.box, pixel):
        canvas.dot(pixel[0], pixel[1], size_pt, fill, edge_pt=0.7)


def draw_labels(canvas: Canvas, area: MapArea, scene: Scene, furniture: Iterable[Box]) -> int:
    """Label the rover, the places and the sols; returns how many labels found no room.

    Important ones choose first: the rover, places, then sols, the latest first.
    """
    placer = Placer(
        frame=area.box.grown(-canvas.points(2.0)),
        margin=canvas.points(_ROOM_PT),
        avoided=np.concatenate(
            [
                *(_spaced(area, line) for line in _lines(scene)),
                *[area.to_pixels([stop.position]) for stop in scene.stops_by_sol] * _STOP_WEIGHT,
                np.empty((0, 2)),
            ]
        ),
    )
    placer.reserve(box.grown(canvas.points(2.0)) for box in furniture)
    rover = area.to_pixels([scene.stop.position])[0]
    marks = [(rover, ROVER_PT)]
    marks += [(area.to_pixels([place.position])[0], PLACE_PT) for place in scene.places]
    placer.reserve(_around(pixel, canvas.points(0.5 * size + _RIM_PT)) for pixel, size in marks)
    name = ", ".join(part for part in (scene.rover, scene.sols_text) if part)
    wanted: list[tuple[NDArray[np.float64], str, float, str]] = [(rover, name, ROVER_PT, "bold")]
    wanted += [
        (pixel, place.name, PLACE_PT, "normal")
        for place, (pixel, _) in zip(scene.places, marks[1:], strict=True)
    ]
    wanted += [
        (pixel, words, STOP_PT, "normal") for pixel, words in _sol_labels(area, scene, canvas.points(STOP_PT))
    ]
    return sum(
        not _write(canvas, placer, pixel, words, size, weight)
        for pixel, words, size, weight in wanted
        if _is_inside(area.box, pixel)
    )


def _sol_labels(area: MapArea, scene: Scene, mark: float) -> list[tuple[NDArray[np.float64], str]]:
    """Where to write which sols, the latest first; sols spent within a mark's width share one label."""
    groups: list[tuple[NDArray[np.float64], list[int]]] = []
    for stop in scene.stops_by_sol:
        if stop.sol is None:
            continue
        (pixel,) = area.to_pixels([stop.position])
        if groups and np.hypot(*(pixel - groups[-1][0])) < mark:
            groups[-1][1].append(stop.sol)
        else:
            groups.append((pixel, [stop.sol]))
    return [
        (pixel, f"sol {sols[0]}" if len(sols) == 1 else f"sols {sols[0]}–{sols[-1]}")
        for pixel, sols in reversed(groups)
    ]


def _write(
    canvas: Canvas, placer: Placer, pixel: NDArray[np.float64], words: str, mark_pt: float, weight: str
) -> bool:
    text = canvas.text(0.0, 0.0, words, size_pt=TEXT_PT, color=PAPER, weight=weight, halo=True)
    extent = canvas.extent(text)
    width, height = extent.right - extent.left, extent.top - extent.bottom
    gap = canvas.points(0.5 * mark_pt + _GAP_PT)
    placed = placer.place(float(pixel[0]), float(pixel[1]), width, height, gap)
    if placed is None:
        text.remove()
        return False
    text.set_position((placed.box.left - extent.left, placed.box.bottom - extent.bottom))
    if placed.leader is not None:
        canvas.line(placed.leader, LEADER_LINE)
    return True


def _lines(scene: Scene) -> Sequence[Line]:
    rings = [ring for polygon in scene.ground_view.polygons for ring in polygon]
    return [*scene.track, *scene.planned, *scene.ground_view.edges, *rings]


def _spaced(area: MapArea, line: Line) -> NDArray[np.float64]:
    """Points every few pixels along a line, those near the map only."""
    pixels = area.to_pixels(line)
    low = np.array([area.box.left, area.box.bottom])
    high = np.array([area.box.right, area.box.top])
    parts = []
    for one, other in pairwise(pixels):
        if (np.maximum(one, other) < low).any() or (np.minimum(one, other) > high).any():
            continue
        count = min(2000, max(1, round(float(np.abs(other - one).max()) / _SPACING_PX)))
        parts.append(one + np.linspace(0.0, 1.0, count, endpoint=False)[:, None] * (other - one))
    return np.concatenate(parts) if parts else np.empty((0, 2))


def _around(pixel: NDArray[np.float64], half: float) -> Box:
    x, y = float(pixel[0]), float(pixel[1])
    return Box(left=x - half, bottom=y - half, right=x + half, top=y + half)


def _is_inside(box: Box, pixel: NDArray[np.float64]) -> bool:
    return bool(box.left <= pixel[0] <= box.right and box.bottom <= pixel[1] <= box.top)

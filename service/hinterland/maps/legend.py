"""The legend: what each mark means, of which kind the yellow lines are, how fine the ground is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hinterland.maps.canvas import (
    HALO,
    INK,
    PAPER,
    ROVER,
    SMALL_PT,
    SOFT_INK,
    TEXT_PT,
    Canvas,
    LineStyle,
)
from hinterland.maps.contents import (
    DRIVEN_LINE,
    LATER_LINE,
    PLACE_PT,
    PLANNED_LINE,
    ROVER_PT,
    STOP_PT,
    VIEW_LINE,
)
from hinterland.maps.ground import NO_LAYER, Ground, Layer
from hinterland.maps.ground_picture import printed, typical_tone
from hinterland.maps.placement import Box
from hinterland.maps.scale import length_text
from hinterland.maps.scene import Scene
from hinterland.maps.view import GroundView, ViewKind

_SWATCH_PT = (19.0, 9.5)
_ROW_PT = 13.2
_LEAST_ROW_PT = 10.4
_NOTE_PT = SMALL_PT + 1.8
_TOP_PT = 4.0
_GAP_PT = 5.0
_MOST_LAYERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    words: str
    draw: Callable[[Canvas, Box], None]
    layer: int | None = None
    """Which ground the swatch shows: a base map, none of them, or with None the typical one."""


def draw_legend(canvas: Canvas, box: Box, scene: Scene, ground: Ground, pitch: float) -> None:
    """Write the legend into a rectangle, from its top."""
    swatch_width, swatch_height = (canvas.points(size) for size in _SWATCH_PT)
    left, note = box.left + swatch_width + canvas.points(_GAP_PT), canvas.points(_NOTE_PT)
    middle = box.top - canvas.points(_TOP_PT)
    entries = list(_entries(scene, ground))
    notes = sum(entry.words.count("\n") for entry in entries)
    room = (middle - box.bottom - notes * note - 0.5 * swatch_height) / len(entries)
    gap = min(max(room, canvas.points(_LEAST_ROW_PT)), canvas.points(_ROW_PT))
    for entry in entries:
        middle -= gap
        if middle - 0.5 * swatch_height < box.bottom - 0.5:
            break
        swatch = Box(
            left=round(box.left),
            bottom=round(middle - 0.5 * swatch_height),
            right=round(box.left) + round(swatch_width),
            top=round(middle - 0.5 * swatch_height) + round(swatch_height),
        )
        _draw_ground(canvas, swatch, ground, entry.layer, pitch)
        entry.draw(canvas, swatch)
        for row, words in enumerate(entry.words.split("\n")):
            canvas.text(
                left,
                middle - row * note,
                canvas.shortened(words, SMALL_PT if row else TEXT_PT, box.right - left),
                size_pt=SMALL_PT if row else TEXT_PT,
                color=SOFT_INK if row else INK,
                align=("left", "center"),
            )
        middle -= entry.words.count("\n") * note


def view_words(view: GroundView) -> str:
    """What the yellow lines bound; the second line says how it was found."""
    if view.kind is ViewKind.VIEWSHED:
        return f"Visible ground (viewshed)\nseen on the terrain, to {length_text(view.range_m)}"
    return f"View directions, {length_text(view.range_m)}\nlevel ground assumed"


def layer_words(layer: Layer) -> str:
    """How large the samples of a base map are, and which it is.

    Samples, not resolution: much of a mosaic is resampled from coarser pictures, and no file says where.
    """
    kind = "Coarse map" if layer.is_coarse else "Base map"
    return f"{kind}, {length_text(layer.sample_m)} samples\n{layer.path.stem}"


def _entries(scene: Scene, ground: Ground) -> Iterator[_Entry]:
    yield _Entry(words=scene.rover, draw=_dot(0.75 * ROVER_PT, ROVER, 1.0))
    yield _Entry(words=view_words(scene.ground_view), draw=_line(VIEW_LINE))
    if scene.track:
        yield _Entry(words="Route driven", draw=_line(DRIVEN_LINE))
    if scene.later_track:
        yield _Entry(words="Driven later", draw=_line(LATER_LINE))
    if scene.stops_by_sol:
        yield _Entry(words="Last stop of a sol", draw=_dot(STOP_PT, PAPER, 0.7))
    if scene.planned:
        yield _Entry(words="Route planned", draw=_line(PLANNED_LINE))
    if scene.places:
        yield _Entry(words="Named place", draw=_dot(PLACE_PT, HALO, 0.7))
    for index, layer in enumerate(ground.layers[:_MOST_LAYERS]):
        yield _Entry(words=layer_words(layer), draw=_border, layer=index)
    if ground.empty.any():
        yield _Entry(words="No base map", draw=_border, layer=NO_LAYER)


def _draw_ground(canvas: Canvas, box: Box, ground: Ground, layer: int | None, pitch: float) -> None:
    """Fill a swatch with the tone of the ground, hatched where that layer is."""
    lines, samples = round(box.top - box.bottom), round(box.right - box.left)
    tone = typical_tone(ground, layer)
    index = NO_LAYER if layer == NO_LAYER else 0
    known = () if layer == NO_LAYER else (ground.layers[layer or 0],) if ground.layers else ()
    patch = Ground(
        picture=np.broadcast_to(np.array(tone, dtype=np.uint8), (lines, samples, 3)).copy(),
        layer=np.full((lines, samples), index if known else NO_LAYER, dtype=np.int16),
        layers=known,
    )
    picture = patch.picture if layer is None else printed(patch, pitch)
    canvas.image(picture, round(box.left), round(box.bottom))


def _line(style: LineStyle) -> Callable[[Canvas, Box], None]:
    def draw(canvas: Canvas, box: Box) -> None:
        middle, inset = 0.5 * (box.bottom + box.top), canvas.points(3.0)
        ends = np.array([[box.left + inset, middle], [box.right - inset, middle]])
        canvas.line(ends, style)

    return draw


def _dot(size_pt: float, fill: str, edge_pt: float) -> Callable[[Canvas, Box], None]:
    def draw(canvas: Canvas, box: Box) -> None:
        x, y = 0.5 * (box.left + box.right), 0.5 * (box.bottom + box.top)
        canvas.dot(x, y, size_pt, fill, edge_pt=edge_pt)

    return draw


def _border(canvas: Canvas, box: Box) -> None:
    canvas.rectangle(box, edge=INK, width_pt=0.4)

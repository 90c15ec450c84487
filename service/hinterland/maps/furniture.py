"""What a map needs besides its contents: graticule, scale bar, north arrow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.canvas import HALO, INK, PAPER, SMALL_PT, TEXT_PT, Canvas, LineStyle, bounds
from hinterland.maps.local_frame import MapGrid
from hinterland.maps.placement import Box
from hinterland.maps.scale import (
    graticule_step,
    latitude_text,
    length_text,
    longitude_text,
    multiples,
    round_step,
)

_GRATICULE = LineStyle(color=PAPER, width_pt=0.4, halo_pt=0.0, opacity=0.38)
_STEPS_A_LINE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MapArea:
    """A map's grid on the sheet: one sample, one pixel."""

    grid: MapGrid
    """The map."""
    box: Box
    """Its rectangle on the sheet."""

    def to_pixels(self, lon_lat: object) -> NDArray[np.float64]:
        """Pixels (n, 2), x and y, of longitudes and latitudes (degrees)."""
        line_sample = self.grid.to_points(np.asarray(lon_lat, dtype=np.float64))
        x = self.box.left + line_sample[:, 1] + 0.5
        y = self.box.top - line_sample[:, 0] - 0.5
        return np.column_stack((x, y))


def draw_graticule(canvas: Canvas, area: MapArea) -> None:
    """Meridians and parallels at round degrees, labelled where they leave the map at the bottom and left."""
    outline = _outline(area.grid)
    (west, south), (east, north) = outline.min(axis=0), outline.max(axis=0)
    if east - west > 180.0 or not np.isfinite(outline).all():  # about a pole meridians are no grid
        return
    for is_meridian, low, high in ((True, west, east), (False, south, north)):
        step = graticule_step(high - low)
        taken = -math.inf
        for value in multiples(step, low, high):
            along = (
                np.linspace(south, north, _STEPS_A_LINE)
                if is_meridian
                else np.linspace(west, east, _STEPS_A_LINE)
            )
            fixed = np.full(_STEPS_A_LINE, value)
            pixels = area.to_pixels(np.column_stack((fixed, along) if is_meridian else (along, fixed)))
            canvas.line(pixels, _GRATICULE, clip=area.box)
            words = longitude_text(value, step) if is_meridian else latitude_text(value, step)
            taken = _label(canvas, area.box, pixels, words, is_meridian=is_meridian, taken=taken)


def draw_frame(canvas: Canvas, area: MapArea) -> None:
    """The map's border."""
    canvas.rectangle(area.box, edge=INK, width_pt=0.8)


def draw_scale_bar(canvas: Canvas, area: MapArea, *, share: float = 0.3, inset_pt: float = 7.0) -> Box:
    """A bar of a round length in the lower left corner; returns the rectangle it takes."""
    metres_per_pixel = area.grid.metres_per_sample
    length = round_step(share * (area.box.right - area.box.left) * metres_per_pixel)
    pixels, thick = length / metres_per_pixel, canvas.points(3.0)
    left, bottom = area.box.left + canvas.points(inset_pt), area.box.bottom + canvas.points(inset_pt)
    whole = Box(left=left, bottom=bottom, right=left + pixels, top=bottom + thick)
    canvas.rectangle(whole.grown(canvas.points(1.0)), fill=HALO)
    canvas.rectangle(whole, fill=PAPER)
    canvas.rectangle(Box(left=left, bottom=bottom, right=left + pixels / 2.0, top=bottom + thick), fill=INK)
    words = canvas.text(
        left + pixels,
        whole.top + canvas.points(2.5),
        length_text(length),
        size_pt=TEXT_PT,
        color=PAPER,
        align=("right", "bottom"),
        weight="bold",
        halo=True,
    )
    return bounds((whole.grown(canvas.points(1.0)), canvas.extent(words)))


def draw_north_arrow(canvas: Canvas, area: MapArea) -> Box:
    """An arrow to the north in the upper right corner; returns the rectangle it takes."""
    half, tall = canvas.points(5.0), canvas.points(19.0)
    x = area.box.right - canvas.points(13.0)
    bottom = area.box.top - canvas.points(8.0) - tall
    corners = ((x, bottom + tall), (x + half, bottom), (x, bottom + 0.22 * tall), (x - half, bottom))
    canvas.polygon(corners, fill=PAPER, edge=HALO, width_pt=0.9)
    canvas.polygon((corners[0], corners[1], corners[2]), fill=INK, edge=HALO, width_pt=0.5)
    letter = canvas.text(
        x, bottom - canvas.points(1.5), "N", color=PAPER, align=("center", "top"), weight="bold", halo=True
    )
    body = Box(left=x - half, bottom=bottom, right=x + half, top=bottom + tall)
    return bounds((body.grown(canvas.points(1.0)), canvas.extent(letter)))


def _outline(grid: MapGrid) -> NDArray[np.float64]:
    """Places along the edge of the map, degrees."""
    line, sample = np.linspace(-0.5, grid.lines - 0.5, 33), np.linspace(-0.5, grid.samples - 0.5, 33)
    sides = [np.column_stack((np.full(33, edge), sample)) for edge in (-0.5, grid.lines - 0.5)] + [
        np.column_stack((line, np.full(33, edge))) for edge in (-0.5, grid.samples - 0.5)
    ]
    return grid.to_degrees(np.concatenate(sides))


def _label(
    canvas: Canvas, box: Box, pixels: NDArray[np.float64], words: str, *, is_meridian: bool, taken: float
) -> float:
    """Write a tick label if the line leaves the map there and the last label leaves room; returns its end."""
    across, along = (0, 1) if is_meridian else (1, 0)
    edge = box.bottom if is_meridian else box.left
    order = np.argsort(pixels[:, along])
    ordered = pixels[order]
    if not ordered[0, along] - 1.0 <= edge <= ordered[-1, along] + 1.0:
        return taken
    place = float(np.interp(edge, ordered[:, along], ordered[:, across]))
    low, high = (box.left, box.right) if is_meridian else (box.bottom, box.top)
    half = 0.5 * canvas.text_width(words, SMALL_PT)
    # near a corner the label is moved along the edge, off the sheet's rim and the other side's labels
    middle = min(max(place, low + half - canvas.points(4.0)), high - half)
    if not (low <= place <= high) or middle - half < taken + canvas.points(6.0):
        return taken
    gap = canvas.points(2.5)
    x, y = (middle, edge - gap) if is_meridian else (edge - gap, middle)
    align = ("center", "top") if is_meridian else ("right", "center")
    canvas.text(x, y, words, size_pt=SMALL_PT, color=INK, align=align, rotation=0.0 if is_meridian else 90.0)
    tick = canvas.points(2.0)
    ends = ((place, edge), (place, edge - tick)) if is_meridian else ((edge, place), (edge - tick, place))
    canvas.line(np.array(ends), LineStyle(color=INK, width_pt=0.7, halo_pt=0.0))
    return middle + half

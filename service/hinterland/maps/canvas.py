"""The sheet that a map is drawn on: matplotlib in pixels, y up, with halos that read on any ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch, Polygon
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from hinterland.maps.placement import Box

WIDTH_IN = 20.0 / 3.0
"""The sheet's width in print: 2000 pixels at 300 a inch. Sizes in points are those on this sheet."""

INK = "#16181b"
SOFT_INK = "#55595f"
PAPER = "#ffffff"
HALO = "#101214"
ROVER = "#26a8ff"
VIEW = "#ffd500"
DRIVEN = "#ffffff"
PLANNED = "#ff3b30"

TITLE_PT = 10.0
TEXT_PT = 7.5
SMALL_PT = 6.8

_FONT = "DejaVu Sans"  # comes with matplotlib: the map looks the same on every machine
_DOTS = (0.0, (0.01, 2.1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """How a line is drawn."""

    color: str
    """As matplotlib has it."""
    width_pt: float
    """Of the line itself."""
    halo_pt: float = 1.3
    """How much wider its dark halo is."""
    is_dotted: bool = False
    """Round dots, as wide as the line."""
    opacity: float = 1.0
    """Of line and halo."""


class Canvas:
    """A sheet of exactly `width` x `height` pixels; coordinates are pixels from its lower left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.dpi = width / WIDTH_IN
        # half a pixel more: matplotlib cuts the product of inches and dpi to whole pixels
        self._figure = Figure(
            figsize=((width + 0.5) / self.dpi, (height + 0.5) / self.dpi), dpi=self.dpi, facecolor=PAPER
        )
        self._figure.patch.set_visible(False)  # the paper is painted with the images
        self._images: list[tuple[NDArray[np.uint8], int, int]] = []
        self._agg: Any = FigureCanvasAgg(self._figure)  # its methods are untyped
        self._axes = self._figure.add_axes((0.0, 0.0, width / (width + 0.5), height / (height + 0.5)))
        self._axes.set_axis_off()
        self._axes.set(xlim=(0, width), ylim=(0, height))

    def points(self, count: float) -> float:
        """Pixels of a length in points."""
        return count * self.dpi / 72.0

    def image(self, picture: NDArray[np.uint8], left: int, bottom: int) -> None:
        """Put a picture (lines, samples, 3) pixel on pixel, under everything else."""
        self._images.append((picture, left, bottom))

    def rectangle(
        self, box: Box, *, fill: str | None = None, edge: str | None = None, width_pt: float = 0.6
    ) -> None:
        """Draw a rectangle."""
        corners = ((box.left, box.bottom), (box.right, box.bottom), (box.right, box.top), (box.left, box.top))
        self.polygon(corners, fill=fill, edge=edge, width_pt=width_pt)

    def polygon(
        self,
        corners: Sequence[tuple[float, float]],
        *,
        fill: str | None = None,
        edge: str | None = None,
        width_pt: float = 0.6,
    ) -> None:
        """Draw a closed polygon."""
        self._axes.add_patch(
            Polygon(
                np.asarray(corners),
                closed=True,
                facecolor=fill or "none",
                edgecolor=edge or "none",
                linewidth=width_pt,
                clip_on=False,
                zorder=3,
            )
        )

    def area(self, rings: Sequence[NDArray[np.float64]], color: str, opacity: float, clip: Box) -> None:
        """Tint the inside of an outer ring, but for its holes."""
        codes = [
            [Outline.MOVETO] + [Outline.LINETO] * (len(ring) - 2) + [Outline.CLOSEPOLY] for ring in rings
        ]
        path = Outline(np.concatenate(rings), np.concatenate(codes))
        patch = PathPatch(path, facecolor=color, edgecolor="none", alpha=opacity, zorder=2)
        self._axes.add_patch(patch)
        _clip(patch, clip)

    def line(self, points: NDArray[np.float64], style: LineStyle, clip: Box | None = None) -> None:
        """Draw a line through (n, 2) pixels."""
        halo = patheffects.Stroke(
            linewidth=style.width_pt + style.halo_pt, foreground=HALO, alpha=0.65 * style.opacity
        )
        (drawn,) = self._axes.plot(
            points[:, 0],
            points[:, 1],
            color=style.color,
            linewidth=style.width_pt,
            alpha=style.opacity,
            linestyle=_DOTS if style.is_dotted else "solid",
            dash_capstyle="round",
            solid_capstyle="round",
            solid_joinstyle="round",
            path_effects=[halo, patheffects.Normal()] if style.halo_pt > 0.0 else None,
            clip_on=clip is not None,
            zorder=4,
        )
        if clip is not None:
            _clip(drawn, clip)

    def dot(
        self, x: float, y: float, size_pt: float, fill: str, *, edge: str = DRIVEN, edge_pt: float = 1.0
    ) -> None:
        """Draw a round mark with a rim and a dark halo; `size_pt` is the diameter of the inside."""
        # circles, not markers: matplotlib puts markers on whole pixels, up to one beside their place
        for extra, color in ((2.0 * edge_pt + 1.2, HALO), (2.0 * edge_pt, edge), (0.0, fill)):
            self._axes.add_patch(
                Circle(
                    (x, y),
                    0.5 * self.points(size_pt + extra),
                    facecolor=color,
                    edgecolor="none",
                    alpha=0.65 if color == HALO else 1.0,
                    clip_on=False,
                    zorder=6,
                )
            )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size_pt: float = TEXT_PT,
        color: str = INK,
        align: tuple[str, str] = ("left", "bottom"),
        weight: str = "normal",
        rotation: float = 0.0,
        halo: bool = False,
    ) -> Text:
        """Write a text; `align` is what of it lies at (x, y), horizontally and vertically."""
        options: dict[str, Any] = {"ha": align[0], "va": align[1], "rotation": rotation}
        written = self._axes.text(
            x,
            y,
            words,
            fontsize=size_pt,
            fontfamily=_FONT,
            color=color,
            fontweight=weight,
            linespacing=1.15,
            parse_math=False,
            clip_on=False,
            zorder=7,
            **options,
        )
        if halo:
            effect = patheffects.withStroke(linewidth=1.8, foreground=HALO, alpha=0.8)
            written.set_path_effects([effect])
        return written

    def extent(self, text: Text) -> Box:
        """The rectangle that a text takes."""
        box = text.get_window_extent(self._agg.get_renderer())
        return Box(left=box.x0, bottom=box.y0, right=box.x1, top=box.y1)

    def text_width(self, words: str, size_pt: float, weight: str = "normal") -> float:
        """Pixels that one line takes."""
        probe = self.text(0.0, 0.0, words, size_pt=size_pt, weight=weight)
        box = self.extent(probe)
        probe.remove()
        return box.right - box.left

    def shortened(self, words: str, size_pt: float, width: float) -> str:
        """A text cut to a width, with an ellipsis where something is missing."""
        if self.text_width(words, size_pt) <= width:
            return words
        low, high = 0, len(words)
        while low < high:  # the longest beginning that fits
            middle = (low + high + 1) // 2
            fits = self.text_width(f"{words[:middle].rstrip()}…", size_pt) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return f"{words[:low].rstrip()}…"

    def wrapped(self, words: str, size_pt: float, width: float, most_lines: int) -> list[str]:
        """A text broken between words into lines of a width; what does not fit is cut with an ellipsis."""
        lines: list[str] = []
        rest = words.split(" ")  # not at no-break spaces
        while rest and len(lines) < most_lines:
            count = len(rest)
            if len(lines) < most_lines - 1:
                while count > 1 and self.text_width(" ".join(rest[:count]), size_pt) > width:
                    count -= 1
            lines.append(self.shortened(" ".join(rest[:count]), size_pt, width))
            rest = rest[count:]
        return lines

    def pixels(self) -> NDArray[np.uint8]:
        """The sheet as it is: (lines, samples, 3)."""
        renderer = self._agg.get_renderer()
        renderer.clear()
        sheet = np.asarray(renderer.buffer_rgba())
        sheet[...] = 255
        bottom_line = sheet.shape[0]
        for picture, left, bottom in self._images:  # pasted: matplotlib would resample them first
            lines, samples, _ = picture.shape
            top = bottom_line - bottom - lines
            sheet[top : top + lines, left : left + samples, :3] = picture
        self._figure.draw(renderer)
        return np.ascontiguousarray(sheet[: self.height, : self.width, :3])


def bounds(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle around some."""
    known = list(boxes)
    return Box(
        left=min(box.left for box in known),
        bottom=min(box.bottom for box in known),
        right=max(box.right for box in known),
        top=max(box.top for box in known),
    )


def _clip(artist: Any, box: Box) -> None:  # noqa: ANN401 - matplotlib's artists
    artist.set_clip_box(Bbox.from_extents(box.left, box.bottom, box.right, box.top))

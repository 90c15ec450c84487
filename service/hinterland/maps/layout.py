"""Where the parts of the sheet lie: the map at the left, inset and legend at the right, title and credit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from hinterland.errors import InputError
from hinterland.maps.canvas import WIDTH_IN
from hinterland.maps.placement import Box

LEAST_WIDTH, MOST_WIDTH = 600, 8000

# inches on the printed sheet
_MARGIN = 0.10
_TITLE = 0.40
_TICKS = 0.17
_CREDIT = 0.32
_PANEL = 1.98
_GUTTER = 0.14
_INSET_CAPTION = 0.16


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rectangles of the sheet, whole pixels from its lower left corner."""

    width: int
    """Of the sheet."""
    height: int
    """Of the sheet."""
    map: Box
    """The map proper, a square."""
    inset: Box
    """The inset, a square."""
    legend: Box
    """What remains below the inset."""
    title: Box
    """Above the map and the panel."""
    credit: Box
    """Below them."""

    @classmethod
    def of_width(cls, width: int) -> Self:
        """Lay out a sheet.

        Raises
        ------
        InputError
            If the width is none that the text can be read at, or larger than any printer's.
        """
        if not LEAST_WIDTH <= width <= MOST_WIDTH:
            message = f"a map is {LEAST_WIDTH} to {MOST_WIDTH} pixels wide, got {width}"
            raise InputError(message)
        scale = width / WIDTH_IN
        margin, gutter, panel = (round(scale * length) for length in (_MARGIN, _GUTTER, _PANEL))
        left = margin + round(scale * _TICKS)
        side = width - left - gutter - panel - margin
        bottom = margin + round(scale * (_CREDIT + _TICKS))
        top = bottom + side
        height = top + round(scale * _TITLE) + margin // 2
        panel_left = left + side + gutter
        inset_bottom = top - panel
        return cls(
            width=width,
            height=height,
            map=Box(left=left, bottom=bottom, right=left + side, top=top),
            inset=Box(left=panel_left, bottom=inset_bottom, right=panel_left + panel, top=top),
            legend=Box(
                left=panel_left,
                bottom=bottom - round(scale * _TICKS),
                right=panel_left + panel,
                top=inset_bottom - round(scale * _INSET_CAPTION),
            ),
            title=Box(left=left, bottom=top, right=width - margin, top=height - margin // 2),
            credit=Box(left=left, bottom=margin, right=width - margin, top=bottom - round(scale * _TICKS)),
        )

    @property
    def map_samples(self) -> int:
        """Pixels of a side of the map."""
        return round(self.map.right - self.map.left)

    @property
    def inset_samples(self) -> int:
        """Pixels of a side of the inset."""
        return round(self.inset.right - self.inset.left)

"""The view a panorama gives: what its valid pixels cover, and that in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hinterland.model.grids import CylindricalGrid, compass_point

_WORDS = {"N": "north", "E": "east", "S": "south", "W": "west"}
_ALL_ROUND_DEG = 359.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Covered azimuths and elevations, degrees, in the site frame."""

    azimuth_min_deg: float
    """Left edge, from north through east, in [0, 360)."""
    azimuth_width_deg: float
    """From the left edge clockwise to the right one, at most 360."""
    elevation_min_deg: float
    """Lower edge."""
    elevation_max_deg: float
    """Upper edge."""

    @classmethod
    def covered(
        cls, grid: CylindricalGrid, line_is_covered: NDArray[np.bool_], sample_is_covered: NDArray[np.bool_]
    ) -> Self:
        """The view of a panorama's valid pixels.

        Parameters
        ----------
        grid : CylindricalGrid
            Of the panorama.
        line_is_covered : (lines,) bool
            True where the line has a valid pixel.
        sample_is_covered : (samples,) bool
            True where the sample (column) has a valid pixel.

        Returns
        -------
        View
            From the first to the last covered line and sample; where the grid closes, the samples outside the
            widest gap.

        Raises
        ------
        ValueError
            If nothing is covered.
        """
        lines, samples = np.flatnonzero(line_is_covered), np.flatnonzero(sample_is_covered)
        if not (lines.size and samples.size):
            message = "a panorama without valid pixels has no view"
            raise ValueError(message)
        first, count = int(samples[0]), int(samples[-1] - samples[0]) + 1
        if grid.wraps:
            steps = np.diff(samples, append=samples[0] + grid.samples)
            widest = int(np.argmax(steps))
            if steps[widest] > 1:
                first = int(samples[(widest + 1) % samples.size])
                count = grid.samples - int(steps[widest]) + 1
        return cls(
            azimuth_min_deg=(grid.azimuth_left_deg + first / grid.pixels_per_degree) % 360.0,
            azimuth_width_deg=min(count / grid.pixels_per_degree, 360.0),
            elevation_min_deg=grid.elevation_top_deg - (int(lines[-1]) + 1) / grid.pixels_per_degree,
            elevation_max_deg=grid.elevation_top_deg - int(lines[0]) / grid.pixels_per_degree,
        )

    @property
    def azimuth_max_deg(self) -> float:
        """Right edge: below the left one where the view crosses north, 360 above it if it goes all round."""
        right = self.azimuth_min_deg + self.azimuth_width_deg
        return right if right <= 360.0 or self.azimuth_width_deg == 360.0 else right - 360.0

    @property
    def azimuth_center_deg(self) -> float:
        """Middle of the view, in [0, 360)."""
        return (self.azimuth_min_deg + 0.5 * self.azimuth_width_deg) % 360.0

    @property
    def compass(self) -> str:
        """Compass point of the middle: "W"."""
        return compass_point(self.azimuth_center_deg)

    @property
    def is_all_round(self) -> bool:
        """True if the view closes but for a sliver."""
        return self.azimuth_width_deg >= _ALL_ROUND_DEG

    @property
    def heading(self) -> str:
        """In words: "looking west, 270°", or "all round"."""
        if self.is_all_round:
            return "all round"
        return f"looking {compass_word(self.compass)}, {round(self.azimuth_center_deg) % 360}°"


def compass_word(point: str) -> str:
    """A compass point in words: "WNW" is "west-northwest"."""
    last = "".join(_WORDS[letter] for letter in point[-2:])
    return f"{_WORDS[point[0]]}-{last}" if len(point) == 3 else last

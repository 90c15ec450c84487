"""The view a panorama gives: what its valid pixels cover, and that in words."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hinterland.model.grids import CylindricalGrid, compass_point

_WORDS = {"N": "north", "E": "east", "S": "south", "W": "west"}

ALL_ROUND_DEG = 300.0
"""What is not seen of a view all round is narrower than the field of view of a wide lens."""

ALL_ROUND = "all round"
"""Heading of a view that looks no way more than another."""

EVEN = 0.3
"""Length of the mean direction below which a view looks no way more than another.

An even arc of `ALL_ROUND_DEG` has 0.19, a ring of which one half is seen twice as high 0.21; a front Hazcam, which
covers all azimuths because it sees the nadir, has 0.41.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Covered azimuths and elevations, degrees, in the site frame."""

    azimuth_min_deg: float
    """Left edge, from north through east, in [0, 360)."""
    azimuth_width_deg: float
    """From the left edge clockwise to the right one, at most 360."""
    azimuth_center_deg: float
    """Where it looks, in [0, 360); the middle of a view all round."""
    is_all_round: bool = False
    """True if it looks no way more than another."""
    elevation_min_deg: float
    """Lower edge."""
    elevation_max_deg: float
    """Upper edge."""

    @classmethod
    def covered(
        cls, grid: CylindricalGrid, line_is_covered: NDArray[np.bool_], sample_weights: NDArray[np.float64]
    ) -> Self:
        """The view of a panorama's valid pixels.

        Parameters
        ----------
        grid : CylindricalGrid
            Of the panorama.
        line_is_covered : (lines,) bool
            True where the line has a valid pixel.
        sample_weights : (samples,) float64
            Sum of cos(elevation), to which the solid angle of a pixel is proportional, over the valid pixels
            of each sample (column); 0 where there is none.

        Returns
        -------
        View
            From the first to the last covered line and sample; where the grid closes, the samples outside the
            widest gap. Its center is the mean direction of what is seen; where that is not seen itself, or
            says nothing, that of the largest connected part.

        Raises
        ------
        ValueError
            If nothing is covered.
        """
        lines, samples = np.flatnonzero(line_is_covered), np.flatnonzero(sample_weights)
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
        left_deg = (grid.azimuth_left_deg + first / grid.pixels_per_degree) % 360.0
        width_deg = min(count / grid.pixels_per_degree, 360.0)
        mean = _mean_direction(grid, sample_weights, np.arange(grid.samples))
        is_all_round = abs(mean) < EVEN and width_deg >= ALL_ROUND_DEG
        if is_all_round:
            center_deg = (left_deg + 0.5 * width_deg) % 360.0
        else:
            if abs(mean) < EVEN or not sample_weights[_sample_of(grid, mean)]:
                mean = _mean_direction(grid, sample_weights, _largest_part(grid, sample_weights))
            center_deg = math.degrees(cmath.phase(mean)) % 360.0
        return cls(
            azimuth_min_deg=left_deg,
            azimuth_width_deg=width_deg,
            azimuth_center_deg=center_deg,
            is_all_round=is_all_round,
            elevation_min_deg=grid.elevation_top_deg - (int(lines[-1]) + 1) / grid.pixels_per_degree,
            elevation_max_deg=grid.elevation_top_deg - int(lines[0]) / grid.pixels_per_degree,
        )

    @classmethod
    def from_report(cls, view: Mapping[str, Any]) -> Self:
        """The view as panorama.json holds it."""
        return cls(
            azimuth_min_deg=view["azimuth_min_deg"],
            azimuth_width_deg=view["azimuth_width_deg"],
            azimuth_center_deg=view["azimuth_center_deg"],
            is_all_round=view["heading"] == ALL_ROUND,
            elevation_min_deg=view["elevation_min_deg"],
            elevation_max_deg=view["elevation_max_deg"],
        )

    @property
    def azimuth_max_deg(self) -> float:
        """Right edge: below the left one where the view crosses north, 360 above it if it goes all round."""
        right = self.azimuth_min_deg + self.azimuth_width_deg
        return right if right <= 360.0 or self.azimuth_width_deg == 360.0 else right - 360.0

    @property
    def compass(self) -> str:
        """Compass point of the center: "W"."""
        return compass_point(self.azimuth_center_deg)

    @property
    def heading(self) -> str:
        """In words: "looking west, 270°", or "all round"."""
        if self.is_all_round:
            return ALL_ROUND
        return f"looking {compass_word(self.compass)}, {round(self.azimuth_center_deg) % 360}°"


def _mean_direction(
    grid: CylindricalGrid, weights: NDArray[np.float64], samples: NDArray[np.int64]
) -> complex:
    """Mean of the unit vectors towards some samples, north + i east; its length tells how much they agree."""
    azimuths = np.radians(grid.azimuth_left_deg + (samples + 0.5) / grid.pixels_per_degree)
    return complex(np.average(np.exp(1j * azimuths), weights=weights[samples]))


def _sample_of(grid: CylindricalGrid, direction: complex) -> int:
    """The sample in a direction, the last one where the direction is off the grid."""
    along_deg = (math.degrees(cmath.phase(direction)) - grid.azimuth_left_deg) % 360.0
    return min(int(along_deg * grid.pixels_per_degree), grid.samples - 1)


def _largest_part(grid: CylindricalGrid, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Samples of the connected part with the most weight."""
    seen = weights > 0.0
    start = int(np.argmin(seen)) if grid.wraps else 0  # in a gap, so that no part is cut in two
    order = (start + np.arange(grid.samples)) % grid.samples
    parts = np.split(order, np.flatnonzero(np.diff(seen[order])) + 1)
    return max(parts, key=lambda part: float(weights[part].sum()))


def compass_word(point: str) -> str:
    """A compass point in words: "WNW" is "west-northwest"."""
    last = "".join(_WORDS[letter] for letter in point[-2:])
    return f"{_WORDS[point[0]]}-{last}" if len(point) == 3 else last

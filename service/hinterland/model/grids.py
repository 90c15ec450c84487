"""The grid of a panorama: which direction each pixel looks in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def compass_point(azimuth_deg: float) -> str:
    """Nearest of the sixteen compass points: "W" for 270 degrees."""
    return COMPASS[round(azimuth_deg / 22.5) % 16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CylindricalGrid:
    """A cylindrical (equirectangular) panorama: azimuth along samples, elevation along lines.

    Sample `s` is centred on azimuth `azimuth_left_deg + (s + 0.5) / pixels_per_degree`, line `l` on elevation
    `elevation_top_deg - (l + 0.5) / pixels_per_degree`.
    """

    azimuth_left_deg: float
    """Azimuth of the outer edge of sample 0, from north through east, in [0, 360)."""
    elevation_top_deg: float
    """Elevation of the outer edge of line 0, positive up."""
    pixels_per_degree: float
    """The same along lines and samples."""
    lines: int
    """Height."""
    samples: int
    """Width."""

    def __post_init__(self) -> None:
        if not (self.pixels_per_degree > 0 and math.isfinite(self.pixels_per_degree)):
            message = f"pixels per degree must be positive, got {self.pixels_per_degree}"
            raise ValueError(message)
        if self.lines < 1 or self.samples < 1:
            message = f"a grid has at least one pixel, got {self.lines} lines x {self.samples} samples"
            raise ValueError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        return self.lines, self.samples

    @property
    def wraps(self) -> bool:
        """True if the grid closes: its last sample is the western neighbour of its first."""
        return abs(self.samples - 360.0 * self.pixels_per_degree) < 1e-6

    def directions(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Azimuth and elevation (rad) at grid points (n, 2) of line and sample."""
        step = math.radians(1.0 / self.pixels_per_degree)
        out = np.empty_like(points)
        out[:, 0] = math.radians(self.azimuth_left_deg) + (points[:, 1] + 0.5) * step
        out[:, 1] = math.radians(self.elevation_top_deg) - (points[:, 0] + 0.5) * step
        return out

    def points(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grid points (n, 2) of azimuths and elevations (rad); samples from -0.5 round once."""
        degrees = np.degrees(directions)
        out = np.empty_like(degrees)
        out[:, 0] = (self.elevation_top_deg - degrees[:, 1]) * self.pixels_per_degree - 0.5
        out[:, 1] = np.mod(degrees[:, 0] - self.azimuth_left_deg, 360.0) * self.pixels_per_degree - 0.5
        return out

    def reduced(self, factor: int) -> CylindricalGrid:
        """The same view with blocks of `factor` x `factor` pixels made one; the last ones may stick out."""
        return replace(
            self,
            pixels_per_degree=self.pixels_per_degree / factor,
            lines=-(-self.lines // factor),
            samples=-(-self.samples // factor),
        )

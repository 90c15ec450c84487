"""The grid of a map: which coordinates of which coordinate system each sample lies at."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Affine = tuple[float, float, float, float, float, float]
"""x = a * sample + b * line + c, y = d * sample + e * line + f, at corners: sample 0 starts at 0."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north: least x, least y, largest x, largest y."""

Window = tuple[int, int, int, int]
"""Line, sample, lines, samples."""

ALIGNED_PX = 1.0 / 64.0
"""Grids whose samples lie this near to each other are one grid: the tolerance of every lattice."""

_LARGEST_SIDE = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """Lines and samples on a map.

    Points are line and sample, 0-based, whole numbers at centres; coordinates are x and y of the coordinate
    system, whatever its unit.
    """

    wkt: str
    """Coordinate system, WKT2."""
    affine: Affine
    """From sample and line corners to coordinates."""
    lines: int
    """Height."""
    samples: int
    """Width."""

    def __post_init__(self) -> None:
        a, b, _, d, e, _ = self.affine
        if not all(math.isfinite(number) for number in self.affine) or a * e - b * d == 0.0:
            message = f"its geotransform {self.affine} is not finite or has no area"
            raise ValueError(message)
        if not (1 <= self.lines <= _LARGEST_SIDE and 1 <= self.samples <= _LARGEST_SIDE):
            message = f"it has {self.lines} lines x {self.samples} samples"
            raise ValueError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        return self.lines, self.samples

    @property
    def wraps(self) -> bool:
        """False: no sample of a map has a neighbour at its other side."""
        return False

    @property
    def is_north_up(self) -> bool:
        """True if x grows with samples, y falls with lines, and neither with the other."""
        a, b, _, d, e, _ = self.affine
        return a > 0.0 > e and b == 0.0 == d

    @property
    def sample_size(self) -> float:
        """Side of a square as large as a sample, in the unit of the coordinates."""
        a, b, _, d, e, _ = self.affine
        return math.sqrt(abs(a * e - b * d))

    @property
    def bounds(self) -> Bounds:
        """Of the outer edges of the samples."""
        corners = np.array([(i, j) for i in (0, self.lines) for j in (0, self.samples)]) - 0.5
        xy = self.coordinates(corners)
        (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
        return float(west), float(south), float(east), float(north)

    def coordinates(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates (n, 2), x and y, of points (n, 2), line and sample."""
        a, b, c, d, e, f = self.affine
        line, sample = points[:, 0] + 0.5, points[:, 1] + 0.5
        return np.stack([a * sample + b * line + c, d * sample + e * line + f], axis=-1)

    def points(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 2), line and sample, of coordinates (n, 2), x and y; the inverse of `coordinates`."""
        a, b, c, d, e, f = self.affine
        x, y = coordinates[:, 0] - c, coordinates[:, 1] - f
        if b == 0.0 == d:  # without the products, whose rounding would move ties
            return np.stack([y / e - 0.5, x / a - 0.5], axis=-1)
        determinant = a * e - b * d
        return np.stack([(a * y - d * x) / determinant - 0.5, (e * x - b * y) / determinant - 0.5], axis=-1)

    def part(self, window: Window) -> MapGrid:
        """The grid of a window, which may stick out."""
        line, sample, lines, samples = window
        a, b, c, d, e, f = self.affine
        corner = a * sample + b * line + c, d * sample + e * line + f
        return replace(self, affine=(a, b, corner[0], d, e, corner[1]), lines=lines, samples=samples)

    def reduced(self, factor: int) -> MapGrid:
        """The same map with blocks of `factor` x `factor` samples made one; the last ones may stick out."""
        a, b, c, d, e, f = self.affine
        return replace(
            self,
            affine=(factor * a, factor * b, c, factor * d, factor * e, f),
            lines=-(-self.lines // factor),
            samples=-(-self.samples // factor),
        )

    def extended(self, bounds: Bounds) -> MapGrid:
        """The samples of the same endless lattice that cover the bounds, to `ALIGNED_PX`."""
        west, south, east, north = bounds
        corners = self.points(np.array([(x, y) for x in (west, east) for y in (south, north)])) + 0.5
        first = np.floor(corners.min(axis=0) + ALIGNED_PX)
        last = np.maximum(np.ceil(corners.max(axis=0) - ALIGNED_PX), first + 1)
        if not np.abs(np.stack([first, last])).max() < _LARGEST_SIDE:
            message = f"samples of {self.sample_size:g} are absurdly small for {bounds}"
            raise ValueError(message)
        (line, sample), (lines, samples) = first.astype(int), (last - first).astype(int)
        return self.part((int(line), int(sample), int(lines), int(samples)))

    def shift_to(self, other: MapGrid) -> tuple[int, int] | None:
        """Lines and samples to add to this grid's points to have the other's; None if more than that is needed.

        The other grid has the same coordinate system; corners of this grid agree to `ALIGNED_PX`.
        """
        corners = np.array([(i, j) for i in (0.0, self.lines - 1.0) for j in (0.0, self.samples - 1.0)])
        found = other.points(self.coordinates(corners))
        whole = np.rint(found[0] - corners[0])
        if not (np.abs(found - corners - whole) <= ALIGNED_PX).all():
            return None
        return int(whole[0]), int(whole[1])


def inside(window: Window, wide: Window) -> tuple[slice, slice]:
    """Lines and samples of a window in a wider one that holds it."""
    down, right = window[0] - wide[0], window[1] - wide[1]
    return slice(down, down + window[2]), slice(right, right + window[3])


def north_up_grid(wkt: str, bounds: Bounds, resolution: float) -> MapGrid:
    """The grid of square samples that covers bounds, from their north-west corner.

    Parameters
    ----------
    wkt : str
        Coordinate system.
    bounds : Bounds
        To cover.
    resolution : float
        Size of a sample in the unit of the coordinates.

    Raises
    ------
    ValueError
        If the bounds are empty or not finite, or the resolution is not positive or absurdly fine.
    """
    west, south, east, north = bounds
    if not (all(math.isfinite(bound) for bound in bounds) and west < east and south < north):
        message = f"an extent is west, south, east, north, finite and not empty, got {bounds}"
        raise ValueError(message)
    if not (resolution > 0.0 and math.isfinite(resolution)):
        message = f"a resolution is positive, got {resolution}"
        raise ValueError(message)
    corner = MapGrid(wkt=wkt, affine=(resolution, 0.0, west, 0.0, -resolution, north), lines=1, samples=1)
    return corner.extended(bounds)

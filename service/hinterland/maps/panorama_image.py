"""The panorama's own samples, read coarsely: which directions it shows, and its skyline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.panorama_view import cylindrical_grid
from hinterland.maps.skyline_trace import trace_skyline
from hinterland.model.grids import CylindricalGrid
from hinterland.products.geotiff import read_reduced

_PIXELS_PER_DEGREE = 10.0
_LOWEST_SKYLINE_DEG = -20.0
"""Below it lie ground and the rover, whose edges are sharper than a skyline."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanoramaImage:
    """A panorama reduced to about a tenth of a degree a sample."""

    grid: CylindricalGrid
    """Of the panorama at full resolution."""
    samples: NDArray[np.float32]
    """(bands, lines, samples), reduced."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where valid."""

    @property
    def elevations_deg(self) -> NDArray[np.float64]:
        """(lines,) of the centres of lines."""
        lines = np.arange(self.mask.shape[0])
        height_deg = self.grid.lines / self.grid.pixels_per_degree
        elevations: NDArray[np.float64] = (
            self.grid.elevation_top_deg - (lines + 0.5) * height_deg / self.mask.shape[0]
        )
        return elevations

    def shows(self, azimuths: NDArray[np.float64], elevations: NDArray[np.float64]) -> NDArray[np.bool_]:
        """True for directions in the picture.

        Parameters
        ----------
        azimuths, elevations : (...) float64
            Directions, rad; an elevation that is nan is not in the picture.
        """
        height, width = self.mask.shape
        scale = self.grid.pixels_per_degree
        across = np.mod(np.degrees(azimuths) - self.grid.azimuth_left_deg, 360.0) * scale / self.grid.samples
        down = (self.grid.elevation_top_deg - np.degrees(elevations)) * scale / self.grid.lines
        inside = (across < 1.0) & (down >= 0.0) & (down < 1.0)
        line = np.where(inside, down * height, 0.0).astype(np.intp)
        sample = np.where(inside, across * width, 0.0).astype(np.intp)
        shown: NDArray[np.bool_] = (
            inside & self.mask[np.minimum(line, height - 1), np.minimum(sample, width - 1)]
        )
        return shown

    def elevation_spans(self, azimuths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outer edges of what is in the picture at azimuths (rad): (n, 2), from low to high, rad.

        Gaps between are not looked at. At an azimuth where nothing is, the nearest column that shows
        something is taken: a view's outermost azimuth may belong to less than a sample.
        """
        height, width = self.mask.shape
        shown = np.flatnonzero(self.mask.any(axis=0))
        if shown.size == 0:
            return np.full((len(azimuths), 2), np.nan)
        scale = width * self.grid.pixels_per_degree / self.grid.samples
        places = np.mod(np.degrees(azimuths) - self.grid.azimuth_left_deg, 360.0) * scale
        nearest = shown[np.abs(shown + 0.5 - places[:, None]).argmin(axis=1)]
        first = self.mask.argmax(axis=0)[nearest]
        last = height - self.mask[::-1].argmax(axis=0)[nearest]
        line_deg = self.grid.lines / self.grid.pixels_per_degree / height
        spans: NDArray[np.float64] = np.radians(
            self.grid.elevation_top_deg - np.stack([last, first], axis=-1) * line_deg
        )
        return spans

    def skyline(self) -> NDArray[np.float64]:
        """Trace the skyline: (n,) lines of the grid in equal steps across it, nan where unknown."""
        high = int(np.count_nonzero(self.elevations_deg > _LOWEST_SKYLINE_DEG))
        if high == 0:
            return np.full(self.mask.shape[1], np.nan)
        traced = trace_skyline(self.samples[:, :high], self.mask[:high], self.mask.shape[1])
        lines: NDArray[np.float64] = (traced + 0.5) * (self.grid.lines / self.mask.shape[0]) - 0.5
        return lines


def read_panorama(bundle: Path, report: Mapping[str, Any]) -> PanoramaImage | None:
    """Read the panorama of a bundle, about ten samples a degree.

    Parameters
    ----------
    bundle : Path
        The bundle.
    report : mapping
        As in panorama.json.

    Returns
    -------
    PanoramaImage or None
        None if the bundle has no panorama.tif, or none in a cylindrical projection.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path, grid = bundle / "panorama.tif", cylindrical_grid(report)
    if grid is None or not path.is_file():
        return None
    share = min(1.0, _PIXELS_PER_DEGREE / grid.pixels_per_degree)
    lines = min(math.ceil(share * grid.lines), round(180.0 * _PIXELS_PER_DEGREE))
    samples = min(math.ceil(share * grid.samples), round(360.0 * _PIXELS_PER_DEGREE))
    values, mask = read_reduced(path, lines, samples)
    return PanoramaImage(grid=grid, samples=values.astype(np.float32), mask=mask)

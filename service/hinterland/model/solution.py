"""What the adjustment of one stop has found: surface, corrected cameras, levelling, residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hinterland.model.cameras import CameraModel
from hinterland.model.products import Product
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.pixel.surface import Surface
from hinterland_kernels.pixel.vector import Vector

NO_FLAT = Flat()
UP: Vector = (0.0, 0.0, -1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceModel:
    """The surface that rays are carried to, in the local-level frame of the stop."""

    kind: str
    """"plane" or "infinity"."""
    normal: Vector = UP
    """Unit normal of the plane, pointing up."""
    distance: float = math.nan
    """`normal . point` of the plane's points, m; nan at infinity."""
    source: str = "infinity"
    """How it was found: "infinity", "nominal" (ground under the wheels) or "fitted" (to the tie points)."""

    def __post_init__(self) -> None:
        if self.kind not in {"plane", "infinity"} or (self.kind == "infinity") != math.isnan(self.distance):
            message = f"a surface is a plane at a distance, or infinity, got {self.kind!r} at {self.distance}"
            raise ValueError(message)

    @property
    def numbers(self) -> Surface:
        """The surface as the kernels take it."""
        return Surface(normal=self.normal, distance=self.distance)


INFINITY = SurfaceModel(kind="infinity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Rotation that the adjustment gave a camera about its own centre, degrees."""

    azimuth_deg: float = 0.0
    """About the vertical, clockwise from above."""
    elevation_deg: float = 0.0
    """Upwards."""
    twist_deg: float = 0.0
    """About the viewing direction, clockwise as seen by the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedFrame:
    """One image that takes part, with what the adjustment gave it."""

    product: Product
    """Which image."""
    camera: CameraModel
    """Corrected, in the local-level frame, in the pixel grid of the file."""
    correction: Correction = Correction()
    """From the label's pointing to the corrected one; the tiles of an exposure share it."""
    gain: tuple[float, ...] = (1.0,)
    """Per band: level sample = gain * flat * DN + offset."""
    offset: tuple[float, ...] = (0.0,)
    """Per band, DN."""
    flat: Flat = NO_FLAT
    """Undoes the lens's darkening away from its axis; 1 everywhere if none was found."""
    tie_points: int = 0
    """How many accepted tie points touch this frame."""
    residual_median_px: float | None = None
    """Median residual of those tie points after the correction, input pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Tie-point residuals over the whole stop, in pixels of the input images, on the chosen surface."""

    tie_points: int = 0
    """How many tie points were accepted."""
    median_px: float | None = None
    """After the correction; None without tie points."""
    p95_px: float | None = None
    """95th percentile after the correction."""
    prior_median_px: float | None = None
    """The same tie points through the label's models, on the same kind of surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The adjustment of one stop."""

    frames: tuple[SolvedFrame, ...]
    """In the order of the inputs; the i-th, counted from 1, is sample value i of `sources.tif`."""
    surface: SurfaceModel
    """Chosen surface."""
    viewpoint: Vector
    """Where the panorama is seen from: m, in the local-level frame."""
    residuals: Residuals = Residuals()
    """Of the pointing."""
    is_solved: bool = True
    """False if the pointing was known: then no tie points were looked for."""

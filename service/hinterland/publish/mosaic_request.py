"""What the user asked of an orbital mosaic, checked before a file is opened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import InputError
from hinterland.model.map_grids import Bounds
from hinterland.mosaics.levellings import LEVELLINGS, MODELS
from hinterland.mosaics.orthomosaic import LIGHT
from hinterland.mosaics.orthomosaic_plan import JOINS, METHODS, PRIORITIES
from hinterland.products.cog import COMPRESSIONS
from hinterland_kernels.feather import NARROWEST_PX, WIDEST_PX
from hinterland_kernels.warp import KERNELS

FEATHER_PX = 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MosaicRequest:
    """What the user asked for."""

    rasters: tuple[Path, ...]
    """Georeferenced rasters."""
    out: Path
    """The mosaic, a GeoTIFF."""
    crs: str | None = None
    """Coordinate system; None is the first raster's."""
    resolution: float | None = None
    """Size of a sample in the coordinate system's unit; None is the finest raster's."""
    extent: Bounds | None = None
    """West, south, east, north in coordinates of the mosaic; None is that of all rasters."""
    method: str = "blend"
    """One of `METHODS`."""
    priority: str | None = None
    """One of `PRIORITIES`; None is resolution for a blend, and order otherwise."""
    levelling: str = "auto"
    """One of `LEVELLINGS`."""
    reference: Path | None = None
    """What heights are levelled to; None is the first raster."""
    join: str = "seams"
    """How a blend joins rasters, one of `JOINS`."""
    feather_px: float | None = None
    """Width over which a feathered raster fades in from its edge; None is `FEATHER_PX`."""
    fill_m: float | None = None
    """Holes no wider than twice this are filled; None fills none."""
    relief: bool = False
    """Draw shaded relief beside the mosaic."""
    slope: bool = False
    """Draw the slope beside the mosaic."""
    light_deg: tuple[float, float] | None = None
    """Azimuth and elevation of the light on the relief; None is `LIGHT`."""
    kernel: str = "bilinear"
    """Resampling kernel."""
    memory_bytes: int | None = None
    """Resident memory not to exceed; None is 1 GiB beside what the process holds already."""
    compress: str = "deflate"
    """One of `COMPRESSIONS`."""
    overviews: bool = True
    """Store reduced copies too."""
    backend: str = "auto"
    """"auto", "cpu" or "cuda"."""
    overwrite: bool = False
    """Replace a mosaic that is there."""
    workers: int | None = None
    """Tiles made at a time; None is one for each core. It changes no sample."""

    def __post_init__(self) -> None:
        for option, value, allowed in (
            ("--method", self.method, METHODS),
            ("--priority", self.priority or PRIORITIES[0], PRIORITIES),
            ("--level", self.levelling, LEVELLINGS),
            ("--join", self.join, JOINS),
            ("--kernel", self.kernel, tuple(KERNELS)),
            ("--compress", self.compress, COMPRESSIONS),
        ):
            if value not in allowed:
                message = f"{option} {value}: choose one of {', '.join(allowed)}"
                raise InputError(message)
        if self.resolution is not None and not (self.resolution > 0.0 and math.isfinite(self.resolution)):
            message = f"--resolution {self.resolution:g}: give the size of a sample, more than 0"
            raise InputError(message)
        self._check_terrain()

    def _check_terrain(self) -> None:
        """Refuse options that would be passed over, and numbers that make no sense."""
        message = None
        if self.reference is not None and self.levelling not in MODELS:
            message = (
                f"--reference {self.reference}: nothing is levelled to it; pass --level offset or plane too"
            )
        elif self.join == "feather" and self.method != "blend":
            message = f"--join feather: is a join of --method blend, not of {self.method}"
        elif self.feather_px is not None and self.join != "feather":
            message = f"--feather {self.feather_px:g}: pass --join feather too"
        elif self.feather_px is not None and not NARROWEST_PX <= self.feather_px <= WIDEST_PX:
            message = f"--feather {self.feather_px:g}: give {NARROWEST_PX} to {WIDEST_PX} samples"
        elif self.light_deg is not None and not self.relief:
            message = "--light: falls on the shaded relief; pass --relief too"
        elif self.light_deg is not None and not (
            math.isfinite(sum(self.light_deg)) and 0 < self.light_deg[1] <= 90
        ):
            message = (
                f"--light {self.light_deg[0]:g} {self.light_deg[1]:g}: give an azimuth, and an elevation of "
                "more than 0 and at most 90 degrees"
            )
        if message is not None:
            raise InputError(message)

    @property
    def light(self) -> tuple[float, float]:
        """Azimuth and elevation of the light, rad."""
        return (
            LIGHT
            if self.light_deg is None
            else (math.radians(self.light_deg[0]), math.radians(self.light_deg[1]))
        )

    def as_options(self) -> dict[str, object]:
        """What changes the result, as JSON values; neither where it goes nor what it runs on does."""
        return {
            "crs": self.crs,
            "resolution": self.resolution,
            "extent": None if self.extent is None else list(self.extent),
            "method": self.method,
            "priority": self.priority,
            "level": self.levelling,
            "reference": None if self.reference is None else self.reference.name,
            "join": self.join,
            "feather_px": self.feather_px,
            "fill_m": self.fill_m,
            "light_deg": None if self.light_deg is None else list(self.light_deg),
            "kernel": self.kernel,
        }

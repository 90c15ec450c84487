"""What is asked of a panorama."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hinterland.adjust.pointing import SURFACES
from hinterland.errors import InputError
from hinterland.mosaics.plan import TILE_PX
from hinterland_kernels.warp import KERNELS

PROJECTIONS = ("cylindrical",)
PANORAMA_KERNELS = tuple(kernel for kernel in KERNELS if kernel != "bspline3")
"""A spline's coefficients are as large as four frames of 8 bits, which plans do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanoramaRequest:
    """What the user asked for."""

    frames: tuple[Path, ...]
    """Image files."""
    metadata: tuple[Path, ...] = ()
    """Feed files."""
    out: Path
    """The bundle."""
    surface: str = "auto"
    """One of `SURFACES`."""
    projection: str = "cylindrical"
    """One of `PROJECTIONS`."""
    pixels_per_degree: float | None = None
    """None is the frames' own resolution."""
    kernel: str = "lanczos3"
    """Resampling kernel."""
    backend: str = "auto"
    """"auto", "cpu" or "cuda"."""
    overwrite: bool = False
    """Replace a bundle that is there."""
    tile_px: int = TILE_PX
    """Edge of a tile, more or less; smaller where the memory does not allow it. It changes no sample."""
    memory_bytes: int | None = None
    """Resident memory not to exceed; None is `MEMORY_SHARE` of the machine's."""
    nav: Path | None = None
    """nav.json of an earlier bundle of these frames: its pointing is taken, and none is solved."""

    def __post_init__(self) -> None:
        for option, value, allowed in (
            ("--surface", self.surface, SURFACES),
            ("--projection", self.projection, PROJECTIONS),
            ("--kernel", self.kernel, PANORAMA_KERNELS),
        ):
            if value not in allowed:
                message = f"{option} {value}: choose one of {', '.join(allowed)}"
                raise InputError(message)

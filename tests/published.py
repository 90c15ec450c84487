"""A published bundle as its reader finds it, by the names of its public files and fields alone."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from hinterland.model.grids import CylindricalGrid

_KEYS = ("azimuth_left_deg", "elevation_top_deg", "pixels_per_degree", "lines", "samples")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """What a bundle says and shows."""

    report: dict[str, Any]
    """panorama.json."""
    grid: CylindricalGrid
    """Of the report's projection."""
    panorama: NDArray[np.float32]
    """(bands, lines, samples) of panorama.tif."""
    mask: NDArray[np.bool_]
    """(lines, samples) of panorama.tif, True where valid."""
    sources: NDArray[np.uint16]
    """(lines, samples) of sources.tif."""


def read_bundle(folder: Path) -> Published:
    """Read the report and the rasters of a bundle."""
    report = json.loads((folder / "panorama.json").read_text())
    with warnings.catch_warnings():
        # a panorama lies on directions, not on the ground
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(folder / "panorama.tif") as opened:
            panorama, mask = opened.read().astype(np.float32), opened.dataset_mask() > 0
        with rasterio.open(folder / "sources.tif") as opened:
            sources = opened.read(1)
    return Published(
        report=report,
        grid=CylindricalGrid(**{key: report["projection"][key] for key in _KEYS}),
        panorama=panorama,
        mask=mask,
        sources=sources,
    )

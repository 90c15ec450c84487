"""The rasters of a panorama, tile by tile, and what the tiles show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from hinterland.errors import NothingToDoError
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.seams import SeamMeter
from hinterland.publish.stages import Stages
from hinterland.publish.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What the tiles have shown."""

    view: View
    seen: frozenset[int]
    """Indices into the solution of the frames that give a pixel."""
    visibility: float | None


def write_rasters(composition: Composition, workers: int, folder: Path, stages: Stages) -> Finished:
    """Make the tiles, some at a time, and write panorama.tif and sources.tif into a folder.

    Raises
    ------
    NothingToDoError
        If no pixel is valid.
    """
    plan = composition.plan
    grid = plan.grid
    lines_covered = np.zeros(grid.lines, dtype=np.bool_)
    sample_weights = np.zeros(grid.samples)
    elevations_deg = grid.elevation_top_deg - (np.arange(grid.lines) + 0.5) / grid.pixels_per_degree
    solid_angles = np.cos(np.radians(elevations_deg))
    seen: set[int] = set()
    meter = SeamMeter(grid.shape, wraps=grid.wraps)
    georeference = {
        "projection": "cylindrical",
        "azimuth_left_deg": grid.azimuth_left_deg,
        "elevation_top_deg": grid.elevation_top_deg,
        "pixels_per_degree": grid.pixels_per_degree,
    }
    size: dict[str, Any] = {"lines": grid.lines, "samples": grid.samples, "metadata": georeference}
    stop = composition.solution.frames[0].product.stop
    total = plan.tile_count + 1
    with stages.stage("blending", total):
        tiles = composition.tiles(workers=workers)
        first = next(tiles)
        # slow to import: meanwhile the next tiles are made
        from hinterland.products.cog import RasterWriter  # noqa: PLC0415

        panorama = RasterWriter(
            folder / "panorama.tif",
            bands=composition.bands,
            dtype=composition.dtype,
            description=f"Panorama, {stop}",
            **size,
        )
        sources = RasterWriter(
            folder / "sources.tif",
            bands=1,
            dtype=np.uint16,
            labels=True,
            description=f"Source frames of the panorama, {stop}",
            **size,
        )
        with panorama, sources:
            for done, tile in enumerate(chain([first], tiles), start=1):
                line, sample, lines, samples = tile.window
                panorama.write(line, sample, tile.samples, tile.mask)
                sources.write(line, sample, tile.sources[None])
                lines_covered[line : line + lines] |= tile.mask.any(axis=1)
                sample_weights[sample : sample + samples] += solid_angles[line : line + lines] @ tile.mask
                meter.add(line, sample, tile.samples, tile.sources)
                seen.update(np.unique(tile.sources).tolist())
                stages.advance("blending", done, total)
            panorama.finish()
            sources.finish()
    if not lines_covered.any():
        message = "the frames cover no pixel of the panorama: every sample of theirs is masked"
        raise NothingToDoError(message)
    return Finished(
        view=View.covered(grid, lines_covered, sample_weights),
        seen=frozenset(source - 1 for source in seen if source),
        visibility=meter.visibility,
    )

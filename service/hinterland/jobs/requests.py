"""From what an attempt is asked for to what the engine takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hinterland.jobs.attempt_request import AttemptRequest
from hinterland.jobs.specs import InputFile, MosaicSpec, OverviewSpec, PanoramaSpec, input_files
from hinterland.maps.overview import OverviewRequest
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama_request import PanoramaRequest

MOSAIC, MAP = "mosaic.tif", "overview.png"
"""Names of results that are no bundle."""


def panorama_request(spec: PanoramaSpec, asked: AttemptRequest) -> PanoramaRequest:
    """A panorama's spec as the engine takes it."""
    paths = _paths(spec, asked)
    return PanoramaRequest(
        frames=tuple(paths[file] for file in spec.frames),
        metadata=tuple(paths[file] for file in spec.metadata),
        out=asked.out,
        surface=spec.surface,
        projection=spec.projection,
        pixels_per_degree=spec.pixels_per_degree,
        kernel=spec.kernel,
        nav=None if spec.nav is None else paths[spec.nav],
        backend=asked.backend,
        memory_bytes=asked.memory_bytes,
    )


def mosaic_request(spec: MosaicSpec, asked: AttemptRequest) -> MosaicRequest:
    """A mosaic's spec as the engine takes it."""
    paths = _paths(spec, asked)
    return MosaicRequest(
        rasters=tuple(paths[file] for file in spec.rasters),
        out=asked.out / MOSAIC,
        crs=spec.crs,
        resolution=spec.resolution,
        extent=spec.extent,
        method=spec.method,
        priority=spec.priority,
        levelling=spec.level,
        kernel=spec.kernel,
        compress=spec.compress,
        reference=None if spec.reference is None else paths[spec.reference],
        join=spec.join,
        feather_px=spec.feather_px,
        fill_m=spec.fill_m,
        relief=spec.relief,
        slope=spec.slope,
        light_deg=spec.light,
        backend=asked.backend,
        memory_bytes=asked.memory_bytes,
    )


def overview_request(spec: OverviewSpec, asked: AttemptRequest, panorama: Path) -> OverviewRequest:
    """A map's spec as the engine takes it; the panorama's bundle is read only."""
    paths = _paths(spec, asked)

    def path(file: InputFile | None) -> Path | None:
        return None if file is None else paths[file]

    return OverviewRequest(
        panorama=panorama,
        base_maps=tuple(paths[file] for file in spec.base_maps),
        dem=path(spec.dem),
        route=tuple(paths[file] for file in spec.routes),
        position=spec.position,
        planned=path(spec.planned),
        places=path(spec.places),
        range_m=spec.range_m,
        mast_height_m=spec.mast_height_m,
        apply_heading=spec.apply_heading,
        side_m=spec.side_m,
        width_px=spec.width_px,
        credit=spec.credit,
        out=asked.out / MAP,
    )


def _paths(spec: PanoramaSpec | MosaicSpec | OverviewSpec, asked: AttemptRequest) -> dict[InputFile, Path]:
    return dict(zip(input_files(spec), asked.inputs, strict=True))


def without_paths(message: str, folders: Sequence[Path]) -> str:
    """A message for the user, who knows the names of files but not where the server keeps them."""
    for folder in sorted(folders, key=lambda folder: -len(str(folder))):
        message = message.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return message

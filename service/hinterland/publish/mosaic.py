"""An orbital mosaic from rasters to files: inspect, plan, level, cut, make the tiles, publish."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hinterland.errors import CapabilityError, InputError, NothingToDoError
from hinterland.model.map_grids import Bounds
from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import METHODS, PICKS, PRIORITIES, MosaicPlan, plan_mosaic
from hinterland.mosaics.orthomosaic_previews import LEVELLINGS, MosaicPreviews
from hinterland.products.georeferenced import MapRaster, inspect_raster
from hinterland.products.georeferenced_reader import MapReader
from hinterland.products.georeferenced_writer import COMPRESSIONS, Layout, MapWriter
from hinterland.progress import Progress, silent
from hinterland.publish.memory import resident_bytes
from hinterland.publish.mosaic_files import beside, mosaic_folder, publish_mosaic
from hinterland.publish.mosaic_report import mosaic_report
from hinterland.publish.mosaic_room import check_room, outline
from hinterland.publish.observer import Observer, nobody
from hinterland_kernels.backend import CPU_NAME, Backend, BackendMissingError, choose
from hinterland_kernels.warp import KERNELS

ROOM_BYTES = 1 << 30
_MOST_SOURCES = (1 << 16) - 1


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
    kernel: str = "bilinear"
    """Resampling kernel."""
    memory_bytes: int | None = None
    """Resident memory not to exceed; None is `ROOM_BYTES` beside what the process holds already."""
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
            ("--kernel", self.kernel, tuple(KERNELS)),
            ("--compress", self.compress, COMPRESSIONS),
        ):
            if value not in allowed:
                message = f"{option} {value}: choose one of {', '.join(allowed)}"
                raise InputError(message)
        if self.resolution is not None and not (self.resolution > 0.0 and math.isfinite(self.resolution)):
            message = f"--resolution {self.resolution:g}: give the size of a sample, more than 0"
            raise InputError(message)


def make_mosaic(
    request: MosaicRequest, progress: Progress = silent, observer: Observer = nobody
) -> dict[str, Any]:
    """Mosaic georeferenced rasters and publish the files.

    Beside `OUT.tif` stand `OUT.json`, the report, and, where each sample has one source, `OUT.sources.tif` and
    `OUT.resolution.tif`. All appear once they are whole, the mosaic last.

    Parameters
    ----------
    request : MosaicRequest
        Rasters and options.
    progress : Progress
        Told what is done of each stage.
    observer : Observer
        Told the plan.

    Returns
    -------
    dict
        The report, as written to `OUT.json`.

    Raises
    ------
    InputError
        If the inputs or options cannot be used as they are.
    CapabilityError
        If the backend asked for is missing.
    NothingToDoError
        If no raster reaches the extent, or none has a valid sample in it.
    """
    timing_s: dict[str, float] = {}
    backend = _backend(request.backend)
    with mosaic_folder(request.out, overwrite=request.overwrite) as folder:
        with _stage("inspecting", timing_s, progress, len(request.rasters)):
            rasters = _inspected(request)
            plan = _planned(rasters, request, backend)
            check_room(plan, folder)
            memory_bytes = request.memory_bytes or resident_bytes() + ROOM_BYTES
            observer.planned(outline(plan, memory_bytes, backend))
        with MapReader(plan.cache_bytes) as reader:
            mosaic = _prepared(plan, request, reader, backend, timing_s, progress)
            shown = _write(mosaic, rasters, request, folder, timing_s, progress)
            report = mosaic_report(mosaic, rasters, _options(request), shown, timing_s)
        (folder / f"{request.out.stem}.json").write_text(json.dumps(report, indent=2) + "\n")
        publish_mosaic(folder, request.out)
    return report


def _backend(name: str) -> Backend:
    try:
        return choose(name)
    except BackendMissingError as error:
        message = f"--backend {name}: {error}; --backend cpu runs everywhere"
        raise CapabilityError(message) from error


def _inspected(request: MosaicRequest) -> list[MapRaster]:
    if not request.rasters:
        message = "no raster was given"
        raise NothingToDoError(message)
    if len(request.rasters) > _MOST_SOURCES:
        message = f"{len(request.rasters)} rasters are more than {_MOST_SOURCES}; mosaic them in groups"
        raise InputError(message)
    return [inspect_raster(path) for path in request.rasters]


def _planned(rasters: Sequence[MapRaster], request: MosaicRequest, backend: Backend) -> MosaicPlan:
    workers = request.workers or len(os.sched_getaffinity(0))
    used = resident_bytes()
    budget = used + ROOM_BYTES if request.memory_bytes is None else request.memory_bytes
    return plan_mosaic(
        rasters,
        Request(
            crs=request.crs,
            resolution=request.resolution,
            extent=request.extent,
            method=request.method,
            priority=request.priority,
            kernel=request.kernel,
            memory_bytes=budget,
        ),
        used_bytes=used,
        workers=workers if backend.name == CPU_NAME else 1,
    )


def _prepared(
    plan: MosaicPlan,
    request: MosaicRequest,
    reader: MapReader,
    backend: Backend,
    timing_s: dict[str, float],
    progress: Progress,
) -> Orthomosaic:
    if plan.method != "blend":
        return Orthomosaic(plan=plan, reader=reader, backend=backend)
    previews = MosaicPreviews(plan, reader, backend)
    with _stage("levelling", timing_s, progress):
        reduced = previews.previews()
        levels = previews.levels(reduced, request.levelling)
    with _stage("seams", timing_s, progress):
        labels = previews.labels(reduced, levels)
    return Orthomosaic(plan=plan, reader=reader, labels=labels, levels=levels, backend=backend)


def _write(
    mosaic: Orthomosaic,
    rasters: Sequence[MapRaster],
    request: MosaicRequest,
    folder: Path,
    timing_s: dict[str, float],
    progress: Progress,
) -> set[int]:
    """Make the tiles and write all rasters; returns which sources (from 1) show, if the method has sources."""
    plan = mosaic.plan
    shown: set[int] = set()
    valid = False
    layout = Layout(compress=request.compress, overviews=request.overviews)
    nodata = next((value for raster in rasters for value in raster.nodata if value is not None), None)
    with ExitStack() as stack:

        def writer(name: str, dtype: np.dtype[Any], what: str, **options: Any) -> MapWriter:  # noqa: ANN401
            settings: dict[str, Any] = {"bands": 1, "nodata": None, **options}
            return stack.enter_context(
                MapWriter(
                    folder / name,
                    plan.grid,
                    dtype=dtype,
                    layout=layout,
                    description=f"{what}, {request.method} of {len(rasters)} rasters",
                    metadata={"METHOD": request.method},
                    **settings,
                )
            )

        main = writer(
            request.out.name, plan.dtype, "Mosaic", bands=plan.bands, nodata=_fitting(nodata, plan.dtype)
        )
        sources = resolution = None
        if plan.method in {"blend", *PICKS}:
            sources = writer(beside(request.out, "sources"), np.dtype(np.uint16), "Sources", labels=True)
            resolution = writer(
                beside(request.out, "resolution"), np.dtype(np.float32), "Metres that the ground resolves"
            )
        total = plan.tile_count + 1
        with _stage("mosaicking", timing_s, progress, total):
            for done, tile in enumerate(mosaic.tiles(), start=1):
                line, sample, _, _ = tile.window
                progress("mosaicking", done, total)
                if not tile.mask.any():
                    continue  # what no tile covers has no data, and takes no room
                valid = True
                main.write(line, sample, tile.samples, tile.mask)
                if sources and resolution and tile.sources is not None and tile.resolution is not None:
                    sources.write(line, sample, tile.sources[None])
                    resolution.write(line, sample, tile.resolution[None], tile.mask)
                    shown.update(np.unique(tile.sources).tolist())
            if not valid:
                message = "no raster has a valid sample in the extent of the mosaic; give another --extent"
                raise NothingToDoError(message)
            for one in (main, sources, resolution):
                if one:
                    one.finish()
    return shown - {0}


def _options(request: MosaicRequest) -> dict[str, object]:
    """What changes the result; neither where it goes nor what it runs on does."""
    return {
        "crs": request.crs,
        "resolution": request.resolution,
        "extent": None if request.extent is None else list(request.extent),
        "method": request.method,
        "priority": request.priority,
        "level": request.levelling,
        "kernel": request.kernel,
    }


def _fitting(nodata: float | None, dtype: np.dtype[Any]) -> float | None:
    """A nodata value as the mosaic's dtype can hold it; None where it cannot."""
    if nodata is None or dtype.kind == "f":
        return nodata
    limits = np.iinfo(dtype)
    return nodata if limits.min <= nodata <= limits.max and nodata % 1.0 == 0.0 else None


@contextmanager
def _stage(name: str, timing_s: dict[str, float], progress: Progress, total: int = 1) -> Iterator[None]:
    start = time.perf_counter()
    progress(name, 0, total)
    yield
    timing_s[name] = round(time.perf_counter() - start, 3)
    progress(name, total, total)

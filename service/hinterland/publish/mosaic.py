"""An orbital mosaic from rasters to files: inspect, plan, level, cut, make the tiles, publish."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hinterland.errors import CapabilityError, InputError, NothingToDoError
from hinterland.mosaics.levellings import MODELS
from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import MosaicPlan, plan_mosaic
from hinterland.products.cog import Storage
from hinterland.products.georeferenced import MapRaster, inspect_raster
from hinterland.products.georeferenced_reader import MapReader
from hinterland.progress import Progress, silent
from hinterland.publish.memory import resident_bytes
from hinterland.publish.mosaic_files import mosaic_folder, publish_mosaic
from hinterland.publish.mosaic_rasters import MosaicRasters
from hinterland.publish.mosaic_report import mosaic_report
from hinterland.publish.mosaic_request import FEATHER_PX, MosaicRequest
from hinterland.publish.mosaic_room import check_room, outline
from hinterland.publish.observer import Observer, nobody
from hinterland.publish.rescue import Rescue
from hinterland_kernels.backend import Backend, BackendMissingError, choose

if TYPE_CHECKING:
    from hinterland.model.previews import LevelPreview

ROOM_BYTES = 1 << 30
_MOST_SOURCES = (1 << 16) - 1


def make_mosaic(
    request: MosaicRequest, progress: Progress = silent, observer: Observer = nobody
) -> dict[str, Any]:
    """Mosaic georeferenced rasters and publish the files.

    Beside `OUT.tif` stand `OUT.json`, the report; where each sample has one source, `OUT.sources.tif` and
    `OUT.resolution.tif`; and, where asked for, `OUT.relief.tif` and `OUT.slope.tif`. All appear once they are
    whole, the mosaic last.

    Parameters
    ----------
    request : MosaicRequest
        Rasters and options.
    progress : Progress
        Told what is done of each stage.
    observer : Observer
        Told the plan, and what was done otherwise than on the backend asked for.

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
            reference = None if request.reference is None else inspect_raster(request.reference)
            plan = _planned(rasters, request, backend)
            check_room(plan, folder)
            memory_bytes = request.memory_bytes or resident_bytes() + ROOM_BYTES
            observer.planned(outline(plan, memory_bytes, backend))
        with MapReader(plan.cache_bytes) as reader:
            mosaic = Orthomosaic(plan=plan, reader=reader, light=request.light, backend=backend)
            rescue = Rescue(backend, observer)
            mosaic = _prepared(mosaic, request, reference, rescue, timing_s, progress)
            shown = _written(mosaic, rasters, request, folder, rescue, timing_s, progress)
            report = mosaic_report(mosaic, rasters, reference, request.as_options(), shown, timing_s)
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
    plan = plan_mosaic(
        rasters,
        Request(
            crs=request.crs,
            resolution=request.resolution,
            extent=request.extent,
            method=request.method,
            priority=request.priority,
            kernel=request.kernel,
            join=request.join,
            feather_px=FEATHER_PX if request.feather_px is None else request.feather_px,
            levels_heights=request.levelling in MODELS,
            fill_m=request.fill_m,
            relief=request.relief,
            slope=request.slope,
            memory_bytes=budget,
        ),
        used_bytes=used,
        workers=workers,
    )
    return replace(plan, workers=backend.at_once(plan.workers, plan.worker_bytes))


def _prepared(
    mosaic: Orthomosaic,
    request: MosaicRequest,
    reference: MapRaster | None,
    rescue: Rescue,
    timing_s: dict[str, float],
    progress: Progress,
) -> Orthomosaic:
    """Level the rasters and cut the seams, where that is asked for."""
    plan = mosaic.plan
    levelling, has_seams = request.levelling, plan.method == "blend" and plan.join == "seams"
    if levelling == "auto" and (plan.method != "blend" or plan.dtype.kind == "f"):
        levelling = "none"
    if levelling == "none" and not has_seams:
        return mosaic
    # it loads much that a mosaic without levels and seams does not need
    from hinterland.mosaics.orthomosaic_previews import MosaicPreviews  # noqa: PLC0415

    def levelled(
        plan: MosaicPlan, backend: Backend
    ) -> tuple[Orthomosaic, MosaicPreviews, list[LevelPreview]]:
        previews = MosaicPreviews(plan, mosaic.reader, backend)
        reduced = previews.previews()
        if levelling in MODELS:
            heights = previews.heights(reduced, levelling, reference)
            return replace(mosaic, heights=heights), previews, previews.lifted(reduced, heights)
        return replace(mosaic, levels=previews.levels(reduced, levelling)), previews, reduced

    with _stage("levelling", timing_s, progress):
        even, previews, reduced = rescue.carry_out("levelling", plan, levelled)
    if not has_seams:
        return even
    with _stage("seams", timing_s, progress):
        return replace(even, labels=previews.labels(reduced, even.levels))


def _written(
    mosaic: Orthomosaic,
    rasters: Sequence[MapRaster],
    request: MosaicRequest,
    folder: Path,
    rescue: Rescue,
    timing_s: dict[str, float],
    progress: Progress,
) -> set[int]:
    """Write all rasters, on the CPU at the worst; returns which sources (from 1) show, if the method has any."""

    def written(plan: MosaicPlan, backend: Backend) -> set[int]:
        smaller = replace(mosaic, plan=plan, backend=backend)
        return _write(smaller, rasters, request, folder, timing_s, progress)

    return rescue.carry_out("mosaicking", mosaic.plan, written, is_tiled=True)


def _write(
    mosaic: Orthomosaic,
    rasters: Sequence[MapRaster],
    request: MosaicRequest,
    folder: Path,
    timing_s: dict[str, float],
    progress: Progress,
) -> set[int]:
    """Make the tiles and write all rasters."""
    plan = mosaic.plan
    storage = Storage(compress=request.compress, overviews=request.overviews)
    nodata = next((value for raster in rasters for value in raster.nodata if value is not None), None)
    total = plan.tile_count + 1
    with (
        MosaicRasters(
            plan, folder, request.out, storage=storage, nodata=nodata, inputs=len(rasters)
        ) as files,
        _stage("mosaicking", timing_s, progress, total),
    ):
        for done, tile in enumerate(mosaic.tiles(), start=1):
            progress("mosaicking", done, total)
            files.write(tile)
        if not files.has_samples:
            message = "no raster has a valid sample in the extent of the mosaic; give another --extent"
            raise NothingToDoError(message)
        files.finish()
    return files.shown


@contextmanager
def _stage(name: str, timing_s: dict[str, float], progress: Progress, total: int = 1) -> Iterator[None]:
    start = time.perf_counter()
    progress(name, 0, total)
    yield
    timing_s[name] = round(time.perf_counter() - start, 3)
    progress(name, total, total)

"""An orbital mosaic from rasters to files: inspect, plan, level, cut, make the tiles, publish."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hinterland import __version__
from hinterland.adjust.levelling import Level
from hinterland.errors import CapabilityError, InputError, NothingToDoError
from hinterland.model.map_grids import Bounds, MapGrid
from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import METHODS, PICKS, PRIORITIES, MosaicPlan, plan_mosaic
from hinterland.mosaics.orthomosaic_previews import LEVELLINGS, MosaicPreviews
from hinterland.products.georeferenced import MapRaster, inspect_raster
from hinterland.products.georeferenced_reader import MapReader
from hinterland.products.georeferenced_writer import COMPRESSIONS, Layout, MapWriter
from hinterland.progress import Progress, silent
from hinterland_kernels.backend import CPU_NAME, Backend, BackendMissingError, choose
from hinterland_kernels.warp import KERNELS

MEMORY_BYTES = 1 << 30
_MOST_SOURCES = (1 << 16) - 1
_REPORTED_VERSIONS = ("numpy", "numba", "rasterio", "pyproj")


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
    memory_bytes: int = MEMORY_BYTES
    """Resident memory not to exceed."""
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


def make_mosaic(request: MosaicRequest, progress: Progress = silent) -> dict[str, Any]:
    """Mosaic georeferenced rasters and publish the files.

    Beside `OUT.tif` stand `OUT.json`, the report, and, where each sample has one source, `OUT.sources.tif` and
    `OUT.resolution.tif`. All appear once they are whole, the mosaic last.

    Parameters
    ----------
    request : MosaicRequest
        Rasters and options.
    progress : Progress
        Told what is done of each stage.

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
    with _folder(request) as folder:
        with _stage("inspecting", timing_s, progress, len(request.rasters)):
            rasters = _inspected(request)
            plan = _planned(rasters, request, backend)
            _check_room(plan, folder)
        with MapReader(plan.cache_bytes) as reader:
            mosaic = _prepared(plan, request, reader, backend, timing_s, progress)
            shown = _write(mosaic, rasters, request, folder, timing_s, progress)
            report = _report(mosaic, rasters, request, shown, timing_s)
        (folder / f"{request.out.stem}.json").write_text(json.dumps(report, indent=2) + "\n")
        _publish(folder, request.out)
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
    return plan_mosaic(
        rasters,
        Request(
            crs=request.crs,
            resolution=request.resolution,
            extent=request.extent,
            method=request.method,
            priority=request.priority,
            kernel=request.kernel,
            memory_bytes=request.memory_bytes,
        ),
        used_bytes=_resident_bytes(),
        workers=workers if backend.name == CPU_NAME else 1,
    )


def _check_room(plan: MosaicPlan, folder: Path) -> None:
    """Refuse what the disk cannot hold before hours are spent on it."""
    has_sources = plan.method in {"blend", *PICKS}
    per_sample = plan.bands * plan.dtype.itemsize + (6 if has_sources else 0)
    needed, free = plan.grid.lines * plan.grid.samples * per_sample, shutil.disk_usage(folder).free
    if needed > free:
        message = (
            f"the mosaic of {plan.grid.samples} x {plan.grid.lines} samples needs {needed / 1e9:.1f} GB of disk "
            f"while it is made, {free / 1e9:.1f} GB are free; give a larger --resolution or a smaller --extent"
        )
        raise InputError(message)


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
            sources = writer(_beside(request.out, "sources"), np.dtype(np.uint16), "Sources", labels=True)
            resolution = writer(
                _beside(request.out, "resolution"), np.dtype(np.float32), "Metres that the ground resolves"
            )
        total = plan.tile_count + 1
        with _stage("mosaicking", timing_s, progress, total):
            for done, tile in enumerate(mosaic.tiles(), start=1):
                line, sample, _, _ = tile.window
                main.write(line, sample, tile.samples, tile.mask)
                valid |= bool(tile.mask.any())
                if sources and resolution and tile.sources is not None and tile.resolution is not None:
                    sources.write(line, sample, tile.sources[None])
                    resolution.write(line, sample, tile.resolution[None], tile.mask)
                    shown.update(np.unique(tile.sources).tolist())
                progress("mosaicking", done, total)
            if not valid:
                message = "no raster has a valid sample in the extent of the mosaic; give another --extent"
                raise NothingToDoError(message)
            for one in (main, sources, resolution):
                if one:
                    one.finish()
    return shown - {0}


def _fitting(nodata: float | None, dtype: np.dtype[Any]) -> float | None:
    """A nodata value as the mosaic's dtype can hold it; None where it cannot."""
    if nodata is None or dtype.kind == "f":
        return nodata
    limits = np.iinfo(dtype)
    return nodata if limits.min <= nodata <= limits.max and nodata % 1.0 == 0.0 else None


def _beside(out: Path, what: str) -> str:
    return f"{out.stem}.{what}{out.suffix}"


def _report(
    mosaic: Orthomosaic,
    rasters: Sequence[MapRaster],
    request: MosaicRequest,
    shown: set[int],
    timing_s: dict[str, float],
) -> dict[str, Any]:
    plan = mosaic.plan
    placed = {placement.index: position for position, placement in enumerate(plan.placements)}
    return {
        "grid": _grid_report(plan.grid),
        "method": request.method,
        "bands": plan.bands,
        "dtype": plan.dtype.name,
        "rasters": [
            _raster_report(index, raster, mosaic, placed.get(index), shown)
            for index, raster in enumerate(rasters)
        ],
        "notes": list(plan.notes),
        "timing_s": timing_s,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "bytes_read": mosaic.reader.bytes_read,
        "backend": mosaic.backend.name,
        "versions": {"hinterland": __version__, **{name: version(name) for name in _REPORTED_VERSIONS}},
        "inputs_digest": _digest(rasters, request),
    }


def _grid_report(grid: MapGrid) -> dict[str, Any]:
    return {
        "crs": grid.wkt,
        "affine": list(grid.affine),
        "lines": grid.lines,
        "samples": grid.samples,
        "bounds": list(grid.bounds),
    }


def _raster_report(
    index: int, raster: MapRaster, mosaic: Orthomosaic, position: int | None, shown: set[int]
) -> dict[str, Any]:
    one: dict[str, Any] = {"index": index + 1, "product": raster.path.name, "format": raster.driver}
    if position is None:
        return {**one, "used": False, "reason": "off the extent"}
    placement = mosaic.plan.placements[position]
    level: Level | None = None if mosaic.levels is None else mosaic.levels[position]
    has_sources = mosaic.plan.method in {"blend", *PICKS}
    used = not has_sources or index + 1 in shown
    return {
        **one,
        "resolution_m": placement.metres if math.isfinite(placement.metres) else None,
        "resampled": placement.shift is None,
        "reduced_by": placement.factor,
        "gain": None if level is None else list(level.gain),
        "offset": None if level is None else list(level.offset),
        "used": used,
        "reason": None if used else "hidden behind the other rasters, or without a valid sample",
    }


def _digest(rasters: Sequence[MapRaster], request: MosaicRequest) -> str:
    """Of what changes the result: options, and each input's name, size and time of change."""
    options = (request.crs, request.resolution, request.extent, request.method, request.priority)
    digest = hashlib.sha256(repr((options, request.levelling, request.kernel)).encode())
    for raster in rasters:
        facts = raster.path.stat()
        digest.update(repr((raster.path.name, facts.st_size, facts.st_mtime_ns)).encode())
    return digest.hexdigest()


@contextmanager
def _stage(name: str, timing_s: dict[str, float], progress: Progress, total: int = 1) -> Iterator[None]:
    start = time.perf_counter()
    progress(name, 0, total)
    yield
    timing_s[name] = round(time.perf_counter() - start, 3)
    progress(name, total, total)


@contextmanager
def _folder(request: MosaicRequest) -> Iterator[Path]:
    """A hidden folder beside the mosaic, removed in the end."""
    out = request.out
    if out.suffix.lower() not in {".tif", ".tiff"}:
        message = f"{out}: a mosaic is a GeoTIFF; give a name that ends in .tif"
        raise InputError(message)
    if out.exists() and (not out.is_file() or not request.overwrite):
        message = f"{out} exists; pass --overwrite to replace it, or choose another place"
        raise InputError(message)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    except OSError as error:
        message = f"{out}: a mosaic cannot be written there: {error.strerror or error}"
        raise InputError(message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(folder: Path, out: Path) -> None:
    """Move the files to their place, the mosaic last; what an older mosaic had beside it goes."""
    made = {file.name for file in folder.iterdir()}
    for what in ("sources", "resolution"):
        if _beside(out, what) not in made:
            with contextlib.suppress(FileNotFoundError):
                (out.parent / _beside(out, what)).unlink()
    for name in sorted(made, key=lambda name: name == out.name):
        (folder / name).replace(out.parent / name)
    handle = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _resident_bytes() -> int:
    """Memory that this process holds now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

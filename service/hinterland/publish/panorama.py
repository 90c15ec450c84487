"""A panorama from frames to bundle: read, tie, point, level, cut, blend, publish."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland import __version__
from hinterland.adjust.pointing import solve_pointing
from hinterland.adjust.tie_points import find_tie_points
from hinterland.errors import CapabilityError, InputError, NothingToDoError
from hinterland.model.products import Dropped, Image
from hinterland.model.solution import Solution
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.plan import Plan, plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.seams import SeamMeter
from hinterland.mosaics.warping import build_lattices, place_sources
from hinterland.products import load_images, one_stop
from hinterland.products.geotiff import TileWriter, read_reduced
from hinterland.progress import Progress, silent
from hinterland.publish.bundle import REPORT, Bundle
from hinterland.publish.nav import write_nav
from hinterland.publish.page import write_page
from hinterland.publish.preview import write_preview
from hinterland.publish.report import make_report, write_report
from hinterland.publish.stac import write_item
from hinterland.publish.view import View
from hinterland_kernels.backend import Backend, BackendMissingError, choose
from hinterland_kernels.warp import KERNELS

SURFACES = ("auto", "plane", "infinity")
PROJECTIONS = ("cylindrical",)
_REPORTED_VERSIONS = ("numpy", "numba", "opencv-python-headless", "rasterio", "scipy")


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
    tile_px: int = 1024
    """Edge of a tile; it changes no sample."""

    def __post_init__(self) -> None:
        for option, value, allowed in (
            ("--surface", self.surface, SURFACES),
            ("--projection", self.projection, PROJECTIONS),
            ("--kernel", self.kernel, tuple(KERNELS)),
        ):
            if value not in allowed:
                message = f"{option} {value}: choose one of {', '.join(allowed)}"
                raise InputError(message)


class _Stages:
    """Times the stages and hands progress on."""

    def __init__(self, progress: Progress) -> None:
        self.timing_s: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        """Time a stage; it is reported as begun, and as done when it ends without an error."""
        start = time.perf_counter()
        self._progress(name, 0, total)
        yield
        self.timing_s[name] = round(time.perf_counter() - start, 3)
        self._progress(name, total, total)

    def advance(self, name: str, done: int, total: int) -> None:
        """Report a part of a stage."""
        self._progress(name, done, total)


def make_bundle(request: PanoramaRequest, progress: Progress = silent) -> dict[str, Any]:
    """Make the panorama of one stop and publish its bundle.

    Parameters
    ----------
    request : PanoramaRequest
        Frames and options.
    progress : Progress
        Told what is done of each stage.

    Returns
    -------
    dict
        The report, as written to panorama.json.

    Raises
    ------
    InputError
        If the inputs or options cannot be used as they are.
    CapabilityError
        If the backend asked for is missing.
    NothingToDoError
        If no frame can be used.
    """
    stages = _Stages(progress)
    backend = _backend(request.backend)
    # entered before anything is read: a place that cannot be written is said at once
    with Bundle(request.out, overwrite=request.overwrite) as bundle:
        with stages.stage("reading", len(request.frames)):
            images, dropped = _read(request)
        solution = _solve(images, request, stages)
        plan = plan_panorama(solution, pixels_per_degree=request.pixels_per_degree, tile_px=request.tile_px)
        composition = _prepare(images, solution, plan, request, backend, stages)
        finished = _blend(composition, bundle.folder, stages)
        with stages.stage("publishing"):
            report = make_report(
                solution=composition.solution,
                grid=plan.grid,
                view=finished.view,
                used=finished.used,
                dropped=dropped,
                visibility=finished.visibility,
                timing_s=stages.timing_s,
                peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                backend=backend.name,
                versions=_versions(),
                options=_options(request),
            )
            _publish(bundle.folder, report, composition.solution, plan, finished.view)
    return report


def _backend(name: str) -> Backend:
    try:
        return choose(name)
    except BackendMissingError as error:
        message = f"--backend {name}: {error}; --backend cpu runs everywhere"
        raise CapabilityError(message) from error


def _read(request: PanoramaRequest) -> tuple[tuple[Image, ...], tuple[Dropped, ...]]:
    loaded = load_images(request.frames, request.metadata or None)
    images = loaded.usable()
    one_stop(images)
    return images, loaded.dropped


def _solve(images: tuple[Image, ...], request: PanoramaRequest, stages: _Stages) -> Solution:
    with stages.stage("tie points"):
        ties = find_tie_points(images)
    with stages.stage("pointing"):
        return solve_pointing(images, ties, request.surface)


def _prepare(
    images: tuple[Image, ...],
    solution: Solution,
    plan: Plan,
    request: PanoramaRequest,
    backend: Backend,
    stages: _Stages,
) -> Composition:
    sources = place_sources(images, max(len(image.samples) for image in images), backend)
    with stages.stage("levelling"):
        previews = Previews(plan, solution, sources, backend)
        solution = previews.levelled(max(image.largest for image in images))
    with stages.stage("seams"):
        labels = previews.labels(solution)
    return Composition(
        plan=plan,
        solution=solution,
        lattices=build_lattices(plan, solution),
        sources=sources,
        labels=labels,
        dtype=np.result_type(*(image.samples.dtype for image in images)),
        kernel=request.kernel,
        backend=backend,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """What the tiles have shown."""

    view: View
    used: tuple[bool, ...]
    visibility: float | None


def _blend(composition: Composition, folder: Path, stages: _Stages) -> _Finished:
    """Make the tiles and write both rasters."""
    plan = composition.plan
    grid = plan.grid
    lines_covered = np.zeros(grid.lines, dtype=np.bool_)
    samples_covered = np.zeros(grid.samples, dtype=np.bool_)
    seen: set[int] = set()
    meter = SeamMeter()
    georeference = {
        "projection": "cylindrical",
        "azimuth_left_deg": grid.azimuth_left_deg,
        "elevation_top_deg": grid.elevation_top_deg,
        "pixels_per_degree": grid.pixels_per_degree,
    }
    size: dict[str, Any] = {"lines": grid.lines, "samples": grid.samples, "metadata": georeference}
    stop = composition.solution.frames[0].product.stop
    panorama = TileWriter(
        folder / "panorama.tif",
        bands=composition.bands,
        dtype=composition.dtype,
        description=f"Panorama, {stop}",
        **size,
    )
    sources = TileWriter(
        folder / "sources.tif",
        bands=1,
        dtype=np.uint16,
        labels=True,
        description=f"Source frames of the panorama, {stop}",
        **size,
    )
    total = plan.tile_count + 1
    with stages.stage("blending", total), panorama, sources:
        for done, tile in enumerate(composition.tiles(workers=len(os.sched_getaffinity(0))), start=1):
            line, sample, lines, samples = tile.window
            panorama.write(line, sample, tile.samples, tile.mask)
            sources.write(line, sample, tile.sources[None])
            lines_covered[line : line + lines] |= tile.mask.any(axis=1)
            samples_covered[sample : sample + samples] |= tile.mask.any(axis=0)
            meter.add(tile.samples, tile.sources)
            seen.update(np.unique(tile.sources).tolist())
            stages.advance("blending", done, total)
        panorama.finish()
        sources.finish()
    if not samples_covered.any():
        message = "the frames cover no pixel of the panorama: every sample of theirs is masked"
        raise NothingToDoError(message)
    return _Finished(
        view=View.covered(grid, lines_covered, samples_covered),
        used=tuple(index + 1 in seen for index in range(len(composition.solution.frames))),
        visibility=meter.visibility,
    )


def _publish(folder: Path, report: dict[str, Any], solution: Solution, plan: Plan, view: View) -> None:
    def reduced(lines: int, samples: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        return read_reduced(folder / "panorama.tif", lines, samples)

    write_nav(folder / "nav.json", solution.frames)
    write_preview(folder / "preview.jpg", plan.grid, reduced)
    write_report(folder / REPORT, report)
    write_page(folder, report, view)
    write_item(folder, report, view, datetime.now(UTC))  # last: it lists what is there


def _versions() -> dict[str, str]:
    return {"hinterland": __version__, **{name: version(name) for name in _REPORTED_VERSIONS}}


def _options(request: PanoramaRequest) -> dict[str, object]:
    """What changes the result; neither where it goes nor what it runs on does."""
    return {
        "surface": request.surface,
        "projection": request.projection,
        "pixels_per_degree": request.pixels_per_degree,
        "kernel": request.kernel,
    }

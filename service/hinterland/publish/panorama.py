"""A panorama from frames to bundle: read, tie, point, level, cut, blend, publish."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hinterland import __version__
from hinterland.adjust.known_pointing import known_pointing
from hinterland.adjust.pointing import solve_pointing
from hinterland.adjust.tie_points import find_tie_points
from hinterland.adjust.tie_values import ties_from_bytes, ties_to_bytes
from hinterland.errors import CapabilityError
from hinterland.model.products import Dropped, Image
from hinterland.model.solution import Solution
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.panorama_memory import bytes_needed, plan_within, tile_bytes
from hinterland.mosaics.plan import Placement, Plan, plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.warping import build_lattices
from hinterland.products.load import load_images
from hinterland.products.stops import one_stop
from hinterland.progress import Progress, silent
from hinterland.publish.bundle import Bundle
from hinterland.publish.frame_rescue import FrameRescue
from hinterland.publish.memory import machine_bytes, resident_bytes
from hinterland.publish.nav import Nav, read_nav
from hinterland.publish.observer import Observer, Outline, nobody
from hinterland.publish.panorama_request import PanoramaRequest
from hinterland.publish.report import make_report
from hinterland.publish.run_facts import made_at
from hinterland.publish.stages import Stages
from hinterland.publish.unused import unused_frames
from hinterland_kernels.backend import Backend, BackendMissingError, choose
from hinterland_kernels.lattice import Lattice

if TYPE_CHECKING:
    from hinterland.publish.rasters import Finished

MEMORY_SHARE = 0.75
_SMALL_FILES_BYTES = 4 << 20
_TIES = "tie_points"
_REPORTED_VERSIONS = ("numpy", "numba", "opencv-python-headless", "rasterio", "scipy")


def make_bundle(
    request: PanoramaRequest, progress: Progress = silent, observer: Observer = nobody
) -> dict[str, Any]:
    """Make the panorama of one stop and publish its bundle.

    Parameters
    ----------
    request : PanoramaRequest
        Frames and options.
    progress : Progress
        Told what is done of each stage.
    observer : Observer
        Told the plan; keeps the tie points for another run.

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
    stages = Stages(progress)
    made = made_at()
    backend = _backend(request.backend)
    nav = None if request.nav is None else read_nav(request.nav)
    # entered before anything is read: a place that cannot be written is said at once
    with Bundle(request.out, overwrite=request.overwrite) as bundle:
        with stages.stage("reading", len(request.frames)):
            images, dropped = _read(request)
        solution = _solve(images, request, nav, stages, observer)
        with stages.stage("planning"):
            rescue = FrameRescue(images, max(len(image.samples) for image in images), backend, observer)
            planned = _planned(images, solution, request, rescue)
            observer.planned(_outline(planned, images, backend))
        composition, level_step = _prepare(images, solution, planned, request, rescue, stages)
        finished = _written(composition, planned, rescue, bundle.folder, stages)
        with stages.stage("publishing"):
            from hinterland.publish.panorama_files import write_pictures, write_words  # noqa: PLC0415 - as the rasters

            write_pictures(bundle.folder, composition, planned.workers)
            report = make_report(
                solution=composition.solution,
                grid=composition.plan.grid,
                view=finished.view,
                unused=unused_frames(images, composition, finished.seen),
                dropped=dropped,
                visibility=finished.visibility,
                level_step=level_step,
                timing_s=stages.timing_s(),
                backend=backend.name,
                versions=_versions(),
                options=_options(request),
            )
            write_words(bundle.folder, report, finished.view, made)
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


def _solve(
    images: tuple[Image, ...], request: PanoramaRequest, nav: Nav | None, stages: Stages, observer: Observer
) -> Solution:
    if nav is not None:
        with stages.stage("pointing"):
            return known_pointing(images, nav.cameras, nav.surface, request.surface)
    with stages.stage("tie points"):
        kept = observer.load(_TIES)
        ties = None if kept is None else ties_from_bytes(kept, len(images))
        if ties is None:
            ties = find_tie_points(images, workers=len(os.sched_getaffinity(0)))
            observer.save(_TIES, ties_to_bytes(ties))
    with stages.stage("pointing"):
        return solve_pointing(images, ties, request.surface)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A plan that fits the memory, and what is made for it."""

    plan: Plan
    lattices: dict[Placement, Lattice]
    workers: int


def _planned(
    images: Sequence[Image], solution: Solution, request: PanoramaRequest, rescue: FrameRescue
) -> _Planned:
    plan = plan_panorama(solution, pixels_per_degree=request.pixels_per_degree, tile_px=request.tile_px)
    budget = request.memory_bytes
    bands = max(len(image.samples) for image in images)
    workers = len(os.sched_getaffinity(0))

    def fitted() -> tuple[Plan, int]:
        return plan_within(
            plan,
            int(MEMORY_SHARE * machine_bytes()) if budget is None else budget,
            bands=bands,
            workers=workers,
            source_bytes=resident_bytes(),
        )

    fitted()  # what is absurd is refused before lattices and copies are made
    lattices = build_lattices(plan, solution, workers)

    def placed(_: Plan, backend: Backend) -> tuple[Backend, int]:
        frames = (array for source in rescue.sources(backend) for array in (source.samples, source.mask))
        maps = (part for lattice in lattices.values() for part in lattice if isinstance(part, np.ndarray))
        return backend, sum(array.nbytes for array in itertools.chain(frames, maps))

    backend, placed_bytes = rescue.carry_out("planning", plan, placed)
    plan, workers = fitted()
    workers = backend.at_once(workers, tile_bytes(plan, bands), placed_bytes)
    return _Planned(plan=plan, lattices=lattices, workers=workers)


def _outline(planned: _Planned, images: Sequence[Image], backend: Backend) -> Outline:
    plan = planned.plan
    bands = max(len(image.samples) for image in images)
    # panorama, its mask and the sources, each with overviews that add a third; the page's tiles and the preview
    stored = (bands * np.result_type(*(image.samples.dtype for image in images)).itemsize + 3) * 4 / 3
    pixels = plan.grid.lines * plan.grid.samples
    return Outline(
        lines=plan.grid.lines,
        samples=plan.grid.samples,
        bands=bands,
        tiles=plan.tile_count,
        memory_bytes=bytes_needed(plan, bands, planned.workers, resident_bytes()),
        output_bytes=math.ceil(pixels * (stored + 4.0)) + _SMALL_FILES_BYTES,
        backend=backend.name,
    )


def _prepare(
    images: Sequence[Image],
    solution: Solution,
    planned: _Planned,
    request: PanoramaRequest,
    rescue: FrameRescue,
    stages: Stages,
) -> tuple[Composition, float | None]:
    """Level the frames and cut the seams; also the `level_step` along them."""

    def previewed(plan: Plan, backend: Backend) -> tuple[Previews, Solution]:
        previews = Previews(plan, solution, rescue.sources(backend), backend, planned.workers)
        return previews, previews.levelled()

    def seamed(_: Plan, backend: Backend) -> tuple[NDArray[np.int16], float | None]:
        return previews.on(rescue.sources(backend), backend).labels(solution)

    with stages.stage("levelling"):
        previews, solution = rescue.carry_out("levelling", planned.plan, previewed)
    with stages.stage("seams"):
        labels, level_step = rescue.carry_out("seams", planned.plan, seamed)
    composition = Composition(
        plan=planned.plan,
        solution=solution,
        lattices=planned.lattices,
        sources=rescue.placed,
        labels=labels,
        dtype=np.result_type(*(image.samples.dtype for image in images)),
        kernel=request.kernel,
    )
    return composition, level_step


def _written(
    composition: Composition, planned: _Planned, rescue: FrameRescue, folder: Path, stages: Stages
) -> Finished:
    from hinterland.publish.rasters import write_rasters  # noqa: PLC0415 - slow to import, and needed late

    def written(plan: Plan, backend: Backend) -> Finished:
        with backend.own_stream():  # all tiles read them
            lattices = {at: backend.to_device(lattice) for at, lattice in composition.lattices.items()}
            labels = backend.to_device(composition.labels)
        placed = replace(
            composition,
            plan=plan,
            lattices=lattices,
            sources=rescue.sources(backend),
            labels=labels,
            backend=backend,
        )
        return write_rasters(placed, planned.workers, folder, stages)

    return rescue.carry_out("blending", planned.plan, written, is_tiled=True)


def _versions() -> dict[str, str]:
    return {"hinterland": __version__, **{name: version(name) for name in _REPORTED_VERSIONS}}


def _options(request: PanoramaRequest) -> dict[str, object]:
    """What changes the result; neither where it goes nor what it runs on does."""
    known = {} if request.nav is None else {"nav_sha256": sha256(request.nav.read_bytes()).hexdigest()}
    return {
        "surface": request.surface,
        "projection": request.projection,
        "pixels_per_degree": request.pixels_per_degree,
        "kernel": request.kernel,
        **known,
    }

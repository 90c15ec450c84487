"""A whole job beside its parts run apart: how well decoding, copies, loops and encoding overlap."""

from __future__ import annotations

import itertools
import statistics
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.energy import joules_of
from benchmarks.harness import CORES, Figure, Settings, seconds_of
from benchmarks.service.bench_mosaic import write_picture
from hinterland.model.map_grids import Window
from hinterland.mosaics.orthomosaic import Orthomosaic, Tile
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_layers import Warper
from hinterland.mosaics.orthomosaic_plan import MosaicPlan, plan_mosaic
from hinterland.products.cog import Storage
from hinterland.products.georeferenced import MapRaster, inspect_raster
from hinterland.products.georeferenced_reader import MapReader, Samples
from hinterland.publish.memory import resident_bytes
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_rasters import MosaicRasters
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland_kernels.backend import CPU, CPU_NAME, Backend

_TARGET = "+proj=stere +lat_0=45 +R=3396190 +units=m"
_METRES = 100.0
_CENTRE_Y = 2_667_361.0
_MEMORY_BYTES = 8 << 30
_ROUNDS = 3
Given = TypeVar("Given")
_Key = tuple[Window, int]
"""Window and factor."""


def run(settings: Settings) -> list[Figure]:
    """A map of bytes, deflated, to another map, deflated, with overviews."""
    large = 8192 if settings.backend.name == CPU_NAME else 16384
    side = 512 if settings.small else large
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        half = 0.5 * side * _METRES
        source = folder / "source.tif"
        west, north = -1.05 * half, _CENTRE_Y + 1.05 * half
        size = int(2.1 * half / _METRES)
        write_picture(source, size, size, west, north, "uint8", 0.15, compress="deflate", tiled=True)
        request = MosaicRequest(
            rasters=(source,),
            out=folder / "ours.tif",
            crs=_TARGET,
            resolution=_METRES,
            extent=(-half, -half, half, half),
            method="first",
            overwrite=True,
            memory_bytes=_MEMORY_BYTES,
            workers=CORES,
            backend=settings.backend.name,
        )
        return [_figure(request, folder, side, settings)]


def _figure(request: MosaicRequest, folder: Path, side: int, settings: Settings) -> Figure:
    parts = Parts(request, folder, settings)
    works: dict[str, Callable[[], object]] = {
        "decode_s": parts.decode,
        "compute_s": parts.compute,
        "encode_s": parts.encode,
        "whole_s": lambda: make_mosaic(request),
    }
    if settings.backend.name != CPU_NAME:
        works["copy_s"] = parts.copy
    for work in works.values():
        work()  # code is loaded, files are in the cache
    rounds = [
        {name: seconds_of(work) for name, work in works.items()} for _ in range(min(_ROUNDS, settings.rounds))
    ]
    seconds = {name: statistics.median(one[name] for one in rounds) for name in works}
    parts_s = [one for name, one in seconds.items() if name != "whole_s"]
    if settings.backend.name == CPU_NAME:  # they share its cores
        limit, what = sum(parts_s), "the parts together"
    else:
        limit, what = max(parts_s), "the slowest part"
    joules = None if settings.backend.name == CPU_NAME else joules_of(works["whole_s"])
    return Figure(
        name=f"job beside its parts, map to map, uint8, {side} x {side}",
        value=limit / seconds["whole_s"],
        unit=f"of {what}",
        details={**seconds, "joules": joules},
    )


class Parts:
    """The parts of a job, each of which can be done alone on what the others would have made.

    Parameters
    ----------
    request : MosaicRequest
        The job: one raster, resampled.
    folder : Path
        For what is encoded.
    settings : Settings
        Of the run.
    """

    def __init__(self, request: MosaicRequest, folder: Path, settings: Settings) -> None:
        self._backend = settings.backend
        self._folder = folder / "encoded"
        self._folder.mkdir()
        self._out = request.out
        asked = Request(
            crs=request.crs,
            resolution=request.resolution,
            extent=request.extent,
            method=request.method,
            memory_bytes=_MEMORY_BYTES,
        )
        raster = inspect_raster(request.rasters[0])
        self._plan: MosaicPlan = plan_mosaic([raster], asked, used_bytes=resident_bytes(), workers=CORES)
        with MapReader(self._plan.cache_bytes) as reader:
            self._tiles: list[Tile] = list(Orthomosaic(plan=self._plan, reader=reader).tiles())
        with _Recorder(self._plan.cache_bytes) as recorder:
            warper = self._warper(recorder, CPU)
            for tile in self._tiles:
                warper.carry(self._plan.placements[0], tile.window, self._plan.dtype)
        self._read = recorder.given
        with self._backend.own_stream():
            placed = {key: self._on_device(found) for key, (_, found) in self._read.items()}
        self._placed = self._warper(_Given(placed), self._backend)

    def _warper(self, reader: Any, backend: Backend) -> Warper:  # noqa: ANN401 - reads, as a `MapReader`
        plan = self._plan
        return Warper(
            plan.grid,
            reader,
            bands=plan.bands,
            kernel=plan.kernel,
            piece_bytes=plan.worker_bytes // 8,
            backend=backend,
        )

    def _on_device(self, found: Samples) -> Samples:
        to_device = self._backend.to_device
        return Samples(to_device(found.values), to_device(found.mask), found.is_whole)

    def decode(self) -> None:
        """Read what the tiles read."""
        with MapReader(self._plan.cache_bytes) as reader:
            self._in_threads(
                lambda key: reader.read(self._read[key][0], *key),
                self._read,
            )

    def copy(self) -> None:
        """Bring what was read to the GPU, and as much as the tiles are to the host."""
        backend = self._backend

        def copied(one: Samples | Tile) -> None:
            with backend.own_stream():
                if isinstance(one, Samples):
                    self._on_device(one)
                    return
                for array in (one.samples, one.mask):
                    backend.to_host(backend.xp.empty(array.shape, dtype=array.dtype))

        found = [found for _, found in self._read.values()]
        both = itertools.chain.from_iterable(itertools.zip_longest(found, self._tiles))
        self._in_threads(copied, [one for one in both if one is not None])

    def compute(self) -> None:
        """Make lattices and warp, from and to where the loops run."""

        def carried(tile: Tile) -> None:
            with self._backend.own_stream():
                self._placed.carry(self._plan.placements[0], tile.window, self._plan.dtype, stays=True)

        self._in_threads(carried, self._tiles)

    def encode(self) -> None:
        """Write the tiles to all files of the job."""
        storage = Storage()
        with MosaicRasters(
            self._plan, self._folder, self._out, storage=storage, nodata=None, inputs=1
        ) as files:
            for tile in self._tiles:
                files.write(tile)
            files.finish()

    def _in_threads(self, work: Callable[[Given], object], given: Iterable[Given]) -> None:
        with ThreadPoolExecutor(self._plan.workers) as pool:
            for _ in pool.map(work, given):
                pass


class _Recorder(MapReader):
    """Keeps what was read, and of which raster."""

    def __init__(self, cache_bytes: int) -> None:
        super().__init__(cache_bytes)
        self.given: dict[_Key, tuple[MapRaster, Samples]] = {}

    def read(self, raster: MapRaster, window: Window, factor: int = 1) -> Samples:
        found = super().read(raster, window, factor)
        self.given[window, factor] = raster, found
        return found


class _Given:
    """Gives what was read before."""

    def __init__(self, given: dict[_Key, Samples]) -> None:
        self._given = given

    def read(self, _: MapRaster, window: Window, factor: int = 1) -> Samples:
        """As a reader of the one raster."""
        return self._given[window, factor]

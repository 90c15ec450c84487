"""What this machine offers, for `hinterland doctor`."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path

from hinterland import __version__
from hinterland.demo import Example, examples
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest
from hinterland_kernels.backend import BackendMissingError, compiled_folder, cuda

PACKAGES = (
    "numpy",
    "numba",
    "rasterio",
    "opencv-python-headless",
    "scipy",
    "numba-cuda",
    "cupy-cuda12x",
    "cupy-cuda13x",
)


def examine() -> Iterator[tuple[str, str]]:
    """Yield name and finding, line by line."""
    yield "hinterland", __version__
    yield "python", f"{platform.python_version()} on {platform.machine()} {platform.system()}"
    yield "cores", str(len(os.sched_getaffinity(0)))
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"
    try:
        yield "cuda", cuda().device
    except BackendMissingError as error:
        yield "cuda", f"no: {error}"
    yield "kernel cache", str(compiled_folder())


def compile_kernels() -> float:
    """Make small panoramas and maps of the examples, so that their kernels lie in the cache; seconds taken.

    Frames are of 16 bits in grey and of 8 bits in colour, maps of 8 bits and of floats. A compiler keeps one core
    busy, so two processes share the work; the last panorama finds done what the first and the maps need too.
    """
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        first, *others = examples()
        folder = Path(name)
        jobs = [pool.submit(_make_panorama, first, folder), pool.submit(_make_maps, examples(), folder)]
        jobs += [pool.submit(_make_panorama, example, folder) for example in others]
        for job in jobs:
            job.result()
    return time.perf_counter() - start


def _make_panorama(example: Example, folder: Path) -> None:
    make_bundle(
        PanoramaRequest(
            frames=example.frames,
            metadata=example.metadata,
            out=folder / example.name,
            pixels_per_degree=4.0,
            backend="cpu",
        )
    )


def _make_maps(of: Sequence[Example], folder: Path) -> None:
    for example in of:
        for raster in (example.base_map, example.dem):
            if raster is not None:
                make_mosaic(
                    MosaicRequest(
                        rasters=(raster,),
                        out=folder / f"{raster.stem}.tif",
                        crs="IAU_2015:49910",
                        resolution=2.0,
                        relief=raster == example.dem,
                        slope=raster == example.dem,
                        backend="cpu",
                    )
                )

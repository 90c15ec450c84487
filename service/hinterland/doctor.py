"""What this machine offers, for `hinterland doctor`."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numba

from hinterland import __version__
from hinterland.demo import examples
from hinterland.publish.panorama import PanoramaRequest, make_bundle
from hinterland_kernels.backend import BackendMissingError, cuda

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
    yield "kernel cache", str(numba.config.CACHE_DIR)


def compile_kernels() -> float:
    """Run the examples once, small, so that their kernels lie compiled in the cache; seconds taken.

    They are of 16 bits in grey and of 8 bits in colour, as rover frames are.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for example in examples():
            make_bundle(
                PanoramaRequest(
                    frames=example.frames,
                    metadata=example.metadata,
                    out=Path(folder) / example.name,
                    pixels_per_degree=4.0,
                    backend="cpu",
                )
            )
    return time.perf_counter() - start

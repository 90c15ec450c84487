"""Multi-band blending of whole mosaics of 8-bit colour frames, beside OpenCV's MultiBandBlender."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import CORES, Figure, Settings, floor_share, paired
from benchmarks.kernels.scene import texture
from hinterland_kernels.backend import CPU, CPU_NAME
from hinterland_kernels.blend import Layer, halo, multiband

_BANDS = 3
_LEVELS = 5
_AGREE_DN = 3.0  # the peer's 16-bit pyramids are 2 DN off their own input, far from any seam


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mosaic:
    """Frames in rows and columns, each a little brighter than the one before."""

    name: str
    layers: list[Layer]
    """uint8, on the canvas."""
    owners: NDArray[np.int16]
    """(lines, samples) of the canvas: cut halfway between neighbours."""


def _mosaic(
    name: str, grid: tuple[int, int], frame: tuple[int, int], step: tuple[int, int], settings: Settings
) -> Mosaic:
    shape = tuple((count - 1) * by + size for count, by, size in zip(grid, step, frame, strict=True))
    ground = texture((shape[0], shape[1]), settings)
    layers = []
    for index, (row, column) in enumerate(itertools.product(*map(range, grid))):
        line, sample = row * step[0], column * step[1]
        band = (150.0 + 8.0 * index) * ground[line : line + frame[0], sample : sample + frame[1]]
        values = np.rint(np.stack([band, 0.9 * band, 0.8 * band])).astype(np.uint8)
        layers.append(Layer(values, np.ones(frame, np.bool_), line, sample))
    rows, columns = (
        np.clip((np.arange(length) - (size - by) // 2) // by, 0, count - 1)
        for length, size, by, count in zip(shape, frame, step, grid, strict=True)
    )
    owners = (rows[:, None] * grid[1] + columns[None]).astype(np.int16)
    return Mosaic(name=name, layers=layers, owners=owners)


def _peer(mosaic: Mosaic) -> Callable[[], NDArray[np.int16]]:
    """The peer's call, its frames interleaved and its masks made beforehand."""
    lines, samples = mosaic.owners.shape
    fed = []
    for index, layer in enumerate(mosaic.layers):
        height, width = layer.mask.shape
        part = mosaic.owners[layer.line : layer.line + height, layer.sample : layer.sample + width]
        mask = np.where(part == index, 255, 0).astype(np.uint8)
        fed.append((np.ascontiguousarray(layer.values.transpose(1, 2, 0)), mask, (layer.sample, layer.line)))

    def blend() -> NDArray[np.int16]:
        blender: Any = cv2.detail_MultiBandBlender(0, _LEVELS, cv2.CV_32F)  # type: ignore[attr-defined]
        blender.prepare((0, 0, samples, lines))
        for image, mask, corner in fed:
            blender.feed(image, mask, corner)
        blended, _ = blender.blend(None, None)
        return blended  # type: ignore[no-any-return]

    return blend


def _ours(mosaic: Mosaic) -> Callable[[], NDArray[Any]]:
    dtype = mosaic.layers[0].values.dtype
    return lambda: multiband(mosaic.layers, mosaic.owners, _LEVELS, dtype=dtype, workers=CORES)  # type: ignore[no-any-return]


def _peak_growth(
    makes: Callable[[Mosaic], Callable[[], object]], number: int, settings: Settings
) -> float | None:
    """Largest resident memory of a blend over what was resident before, bytes, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured_growth, makes, number, settings.small).result()


def _measured_growth(
    makes: Callable[[Mosaic], Callable[[], object]], number: int, small: bool
) -> float | None:
    """The same in this process; None where Linux does not tell."""
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not reset.exists():
        return None

    def resident(field: str) -> float:
        found = re.search(rf"^{field}:\s*(\d+)", status.read_text(), re.MULTILINE)
        return 1024.0 * int(found[1]) if found else 0.0

    makes(mosaics(Settings(backend=CPU, small=True))[0])()  # code is loaded
    blend = makes(mosaics(Settings(backend=CPU, small=small))[number])
    ctypes.CDLL(None).malloc_trim(0)  # what was freed is not there to begin with
    reset.write_text("5")
    before = resident("VmRSS")
    blend()
    return resident("VmHWM") - before


def mosaics(settings: Settings) -> list[Mosaic]:
    """Twelve small frames, and two large ones."""
    if settings.small:
        return [_mosaic("small", (2, 2), (160, 200), (120, 150), settings)]
    return [
        _mosaic("pano12: 12 x 1600 x 1200", (2, 6), (1200, 1600), (820, 1250), settings),
        _mosaic("pano2: 2 x 4096 x 3072", (1, 2), (3072, 4096), (1, 2057), settings),
    ]


def large_mosaic(settings: Settings) -> Mosaic:
    """Two dozen frames: a canvas of 79 Mpix."""
    return _mosaic("pano24: 24 x 2592 x 1944", (4, 6), (1944, 2592), (1450, 1980), settings)


def run(settings: Settings) -> list[Figure]:
    """Canvas megapixels a second, three bands, five levels."""
    found = mosaics(settings)
    figures = [_figure(mosaic, number, settings) for number, mosaic in enumerate(found)]
    if settings.backend.name == CPU_NAME:
        figures += [_wider_figure(found[0], dtype, settings) for dtype in (np.uint16, np.float32)]
    return figures


def widened(mosaic: Mosaic, dtype: type[np.generic]) -> Mosaic:
    """The same frames in another dtype, over all of its range; floats end at 1."""
    scale = 1.0 / 255.0 if dtype is np.float32 else np.iinfo(dtype).max / 255.0  # type: ignore[type-var]
    layers = [layer._replace(values=(layer.values * scale).astype(dtype)) for layer in mosaic.layers]
    return replace(mosaic, layers=layers)


def _wider_figure(mosaic: Mosaic, dtype: type[np.generic], settings: Settings) -> Figure:
    wide = widened(mosaic, dtype)
    pair = paired(_ours(wide), _ours(mosaic), settings.rounds)
    return Figure(
        name=f"multi-band blend, {mosaic.name}, {np.dtype(dtype).name}",
        value=mosaic.owners.size / pair.ours_s / 1e6,
        unit="Mpix/s",
        peer="ours of uint8, byte for byte",
        ratio=pair.ratio * np.dtype(dtype).itemsize,
        details={"ours_s": pair.ours_s, "uint8_s": pair.peer_s},
    )


def _figure(mosaic: Mosaic, number: int, settings: Settings) -> Figure:
    backend = settings.backend
    layers = [
        layer._replace(values=backend.to_device(layer.values), mask=backend.to_device(layer.mask))
        for layer in mosaic.layers
    ]
    owners = backend.to_device(mosaic.owners)
    peer = _peer(mosaic)

    def ours() -> Any:  # noqa: ANN401 - an array of the backend
        blend = multiband(layers, owners, _LEVELS, dtype=np.uint8, workers=CORES, backend=backend)
        settings.finish()
        return blend

    inside = slice(halo(_LEVELS) // 4, -halo(_LEVELS) // 4)
    apart = np.abs(backend.to_host(ours()).transpose(1, 2, 0).astype(np.int16) - peer())[inside, inside]
    if np.median(apart) > _AGREE_DN:
        message = f"multi-band blend: the two results differ by {np.median(apart):.3g} DN"
        raise RuntimeError(message)
    pair = paired(ours, peer, settings.rounds)
    on_cpu = backend.name == CPU_NAME
    moved = sum(layer.values.nbytes for layer in mosaic.layers) + _BANDS * mosaic.owners.size
    return Figure(
        name=f"multi-band blend, {mosaic.name}",
        value=mosaic.owners.size / pair.ours_s / 1e6,
        unit="Mpix/s",
        peer="cv2 MultiBandBlender, float weights",
        ratio=pair.ratio,
        floor=floor_share(moved, pair.ours_s, settings),
        details={
            "ours_s": pair.ours_s,
            "peer_s": pair.peer_s,
            "peak_growth_bytes": _peak_growth(_ours, number, settings) if on_cpu else None,
            "peer_peak_growth_bytes": _peak_growth(_peer, number, settings) if on_cpu else None,
            "median_difference_dn": float(np.median(apart)),
            "p99_difference_dn": float(np.percentile(apart, 99)),
        },
    )

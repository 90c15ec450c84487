"""A CAHVORE frame of 12.6 Mpix to a cylinder, coordinates included, beside OpenCV's warper and Hugin's nona."""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rasterio
from navcam_rig import ATTITUDE, whole_sensor
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from benchmarks.harness import CORES, Figure, Settings, in_threads, paired
from benchmarks.kernels.scene import texture
from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, footprint_on_grid, grid_to_image
from hinterland.model.rotations import matrix_from_quaternion
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import build_lattice, choose_step
from hinterland_kernels.warp import warp

_GROUND = SurfaceModel(kind="plane", distance=0.0, source="nominal")
_BAND_LINES = 256


def _camera(lines: int, samples: int) -> CameraModel:
    """Left Navcam of Perseverance, its whole sensor resampled, in the local-level frame."""
    sensor = whole_sensor("NLM_0015_0668288016")
    return sensor.scaled(samples / 5120, lines, samples).moved(matrix_from_quaternion(ATTITUDE))


def _ours(
    camera: CameraModel, grid: CylindricalGrid, source: NDArray[np.uint8]
) -> Callable[[], NDArray[np.uint8]]:
    """All of it: footprint, step, lattice, samples and mask; of the frame all samples are valid."""
    mask = np.ones(camera.shape, np.bool_)

    def run() -> NDArray[np.uint8]:
        viewpoint = camera.center
        exact_map = grid_to_image(grid, camera, _GROUND, viewpoint)
        (window,) = footprint_on_grid(grid, camera, _GROUND, viewpoint)
        step = choose_step(exact_map, window, camera.shape, is_gentle=True)
        lattice = build_lattice(exact_map, window, camera.shape, step=step, is_gentle=True, workers=CORES)
        line, sample, lines, samples = window
        values = np.empty((source.shape[0], lines, samples), np.uint8)
        valid = np.empty((lines, samples), np.bool_)

        def band(first: int) -> None:
            part: Window = (line + first, sample, min(_BAND_LINES, lines - first), samples)
            rows = slice(first, first + part[2])
            warp(
                source,
                mask,
                lattice,
                part,
                dtype="uint8",
                out=(values[:, rows], valid[rows]),
                is_whole=True,
            )

        in_threads(band, range(0, lines, _BAND_LINES))
        return values

    return run


def _peer(camera: CameraModel, source: NDArray[np.uint8]) -> Callable[[], NDArray[np.uint8]]:
    """The peer's pinhole camera of the same focal length, held level: it makes its maps and warps."""
    lines, samples = camera.shape
    focal = camera.pixels_per_radian
    intrinsic = np.array([[focal, 0, samples / 2], [0, focal, lines / 2], [0, 0, 1]], np.float32)
    interleaved = np.ascontiguousarray(np.moveaxis(source, 0, -1))

    def run() -> NDArray[np.uint8]:
        warper = cv2.PyRotationWarper("cylindrical", focal)
        _, warped = warper.warp(
            interleaved, intrinsic, np.eye(3, dtype=np.float32), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT
        )
        return warped  # type: ignore[return-value]

    return run


def _nona(camera: CameraModel, folder: Path, source: NDArray[np.uint8]) -> Callable[[], object] | None:
    """The peer's process on an uncompressed TIFF; None where it is not installed."""
    if shutil.which("nona") is None:
        return None
    lines, samples = camera.shape
    field = math.degrees(2.0 * math.atan(samples / 2 / camera.pixels_per_radian))
    height = round(2.0 * camera.pixels_per_radian * math.tan(lines / 2 / camera.pixels_per_radian))
    script = folder / "one.pto"
    width = math.radians(field) * camera.pixels_per_radian
    script.write_text(
        f'p f1 w{round(width)} h{height} v{field} n"TIFF_m"\nm i1\n'
        f'i w{samples} h{lines} f0 v{field} r0 p0 y0 n"{folder / "in.tif"}"\n'
    )
    _write(folder / "in.tif", source)
    command = ["nona", "-z", "NONE", "-o", str(folder / "peer"), str(script)]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def _write(path: Path, values: NDArray[np.uint8]) -> None:
    bands, lines, samples = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=samples, height=lines, count=bands, dtype="uint8"
    ) as file:
        file.write(values)


def _figures(bands: int, settings: Settings) -> list[Figure]:
    lines, samples = (192, 256) if settings.small else (3072, 4096)
    camera = _camera(lines, samples)
    scale = math.radians(camera.pixels_per_radian)
    grid = CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=90.0,
        pixels_per_degree=scale,
        lines=math.ceil(180 * scale),
        samples=math.ceil(360 * scale),
    )
    band = np.rint(255.0 * texture((lines, samples), settings)).astype(np.uint8)
    source = np.ascontiguousarray(np.broadcast_to(band, (bands, lines, samples)))
    ours, peer = _ours(camera, grid, source), _peer(camera, source)
    pixels, peer_pixels = ours()[0].size, peer().shape[0] * peer().shape[1]
    pair = paired(ours, peer, settings.rounds)
    name = f"CAHVORE frame to a cylinder, {'RGB8' if bands == 3 else 'uint8'}, bilinear, {CORES} cores"
    figures = [
        Figure(
            name=name,
            value=pixels / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="cv2.PyRotationWarper, a pinhole camera",
            ratio=pair.ratio * pixels / peer_pixels,
            details={"ours_s": pair.ours_s, "peer_s": pair.peer_s, "mpix": pixels / 1e6},
        )
    ]
    if bands == 3:
        figures += _with_files(name, camera, ours, source, pixels, settings)
    return figures


def _with_files(
    name: str,
    camera: CameraModel,
    ours: Callable[[], NDArray[np.uint8]],
    source: NDArray[np.uint8],
    pixels: int,
    settings: Settings,
) -> list[Figure]:
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        peer = _nona(camera, folder, source)
        _write(folder / "in.tif", source)

        def with_files() -> None:
            with rasterio.open(folder / "in.tif") as file:
                np.copyto(source, file.read())
            _write(folder / "ours.tif", ours())

        pair = paired(with_files, peer or (lambda: None), 1 if settings.small else 3)
        with rasterio.open(folder / ("peer0000.tif" if peer else "ours.tif")) as file:
            peer_pixels = file.width * file.height
    return [
        Figure(
            name=f"{name}, file to file",
            value=pixels / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="nona, a pinhole camera, as a process" if peer else None,
            ratio=pair.ratio * pixels / peer_pixels if peer else None,
            details={"ours_s": pair.ours_s, "peer_s": pair.peer_s if peer else None},
        )
    ]


def run(settings: Settings) -> list[Figure]:
    """Grey and colour; ours with true camera and ground, the peers with a pinhole camera of the same scale."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return _figures(1, settings) + _figures(3, settings)

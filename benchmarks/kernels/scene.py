"""What the kernels' benchmarks work on: a whole Navcam frame, its panorama, and a textured picture."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from navcam_rig import ATTITUDE, whole_sensor
from numpy.typing import NDArray

from benchmarks.harness import Settings
from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, grid_to_image
from hinterland.model.rotations import matrix_from_quaternion
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import GridToSource

_SENSOR_SIDE = 5120
_GROUND = SurfaceModel(kind="plane", distance=0.0, source="nominal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A camera, the grid of its panorama and a window of it that the frame mostly fills."""

    camera: CameraModel
    """Left Navcam of Perseverance (CAHVORE), in the local-level frame."""
    window: Window
    """Square, about the camera's axis."""
    exact_map: GridToSource
    """From grid to frame over level ground."""


@functools.cache
def scene(*, small: bool) -> Scene:
    """The whole sensor and 2048 pixels square of its panorama; a sixteenth of either where small."""
    factor = 1 / 16 if small else 1.0
    sensor = whole_sensor("NLM_0015_0668288016")
    lines, samples = round(3840 * factor), round(_SENSOR_SIDE * factor)
    camera = sensor.scaled(factor, lines, samples).moved(matrix_from_quaternion(ATTITUDE))
    scale = math.radians(camera.pixels_per_radian)
    grid = CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=90.0,
        pixels_per_degree=scale,
        lines=math.ceil(180 * scale),
        samples=math.ceil(360 * scale),
    )
    side = round(2048 * factor)
    north, east, down = camera.axis
    middle = grid.points(np.array([[math.atan2(east, north), -math.asin(down)]]))[0]
    window = (round(middle[0]) - side // 2, round(middle[1]) - side // 2, side, side)
    viewpoint = (camera.center[0] + 0.1, camera.center[1], camera.center[2])
    return Scene(camera=camera, window=window, exact_map=grid_to_image(grid, camera, _GROUND, viewpoint))


def maps(of: Scene) -> NDArray[np.float64]:
    """The exact map at every pixel of the window: (lines, samples, 2)."""
    line, sample, lines, samples = of.window
    rows = np.arange(line, line + lines, dtype=np.float64)
    columns = np.arange(sample, sample + samples, dtype=np.float64)
    points = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    return of.exact_map(points.reshape(-1, 2)).reshape(points.shape)


def texture(shape: tuple[int, int], settings: Settings, seed: int = 1) -> NDArray[np.float32]:
    """Samples from 0 to 1 with detail of every size from 4 pixels up."""
    rng = np.random.default_rng(seed)
    lines, samples = shape
    total = np.zeros(shape, np.float32)
    size = 4
    while size < min(shape):
        coarse = rng.random((lines // size + 2, samples // size + 2), dtype=np.float32)
        total += size**0.5 * cv2.resize(coarse, (samples, lines), interpolation=cv2.INTER_CUBIC)
        size *= 4 if settings.small else 2
    total -= total.min()
    total /= total.max()
    return total

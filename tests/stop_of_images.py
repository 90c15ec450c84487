"""A stop with a known ground: cameras on a mast, pointing errors, and exact tie points without pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hinterland.adjust.tie_points import TiePoints
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image, Product, Stop
from hinterland.model.rotations import Quaternion, matrix_from_quaternion, matrix_from_rotation_vector
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import maps

ATTITUDE: Quaternion = (0.580525, 0.0333603, -0.128929, 0.803278)  # Opportunity on a slope of 15 degrees
LINES, SAMPLES = 200, 240
_FOCAL_PX = 300.0
_MAST = np.array([0.5, 0.0, -1.4])
_ARM_M = 0.24  # from the mast's axis to the camera, as on Perseverance


def mast_camera(azimuth_deg: float, elevation_deg: float) -> CameraModel:
    """Pinhole on a mast, in the rover frame, by the definition of CAHV: H = f right + s_c A."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    axis = math.cos(elevation) * level - np.array([0.0, 0.0, math.sin(elevation)])
    down = np.cross(axis, right)
    return CameraModel(
        kind="CAHV",
        center=tuple((_MAST + _ARM_M * right).tolist()),
        axis=tuple(axis.tolist()),
        horizontal=tuple((_FOCAL_PX * right + 0.5 * (SAMPLES - 1) * axis).tolist()),
        vertical=tuple((_FOCAL_PX * down + 0.5 * (LINES - 1) * axis).tolist()),
        lines=LINES,
        samples=SAMPLES,
    )


def blank_image(camera: CameraModel, name: str, exposure: str | None = None) -> Image:
    """An image that shows nothing; its label has this camera (rover frame)."""
    product = Product(
        product_id=name,
        path=Path(f"{name}.png"),
        sha256="0" * 64,
        camera=camera,
        attitude=ATTITUDE,
        stop=Stop(mission="MER1", site=195, drive=973),
        exposure=exposure or name,
        instrument="NAVCAM_LEFT",
        sol=4087,
    )
    return Image(
        product=product,
        samples=np.zeros((1, *camera.shape), np.uint8),
        mask=np.ones(camera.shape, np.bool_),
        largest=255.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Images whose labels err, and what is true of them."""

    images: list[Image]
    """As the labels have it."""
    true_cameras: list[CameraModel]
    """In the local-level frame."""
    surface: SurfaceModel
    """The ground."""
    ties: list[TiePoints]
    """Seen through the true cameras on the true ground."""


def scene(
    surface: SurfaceModel,
    *,
    azimuths_deg: Sequence[float] = (0.0, 25.0, 50.0, 75.0),
    elevation_deg: float = -15.0,
    error_deg: float = 0.1,
    noise_px: float = 0.2,
    wrong: float = 0.0,
    per_pair: int = 150,
    seed: int = 1,
) -> Scene:
    """Make a row of images that overlap.

    Parameters
    ----------
    surface : SurfaceModel
        The true ground, local level.
    azimuths_deg, elevation_deg
        Of the images, in the rover frame.
    error_deg : float
        Standard deviation of the labels' pointing errors, about each of three axes.
    noise_px : float
        Standard deviation of the tie points in each coordinate of the second image.
    wrong : float
        Share of the tie points that are 5 to 10 px off.
    per_pair : int
        Tie points of two images.
    seed : int
        Of all that is random.
    """
    rng = np.random.default_rng(seed)
    to_local_level = matrix_from_quaternion(ATTITUDE)
    rover = [mast_camera(azimuth, elevation_deg) for azimuth in azimuths_deg]
    true = [camera.moved(to_local_level) for camera in rover]
    errors = rng.normal(scale=math.radians(error_deg), size=(len(rover), 3))
    images = [
        blank_image(camera.turned(matrix_from_rotation_vector(error)), f"image{i}")
        for i, (camera, error) in enumerate(zip(rover, errors, strict=True))
    ]
    ties = []
    for i in range(len(true)):
        for j in range(i + 1, len(true)):
            first = rng.uniform(5.0, [LINES - 6.0, SAMPLES - 6.0], (20 * per_pair, 2))
            second = maps.image_to_images(true[i].numbers, true[j].numbers, surface.numbers, first)
            inside = ((second > 4.0) & (second < [LINES - 5.0, SAMPLES - 5.0])).all(axis=1)
            first, second = first[inside][:per_pair], second[inside][:per_pair]
            if len(first) == per_pair:
                second = second + rng.normal(scale=noise_px, size=second.shape)
                off = rng.random(per_pair) < wrong
                way = rng.uniform(0.0, 2.0 * math.pi, per_pair)
                far = rng.uniform(5.0, 10.0, per_pair)
                second[off] += (far * np.stack([np.cos(way), np.sin(way)]))[:, off].T
                ties.append(TiePoints(i, j, first, second))
    return Scene(images=images, true_cameras=true, surface=surface, ties=ties)


def relative_error_px(cameras: Sequence[CameraModel], true_cameras: Sequence[CameraModel]) -> float:
    """RMS distance between where cameras look and where they should, after the best common rotation, px.

    What all cameras turn together is held by the priors alone and no tie point can tell it.
    """
    steps = np.stack(
        np.meshgrid(np.linspace(0, LINES - 1, 5), np.linspace(0, SAMPLES - 1, 5), indexing="ij"), axis=-1
    ).reshape(-1, 2)
    found = np.concatenate([camera.look(steps)[1] for camera in cameras])
    truth = np.concatenate([camera.look(steps)[1] for camera in true_cameras])
    u, _, vt = np.linalg.svd(truth.T @ found)  # the rotation that brings found on truth (Kabsch)
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    return float(np.sqrt(((found @ turn.T - truth) ** 2).sum(axis=1).mean()) * _FOCAL_PX)

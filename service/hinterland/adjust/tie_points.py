"""Tie points: the same spots of ground in two images."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.features import (
    FEATURES,
    PREVIEW_PIXELS,
    QUICK_FEATURES,
    QUICK_PREVIEW_PIXELS,
    Features,
    find_features,
    level_grid,
)
from hinterland.adjust.ground import wheel_plane
from hinterland.adjust.matching import FEWEST, match, spread
from hinterland.adjust.refinement import refine
from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import GridToSource, maps
from hinterland_kernels.pixel.vector import Vector

POINTING_DEG = 0.6
"""Largest pointing error that matches survive: over six sigma of two images known to 0.063 degrees each."""

PER_PAIR = 300
"""Largest number of tie points of two images; more cost time and add nothing to three angles."""


ENOUGH = 200
"""Tie points of an exposure: with fewer, its features are looked for again on a larger preview."""


@dataclass(frozen=True, slots=True, eq=False)
class TiePoints:
    """Tie points of two images, numbered as they were given."""

    first: int
    """Index of the first image."""
    second: int
    """Index of the second image, larger than the first; of another exposure."""
    points_first: NDArray[np.float64]
    """(n, 2) line and sample in the first image, 0-based."""
    points_second: NDArray[np.float64]
    """(n, 2) line and sample in the second image, 0-based."""

    def __len__(self) -> int:
        return len(self.points_first)

    def kept(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> TiePoints:
        """The same with some of the points."""
        return TiePoints(self.first, self.second, self.points_first[chosen], self.points_second[chosen])


def find_tie_points(
    images: Sequence[Image],
    surface: SurfaceModel | None = None,
    *,
    per_pair: int = PER_PAIR,
    workers: int = 1,
) -> tuple[TiePoints, ...]:
    """Find the tie points of all images of one stop that overlap.

    Features are found on level previews over the prior surface; matches must lie within the
    prior's reach and move like their neighbours; their places are then refined on the images themselves, and
    those whose surroundings disagree are left out. Exposures that come out with few are looked at again on larger
    previews, with all that overlap them. The tiles of one exposure share their pointing and are not
    matched with each other.

    Parameters
    ----------
    images : sequence of Image
        Of one stop.
    surface : SurfaceModel, optional
        Prior surface; the plane under the wheels by default.
    per_pair : int
        Largest number of tie points of two images.
    workers : int
        Threads; they change nothing of it.

    Returns
    -------
    tuple of TiePoints
        One for each pair with enough matches, in ascending order. The same inputs give the same points, on
        any number of threads.
    """
    if len(images) < 2:
        return ()
    surface = wheel_plane([image.product for image in images]) if surface is None else surface
    cameras = [image.product.camera_in_local_level for image in images]
    x, y, z = (float(value) for value in np.mean([camera.center for camera in cameras], axis=0))
    viewpoint = (x, y, z)
    every = [
        (i, j)
        for i in range(len(images))
        for j in range(i + 1, len(images))
        if images[i].product.exposure != images[j].product.exposure
    ]
    search = functools.partial(_search, images, cameras, surface, viewpoint, per_pair, workers)
    # two exposures have no third to help them: they are looked at closely at once
    is_quick = len({image.product.exposure for image in images}) > 2
    ties = search(QUICK_PREVIEW_PIXELS, QUICK_FEATURES, every) if is_quick else {}
    poor = _poor(images, ties, min(ENOUGH, per_pair))
    again = (
        search(PREVIEW_PIXELS, FEATURES, [pair for pair in every if poor.intersection(pair)]) if poor else {}
    )
    found = {pair: max(ties.get(pair), again.get(pair), key=_count) for pair in every}
    return tuple(one for one in found.values() if one is not None)


def _count(ties: TiePoints | None) -> int:
    return 0 if ties is None else len(ties)


def _poor(images: Sequence[Image], ties: dict[tuple[int, int], TiePoints], enough: int) -> set[int]:
    """Images of exposures with fewer tie points than are enough."""
    counts: Counter[str] = Counter()
    for pair, one in ties.items():
        for i in pair:
            counts[images[i].product.exposure] += len(one)
    return {i for i, image in enumerate(images) if counts[image.product.exposure] < enough}


def _search(
    images: Sequence[Image],
    cameras: Sequence[CameraModel],
    surface: SurfaceModel,
    viewpoint: Vector,
    per_pair: int,
    workers: int,
    preview_pixels: float,
    most: int,
    pairs: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], TiePoints]:
    """Tie points of some pairs, on previews of so many pixels; a pair without any is left out."""
    grid = level_grid(images, surface, viewpoint, preview_pixels)
    features = find_features(
        images, grid, surface, viewpoint, workers, {i for pair in pairs for i in pair}, most
    )
    nearness = [_nearness(one, grid, surface, viewpoint) for one in features]
    to_image = [grid_to_image(grid, camera, surface, viewpoint) for camera in cameras]

    def tied(pair: tuple[int, int]) -> TiePoints | None:
        i, j = pair
        # ground anywhere from half the range of the prior surface to infinity moves a partner by up to the
        # angle of the two cameras' baseline at that range
        parallax = math.dist(cameras[i].center, cameras[j].center) * nearness[i]
        gate_px = (POINTING_DEG + np.degrees(parallax)) * grid.pixels_per_degree
        a, b, ratio = match(features[i], features[j], gate_px, 360.0 * grid.pixels_per_degree)
        if not len(a):
            return None
        points_first = to_image[i](features[i].points[a])
        points_second, settled = refine(
            images[i],
            images[j],
            points_first,
            to_image[j](features[j].points[b]),
            _back(cameras[j], cameras[i], surface),
            math.radians(cameras[j].pixels_per_radian) / grid.pixels_per_degree,
        )
        # patches that do not correlate are doubtful, but where hardly any does the ground is to blame
        kept = np.flatnonzero(settled) if settled.sum() >= FEWEST else np.arange(len(a))
        kept = kept[spread(features[i].points[a[kept]], ratio[kept], per_pair)]
        return TiePoints(i, j, points_first[kept], points_second[kept])

    with ThreadPoolExecutor(workers) as pool:
        found = zip(pairs, pool.map(tied, pairs), strict=True)
        return {pair: one for pair, one in found if one is not None}


def _nearness(
    features: Features, grid: CylindricalGrid, surface: SurfaceModel, viewpoint: Vector
) -> NDArray[np.float64]:
    """1 / range (1/m) of the prior surface at each feature; 0 where it lies at infinity."""
    if surface.kind == "infinity":
        return np.zeros(len(features.points))
    azimuth, elevation = grid.directions(features.points).T
    level = np.cos(elevation)
    rays = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), -np.sin(elevation)], axis=1)
    height = surface.distance - float(np.dot(surface.normal, viewpoint))
    nearness: NDArray[np.float64] = np.maximum(rays @ np.array(surface.normal) / height, 0.0)
    return nearness


def _back(camera: CameraModel, other: CameraModel, surface: SurfaceModel) -> GridToSource:
    """The map from points of one image to the other over the surface."""
    return lambda points: maps.image_to_images(camera.numbers, other.numbers, surface.numbers, points)

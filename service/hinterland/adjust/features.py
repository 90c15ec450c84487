"""SIFT features of images, found on level previews so that every image shows the ground alike."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.refinement import grey
from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.panorama_map import Window, fit_grid, footprint_on_grid, grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import build_lattice, choose_step
from hinterland_kernels.pixel.vector import Vector
from hinterland_kernels.pyramid import block_means
from hinterland_kernels.warp import warp

PREVIEW_PIXELS = 5e5
"""Of one exposure, all tiles together. SIFT looks at twice the scale of its picture, and the places it finds are
refined on the image itself: more pixels find no better tie points, only later."""

QUICK_PREVIEW_PIXELS = 1.25e5
"""A quarter of it takes a third of the time and serves most ground; some exposures then have too few."""

STEEPEST_DEG = 75.0
"""Beyond this elevation a cylindrical preview is stretched more than fourfold and shows nothing to match."""

FEATURES, QUICK_FEATURES = 2000, 1200
"""Largest number of features of one preview, spread over `_CELLS` x `_CELLS` cells."""

_CELLS = 12
_STRETCH_PERCENT = (0.5, 99.5)
_CLAHE_CLIP, _CLAHE_TILES = 4.0, (8, 8)
_CONTRAST = 0.03  # SIFT's threshold on the difference of Gaussians, on a full scale of 1
_BORDER_PX = 8  # half a descriptor of the finest scale: beyond the mask there is no picture to describe


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of one image on the common grid."""

    points: NDArray[np.float64]
    """(n, 2) grid line and sample; samples may run beyond the grid where the image lies across its seam."""
    descriptors: NDArray[np.float32]
    """(n, 128) SIFT descriptors, whole numbers."""


def level_grid(
    images: Sequence[Image],
    surface: SurfaceModel,
    viewpoint: Vector,
    preview_pixels: float = PREVIEW_PIXELS,
) -> CylindricalGrid:
    """Choose the grid of the previews: the scale of the images, coarser where an exposure has many pixels."""
    pixels: dict[str, int] = defaultdict(int)
    scales = {}
    for image in images:
        pixels[image.product.exposure] += image.mask.size
        scales[image.product.exposure] = math.radians(image.product.camera.pixels_per_radian)
    scale = float(
        np.median([scales[key] * min(1.0, math.sqrt(preview_pixels / pixels[key])) for key in scales])
    )
    cameras = [image.product.camera_in_local_level for image in images]
    grid = fit_grid(cameras, surface, viewpoint, pixels_per_degree=scale, wrap_multiple=1)
    top = min(grid.elevation_top_deg, STEEPEST_DEG)
    bottom = max(grid.elevation_top_deg - grid.lines / grid.pixels_per_degree, -STEEPEST_DEG)
    return replace(
        grid, elevation_top_deg=top, lines=max(1, math.ceil((top - bottom) * grid.pixels_per_degree))
    )


def find_features(
    images: Sequence[Image],
    grid: CylindricalGrid,
    surface: SurfaceModel,
    viewpoint: Vector,
    workers: int = 1,
    wanted: Collection[int] | None = None,
    most: int = FEATURES,
) -> list[Features]:
    """Find the features of every image, where an image of another exposure overlaps it.

    Parameters
    ----------
    images : sequence of Image
        Of one stop.
    grid : CylindricalGrid
        The common grid, from `level_grid`.
    surface : SurfaceModel
        What the previews are projected on; parallax is removed as far as it is the true ground.
    viewpoint : Vector
        Where the previews are seen from, m, in the local-level frame.
    workers : int
        Threads; they change nothing of it.
    wanted : collection of int, optional
        Indices of the images to look at; all by default.
    most : int
        Features of a preview at most.

    Returns
    -------
    list of Features
        In the order of the images; empty for an image that overlaps none, and for one that is not wanted.
    """
    cameras = [image.product.camera_in_local_level for image in images]
    windows = [footprint_on_grid(grid, camera, surface, viewpoint) for camera in cameras]

    def features(i: int) -> Features:
        if wanted is not None and i not in wanted:
            return _joined([])
        image = images[i]
        others = [
            window
            for j, other in enumerate(images)
            if other.product.exposure != image.product.exposure
            for window in windows[j]
        ]
        parts = []
        reduced: _Reduced | None = None
        for window in windows[i]:
            overlaps = _overlaps(window, others, grid)
            if overlaps:
                reduced = _reduced(image, cameras[i], grid) if reduced is None else reduced
                shared = _around(overlaps)
                exact_map = grid_to_image(grid, reduced.camera, surface, viewpoint)
                step = choose_step(exact_map, shared, reduced.camera.shape, is_gentle=True)
                lattice = build_lattice(exact_map, shared, reduced.camera.shape, step=step, is_gentle=True)
                values, mask = warp(reduced.grey, reduced.mask, lattice, shared)
                parts.append(_detect(values[0], mask, shared, overlaps, most))
        return _joined(parts)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(features, range(len(images))))


class _Reduced(NamedTuple):
    """An image in grey, averaged over blocks where it is much finer than the grid."""

    grey: NDArray[np.float32]
    """(1, lines, samples)."""
    mask: NDArray[np.bool_]
    """(lines, samples)."""
    camera: CameraModel
    """The same camera behind coarser pixels."""


def _reduced(image: Image, camera: CameraModel, grid: CylindricalGrid) -> _Reduced:
    """Average an image over blocks of a power of two that leave it as fine as the grid."""
    finer = math.radians(camera.pixels_per_radian) / grid.pixels_per_degree
    factor = min(1 << max(math.floor(math.log2(finer)), 0), *image.mask.shape)
    if factor == 1:
        return _Reduced(grey(image.samples)[None], image.mask, camera)
    height, width = (side // factor * factor for side in image.mask.shape)
    means, mask = block_means(image.samples[:, :height, :width], image.mask[:height, :width], factor)
    return _Reduced(means.mean(axis=0, keepdims=True), mask, camera.scaled(1.0 / factor, *mask.shape))


def _overlaps(window: Window, others: Sequence[Window], grid: CylindricalGrid) -> list[Window]:
    """The parts that a window shares with others, seam or not."""
    turns = (-grid.samples, 0, grid.samples) if grid.wraps else (0,)
    overlaps = []
    for line, sample, lines, samples in others:
        for turn in turns:
            first_line, last_line = max(window[0], line), min(window[0] + window[2], line + lines)
            first = max(window[1], sample + turn)
            last = min(window[1] + window[3], sample + turn + samples)
            if last_line > first_line and last > first:
                overlaps.append((first_line, first, last_line - first_line, last - first))
    return overlaps


def _around(windows: Sequence[Window]) -> Window:
    """Smallest window that holds all."""
    boxes = np.array(windows)
    line, sample = (int(value) for value in boxes[:, :2].min(axis=0))
    end_line, end_sample = (int(value) for value in (boxes[:, :2] + boxes[:, 2:]).max(axis=0))
    return line, sample, end_line - line, end_sample - sample


def _stretched(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """8-bit picture with even local contrast: soil spans a tenth of a range that sky and shadow fill."""
    low, high = np.percentile(values[mask], _STRETCH_PERCENT)
    scaled = np.clip((values - low) * (255.0 / max(high - low, 1e-6)), 0.0, 255.0)
    scaled[~mask] = 127.0
    picture: NDArray[np.uint8] = cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(scaled.astype(np.uint8))
    return picture


def _detect(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    window: Window,
    overlaps: Sequence[Window],
    most: int,
) -> Features:
    """Features of a preview on a window, in the parts that others show too."""
    if not mask.any():
        return _joined([])
    size = 2 * _BORDER_PX + 1
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(padded, np.ones((size, size), np.uint8))[1:-1, 1:-1]
    shared = np.zeros_like(inner)
    for line, sample, lines, samples in overlaps:
        top, left = line - window[0], sample - window[1]
        shared[top : top + lines, left : left + samples] = 1
    # without the precise upscale OpenCV's key points sit a quarter of a pixel off
    sift = cv2.SIFT.create(contrastThreshold=_CONTRAST, enable_precise_upscale=True)
    picture = _stretched(values, mask)
    found = sift.detect(picture, inner & shared)
    if not found:
        return _joined([])
    strengths = np.array([key.response for key in found])
    # to describe them takes longer than to find them: only those that are kept
    kept = _strongest_spread(_places(found), strengths, window, most)
    keypoints, descriptors = sift.compute(picture, [found[index] for index in kept])
    return Features(points=_places(keypoints) + np.array(window[:2]), descriptors=descriptors)


def _places(keypoints: Sequence[cv2.KeyPoint]) -> NDArray[np.float64]:
    """Line and sample (n, 2)."""
    return np.asarray(cv2.KeyPoint.convert(keypoints), dtype=np.float64).reshape(-1, 2)[:, ::-1]


def _strongest_spread(
    points: NDArray[np.float64], strengths: NDArray[np.float64], window: Window, most: int
) -> NDArray[np.int64]:
    """Indices of the strongest features of each cell."""
    cells = (points * _CELLS / np.array(window[2:])).astype(np.int64).clip(0, _CELLS - 1)
    cell = cells[:, 0] * _CELLS + cells[:, 1]
    order = np.lexsort((points[:, 1], points[:, 0], -strengths, cell))
    rank = np.arange(len(order)) - np.searchsorted(cell[order], cell[order])
    by_rank = order[np.lexsort((cell[order], rank))]
    return by_rank[:most]


def _joined(parts: Sequence[Features]) -> Features:
    return Features(
        points=np.concatenate([part.points for part in parts] or [np.empty((0, 2))]),
        descriptors=np.concatenate([part.descriptors for part in parts] or [np.empty((0, 128), np.float32)]),
    )

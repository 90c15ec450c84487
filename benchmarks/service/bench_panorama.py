"""Twelve frames with known cameras to a panorama in memory, beside OpenCV's detailed pipeline and its Stitcher."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import CORES, Figure, Pair, Settings, paired
from benchmarks.kernels.scene import texture
from hinterland.adjust.known_pointing import known_pointing
from hinterland.adjust.pointing import solve_pointing
from hinterland.adjust.tie_points import find_tie_points
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image, Product, Stop
from hinterland.model.rotations import matrix_from_rotation_vector
from hinterland.model.solution import INFINITY, Solution
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.plan import plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.warping import build_lattices, place_sources
from hinterland_kernels.backend import Backend

_FIELD_DEG = 45.0
_AZIMUTHS_DEG = tuple(-87.5 + 35.0 * column for column in range(6))
_ELEVATIONS_DEG = (12.0, -12.0)
_POINTING_ERROR_DEG = 0.1
_SEAM_PX = 100_000
"""As many pixels of each frame OpenCV's own programs cut seams on."""
_BANDS = 3
_LEVELS = 5
_NOISE_DN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shot:
    """A frame, and how its camera stood."""

    image: Image
    """With the camera in the local-level frame; the rover is level."""
    true_camera: CameraModel
    """That it was taken through."""
    pose: NDArray[np.float64]
    """(3, 3): columns right, down and forward of the true camera."""


def _camera(pose: NDArray[np.float64], lines: int, samples: int) -> CameraModel:
    focal = samples / 2.0 / math.tan(math.radians(_FIELD_DEG) / 2.0)
    right, down, forward = pose.T
    (h, v) = (
        focal * right + (samples - 1) / 2.0 * forward,
        focal * down + (lines - 1) / 2.0 * forward,
    )
    vectors = {"axis": forward, "horizontal": h, "vertical": v}
    return CameraModel(
        kind="CAHV",
        center=(0.0, 0.0, -2.0),
        lines=lines,
        samples=samples,
        **{name: (float(x), float(y), float(z)) for name, (x, y, z) in vectors.items()},
    )


def _pose(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level = math.cos(elevation)
    forward = np.array([level * math.cos(azimuth), level * math.sin(azimuth), -math.sin(elevation)])
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def _shots(settings: Settings, error_deg: float) -> list[_Shot]:
    """Two rows of six, of one far picture, each with a gain of its own."""
    lines, samples = (480, 640) if settings.small else (960, 1280)
    per_degree = samples / _FIELD_DEG * 1.6
    picture = _strewn(texture((round(90 * per_degree), round(240 * per_degree)), settings))
    colours = np.stack([230.0 * picture, 210.0 * picture + 10.0, 180.0 * picture + 25.0], axis=-1)
    rng = np.random.default_rng(2)
    shots = []
    for elevation_deg in _ELEVATIONS_DEG:
        for azimuth_deg in _AZIMUTHS_DEG:
            pose = _pose(azimuth_deg, elevation_deg)
            camera = _camera(pose, lines, samples)
            rows, columns = np.mgrid[:lines, :samples]
            _, rays = camera.look(np.stack([rows, columns], axis=-1).reshape(-1, 2).astype(np.float64))
            x, y, z = rays.T
            across = (np.degrees(np.arctan2(y, x)) + 120.0) * per_degree
            along = (45.0 + np.degrees(np.arcsin(z))) * per_degree
            maps = [part.reshape(lines, samples).astype(np.float32) for part in (across, along)]
            seen = rng.uniform(0.85, 1.0) * cv2.remap(colours, *maps, cv2.INTER_CUBIC)
            seen += rng.normal(scale=_NOISE_DN, size=seen.shape)
            values = np.ascontiguousarray(np.clip(np.rint(seen), 0, 255).astype(np.uint8).transpose(2, 0, 1))
            wrong = rng.normal(size=3)
            wrong *= math.radians(error_deg) / np.linalg.norm(wrong)
            shots.append(
                _Shot(
                    image=_image(len(shots), camera.turned(matrix_from_rotation_vector(wrong)), values),
                    true_camera=camera,
                    pose=pose,
                )
            )
    return shots


def _strewn(ground: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ground with rocks that the sun shines on from the left: without corners the peer finds nothing to match."""
    rng = np.random.default_rng(3)
    lines, samples = ground.shape
    for line, sample, size in rng.random((lines * samples // 800, 3)):
        place, radius = (int(sample * samples), int(line * lines)), int(2 + 10 * size**4)
        shade = float(ground[place[1], place[0]])
        cv2.circle(ground, (place[0] + radius, place[1]), radius, 0.3 * shade, -1)
        cv2.circle(ground, place, radius, min(1.5 * shade, 1.0), -1, cv2.LINE_AA)
    return ground


def _image(index: int, camera: CameraModel, values: NDArray[np.uint8]) -> Image:
    name = f"frame-{index}"
    product = Product(
        product_id=name,
        path=Path(name),
        sha256=f"{index:064x}",
        camera=camera,
        attitude=(1.0, 0.0, 0.0, 0.0),
        stop=Stop(mission="M2020", site=1, drive=0),
        exposure=name,
        instrument="NAVCAM_LEFT",
        sol=1,
    )
    return Image(product=product, samples=values, mask=np.ones(camera.shape, np.bool_), largest=255.0)


def _composed(
    images: Sequence[Image], solution: Solution, kernel: str, backend: Backend
) -> NDArray[np.uint8]:
    """All that the command does between pointing and file: plan, lattices, levels, seams, warp, blend."""
    plan = plan_panorama(solution)
    sources = place_sources(images, _BANDS, backend)
    previews = Previews(plan, solution, sources, backend, CORES)
    levelled = previews.levelled()
    labels, _ = previews.labels(levelled)
    composition = Composition(
        plan=plan,
        solution=levelled,
        lattices=build_lattices(plan, levelled, CORES),
        sources=sources,
        labels=labels,
        dtype=np.dtype(np.uint8),
        kernel=kernel,
        backend=backend,
    )
    out = np.zeros((_BANDS, *plan.grid.shape), np.uint8)
    for tile in composition.tiles(CORES):
        line, sample, lines, samples = tile.window
        out[:, line : line + lines, sample : sample + samples] = tile.samples
    return out


def _known(images: Sequence[Image]) -> Solution:
    cameras = {image.product.product_id: image.product.camera for image in images}
    return known_pointing(images, cameras, INFINITY)


def _detailed(shots: Sequence[_Shot]) -> Callable[[], NDArray[np.int16]]:
    """OpenCV's stages in the order of its own sample program, cameras given: its fastest seams and its blender."""
    cv: Any = cv2
    lines, samples = shots[0].true_camera.shape
    focal = samples / 2.0 / math.tan(math.radians(_FIELD_DEG) / 2.0)
    intrinsic = np.array([[focal, 0, samples / 2.0], [0, focal, lines / 2.0], [0, 0, 1]], np.float32)
    # its cylinder stands on y, ours on z: its camera looks along z, and y is down
    stand = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    rotations = [np.ascontiguousarray(stand @ shot.pose, np.float32) for shot in shots]
    images = [np.ascontiguousarray(shot.image.samples.transpose(1, 2, 0)) for shot in shots]
    scale = min(1.0, math.sqrt(_SEAM_PX / (lines * samples)))
    whole = np.full((lines, samples), 255, np.uint8)

    def panorama() -> NDArray[np.int16]:
        low = cv.PyRotationWarper("spherical", focal * scale)
        reduced = intrinsic * np.float32(scale)
        reduced[2, 2] = 1.0
        corners, warped, masks = [], [], []
        for image, rotation in zip(images, rotations, strict=True):
            little = cv.resize(image, None, fx=scale, fy=scale, interpolation=cv.INTER_LINEAR_EXACT)
            corner, seen = low.warp(little, reduced, rotation, cv.INTER_LINEAR, cv.BORDER_REFLECT)
            mask = np.full(little.shape[:2], 255, np.uint8)
            _, valid = low.warp(mask, reduced, rotation, cv.INTER_NEAREST, cv.BORDER_CONSTANT)
            corners.append(corner)
            warped.append(seen)
            masks.append(valid)
        gains = cv.detail.GainCompensator(1)
        gains.feed(corners, warped, masks)
        seams = cv.detail_DpSeamFinder("COLOR").find(
            [seen.astype(np.float32) for seen in warped], corners, [cv.UMat(mask) for mask in masks]
        )
        full = cv.PyRotationWarper("spherical", focal)
        rois = [full.warpRoi((samples, lines), intrinsic, rotation) for rotation in rotations]
        blender = cv.detail_MultiBandBlender(0, _LEVELS, cv.CV_32F)
        blender.prepare(cv.detail.resultRoi(corners=[r[:2] for r in rois], sizes=[r[2:] for r in rois]))
        for index, (image, rotation) in enumerate(zip(images, rotations, strict=True)):
            corner, seen = full.warp(image, intrinsic, rotation, cv.INTER_LINEAR, cv.BORDER_REFLECT)
            _, valid = full.warp(whole, intrinsic, rotation, cv.INTER_NEAREST, cv.BORDER_CONSTANT)
            gains.apply(index, corner, seen, valid)
            owned = cv.resize(cv.dilate(seams[index], None), valid.shape[::-1], interpolation=cv.INTER_LINEAR)
            blender.feed(seen.astype(np.int16), cv.bitwise_and(owned.get(), valid), corner)
        blended, _ = blender.blend(None, None)
        return blended  # type: ignore[no-any-return]

    return panorama


def _matched(images: Sequence[Image], backend: Backend) -> tuple[Solution, NDArray[np.uint8]]:
    """From frames alone: tie points, pointing, and all the rest."""
    solution = solve_pointing(images, find_tie_points(images, workers=CORES), "infinity")
    return solution, _composed(images, solution, "bilinear", backend)


def _stitcher(shots: Sequence[_Shot]) -> tuple[Callable[[], Any], Callable[[], float]]:
    """OpenCV's Stitcher as it comes, and how far its cameras are from the truth, px."""
    cv: Any = cv2
    images = [np.ascontiguousarray(shot.image.samples.transpose(1, 2, 0)) for shot in shots]
    done: list[Any] = []

    def panorama() -> NDArray[np.uint8]:
        stitcher = cv.Stitcher.create(cv.Stitcher_PANORAMA)
        status, stitched = stitcher.stitch(images)
        if status != cv.Stitcher_OK:
            message = f"cv2.Stitcher: status {status}"
            raise RuntimeError(message)
        done[:] = [stitcher]
        return stitched  # type: ignore[no-any-return]

    def displacement() -> float:
        (stitcher,) = done
        chosen = [shots[index] for index in stitcher.component()]
        scale = stitcher.workScale()
        rays = []
        for shot, camera in zip(chosen, stitcher.cameras(), strict=True):
            points = _probes(shot.true_camera)[:, ::-1] * scale
            seen = np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(camera.K()).T
            rays.append(seen @ np.asarray(camera.R, np.float64).T)
        return _displacement(chosen, rays)

    return panorama, displacement


def _probes(camera: CameraModel) -> NDArray[np.float64]:
    """Points (n, 2) all over a frame."""
    sides = [np.linspace(0.0, side - 1.0, 5) for side in camera.shape]
    return np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)


def _displacement(shots: Sequence[_Shot], rays: Sequence[NDArray[np.float64]]) -> float:
    """RMS distance (px) of rays from the true ones, after the best single rotation."""
    truth = np.concatenate([shot.true_camera.look(_probes(shot.true_camera))[1] for shot in shots])
    found = np.concatenate(rays)
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    u, _, v = np.linalg.svd(found.T @ truth)
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ v)]) @ v
    apart = np.linalg.norm(found @ turn - truth, axis=1)
    return float(np.sqrt((apart**2).mean()) * shots[0].true_camera.pixels_per_radian)


def run(settings: Settings) -> list[Figure]:
    """Seconds from frames in memory to the panorama in memory: cameras known, and cameras found."""
    shots = _shots(settings, 0.0)
    images = [shot.image for shot in shots]
    solution = _known(images)
    theirs = _detailed(shots)
    name = f"{len(shots)} frames of {images[0].mask.shape[1]} x {images[0].mask.shape[0]} to a panorama"
    figures = []
    for kernel in ("bilinear", "lanczos3"):
        pair = paired(
            functools.partial(_composed, images, solution, kernel, settings.backend), theirs, settings.rounds
        )
        peer = "cv2.detail: gains, DP seams, 5 bands, bilinear"
        figures.append(_figure(f"{name}, cameras known, {kernel}", pair, peer))
    shots = _shots(settings, _POINTING_ERROR_DEG)
    images = [shot.image for shot in shots]
    stitch, displacement = _stitcher(shots)
    pair = paired(lambda: _matched(images, settings.backend), stitch, settings.rounds)
    found, _ = _matched(images, settings.backend)
    rays = [frame.camera.look(_probes(frame.camera))[1] for frame in found.frames]
    apart = {"displacement_px": _displacement(shots, rays), "peer_displacement_px": displacement()}
    figures.append(_figure(f"{name}, cameras found", pair, "cv2.Stitcher", **apart))
    return figures


def _figure(name: str, pair: Pair, peer: str, **details: float) -> Figure:
    return Figure(
        name=name,
        value=pair.ours_s,
        unit="s",
        peer=peer,
        ratio=pair.ratio,
        details={"peer_s": pair.peer_s, **details},
    )

import math

import numpy as np
import pytest
from stop_of_images import scene

from hinterland.adjust.ground import plane, tangents
from hinterland.adjust.transfer import (
    Transfers,
    hits,
    projection_slopes,
    residuals,
    source_slopes,
    surface_slopes,
    target_slopes,
    transfers,
)
from hinterland.model.rotations import matrix_from_rotation_vector
from hinterland.model.solution import INFINITY, SurfaceModel
from hinterland_kernels.lattice import maps

GROUND = plane(np.array([0.1, 0.25, -0.96]), -0.1, source="nominal")
STEP = 1e-6
SURFACES = pytest.mark.parametrize("surface", [INFINITY, GROUND], ids=["infinity", "plane"])


def rotations(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(scale=2e-3, size=(count, 3))
    return np.stack([matrix_from_rotation_vector(vector) for vector in vectors])


def made(surface: SurfaceModel) -> Transfers:
    one = scene(surface, per_pair=40, noise_px=1.0)
    return transfers([image.product.camera_in_local_level for image in one.images], one.ties)


@SURFACES
def test_transfers_agree_with_the_exact_map_through_turned_cameras(surface: SurfaceModel) -> None:
    one = scene(surface, per_pair=40)
    cameras = [image.product.camera_in_local_level for image in one.images]
    turns = rotations(0, len(cameras))
    data = transfers(cameras, one.ties)
    found = residuals(data, hits(data, turns, surface)) + data.observed
    turned = [camera.turned(turn).numbers for camera, turn in zip(cameras, turns, strict=True)]
    there = [
        maps.image_to_images(turned[tie.first], turned[tie.second], surface.numbers, tie.points_first)
        for tie in one.ties
    ]
    back = [
        maps.image_to_images(turned[tie.second], turned[tie.first], surface.numbers, tie.points_second)
        for tie in one.ties
    ]
    assert found == pytest.approx(np.concatenate(there + back), abs=1e-7)


@SURFACES
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("side", ["source", "target"])
def test_slopes_of_a_rotation_agree_with_finite_differences(
    surface: SurfaceModel, axis: int, side: str
) -> None:
    data = made(surface)
    turns = rotations(1, len(data.cameras))
    found = hits(data, turns, surface)
    axes = np.broadcast_to(np.eye(3), (len(data), 3, 3))
    slopes = projection_slopes(data, found) @ np.swapaxes(turns[data.target], 1, 2)
    moved = source_slopes(found, surface, axes) if side == "source" else target_slopes(found, axes)
    expected = (slopes @ moved)[:, :, axis]
    # only the transfers of images 0 to 1: the rotation of one image is then that of one side
    forward = (data.source == 0) & (data.target == 1)
    image = 0 if side == "source" else 1

    def at(angle: float) -> np.ndarray:
        changed = turns.copy()
        changed[image] = matrix_from_rotation_vector(angle * np.eye(3)[axis]) @ changed[image]
        return residuals(data, hits(data, changed, surface))[forward]

    measured = (at(STEP) - at(-STEP)) / (2.0 * STEP)
    assert expected[forward] == pytest.approx(measured, rel=1e-4, abs=1e-3 * 300.0)  # 300 px a radian


@pytest.mark.parametrize("parameter", ["distance", "first slope", "second slope"])
def test_slopes_of_the_plane_agree_with_finite_differences(parameter: str) -> None:
    data = made(GROUND)
    turns = rotations(2, len(data.cameras))
    normal = np.array(GROUND.normal)
    index = ["distance", "first slope", "second slope"].index(parameter)
    found = hits(data, turns, GROUND)
    slopes = projection_slopes(data, found) @ np.swapaxes(turns[data.target], 1, 2)
    expected = (slopes @ surface_slopes(data, found, tangents(normal)))[:, :, index]

    def at(step: float) -> np.ndarray:
        distance = GROUND.distance + (step if index == 0 else 0.0)
        tilted = normal + (step * tangents(normal)[index - 1] if index else 0.0)
        return residuals(data, hits(data, turns, plane(tilted, distance, source="fitted")))

    measured = (at(STEP) - at(-STEP)) / (2.0 * STEP)
    assert expected == pytest.approx(measured, rel=1e-3, abs=1e-2)


def test_rays_above_the_horizon_go_to_infinity() -> None:
    one = scene(INFINITY, elevation_deg=40.0, per_pair=40, error_deg=0.0, noise_px=0.0)
    data = transfers(one.true_cameras, one.ties)
    still = np.tile(np.eye(3), (len(one.true_cameras), 1, 1))
    found = hits(data, still, GROUND)
    assert not found.finite.any()
    assert np.abs(residuals(data, found)).max() < 1e-6


def test_a_point_that_the_target_cannot_see_has_no_residual() -> None:
    one = scene(INFINITY, azimuths_deg=(0.0, 25.0), per_pair=40)
    data = transfers(one.true_cameras, one.ties)
    away = np.stack([np.eye(3), matrix_from_rotation_vector(np.array([0.0, 0.0, math.pi]))])
    assert np.isnan(residuals(data, hits(data, away, INFINITY))).all()


def test_keeping_tie_points_keeps_both_directions() -> None:
    data = made(INFINITY)
    ties = len(data) // 2
    chosen = np.zeros(ties, dtype=np.bool_)
    chosen[3] = True
    kept = data.kept(chosen)
    assert len(kept) == 2
    assert kept.observed[0] == pytest.approx(data.observed[3])
    assert kept.observed[1] == pytest.approx(data.observed[ties + 3])

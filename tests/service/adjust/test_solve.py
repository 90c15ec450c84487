import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import least_squares
from stop_of_images import scene

from hinterland.adjust.ground import plane, tangents
from hinterland.adjust.solve import PLANE_SIGMA, POINTING_SIGMA, TIE_SIGMA_PX, Problem, solve, turn
from hinterland.adjust.transfer import hits, residuals, transfers
from hinterland.model.solution import SurfaceModel

GROUND = plane(np.array([0.1, 0.25, -0.96]), 0.0, source="nominal")
HILLSIDE = plane(np.array([0.1, 0.32, -0.96]), -0.15, source="nominal")
VIEW = np.array([0.6, 0.64, 0.48])


def problem(truth: SurfaceModel, *, fit_plane: bool) -> Problem:
    made = scene(truth, azimuths_deg=(0.0, 25.0, 50.0), per_pair=40, noise_px=0.5, wrong=0.05)
    cameras = [image.product.camera_in_local_level for image in made.images]
    data = transfers(cameras, made.ties)
    return Problem(
        data=data,
        sigma=np.full(len(data), TIE_SIGMA_PX),
        exposure=np.arange(len(cameras)),
        views=np.array([camera.axis for camera in cameras]),
        start=GROUND,
        fit_plane=fit_plane,
    )


@pytest.mark.parametrize("fit_plane", [False, True])
def test_the_solution_is_the_one_that_scipy_finds(fit_plane: bool) -> None:
    given = problem(HILLSIDE, fit_plane=fit_plane)
    sigma = np.concatenate([np.tile(POINTING_SIGMA, 3), PLANE_SIGMA if fit_plane else []])

    def scaled(state: NDArray[np.float64]) -> NDArray[np.float64]:
        # soft L1 of distances, as plain residuals: half the square of this is its cost
        angles = (state * sigma)[:9].reshape(3, 3)
        turns = np.stack([turn(one, view)[0] for one, view in zip(angles, given.views, strict=True)])
        surface = GROUND
        if fit_plane:
            height, *slopes = (state * sigma)[9:]
            normal = np.array(GROUND.normal)
            surface = plane(normal + np.array(slopes) @ tangents(normal), height, source="fitted")
        offsets = residuals(given.data, hits(given.data, turns, surface))
        squares = (offsets**2).sum(axis=1) / TIE_SIGMA_PX**2
        return np.concatenate([np.sqrt(np.sqrt(1.0 + squares) - 1.0), state])

    oracle = least_squares(scaled, np.zeros(len(sigma)), xtol=1e-14, ftol=1e-14, gtol=1e-10)
    found = solve(given)
    assert found.cost == pytest.approx(oracle.cost, rel=1e-5)
    # both stop where the cost is flat; 1e-5 rad is a three-hundredth of a pixel here
    assert found.angles.reshape(-1) == pytest.approx((oracle.x * sigma)[:9], abs=1e-5)


def test_a_plane_alone_is_fitted_where_the_cameras_may_not_turn() -> None:
    made = scene(HILLSIDE, error_deg=0.0, noise_px=0.05)
    data = transfers(made.true_cameras, made.ties)
    found = solve(
        Problem(
            data=data,
            sigma=np.full(len(data), TIE_SIGMA_PX),
            exposure=np.arange(len(made.true_cameras)),
            views=np.array([camera.axis for camera in made.true_cameras]),
            start=GROUND,
            fit_plane=True,
            turns_cameras=False,
        )
    )
    assert not found.angles.any()
    assert found.surface.normal == pytest.approx(HILLSIDE.normal, abs=0.01)
    assert found.surface.distance == pytest.approx(HILLSIDE.distance, abs=0.02)


def test_the_axes_of_a_turn_agree_with_finite_differences() -> None:
    angles = np.array([0.02, -0.03, 0.05])
    rotation, axes = turn(angles, VIEW)
    step = 1e-6
    for i in range(3):
        ahead = turn(angles + step * np.eye(3)[i], VIEW)[0]
        behind = turn(angles - step * np.eye(3)[i], VIEW)[0]
        rate = (ahead - behind) / (2.0 * step) @ rotation.T  # the cross-product matrix of the axis
        assert np.array([rate[2, 1], rate[0, 2], rate[1, 0]]) == pytest.approx(axes[i], abs=1e-8)


@pytest.mark.parametrize(
    ("index", "azimuth_deg", "elevation_deg"), [(0, 1.0, 0.0), (1, 0.0, 1.0), (2, 0.0, 0.0)]
)
def test_a_turn_moves_the_view_in_azimuth_and_elevation(
    index: int, azimuth_deg: float, elevation_deg: float
) -> None:
    rotation, _ = turn(math.radians(1.0) * np.eye(3)[index], VIEW)
    before, after = VIEW, rotation @ VIEW
    azimuth = math.degrees(math.atan2(after[1], after[0]) - math.atan2(before[1], before[0]))
    elevation = math.degrees(math.asin(-after[2]) - math.asin(-before[2]))
    assert (azimuth, elevation) == pytest.approx((azimuth_deg, elevation_deg), abs=1e-9)

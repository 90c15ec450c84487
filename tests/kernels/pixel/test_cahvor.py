import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland_kernels.pixel.cahvor import distort, undistort
from hinterland_kernels.pixel.vector import Vector

OPTICAL = (0.0, 0.0, 1.0)
RADIAL = (0.00096, -0.002183, 0.018547)  # Opportunity's left Navcam


def off_axis(angle: float) -> Vector:
    return math.sin(angle), 0.0, math.cos(angle)


def test_distortion_moves_a_point_away_from_the_axis_by_the_polynomial() -> None:
    # 3 m along the axis and 2 m off it: tau = 4/9
    tau = 4.0 / 9.0
    mu = 0.00096 - 0.002183 * tau + 0.018547 * tau * tau
    np.testing.assert_allclose(
        distort((0.0, 2.0, 3.0), OPTICAL, RADIAL), (0.0, 2.0 * (1.0 + mu), 3.0), rtol=1e-15
    )


@settings(deadline=None)
@given(angle=st.floats(0.0, math.radians(50.0)))
def test_undistorting_a_distorted_ray_returns_it(angle: float) -> None:
    ray = off_axis(angle)
    seen = np.array(distort(ray, OPTICAL, RADIAL))
    x, y, z = (float(value) for value in seen / np.linalg.norm(seen))
    np.testing.assert_allclose(undistort((x, y, z), OPTICAL, RADIAL), ray, rtol=0, atol=1e-12)


def test_a_point_beside_or_behind_the_camera_has_no_image() -> None:
    for angle_deg in (90.1, 120.0, 180.0):
        assert np.isnan(distort(off_axis(math.radians(angle_deg)), OPTICAL, RADIAL)).all()


def test_a_ray_beyond_the_fold_of_the_polynomial_is_refused() -> None:
    # tan(theta) (1 - 0.3 tan^2(theta)) never exceeds 0.703, so nothing in the world is seen at tangent 0.8
    fold = (0.0, -0.3, 0.0)
    assert np.isfinite(undistort(off_axis(math.atan(0.70)), OPTICAL, fold)).all()
    assert np.isnan(undistort(off_axis(math.atan(0.80)), OPTICAL, fold)).all()

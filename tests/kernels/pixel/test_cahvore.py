import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland_kernels.pixel.cahvore import angle_of_point, bend, look_cahvore, pupil_shift

OPTICAL = (0.0, 0.0, 1.0)
STILL = (0.0, 0.0, 0.0)
RADIAL = (2e-06, 0.049535, -0.015973)  # Perseverance's left Navcam
ENTRANCE = (-0.003612, 0.013016, -0.023961)


@pytest.mark.parametrize(
    ("linearity", "law"),
    [
        (1.0, math.tan),  # perspective
        (0.0, lambda theta: theta),  # equidistant
        (0.5, lambda theta: 2.0 * math.tan(0.5 * theta)),  # stereographic
        (-0.5, lambda theta: 2.0 * math.sin(0.5 * theta)),  # equal solid angle
        (-1.0, math.sin),  # orthographic
    ],
)
def test_the_linearity_chooses_among_the_named_lens_laws(linearity: float, law: object) -> None:
    assert callable(law)
    for theta in (0.1, 0.7, 1.3):
        x, y, z = bend((math.sin(theta), 0.0, math.cos(theta)), OPTICAL, STILL, STILL, linearity, False)
        assert x / z == pytest.approx(law(theta), rel=1e-13)
        assert y == 0.0


@settings(deadline=None)
@given(
    theta=st.floats(1e-3, 0.9),  # at linearity 1 the polynomial folds over at tan(theta) = 2.1
    linearity=st.sampled_from([1.0, 0.37, 0.0, -0.3]),
    focal=st.floats(100.0, 3000.0),
)
def test_looking_inverts_bending(theta: float, linearity: float, focal: float) -> None:
    direction = (math.sin(theta), 0.0, math.cos(theta))
    x, _, z = bend(direction, OPTICAL, RADIAL, ENTRANCE, linearity, False)
    _, ray = look_cahvore(
        0.0,
        focal * x / z,
        OPTICAL,
        (focal, 0.0, 0.0),
        (0.0, focal, 0.0),
        OPTICAL,
        RADIAL,
        ENTRANCE,
        linearity,
    )
    np.testing.assert_allclose(ray, direction, rtol=0, atol=1e-9)


def test_a_pixel_beyond_the_fold_of_the_polynomial_has_no_ray() -> None:
    # chi (1 - 0.3 chi^2) never exceeds 0.703
    fold = (0.0, -0.3, 0.0)
    inside, beyond = (
        look_cahvore(0.0, sample, OPTICAL, (100.0, 0.0, 0.0), (0.0, 100.0, 0.0), OPTICAL, fold, STILL, 0.0)[1]
        for sample in (70.0, 80.0)
    )
    assert np.isfinite(inside).all()
    assert np.isnan(beyond).all()


@pytest.mark.parametrize(("linearity", "angle"), [(1.0, 1.58), (-1.0, 1.58)])
def test_an_angle_beyond_the_lens_law_has_no_image(linearity: float, angle: float) -> None:
    beyond = (math.sin(angle), 0.0, math.cos(angle))
    assert np.isnan(bend(beyond, OPTICAL, STILL, STILL, linearity, False)).all()


def test_a_fish_eye_sees_beyond_a_right_angle() -> None:
    theta = math.radians(100.0)
    x, _, z = bend((math.sin(theta), 0.0, math.cos(theta)), OPTICAL, STILL, STILL, 0.0, False)
    assert x / z == pytest.approx(theta, rel=1e-13)


@settings(deadline=None)
@given(theta=st.floats(0.01, 1.2), distance=st.floats(0.3, 1e3))
def test_the_angle_of_a_point_is_that_of_the_ray_from_the_shifted_pupil(
    theta: float, distance: float
) -> None:
    shift = pupil_shift(theta, ENTRANCE)
    lateral, along = distance * math.sin(theta), shift + distance * math.cos(theta)
    assert angle_of_point(lateral, along, ENTRANCE) == pytest.approx(theta, abs=1e-11)


def test_without_pupil_terms_the_angle_is_the_plain_one() -> None:
    assert angle_of_point(2.0, 3.0, STILL) == pytest.approx(math.atan2(2.0, 3.0), abs=1e-15)

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hinterland.model.rotations import (
    Quaternion,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    yaw_pitch_roll,
)

angle = st.floats(-3.0, 3.0)


@pytest.mark.parametrize(
    ("quaternion", "expected_deg"),
    [
        # attitudes of the raw-image feed against yaw, pitch and roll of JPL's waypoint table
        ((0.899058, 0.000448549, -0.0127435, -0.437643), (-51.9196, -1.2905, 0.6855)),
        ((0.7156, 0.0208675, -0.000370714, 0.698199), (88.565, -1.7002, 1.6825)),
    ],
)
def test_yaw_pitch_and_roll_are_those_of_the_published_waypoints(
    quaternion: Quaternion, expected_deg: tuple[float, float, float]
) -> None:
    found = np.degrees(yaw_pitch_roll(matrix_from_quaternion(quaternion)))
    # the table and the feed differ by 2e-4 degrees
    np.testing.assert_allclose(found, expected_deg, rtol=0, atol=3e-4)


@settings(deadline=None)
@given(x=angle, y=angle, z=angle)
def test_a_quaternion_rotates_as_scipys_does(x: float, y: float, z: float) -> None:
    rotation = Rotation.from_rotvec([x, y, z])
    qx, qy, qz, qw = (float(value) for value in rotation.as_quat())
    matrix = matrix_from_quaternion((qw, qx, qy, qz))
    np.testing.assert_allclose(matrix, rotation.as_matrix(), rtol=0, atol=1e-14)


@settings(deadline=None)
@given(x=angle, y=angle, z=angle, length=st.sampled_from([1.0, 1e-3, 1e-7, 1e-8, 1e-9, 1e-12, 0.0]))
def test_a_rotation_vector_turns_as_scipys_does_down_to_no_turn_at_all(
    x: float, y: float, z: float, length: float
) -> None:
    vector = length * np.array([x, y, z])
    matrix = matrix_from_rotation_vector(vector)
    np.testing.assert_allclose(matrix, Rotation.from_rotvec(vector).as_matrix(), rtol=0, atol=1e-14)


@settings(deadline=None)
@given(yaw=angle, pitch=st.floats(-1.5, 1.5), roll=angle)
def test_yaw_pitch_and_roll_come_apart_as_they_were_put_together(
    yaw: float, pitch: float, roll: float
) -> None:
    matrix = Rotation.from_euler("ZYX", [yaw, pitch, roll]).as_matrix()
    np.testing.assert_allclose(yaw_pitch_roll(matrix), (yaw, pitch, roll), rtol=0, atol=1e-12)


def test_a_label_s_quaternion_is_normalised() -> None:
    matrix = matrix_from_quaternion((0.7156, 0.0208675, -0.000370714, 0.698199))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "quaternion", [(0.0, 0.0, 0.0, 0.0), (2.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0)]
)
def test_a_quaternion_that_is_none_is_refused(quaternion: Quaternion) -> None:
    with pytest.raises(ValueError, match="must have length 1, got"):
        matrix_from_quaternion(quaternion)

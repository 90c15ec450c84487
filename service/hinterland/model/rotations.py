"""Rotations: quaternions (w, x, y, z) and matrices.

A quaternion of a label rotates a vector of the frame it defines into its reference frame:
`v_site = matrix(q) @ v_rover`. Source: docs/conventions.md, section "Frames".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Quaternion = tuple[float, float, float, float]
Matrix = NDArray[np.float64]

UNIT_TOLERANCE = 1e-3
"""How far a label's quaternion may be off unit length: six printed digits err by 1e-6, a wrong field by 1."""


def matrix_from_quaternion(quaternion: Quaternion) -> Matrix:
    """Rotation matrix of a scalar-first quaternion.

    Parameters
    ----------
    quaternion : Quaternion
        (w, x, y, z), within `UNIT_TOLERANCE` of unit length; it is normalised.

    Returns
    -------
    (3, 3) float64
        The matrix that rotates column vectors.

    Raises
    ------
    ValueError
        If the quaternion is not finite or not of unit length.
    """
    length = math.sqrt(sum(q * q for q in quaternion))
    if not abs(length - 1.0) <= UNIT_TOLERANCE:
        message = f"an attitude quaternion must have length 1, got {quaternion} of length {length:.6g}"
        raise ValueError(message)
    w, x, y, z = (q / length for q in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def matrix_from_rotation_vector(vector: NDArray[np.float64]) -> Matrix:
    """Rotation matrix about the direction of `vector` (3,) by its length, rad (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    skew: Matrix = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    first, second = 1.0, 0.5  # the series, exact to 1e-17 below 1e-8
    if angle > 1e-8:
        first, second = math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle**2
    matrix: Matrix = np.eye(3) + first * skew + second * (skew @ skew)
    return matrix


def yaw_pitch_roll(matrix: Matrix) -> tuple[float, float, float]:
    """Yaw (clockwise from north), pitch and roll, rad, of a rover-to-local-level rotation (Z-Y-X)."""
    return (
        math.atan2(matrix[1, 0], matrix[0, 0]),
        -math.asin(max(-1.0, min(1.0, matrix[2, 0]))),
        math.atan2(matrix[2, 1], matrix[2, 2]),
    )

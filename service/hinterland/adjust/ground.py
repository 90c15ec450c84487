"""The ground near the rover as a plane: where the wheels stand, and planes tilted from there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.model.products import Product
from hinterland.model.rotations import matrix_from_quaternion
from hinterland.model.solution import SurfaceModel

_DOWN = np.array([0.0, 0.0, 1.0])


def wheel_plane(products: Sequence[Product]) -> SurfaceModel:
    """Make the plane on which the wheels stand: z = 0 of rover-nav, carried by the attitude.

    On a slope the rover tilts with the ground, so this plane follows the hillside where a level one would cut
    through it.

    Parameters
    ----------
    products : sequence of Product
        Of one stop; their attitudes differ by settling at most and are averaged.

    Returns
    -------
    SurfaceModel
        In the local-level frame; its `source` is "nominal".
    """
    down = np.mean([matrix_from_quaternion(product.attitude) @ _DOWN for product in products], axis=0)
    return plane(-down, 0.0, source="nominal")


def plane(normal: NDArray[np.float64], distance: float, *, source: str) -> SurfaceModel:
    """Make the plane `normal . point = distance` (m); the normal (3,) need not be a unit vector."""
    length = float(np.linalg.norm(normal))
    x, y, z = (float(value) for value in normal / length)
    return SurfaceModel(kind="plane", normal=(x, y, z), distance=float(distance) / length, source=source)


def tangents(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit vectors (2, 3) in the plane of a normal (3,): the one nearest to north, and the one across."""
    north = np.array([1.0, 0.0, 0.0]) - normal[0] * normal
    north /= np.linalg.norm(north)
    return np.stack([north, np.cross(normal, north)])

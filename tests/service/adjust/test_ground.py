import numpy as np
import pytest
from stop_of_images import blank_image, mast_camera

from hinterland.adjust.ground import plane, tangents, wheel_plane
from hinterland.model.rotations import matrix_from_quaternion


def test_the_plane_of_the_wheels_is_the_rover_s_own_and_tilts_with_it() -> None:
    product = blank_image(mast_camera(0.0, 0.0), "any").product
    surface = wheel_plane([product])
    rotation = matrix_from_quaternion(product.attitude)
    for on_the_ground in ([0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [-1.0, 2.0, 0.0]):
        assert np.dot(surface.normal, rotation @ on_the_ground) == pytest.approx(surface.distance, abs=1e-12)
    assert np.dot(surface.normal, rotation @ [0.0, 0.0, -1.25]) == pytest.approx(1.25)  # a mast is above it
    assert surface.source == "nominal"


def test_a_plane_is_the_same_whatever_the_length_of_its_normal() -> None:
    surface = plane(np.array([0.0, 0.0, -2.0]), 3.0, source="fitted")
    assert surface.normal == (0.0, 0.0, -1.0)
    assert surface.distance == 1.5


@pytest.mark.parametrize("normal", [(0.0, 0.0, -1.0), (0.1, 0.25, -0.96), (-0.5, 0.3, -0.8)])
def test_tangents_lie_in_the_plane_at_right_angles(normal: tuple[float, float, float]) -> None:
    unit = np.array(normal) / np.linalg.norm(normal)
    frame = np.vstack([tangents(unit), unit])
    assert frame @ frame.T == pytest.approx(np.eye(3), abs=1e-12)

import numpy as np
import pytest
from label_cameras import label_cameras

from hinterland_kernels.lattice.maps import look_points, project_points


@pytest.mark.parametrize("points", [np.zeros(2), np.zeros((3, 3)), np.zeros((2, 2, 2))])
def test_points_of_another_shape_are_refused_with_the_shape(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"points must have shape \(n, 2\), got"):
        look_points(label_cameras()[0].numbers, points)


def test_no_points_give_no_pixels() -> None:
    assert project_points(label_cameras()[0].numbers, np.empty((0, 3)), finite=True).shape == (0, 2)


def test_points_of_any_layout_and_type_are_taken() -> None:
    camera = label_cameras()[1]
    _, rays = look_points(camera.numbers, camera.pixels)
    reversed_order = np.asfortranarray(camera.pixels[::-1].astype(np.float32))
    _, found = look_points(camera.numbers, reversed_order)
    np.testing.assert_array_equal(found[::-1], rays)  # the pixels are eighths: float32 holds them exactly

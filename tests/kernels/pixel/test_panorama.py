import math

import numpy as np
import pytest
from label_cameras import label_camera

from hinterland_kernels.lattice.maps import (
    directions_to_image,
    image_to_directions,
    image_to_images,
    look_points,
    project_points,
)
from hinterland_kernels.pixel.surface import Surface

# Opportunity's pair of sol 4087: the cameras stand 1.25 m above the rover's ground, 6.7 cm apart
LEFT, RIGHT = label_camera("CAHVOR 1N491020376"), label_camera("CAHVOR 1N491020519")
GROUND = Surface(normal=(0.0, 0.0, -1.0), distance=0.0)
INFINITY = Surface(normal=(0.0, 0.0, -1.0), distance=math.nan)
VIEWPOINT = (0.48, -0.05, -1.25)


@pytest.mark.parametrize("surface", [GROUND, INFINITY], ids=["ground", "infinity"])
def test_a_pixel_returns_from_its_direction(surface: Surface) -> None:
    directions = image_to_directions(LEFT.numbers, surface, VIEWPOINT, LEFT.pixels)
    back = directions_to_image(LEFT.numbers, surface, VIEWPOINT, directions)
    # near the horizon a micrometre of rounding at 1e5 m of range is 1e-11 rad; a pixel is 8e-4 rad
    np.testing.assert_allclose(back, LEFT.pixels, rtol=0, atol=1e-6)


def test_the_direction_of_a_pixel_on_the_ground_is_that_of_the_point_it_sees() -> None:
    low = LEFT.pixels[LEFT.pixels[:, 0] > 700]
    origins, rays = look_points(LEFT.numbers, low)
    points = origins - (origins[:, 2:] / rays[:, 2:]) * rays
    np.testing.assert_allclose(points[:, 2], 0.0, atol=1e-12)
    north, east, down = (points - VIEWPOINT).T
    expected = np.stack([np.arctan2(east, north), np.arctan2(-down, np.hypot(north, east))], axis=1)
    found = image_to_directions(LEFT.numbers, GROUND, VIEWPOINT, low)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_ground_point_goes_from_one_image_to_the_pixel_the_other_sees_it_at() -> None:
    ground = np.array([[9.0, 0.1, 0.0], [13.0, -0.7, 0.0], [5.0, 0.2, 0.0]])
    in_left = project_points(LEFT.numbers, ground - LEFT.numbers.center, finite=True)
    in_right = project_points(RIGHT.numbers, ground - RIGHT.numbers.center, finite=True)
    found = image_to_images(LEFT.numbers, RIGHT.numbers, GROUND, in_left)
    np.testing.assert_allclose(found, in_right, rtol=0, atol=1e-8)


def test_parallax_between_the_pair_is_gone_at_infinity_only() -> None:
    ray = np.array([[0.98, 0.0, 0.12]])
    in_left = project_points(LEFT.numbers, ray, finite=False)
    at_infinity = image_to_images(LEFT.numbers, RIGHT.numbers, INFINITY, in_left)
    np.testing.assert_allclose(
        at_infinity, project_points(RIGHT.numbers, ray, finite=False), rtol=0, atol=1e-8
    )
    on_ground = image_to_images(LEFT.numbers, RIGHT.numbers, GROUND, in_left)
    # the ground is met at 10.2 m, where the baseline of 6.7 cm subtends at most 6.6 mrad, 8 px
    assert 0.1 < np.linalg.norm(on_ground - at_infinity) < 8.0

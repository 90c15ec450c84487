import math

import numpy as np
import pytest
from label_cameras import LabelCamera, frame_net, label_cameras

from hinterland_kernels.lattice.maps import look_points, project_points
from hinterland_kernels.pixel.camera import CAHV, CAHVORE, Camera, look, project

every_camera = pytest.mark.parametrize("camera", label_cameras(), ids=lambda camera: camera.name)

# the left Navcam of NLF_0024_0669080250, as the feed prints it: |O| is off unit by 7e-6
FEED_CAMERA = Camera(
    center=(0.75367, 0.324109, -1.83023),
    axis=(0.34915, -0.284121, 0.892964),
    horizontal=(697.199, 386.234, 576.596),
    vertical=(-339.241, 283.166, 766.229),
    optical=(0.349973, -0.282954, 0.893012),
    radial=(2e-06, 0.049535, -0.015973),
    entrance=(-0.003612, 0.013016, -0.023961),
    linearity=0.0,
    kind=CAHVORE,
    cos_field=-1.0,
)


@every_camera
def test_looking_through_a_pixel_gives_the_ray_of_jpls_library(camera: LabelCamera) -> None:
    origins, rays = look_points(camera.numbers, camera.pixels)
    # the library stops its iterations at 1e-8; being Newton's, they are then good to its square and rounding
    np.testing.assert_allclose(rays, camera.rays, rtol=0, atol=1e-12)
    np.testing.assert_allclose(origins, camera.origins, rtol=0, atol=1e-12)


@every_camera
def test_projecting_a_point_gives_the_pixel_of_jpls_library(camera: LabelCamera) -> None:
    pixels = project_points(camera.numbers, camera.points - np.array(camera.numbers.center), finite=True)
    # 1e-12 rad at 3 pixels a milliradian, and the rounding of sums of H and V of some thousand pixels
    np.testing.assert_allclose(pixels, camera.point_pixels, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("sample", "line", "ray"),
    [
        (639.5, 479.5, (0.346716, -0.298008, 0.889362)),
        (0.0, 0.0, (0.085880, -0.975094, 0.204470)),
        (1279.0, 959.0, (0.261530, 0.675259, 0.689652)),
        (1279.0, 0.0, (0.973245, 0.082773, 0.214325)),
    ],
)
def test_the_feeds_fish_eye_looks_where_it_was_computed_by_hand(
    sample: float, line: float, ray: tuple[float, float, float]
) -> None:
    _, found = look(FEED_CAMERA, line, sample)
    # the vectors were computed with O as printed, and agree among two implementations to 2e-6
    np.testing.assert_allclose(found, ray, rtol=0, atol=2e-6)


def test_the_corner_ray_of_the_feeds_fish_eye_starts_at_the_shifted_pupil() -> None:
    origin, _ = look(FEED_CAMERA, 0.0, 0.0)
    np.testing.assert_allclose(origin, (0.752218, 0.325283, -1.833934), rtol=0, atol=2e-6)


@every_camera
@pytest.mark.parametrize("distance", [0.5, 7.0, 1e4])
def test_projecting_what_a_pixel_looks_at_returns_to_the_pixel(camera: LabelCamera, distance: float) -> None:
    pixels = frame_net(camera.model)
    origins, rays = look_points(camera.numbers, pixels)
    points = origins + distance * rays
    back = project_points(camera.numbers, points - np.array(camera.numbers.center), finite=True)
    np.testing.assert_allclose(back, pixels, rtol=0, atol=1e-6)


@every_camera
def test_projecting_the_direction_of_a_pixel_returns_to_the_pixel(camera: LabelCamera) -> None:
    pixels = frame_net(camera.model)
    _, rays = look_points(camera.numbers, pixels)
    np.testing.assert_allclose(
        project_points(camera.numbers, 3.0 * rays, finite=False), pixels, rtol=0, atol=1e-6
    )


@every_camera
def test_a_far_point_and_its_direction_have_one_pixel(camera: LabelCamera) -> None:
    _, rays = look_points(camera.numbers, camera.pixels)
    far = project_points(camera.numbers, 1e6 * rays, finite=True)
    # a pupil shift of up to 5 mm seen from 1000 km, at up to 3000 px/rad
    np.testing.assert_allclose(far, project_points(camera.numbers, rays, finite=False), rtol=0, atol=1e-4)


@every_camera
def test_a_point_behind_the_camera_has_no_pixel(camera: LabelCamera) -> None:
    behind = -np.array(camera.numbers.optical)
    for finite in (True, False):
        assert np.isnan(project(camera.model.numbers, (behind[0], behind[1], behind[2]), finite)).all()


@every_camera
def test_no_direction_beyond_the_frames_widest_ray_folds_back_into_it(camera: LabelCamera) -> None:
    numbers = camera.model.numbers
    _, edge = look_points(numbers, frame_net(camera.model))
    widest = math.acos((edge @ np.array(numbers.optical)).min())
    directions = np.random.default_rng(7).normal(size=(20_000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    angles = np.arccos(np.clip(directions @ np.array(numbers.optical), -1.0, 1.0))
    # one degree is kept as margin, so that points just outside the frame are still found
    assert np.isnan(
        project_points(numbers, directions[angles > widest + math.radians(1.01)], finite=False)
    ).all()
    pixels = project_points(numbers, directions, finite=False)
    seen = np.isfinite(pixels).all(axis=1)
    assert seen.any()
    _, back = look_points(numbers, pixels[seen])
    np.testing.assert_allclose(back, directions[seen], rtol=0, atol=1e-9)


@every_camera
def test_the_ray_at_the_optical_axis_is_the_axis(camera: LabelCamera) -> None:
    line, sample = project(camera.numbers, camera.numbers.optical, False)
    origin, ray = look(camera.numbers, line, sample)
    np.testing.assert_allclose(ray, camera.numbers.optical, rtol=0, atol=1e-12)
    np.testing.assert_allclose(origin, camera.numbers.center, rtol=0, atol=1e-12)


def test_a_direction_beyond_the_field_has_no_pixel() -> None:
    numbers = label_cameras()[0].numbers._replace(cos_field=math.cos(math.radians(20.0)))
    axis = np.array(numbers.optical)
    sideways = np.cross(axis, (0.0, 0.0, 1.0))
    sideways /= np.linalg.norm(sideways)
    angles = np.radians([19.9, 20.1])
    directions = np.cos(angles)[:, None] * axis + np.sin(angles)[:, None] * sideways
    pixels = project_points(numbers, directions, finite=False)
    assert np.isfinite(pixels[0]).all()
    assert np.isnan(pixels[1]).all()


def test_a_mirrored_image_still_looks_forward() -> None:
    numbers = label_cameras()[0].numbers
    assert numbers.kind == CAHV
    x, y, z = numbers.horizontal
    mirrored = numbers._replace(horizontal=(-x, -y, -z))
    _, ray = look(mirrored, 500.0, -500.0)
    _, straight = look(numbers, 500.0, 500.0)
    np.testing.assert_allclose(ray, straight, rtol=0, atol=1e-15)

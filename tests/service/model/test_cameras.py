import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_cameras import LabelCamera, frame_net, label_camera, label_cameras

from hinterland.model.cameras import CameraModel
from hinterland.model.rotations import matrix_from_quaternion, matrix_from_rotation_vector

every_camera = pytest.mark.parametrize("camera", label_cameras(), ids=lambda camera: camera.name)

# NLF_0024_0669080250: H and V of the full frame at scale 4, and what its 80 x 60 thumbnail's own model prints
FULL_FRAME = CameraModel(
    kind="CAHVORE",
    center=(0.75367, 0.324109, -1.83023),
    axis=(0.34915, -0.284121, 0.892964),
    horizontal=(697.199, 386.234, 576.596),
    vertical=(-339.241, 283.166, 766.229),
    optical=(0.349973, -0.282954, 0.893012),
    radial=(2e-06, 0.049535, -0.015973),
    entrance=(-0.003612, 0.013016, -0.023961),
    model_type=2,
    lines=960,
    samples=1280,
)
ATTITUDE = (0.899058, 0.000448549, -0.0127435, -0.437643)


def column(model: CameraModel) -> float:
    """The sample that A crosses, A . H."""
    return float(np.dot(model.axis, model.horizontal))


@every_camera
def test_a_model_looks_and_projects_as_jpls_library_does(camera: LabelCamera) -> None:
    origins, rays = camera.model.look(camera.pixels)
    np.testing.assert_allclose(rays, camera.rays, rtol=0, atol=1e-12)
    np.testing.assert_allclose(origins, camera.origins, rtol=0, atol=1e-12)
    np.testing.assert_allclose(camera.model.project(camera.points), camera.point_pixels, rtol=0, atol=1e-8)


@every_camera
def test_every_pixel_of_the_frame_returns_from_its_ray(camera: LabelCamera) -> None:
    pixels = frame_net(camera.model)
    origins, rays = camera.model.look(pixels)
    np.testing.assert_allclose(camera.model.project(origins + 3.0 * rays), pixels, rtol=0, atol=1e-6)
    np.testing.assert_allclose(camera.model.project_directions(rays), pixels, rtol=0, atol=1e-6)


def test_six_printed_digits_of_o_do_not_break_the_round_trip() -> None:
    assert FULL_FRAME.optical is not None
    assert abs(np.linalg.norm(FULL_FRAME.optical) - 1.0) > 5e-6  # else this shows nothing
    pixels = frame_net(FULL_FRAME)
    _, rays = FULL_FRAME.look(pixels)
    np.testing.assert_allclose(FULL_FRAME.project_directions(rays), pixels, rtol=0, atol=1e-6)


def test_the_feeds_full_frame_looks_west_and_down() -> None:
    _, ray = FULL_FRAME.moved(matrix_from_quaternion(ATTITUDE)).look([[479.5, 639.5]])
    north, east, down = ray[0]
    # the values were computed with O as printed, 7e-6 off unit: at the image's centre that moves no ray
    assert math.degrees(math.atan2(east, north)) % 360.0 == pytest.approx(264.708, abs=1e-3)
    assert math.degrees(-math.asin(down)) == pytest.approx(-63.294, abs=1e-3)


def test_the_full_frame_reduced_is_the_thumbnails_own_model() -> None:
    assert column(FULL_FRAME) == pytest.approx(648.5693, abs=1e-3)
    # the thumbnail's model gives 40.06686; its six digits hold the product to 1e-4
    assert column(FULL_FRAME.scaled(1 / 16, 60, 80)) == pytest.approx(40.06686, abs=2e-4)


def test_two_tiles_of_one_exposure_are_parts_of_one_camera() -> None:
    # NRM_0015_0668287694, tiles 08 and 17 at scale 16, subframeRect (1,953,...) and (1273,2873,...)
    shared: dict[str, Any] = {
        "kind": "CAHVORE",
        "center": (0.709776, 0.793055, -1.91017),
        "axis": (0.492893, 0.729401, 0.474391),
        "optical": (0.493452, 0.729465, 0.47371),
        "radial": (0.0, 0.05117, -0.018889),
        "entrance": (0.001504, 0.020873, -0.009439),
        "model_type": 2,
    }
    tile_8 = CameraModel(
        horizontal=(-73.5157, 220.707, 75.669),
        vertical=(-19.0185, -27.0798, 191.69),
        lines=61,
        samples=80,
        **shared,
    )
    tile_17 = CameraModel(
        horizontal=(-112.701, 162.719, 37.9549),
        vertical=(-78.1656, -114.608, 134.763),
        lines=60,
        samples=81,
        **shared,
    )
    sensors = [
        tile.scaled(16, tile.lines * 16, tile.samples * 16).cropped(
            1 - first_line, 1 - first_sample, 3840, 5120
        )
        for tile, first_sample, first_line in ((tile_8, 1, 953), (tile_17, 1273, 2873))
    ]
    # H and V are printed to 5e-4 at most, which the sensor's scale multiplies by 16
    np.testing.assert_allclose(sensors[0].horizontal, sensors[1].horizontal, rtol=0, atol=0.016)
    np.testing.assert_allclose(sensors[0].vertical, sensors[1].vertical, rtol=0, atol=0.016)


@every_camera
def test_a_crop_moves_pixels_by_its_corner_alone(camera: LabelCamera) -> None:
    crop = camera.model.cropped(7, 13, 31, 29)
    assert crop.shape == (31, 29)
    _, rays = camera.model.look([[20.0, 30.0]])
    _, cropped_rays = crop.look([[13.0, 17.0]])
    np.testing.assert_allclose(cropped_rays, rays, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(factor=st.sampled_from([0.25, 0.5, 2.0, 16.0]), line=st.floats(0, 59), sample=st.floats(0, 79))
def test_resampling_keeps_the_edges_of_pixels_where_they_are(
    factor: float, line: float, sample: float
) -> None:
    model = label_camera("CAHVORE NLM").model
    resized = model.scaled(factor, 11, 17)
    _, ray = model.look([[line, sample]])
    _, resized_ray = resized.look([[(line + 0.5) * factor - 0.5, (sample + 0.5) * factor - 0.5]])
    np.testing.assert_allclose(resized_ray, ray, rtol=0, atol=1e-12)


@every_camera
def test_a_moved_camera_sees_moved_points_at_the_same_pixels(camera: LabelCamera) -> None:
    rotation = matrix_from_quaternion((0.7156, 0.0208675, -0.000370714, 0.698199))
    translation = np.array([31.2262, 8.12755, 0.398731])
    moved = camera.model.moved(rotation, translation)
    pixels = moved.project(camera.points @ rotation.T + translation)
    np.testing.assert_allclose(pixels, camera.model.project(camera.points), rtol=0, atol=1e-7)


@every_camera
def test_a_turned_camera_keeps_its_centre_and_turns_its_rays(camera: LabelCamera) -> None:
    rotation = matrix_from_rotation_vector(np.array([0.002, -0.003, 0.005]))
    turned = camera.model.turned(rotation)
    np.testing.assert_allclose(turned.center, camera.model.center, rtol=0, atol=1e-15)
    np.testing.assert_allclose(turned.look(camera.pixels)[1], camera.rays @ rotation.T, rtol=0, atol=1e-12)


def test_the_scale_at_the_axis_is_the_cameras_published_one() -> None:
    # Perseverance's Navcam: 0.33 mrad a pixel at full resolution, published to two digits
    assert 1e3 / (4 * FULL_FRAME.pixels_per_radian) == pytest.approx(0.33, abs=0.01)


@every_camera
def test_behind_the_camera_nothing_is_seen(camera: LabelCamera) -> None:
    axis = np.array([camera.model.axis])
    assert np.isnan(camera.model.project(camera.model.center - 5.0 * axis)).all()
    assert np.isnan(camera.model.project_directions(-axis)).all()


def test_the_whole_navcam_frame_and_a_degree_around_it_lie_in_the_field_of_view() -> None:
    corners = np.array([[-0.5, -0.5], [-0.5, 1279.5], [959.5, -0.5], [959.5, 1279.5]])
    _, rays = FULL_FRAME.look(corners)
    optical = np.array(FULL_FRAME.numbers.optical)
    angles = np.degrees(np.arccos(rays @ optical))
    assert angles.max() == pytest.approx(60.8, abs=0.05)  # the published corner of the field
    field_deg = math.degrees(math.acos(FULL_FRAME.numbers.cos_field))
    assert field_deg == pytest.approx(angles.max() + 1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "PINHOLE"}, "one of CAHV, CAHVOR, CAHVORE, got 'PINHOLE'"),
        ({"lines": 0}, "got 0 lines x 1280 samples"),
        ({"kind": "CAHV", "model_type": 0}, "a CAHV model has no optical axis"),
        ({"optical": None}, "a CAHVORE model has an optical axis"),
        ({"model_type": 0}, "type 0 does not go with a CAHVORE model"),
        ({"model_type": 4}, "type 4 does not go with a CAHVORE model"),
        ({"kind": "CAHVOR"}, "type 2 does not go with a CAHVOR model"),
        ({"center": (math.nan, 0.0, 0.0)}, "C of the camera model is not finite"),
        ({"parameter": math.inf}, "parameter of the camera model is not finite"),
        ({"axis": (0.0, 0.0, 0.0)}, "A of the camera model must be a unit vector, got length 0"),
        ({"optical": (0.7, -0.566, 1.786)}, "O of the camera model must be a unit vector, got length 2"),
        ({"horizontal": FULL_FRAME.vertical}, "degenerate: A, H and V do not span"),
        ({"vertical": (0.0, 0.0, 0.0)}, "degenerate: A, H and V do not span"),
        ({"horizontal": FULL_FRAME.axis}, "degenerate: A, H and V do not span"),
    ],
)
def test_what_cannot_be_a_camera_is_refused_with_its_value(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(FULL_FRAME, **change)

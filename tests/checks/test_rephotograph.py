"""The instruments that judge panoramas are judged here: by shifts, levels and cameras that are known."""

from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import ATTITUDE, navcam_cameras, whole_sensor
from numpy.typing import NDArray
from panorama_measures import Displacement, displacement, radiometric_rms
from rephotograph import Photograph, Picture, navcam_picture, pointing_errors, rephotograph

from hinterland.model.grids import CylindricalGrid
from hinterland.model.rotations import matrix_from_quaternion, matrix_from_rotation_vector

GRID = CylindricalGrid(
    azimuth_left_deg=130.0, elevation_top_deg=5.0, pixels_per_degree=6.5, lines=300, samples=900
)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return navcam_picture().reduced(2)


@pytest.fixture(scope="module")
def truth(picture: Picture) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return picture.on_grid(GRID)


@pytest.fixture(scope="module")
def photograph(picture: Picture) -> Photograph:
    (one,) = rephotograph(picture, navcam_cameras(120, 160)[1:2], seed=3, pointing_error_deg=0.5)
    return one


def dn(photograph: Photograph) -> NDArray[np.float64]:
    return np.asarray(photograph.image.samples, np.float64)


def errors_of(found: Displacement, line: float, sample: float) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.hypot(*(found.offsets - (line, sample)).T)
    return lengths


@pytest.mark.parametrize(("line", "sample"), [(0.0, 0.0), (0.3, -0.7), (3.25, 1.5), (-7.4, 9.5)])
def test_a_known_shift_is_measured_to_a_twentieth_of_a_pixel(
    picture: Picture, truth: tuple[NDArray[np.float32], NDArray[np.bool_]], line: float, sample: float
) -> None:
    moved = replace(
        GRID,
        azimuth_left_deg=GRID.azimuth_left_deg - sample / GRID.pixels_per_degree,
        elevation_top_deg=GRID.elevation_top_deg + line / GRID.pixels_per_degree,
    )
    shifted, mask = picture.on_grid(moved)
    found = displacement(np.rint(0.8 * shifted + 3.0), truth[0], mask & truth[1])
    errors = errors_of(found, line, sample)
    assert len(errors) > 50
    assert np.median(errors) < 0.025
    assert np.percentile(errors, 95, method="higher") < 0.05


def test_a_block_that_is_not_found_again_counts_as_infinitely_far(
    truth: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    noise = np.random.default_rng(1).normal(size=truth[0].shape).astype(np.float32)
    found = displacement(noise, *truth)
    assert np.isinf(found.percentile(50))
    assert radiometric_rms(noise, *truth) > 0.05


def test_one_rotation_of_the_whole_is_found_and_taken_off(
    picture: Picture, truth: tuple[NDArray[np.float32], NDArray[np.bool_]]
) -> None:
    turn = matrix_from_rotation_vector(np.radians([0.3, -0.2, 0.4]))
    turned, mask = picture.on_grid(GRID, turn)
    raw = displacement(turned, truth[0], mask & truth[1])
    assert raw.percentile(50) > 2.0
    rest, rotation = raw.without_rotation(GRID)
    # a block of 48 pixels is sheared by the twist, which a translation does not follow: 48/2 * 0.5 degrees
    assert rest.percentile(50) < 0.06
    assert rest.percentile(95) < 0.21
    # the panorama shows in a direction what the picture has in the turned one: things are moved backwards
    np.testing.assert_allclose(rotation, turn.T, rtol=0, atol=1e-4)
    back, back_mask = picture.on_grid(GRID, rotation.T)
    assert displacement(turned, back, mask & back_mask).percentile(95) < 0.05


def test_turning_halves_of_a_panorama_apart_is_no_rotation_of_the_whole() -> None:
    points = np.stack(np.meshgrid(np.arange(20.0, 300.0, 40.0), np.arange(20.0, 900.0, 40.0)), -1).reshape(
        -1, 2
    )
    offsets = np.where(points[:, 1:] < 450.0, (0.0, 1.0), (0.0, -1.0))
    rest, _ = Displacement(points=points, offsets=offsets).without_rotation(GRID)
    assert rest.percentile(50) > 0.8


def test_gain_and_offset_of_the_whole_do_not_count_but_those_of_a_part_do(
    truth: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    samples, mask = truth
    assert radiometric_rms(0.7 * samples + 12.0, samples, mask) < 1e-6
    stepped = samples.copy()
    stepped[..., 450:] += 10.0
    expected = 5.0 / (samples[:, mask].max() - samples[:, mask].min())
    # a step of 10 leaves 5 on either side, of which a common gain takes a small share
    for smoothing_px in (0.0, 8.0):
        assert radiometric_rms(stepped, samples, mask, smoothing_px) == pytest.approx(expected, rel=0.15)


def test_smoothed_the_difference_of_levels_does_not_see_edges_that_are_a_little_off(
    truth: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    samples, mask = truth
    moved = np.roll(samples, 1, axis=2)
    both = mask & np.roll(mask, 1, axis=1)
    assert radiometric_rms(moved, samples, both, 8.0) < 0.3 * radiometric_rms(moved, samples, both)


def test_two_tiles_of_one_exposure_give_one_camera_of_the_whole_sensor() -> None:
    first, second = (
        whole_sensor(f"NRM_0015_0668287694_287ECM_T0030386NCAM02001_{tile}") for tile in ("08", "17")
    )
    pixels = np.array([[0.0, 0.0], [1900.0, 2500.0], [3839.0, 5119.0]])
    # six digits at scale 16 hold the model to 0.01 px of the sensor near the axis, some more in the corners
    np.testing.assert_allclose(second.project_directions(first.look(pixels)[1]), pixels, rtol=0, atol=0.05)


def test_the_carried_left_eye_agrees_with_the_label_where_there_is_one() -> None:
    # the same construction from azimuth 126 to 272, where the left eye has a thumbnail of its own
    before, after = whole_sensor("NRM_0015_0668288016"), whole_sensor("NRF_0015_0668287188")
    left, expected = whole_sensor("NLM_0015_0668288016"), whole_sensor("NLF_0015_0668287188")
    rotations = []
    for camera in (before, after):
        forward = np.array(camera.axis) / np.linalg.norm(camera.axis)
        down = np.cross(forward, camera.horizontal)
        down /= np.linalg.norm(down)
        rotations.append(np.stack([np.cross(down, forward), down, forward], axis=1))
    turn = rotations[1] @ rotations[0].T
    carried = left.moved(turn, np.array(after.center) - turn @ np.array(before.center))
    np.testing.assert_allclose(carried.center, expected.center, rtol=0, atol=1e-4)
    # six digits of the scale-64 model: 1e-6 rad
    np.testing.assert_allclose(carried.numbers.optical, expected.numbers.optical, rtol=0, atol=2e-5)


def test_the_four_frames_look_all_round_but_for_the_gap_they_were_taken_with() -> None:
    to_local_level = matrix_from_quaternion(ATTITUDE)
    azimuths = []
    for camera in navcam_cameras(96, 128):
        _, rays = camera.moved(to_local_level).look([[47.5, 63.5]])
        azimuths.append(np.degrees(np.arctan2(rays[0, 1], rays[0, 0])) % 360.0)
    # mast azimuth plus the rover's yaw of 88.6 degrees; the left eye is toed in by 0.8 to 1.5 degrees
    expected = (np.array([55.2, 125.7, 199.0, 272.1]) + 88.6) % 360.0
    np.testing.assert_allclose((azimuths - expected + 180.0) % 360.0 - 180.0, 0.0, atol=1.6)


def test_a_photograph_is_the_picture_through_its_true_camera_and_not_through_its_labels(
    picture: Picture, photograph: Photograph
) -> None:
    image = photograph.image
    to_local_level = matrix_from_quaternion(ATTITUDE)
    seen, mask = picture.through(photograph.true_camera.moved(to_local_level))
    np.testing.assert_array_equal(image.mask, mask)
    np.testing.assert_allclose(
        dn(photograph)[:, mask], photograph.gain * seen[:, mask] + photograph.offset, rtol=0, atol=0.5001
    )
    wrong, wrong_mask = picture.through(image.product.camera_in_local_level)
    both = mask & wrong_mask
    assert np.abs(wrong - seen)[:, both].mean() > 1.0  # DN; half a degree is 0.8 px here


def test_sixteen_bits_hold_the_same_photograph_with_finer_steps(
    picture: Picture, photograph: Photograph
) -> None:
    (fine,) = rephotograph(picture, navcam_cameras(120, 160)[1:2], seed=3, pointing_error_deg=0.5, bits=16)
    assert (fine.image.samples.dtype.name, fine.image.largest) == ("uint16", 65535.0)
    np.testing.assert_allclose(dn(fine) / 257.0, dn(photograph), rtol=0, atol=0.51)


def test_noise_has_the_size_it_was_asked_for(picture: Picture, photograph: Photograph) -> None:
    (noisy,) = rephotograph(
        picture, navcam_cameras(120, 160)[1:2], seed=3, pointing_error_deg=0.5, noise_dn=2.0, bits=16
    )
    mask = noisy.image.mask
    clean = noisy.gain / photograph.gain
    difference = dn(noisy)[:, mask] - clean * dn(photograph)[:, mask]
    # 2 DN of noise and the even rounding of the other, 12**-0.5 DN; 50 000 samples tell this to 1 %
    assert np.std(difference) / 257.0 == pytest.approx(np.hypot(2.0, 12**-0.5), rel=0.03)


def test_pointing_errors_have_the_rms_they_were_asked_for() -> None:
    rotations = pointing_errors(5, 0.3, np.random.default_rng(11))
    angles = [np.degrees(np.arccos((np.trace(rotation) - 1.0) / 2.0)) for rotation in rotations]
    assert np.sqrt(np.mean(np.square(angles))) == pytest.approx(0.3, rel=1e-6)
    assert np.std(angles) > 0.01

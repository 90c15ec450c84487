import cv2
import numpy as np
import pytest
from navcam_rig import ATTITUDE, navcam_cameras
from rephotograph import Photograph, navcam_picture, rephotograph

from hinterland.adjust import tie_points
from hinterland.adjust.tie_points import TiePoints, find_tie_points
from hinterland.model.rotations import matrix_from_quaternion
from hinterland.model.solution import INFINITY
from hinterland_kernels.lattice import maps


@pytest.fixture(scope="module")
def photographs() -> list[Photograph]:
    """Four frames of a real picture at infinity, with errors of 0.3 degrees (2 px) in their labels."""
    return rephotograph(
        navcam_picture().reduced(2), navcam_cameras(480, 640), seed=6, pointing_error_deg=0.3, noise_dn=1.0
    )


@pytest.fixture(scope="module")
def ties(photographs: list[Photograph]) -> tuple[TiePoints, ...]:
    return find_tie_points([photograph.image for photograph in photographs])


def true_errors(photographs: list[Photograph], pair: TiePoints) -> np.ndarray:
    """Distance (px) of the second points from where the true cameras see what the first ones show."""
    to_local_level = matrix_from_quaternion(ATTITUDE)
    first, second = (
        photographs[i].true_camera.moved(to_local_level).numbers for i in (pair.first, pair.second)
    )
    there = maps.image_to_images(first, second, INFINITY.numbers, pair.points_first)
    return np.linalg.norm(there - pair.points_second, axis=1)


def test_tie_points_join_the_images_that_overlap(ties: tuple[TiePoints, ...]) -> None:
    assert [(pair.first, pair.second) for pair in ties] == [(0, 1), (1, 2), (2, 3)]
    assert all(len(pair) > 100 for pair in ties)


def test_tie_points_are_right_though_labels_and_prior_surface_are_wrong(
    photographs: list[Photograph], ties: tuple[TiePoints, ...]
) -> None:
    # the picture lies at infinity, the prior is the ground: near the rover they are degrees apart
    errors = np.concatenate([true_errors(photographs, pair) for pair in ties])
    assert np.median(errors) < 0.3
    assert np.percentile(errors, 95.0) < 0.7
    assert (errors > 3.0).mean() < 0.01


def test_tie_points_lie_inside_the_valid_parts(
    photographs: list[Photograph], ties: tuple[TiePoints, ...]
) -> None:
    for pair in ties:
        for index, points in ((pair.first, pair.points_first), (pair.second, pair.points_second)):
            line, sample = np.rint(points).astype(int).T
            assert photographs[index].image.mask[line, sample].all()


def test_tie_points_are_spread_over_the_overlap(ties: tuple[TiePoints, ...]) -> None:
    for pair in ties:
        assert np.ptp(pair.points_first[:, 0]) > 0.5 * 480


def test_exposures_with_few_tie_points_are_looked_at_again(
    photographs: list[Photograph], ties: tuple[TiePoints, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [photograph.image for photograph in photographs]
    monkeypatch.setattr(tie_points, "ENOUGH", 0)
    quick = {(pair.first, pair.second): len(pair) for pair in find_tie_points(images, per_pair=9_999)}
    monkeypatch.setattr(tie_points, "ENOUGH", 10_000)
    close = {(pair.first, pair.second): len(pair) for pair in find_tie_points(images, per_pair=9_999)}
    assert quick.keys() == close.keys() == {(pair.first, pair.second) for pair in ties}
    assert all(close[pair] >= count for pair, count in quick.items())
    assert sum(close.values()) > 1.2 * sum(quick.values())


def test_a_pair_gives_no_more_than_was_asked_for(photographs: list[Photograph]) -> None:
    images = [photograph.image for photograph in photographs[:2]]
    (pair,) = find_tie_points(images, per_pair=25)
    assert len(pair) == 25


def test_the_same_images_give_the_same_tie_points_on_any_number_of_threads(
    photographs: list[Photograph], ties: tuple[TiePoints, ...]
) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        again = find_tie_points([photograph.image for photograph in photographs])
    finally:
        cv2.setNumThreads(before)
    for one, other in zip(ties, again, strict=True):
        assert (one.points_first == other.points_first).all()
        assert (one.points_second == other.points_second).all()


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_tie_points(photographs: list[Photograph], count: int) -> None:
    assert find_tie_points([photograph.image for photograph in photographs[:count]]) == ()


def test_images_that_do_not_overlap_have_no_tie_points(photographs: list[Photograph]) -> None:
    assert find_tie_points([photographs[0].image, photographs[3].image]) == ()


def test_kept_keeps_partners_together() -> None:
    points = np.arange(8.0).reshape(4, 2)
    pair = TiePoints(0, 1, points, points + 100.0).kept(np.array([False, True, False, True]))
    assert len(pair) == 2
    assert (pair.points_second - pair.points_first == 100.0).all()

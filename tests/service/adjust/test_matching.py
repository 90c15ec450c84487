import numpy as np
import pytest

from hinterland.adjust.features import Features
from hinterland.adjust.matching import FEWEST, match, spread

TURN = 1000.0
COUNT = 120


def descriptors(count: int, seed: int) -> np.ndarray:
    """Whole numbers of length 512, as SIFT's are; random ones lie far apart."""
    values = np.random.default_rng(seed).gamma(0.5, size=(count, 128))
    return np.rint(512.0 * values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def noisy(values: np.ndarray, seed: int) -> np.ndarray:
    shaken = values + np.random.default_rng(seed).normal(scale=4.0, size=values.shape)
    return np.rint(np.clip(shaken, 0.0, 255.0)).astype(np.float32)


def pair(*, sample: float = 300.0, seed: int = 0) -> tuple[Features, Features]:
    """Two sets whose i-th features are partners, 6 lines and -9 samples apart, with a pixel of bend."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([50.0, sample], [250.0, sample + 120.0], (COUNT, 2))
    bend = 0.005 * (points - points.mean(axis=0))
    first = Features(points, descriptors(COUNT, seed))
    second = Features(points + np.array([6.0, -9.0]) + bend, noisy(first.descriptors, seed + 1))
    return first, second


def test_partners_are_found() -> None:
    first, second = pair()
    i, j, ratio = match(first, second, np.full(COUNT, 30.0), TURN)
    assert (i == j).all()
    assert len(i) > 0.9 * COUNT
    assert (ratio < 0.8).all()


def test_partners_are_found_across_the_seam() -> None:
    first, second = pair(sample=950.0)
    beyond = Features(second.points - [0.0, TURN], second.descriptors)
    i, j, _ = match(first, beyond, np.full(COUNT, 30.0), TURN)
    assert (i == j).all()
    assert len(i) > 0.9 * COUNT


def test_a_partner_outside_the_gate_is_none() -> None:
    first, second = pair()
    i, _, _ = match(first, second, np.full(COUNT, 8.0), TURN)
    assert len(i) == 0


def test_images_that_lie_apart_have_no_matches() -> None:
    first, second = pair()
    elsewhere = Features(second.points + np.array([0.0, 400.0]), second.descriptors)
    i, _, _ = match(first, elsewhere, np.full(COUNT, 30.0), TURN)
    assert len(i) == 0


def test_look_alikes_that_move_otherwise_than_their_neighbours_are_left_out() -> None:
    first, second = pair()
    wrong = np.arange(0, COUNT, 4)
    points = second.points.copy()
    points[wrong] += np.random.default_rng(5).uniform(8.0, 15.0, (len(wrong), 2))
    i, j, _ = match(first, Features(points, second.descriptors), np.full(COUNT, 40.0), TURN)
    assert (i == j).all()
    assert not np.isin(i, wrong).any()
    assert len(i) > 0.6 * COUNT


def test_unrelated_features_do_not_match() -> None:
    first, second = pair()
    i, _, _ = match(first, Features(second.points, descriptors(COUNT, 99)), np.full(COUNT, 60.0), TURN)
    assert len(i) == 0


def test_repeated_texture_is_ambiguous_and_left_out() -> None:
    first, second = pair()
    copies = Features(
        np.concatenate([second.points, second.points + np.array([0.0, 12.0])]),
        np.concatenate([second.descriptors, noisy(first.descriptors, 7)]),
    )
    i, _, _ = match(first, copies, np.full(COUNT, 40.0), TURN)
    assert len(i) == 0


def test_a_spot_with_two_orientations_still_matches() -> None:
    first, second = pair()
    twice = Features(
        np.concatenate([second.points, second.points]),
        np.concatenate([second.descriptors, noisy(second.descriptors, 8)]),
    )
    i, j, _ = match(first, twice, np.full(COUNT, 30.0), TURN)
    assert len(i) > 0.9 * COUNT
    assert (i == j % COUNT).all()


@pytest.mark.parametrize("count", [0, FEWEST - 1])
def test_too_few_features_make_no_pair(count: int) -> None:
    first, second = pair()
    few = Features(first.points[:count], first.descriptors[:count])
    i, j, ratio = match(few, second, np.full(count, 30.0), TURN)
    assert len(i) == len(j) == len(ratio) == 0


def test_spread_keeps_the_surest_of_each_cell() -> None:
    rng = np.random.default_rng(2)
    crowd = rng.uniform(0.0, 10.0, (500, 2))
    lone = np.array([[90.0, 90.0], [95.0, 5.0], [5.0, 95.0]])
    ratio = np.concatenate([rng.uniform(0.1, 0.5, 500), [0.75, 0.75, 0.75]])
    kept = spread(np.concatenate([crowd, lone]), ratio, 40)
    assert len(kept) == 40
    assert {500, 501, 502} <= set(kept.tolist())  # doubtful, but alone where they are
    assert ratio[kept[:-3]].mean() < ratio[:500].mean()


def test_spread_keeps_all_of_few() -> None:
    assert spread(np.zeros((5, 2)), np.zeros(5), 10).tolist() == [0, 1, 2, 3, 4]

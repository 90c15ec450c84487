import numpy as np
import pytest

from hinterland.mosaics.robust_planes import nmad, robust_fit


def test_a_plane_is_found_though_a_third_of_the_values_is_wrong() -> None:
    random = np.random.default_rng(37)
    places = random.uniform(-1.0, 1.0, (3000, 2))
    values = 12.0 + 0.9 * places[:, 0] - 0.6 * places[:, 1] + random.normal(scale=0.1, size=3000)
    wrong = (places > -0.2).all(axis=1)  # a corner, so that tilts would suffer
    values[wrong] += 30.0
    solution, weights = robust_fit(np.column_stack([np.ones(3000), places]), values)
    # 1900 good values of 0.1: standard errors of 0.004 and less
    assert solution == pytest.approx([12.0, 0.9, -0.6], abs=0.02)
    assert (weights[wrong] == 0.0).all()
    assert (weights[~wrong] > 0.0).mean() > 0.99


def test_nmad_of_normal_residuals_is_their_spread() -> None:
    residuals = np.random.default_rng(1).normal(5.0, 2.0, 20_000)
    assert nmad(residuals) == pytest.approx(2.0, rel=0.03)
    residuals[:2000] = 1e6
    assert nmad(residuals) == pytest.approx(2.0, rel=0.2)

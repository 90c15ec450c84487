import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from hinterland.errors import InputError
from hinterland.mosaics.terrain import blend, blend_weights, fill_holes, level_to_reference


def ground(lines: int = 90, samples: int = 110) -> NDArray[np.float32]:
    noise = np.random.default_rng(31).normal(size=(lines, samples))
    return (-2500.0 + 40.0 * ndimage.gaussian_filter(noise, 3.0)).astype(np.float32)


def whole(shape: tuple[int, int]) -> NDArray[np.bool_]:
    return np.ones(shape, dtype=np.bool_)


def test_an_offset_and_a_tilt_are_found_though_a_quarter_of_the_overlap_is_wrong() -> None:
    reference = ground()
    lines, samples = np.indices(reference.shape)
    tilt = 12.0 + 0.02 * (lines - 44.5) - 0.013 * (samples - 54.5)
    noise = np.random.default_rng(37).normal(scale=0.1, size=reference.shape)
    heights = (reference - tilt + noise).astype(np.float32)
    heights[:45, :55] += 30.0  # a blunder
    found = level_to_reference(heights, whole(heights.shape), reference, whole(heights.shape), "plane")
    # 7400 good cells of 0.1 m noise: standard errors 0.001 m and 5e-5 m a line
    assert found.offset_m == pytest.approx(12.0, abs=0.006)
    assert found.per_line_m == pytest.approx(0.02, abs=2e-4)
    assert found.per_sample_m == pytest.approx(-0.013, abs=2e-4)
    assert found.inlier_share == pytest.approx(0.75, abs=0.01)
    level = found.apply(heights)
    assert np.median(np.abs(level - reference)) < 0.1


def test_an_offset_is_the_robust_middle_of_the_differences() -> None:
    reference = ground()
    mask = whole(reference.shape)
    mask[:, 40:] = False
    heights = np.where(mask, reference + np.float32(7.5), np.float32(1e9))
    found = level_to_reference(heights, mask, reference, whole(mask.shape))
    assert found.offset_m == pytest.approx(-7.5, abs=3e-4)  # float32 at 2500 m steps by 2.4e-4 m
    assert (found.per_line_m, found.per_sample_m) == (0.0, 0.0)
    assert found.overlap_cells == mask.sum()


def test_models_that_do_not_overlap_cannot_be_levelled() -> None:
    heights = ground()
    left, right = whole(heights.shape), whole(heights.shape)
    left[:, 50:], right[:, :50] = False, False
    with pytest.raises(InputError, match="shares 0 cells"):
        level_to_reference(heights, left, heights, right)


def test_a_strip_gives_no_plane() -> None:
    heights = ground()
    strip = np.zeros(heights.shape, dtype=np.bool_)
    strip[40:42, :] = True
    with pytest.raises(InputError, match="level by offset"):
        level_to_reference(heights, strip, heights, whole(heights.shape), "plane")
    assert level_to_reference(heights, strip, heights, whole(heights.shape)).offset_m == 0.0


def test_a_levelling_has_a_model_that_exists() -> None:
    heights = ground()
    with pytest.raises(ValueError, match="offset, plane"):
        level_to_reference(heights, whole(heights.shape), heights, whole(heights.shape), "cubic")


def test_weights_rise_from_a_straight_edge_as_they_say() -> None:
    weights = blend_weights(whole((401, 401)), 20.0)[:, 200]
    distance = np.arange(60) + 0.5  # from the edge of the first cell's missing neighbour
    # the sum over cells is the integral but for the first ones; its end at eight feathers adds up to 6 %
    np.testing.assert_allclose(weights[10:60], distance[10:] ** 2 / (distance[10:] ** 2 + 400.0), rtol=0.06)
    assert np.all(np.diff(weights[:200]) >= 0.0)


def test_weights_are_positive_where_valid_and_only_there() -> None:
    mask = whole((80, 90))
    mask[30:50, 20:24] = False
    weights = blend_weights(mask, 5.0)
    assert np.all(weights[mask] > 0.0)
    assert np.all(weights[~mask] == 0.0)
    assert weights.max() <= 1.0


def test_weights_have_no_ridge_along_the_diagonal_of_a_corner() -> None:
    def bends(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Second differences across the diagonal, where line = sample = 20."""
        across = np.array([weights[40 - k, k] for k in range(5, 36)])
        return np.abs(np.diff(across, 2))

    mask = whole((200, 200))
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    ridged = bends(distance**2 / (distance**2 + 400.0))
    assert ridged[14] > 10.0 * np.delete(ridged, 14).max()  # the measure sees one
    smooth = bends(blend_weights(mask, 20.0).astype(np.float64))
    assert smooth[14] < 1.2 * np.delete(smooth, 14).max()


def test_a_gap_far_away_has_no_influence() -> None:
    mask = whole((400, 400))
    before = blend_weights(mask, 4.0)
    mask[:, 390:] = False
    after = blend_weights(mask, 4.0)
    # eight feathers; the convolution rounds to 1e-16 of its largest sum
    np.testing.assert_allclose(after[:, :357], before[:, :357], rtol=1e-6)


def test_a_blend_of_level_models_is_the_model_and_has_no_step() -> None:
    heights = ground(60, 200)
    left, right = whole(heights.shape), whole(heights.shape)
    left[:, 130:], right[:, :70] = False, False
    weights = [blend_weights(left, 15.0), blend_weights(right, 15.0)]
    flat = np.zeros(heights.shape, dtype=np.float32)
    blended, mask = blend([flat, flat + 1], [left, right], weights)
    assert mask.all()
    steps = np.abs(np.diff(blended[30]))
    assert steps.max() < 0.05  # one metre over sixty cells, at most three times the even slope
    same, _ = blend([heights, heights], [left, right], weights)
    np.testing.assert_allclose(same, heights, rtol=1e-7)


def test_nan_without_weight_stays_out_of_a_blend() -> None:
    mask = whole((5, 5))
    mask[2, 2] = False
    bad = np.full((5, 5), np.nan, dtype=np.float32)
    blended, valid = blend(
        [bad, np.ones((5, 5), dtype=np.float32)], [~whole((5, 5)), mask], [bad, bad * 0 + 1]
    )
    assert not valid.any() or np.isfinite(blended).all()


def test_holes_in_a_harmonic_surface_come_back() -> None:
    lines, samples = np.mgrid[:120, :140].astype(np.float64)
    surface = (1e-3 * ((lines - 60.0) ** 2 - (samples - 50.0) ** 2) + 0.1 * samples - 4400.0).astype(
        np.float32
    )
    mask = np.hypot(lines - 50.0, samples - 60.0) > 17.0
    mask[90:93, 100:130] = False
    filled, valid = fill_holes(np.where(mask, surface, np.float32(0)), mask, 20.0)
    assert valid.all()
    np.testing.assert_array_equal(filled[mask], surface[mask])
    # float32 steps by 5e-4 m at 4400 m, and the rim is known no better
    assert np.abs(filled - surface).max() < 2e-3


def test_holes_are_filled_up_to_the_limit_only() -> None:
    mask = whole((60, 60))
    mask[10:50, 10:50] = False
    filled, valid = fill_holes(np.full(mask.shape, 3.0, dtype=np.float32), mask, 5.0)
    distances = ndimage.distance_transform_edt(~mask)
    np.testing.assert_array_equal(valid, distances <= 5.0)
    np.testing.assert_allclose(filled[valid], 3.0, atol=1e-4)
    assert np.all(filled[~valid] == 0.0)


def test_the_outside_of_a_model_is_no_hole() -> None:
    mask = np.zeros((40, 40), dtype=np.bool_)
    mask[5:30, 5:30] = True
    mask[10:13, 10:13] = False
    mask[5:8, 20:23] = False  # a bay
    _, valid = fill_holes(np.zeros(mask.shape, dtype=np.float32), mask, 100.0)
    expected = mask.copy()
    expected[10:13, 10:13] = True
    np.testing.assert_array_equal(valid, expected)


def test_nothing_to_fill_changes_nothing() -> None:
    heights, mask = ground(), whole((90, 110))
    filled, valid = fill_holes(heights, mask, 10.0)
    np.testing.assert_array_equal(filled, heights)
    np.testing.assert_array_equal(valid, mask)
    empty = np.zeros((5, 5), dtype=np.bool_)
    assert not fill_holes(np.zeros((5, 5), dtype=np.float32), empty, 3.0)[1].any()

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from hinterland_kernels.feather import NARROWEST_PX, WIDEST_PX, block_size, feather_weights, reach


def whole(lines: int, samples: int) -> NDArray[np.bool_]:
    return np.ones((lines, samples), dtype=np.bool_)


def island(lines: int, samples: int, border: int) -> NDArray[np.bool_]:
    """Valid but for a border."""
    return np.pad(whole(lines - 2 * border, samples - 2 * border), border)


def of_all(mask: NDArray[np.bool_], width_px: float) -> NDArray[np.float32]:
    return feather_weights(mask, width_px, (0, 0), (mask.shape[0], mask.shape[1]))


@pytest.mark.parametrize("width_px", [20.0, 64.0, 200.0])
def test_weights_rise_from_nothing_to_one_over_the_width_and_are_half_after_a_quarter(
    width_px: float,
) -> None:
    border = 640
    mask = whole(2000, 40)
    mask[:border] = False
    weights = of_all(mask, width_px)[border:, 20]
    distance = np.arange(len(weights)) + 0.5  # of a sample from the edge of the raster
    quarter = int(width_px / 4)
    # the sum over blocks is the integral but for the first ones, and ends after a width instead of never
    model = distance**2 / (distance**2 + (width_px / 4) ** 2)
    np.testing.assert_allclose(weights[:quarter], model[:quarter], atol=0.06)
    assert weights[0] < 0.02  # no step where a raster ends
    assert weights[quarter - 1 : quarter + 1].mean() == pytest.approx(0.5, abs=0.08)
    assert (weights[int(width_px) + 2 * block_size(width_px) : 300] == 1.0).all()
    assert (np.diff(weights[:300]) >= 0.0).all()


@pytest.mark.parametrize("width_px", [20.0, 64.0, 500.0])
def test_a_single_missing_sample_is_faded_around_however_wide_the_feather(width_px: float) -> None:
    mask = whole(200, 200)
    mask[101, 103] = False
    weights = of_all(mask, width_px)
    assert weights[101, [102, 104]].max() < 0.25
    assert weights[101, 103] == 0.0
    assert weights[0, 0] > 0.9


def test_weights_are_positive_where_valid_and_only_there() -> None:
    mask = island(160, 170, 20)
    mask[70:90, 60:64] = False
    mask[100, 100] = False
    weights = of_all(mask, 40.0)
    assert (weights[mask] > 0.0).all()
    assert (weights[~mask] == 0.0).all()
    assert weights.max() <= 1.0
    assert weights[100, 101] < 0.2


@pytest.mark.parametrize("width_px", [48.0, 80.0])
def test_weights_have_no_ridge_along_the_diagonal_of_a_corner(width_px: float) -> None:
    half = width_px / 4
    inside = int(half)

    def bends(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Second differences across the diagonal of the corner, the middle one on it."""
        across = np.array([weights[100 + 2 * inside - k, 100 + k] for k in range(1, 2 * inside)])
        return np.abs(np.diff(across, 2))

    mask = np.zeros((400, 400), dtype=np.bool_)
    mask[100:, 100:] = True
    distance = ndimage.distance_transform_edt(mask)
    ridged = bends(distance**2 / (distance**2 + half**2))
    assert ridged[inside - 2] > 4.0 * np.delete(ridged, inside - 2).max()  # the measure sees one
    smooth = bends(of_all(mask, width_px).astype(np.float64))
    assert smooth[inside - 2] < 1.5 * np.delete(smooth, inside - 2).max()


@pytest.mark.parametrize("width_px", [10.0, 64.0, 130.0])
def test_weights_are_the_same_whatever_the_tile(width_px: float) -> None:
    mask = np.random.default_rng(3).random((300, 333)) < 0.999
    mask[:37, :50] = False
    mask[200:, 290:] = False
    around, size = reach(width_px), block_size(width_px)
    assert 128 % size == 0
    expected = of_all(mask, width_px)
    for line in range(0, 300, 128):
        for sample in range(0, 333, 64):
            top, left = max(0, line - around), max(0, sample - around)
            here = np.s_[line : line + 128, sample : sample + 64]
            shape = expected[here].shape
            part = mask[top : line + shape[0] + around, left : sample + shape[1] + around]
            found = feather_weights(part, width_px, (line - top, sample - left), (shape[0], shape[1]))
            np.testing.assert_array_equal(found, expected[here])


def test_a_raster_goes_on_beyond_the_end_of_the_grid() -> None:
    assert (of_all(whole(100, 100), 16.0) == 1.0).all()
    mask = whole(100, 100)
    mask[:30] = False
    assert (np.ptp(of_all(mask, 16.0), axis=1) < 1e-6).all()


@pytest.mark.parametrize("width_px", [NARROWEST_PX - 1.0, WIDEST_PX + 1.0, float("nan")])
def test_a_width_beyond_the_limits_is_refused(width_px: float) -> None:
    with pytest.raises(ValueError, match="samples wide"):
        of_all(whole(9, 9), width_px)


def test_a_tile_off_the_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="block of 4"):
        feather_weights(whole(90, 90), 64.0, (2, 0), (10, 10))


def test_a_tile_off_the_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie on a mask"):
        feather_weights(whole(90, 90), 64.0, (84, 0), (10, 10))

"""Small patches: values between pixels, and shifts."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from hinterland_kernels.patches import fit_shifts, values_at

SIDE = 15


def waves(line: NDArray[np.float64], sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """A picture that is known between its pixels; the shortest wave is 20 px long."""
    return (
        100.0
        + 30.0 * np.sin(0.31 * line + 0.2 * sample)
        + 20.0 * np.cos(0.23 * sample - 0.1 * line)
        + 10.0 * np.sin(0.05 * line * sample / 8.0)
    )


def layer(down: float = 0.0, across: float = 0.0) -> NDArray[np.float32]:
    line, sample = np.mgrid[:64, :80].astype(np.float64)
    return waves(line - down, sample - across).astype(np.float32)


def squares(middles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lines and samples (n, SIDE, SIDE, 2) of squares about places."""
    steps = np.arange(SIDE) - SIDE // 2
    return middles[:, None, None] + np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)


def fitted(
    templates: NDArray[np.float64], picture: NDArray[np.float32], middles: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    return fit_shifts(templates, picture, middles, farthest=3.0, iterations=10, still=1e-4)


MIDDLES = np.array([[20.0, 20.0], [30.3, 41.7], [40.9, 60.2]])


def test_values_between_pixels_are_scipys_and_beyond_the_edge_the_nearest() -> None:
    rng = np.random.default_rng(3)
    picture = rng.normal(size=(9, 12)).astype(np.float32)
    points = rng.uniform((-3.0, -3.0), (12.0, 15.0), (50, 4, 2))
    there = ndimage.map_coordinates(
        picture.astype(np.float64), points.reshape(-1, 2).T, order=1, mode="nearest"
    )
    # differences of neighbours are taken in float32
    np.testing.assert_allclose(values_at(picture, points), there.reshape(50, 4), atol=1e-6)


@pytest.mark.parametrize(("down", "across"), [(0.0, 0.0), (0.4, -0.7), (-1.3, 1.1)])
def test_a_shift_is_found_whatever_gain_and_offset(down: float, across: float) -> None:
    templates = 1.7 * waves(*np.moveaxis(squares(MIDDLES), -1, 0)) - 40.0
    shifts, last, correlation = fitted(templates, layer(down, across), MIDDLES)
    # bilinear values of waves of 20 px err by 1 % of them, which a patch averages
    np.testing.assert_allclose(shifts, [[down, across]] * 3, atol=0.02)
    assert (last < 1e-4).all()
    assert (correlation > 0.999).all()


def test_a_patch_stops_before_it_goes_too_far() -> None:
    templates = waves(*np.moveaxis(squares(MIDDLES), -1, 0))
    shifts, last, _ = fit_shifts(templates, layer(2.5, 2.5), MIDDLES, farthest=1.0, iterations=10, still=1e-4)
    assert (np.hypot(*shifts.T) <= 1.0).all()
    assert np.isnan(last).all()


def test_nothing_fits_where_the_template_is_upside_down() -> None:
    templates = -waves(*np.moveaxis(squares(MIDDLES), -1, 0))
    shifts, last, correlation = fitted(templates, layer(), MIDDLES)
    assert (shifts == 0.0).all()
    assert np.isnan(last).all()
    assert (correlation < -0.99).all()


def test_a_step_is_numpys_least_squares() -> None:
    picture = layer(0.8, -0.5)
    middle = np.array([[30.0, 40.0]])
    template = waves(*np.moveaxis(squares(middle), -1, 0)) + np.random.default_rng(4).normal(
        size=(1, SIDE, SIDE)
    )
    part = picture[22:39, 32:49].astype(np.float64)
    down, across = (one[1:-1, 1:-1].reshape(-1) for one in np.gradient(part))
    values = part[1:-1, 1:-1].reshape(-1)
    design = np.stack([down, across, values, np.ones_like(values)], axis=1)
    solved = np.linalg.lstsq(design, template.reshape(-1), rcond=None)[0]
    shifts, last, _ = fit_shifts(template, picture, middle, farthest=9.0, iterations=1, still=0.0)
    # the ridge is 1e-9 of the squares
    np.testing.assert_allclose(shifts[0], solved[:2] / solved[2], rtol=1e-4)
    assert last[0] == pytest.approx(math.hypot(*shifts[0]))


def test_patches_without_a_middle_are_refused() -> None:
    with pytest.raises(ValueError, match="odd squares"):
        fitted(np.zeros((3, 4, 4)), layer(), MIDDLES)

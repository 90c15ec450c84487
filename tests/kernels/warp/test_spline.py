"""The prefiltered cubic B-spline against SciPy's."""

import numpy as np
import pytest
from kernel_cases import IDENTITY, WITHIN, Affine, holey, texture, warp_on
from scipy.ndimage import map_coordinates, spline_filter

from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.warp import SOURCE_DTYPES, spline_coefficients

SHAPE = (41, 53)
WINDOW = (0, 0, 41, 53)
ALL = np.ones(SHAPE, dtype=np.bool_)


def test_coefficients_are_those_of_scipy(backend: Backend) -> None:
    source = texture((2, 61, 83))
    mask = np.ones((61, 83), np.bool_)
    found = spline_coefficients(backend.to_device(source), backend.to_device(mask), backend=backend)
    for band in range(2):
        expected = spline_filter(source[band].astype(np.float64), 3, mode="mirror")
        # noise of full scale makes coefficients of up to 9 of it, in float32, cut off at 4e-8 an axis
        np.testing.assert_allclose(backend.to_host(found)[band], expected, rtol=0, atol=4e-6)


def test_nothing_under_a_hole_reaches_a_coefficient() -> None:
    mask = holey(SHAPE)
    source = np.where(mask, texture((1, *SHAPE)), np.float32(np.nan))
    coefficients = spline_coefficients(source, mask, backend=CPU)
    assert np.isfinite(coefficients).all()
    assert not coefficients[0, ~mask].any()


def test_a_prefiltered_spline_agrees_with_scipy_clear_of_the_edges(backend: Backend) -> None:
    source = texture((1, *SHAPE))
    points = Affine().over(WINDOW)
    expected = map_coordinates(
        source[0].astype(np.float64), points.transpose(2, 0, 1), order=3, mode="mirror", cval=np.nan
    )
    values, _ = warp_on(backend, source, ALL, Affine().lattice(WINDOW, SHAPE), WINDOW, kernel="bspline3")
    # a point that misses a tap gives way to the bilinear kernel
    clear = (points >= 1.0).all(axis=-1) & (points < np.array(SHAPE) - 2.0).all(axis=-1)
    assert clear.mean() > 0.5
    np.testing.assert_allclose(values[0][clear], expected[clear], rtol=0, atol=WITHIN)


@pytest.mark.parametrize("dtype", SOURCE_DTYPES)
def test_a_spline_runs_through_the_samples_beside_holes_too(backend: Backend, dtype: str) -> None:
    mask = holey(SHAPE)
    source = texture((2, *SHAPE), dtype)
    values, _ = warp_on(
        backend, source, mask, IDENTITY.lattice(WINDOW, SHAPE), WINDOW, kernel="bspline3", dtype=dtype
    )
    # the filter ends where the rest is 1e-7 of full scale; whole numbers come back as they were
    atol = 1e-6 if dtype == "float32" else 0
    expected = np.where(mask, source, 0).astype(np.float64)
    np.testing.assert_allclose(values.astype(np.float64), expected, rtol=0, atol=atol)

"""What a warp fills: arrays of whole numbers or floats, its own or given ones."""

from typing import Any

import numpy as np
import pytest
from kernel_cases import Affine, texture, warp_on

from hinterland_kernels.backend import Backend
from hinterland_kernels.warp import KERNELS, warp

SHAPE = (41, 53)
WINDOW = (0, 0, 41, 53)
ALL = np.ones(SHAPE, dtype=np.bool_)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_whole_numbers_are_the_rounded_floats_kept_in_range(
    backend: Backend, kernel: str, dtype: str
) -> None:
    source = texture((1, *SHAPE), dtype)
    lattice = Affine().lattice(WINDOW, SHAPE)
    options: dict[str, Any] = {"kernel": kernel, "gain": [1.2], "offset": [-20.0]}
    values, mask = warp_on(backend, source, ALL, lattice, WINDOW, **options)
    expected = np.clip(values, 0, np.iinfo(dtype).max)
    found, valid = warp_on(backend, source, ALL, lattice, WINDOW, dtype=dtype, **options)
    assert found.dtype == dtype
    # half a unit, and what float32 had rounded off at 65535
    np.testing.assert_allclose(found.astype(np.float64), expected, rtol=0, atol=0.5 + 2.0**-8)
    np.testing.assert_array_equal(valid, mask)


def test_what_is_given_to_be_filled_is_filled_in_place(backend: Backend) -> None:
    source, lattice = texture((1, *SHAPE), "uint8"), Affine().lattice(WINDOW, SHAPE)
    expected, mask = warp_on(backend, source, ALL, lattice, WINDOW, dtype="uint8")
    canvas = backend.xp.full((1, 60, 70), 7, dtype=np.uint8)
    valid = backend.xp.zeros((60, 70), dtype=np.bool_)
    place = canvas[:, 5 : 5 + SHAPE[0], 9 : 9 + SHAPE[1]], valid[5 : 5 + SHAPE[0], 9 : 9 + SHAPE[1]]
    warp(
        backend.to_device(source),
        backend.to_device(ALL),
        lattice,
        WINDOW,
        dtype="uint8",
        out=place,
        backend=backend,
    )
    np.testing.assert_array_equal(backend.to_host(place[0]), expected)
    np.testing.assert_array_equal(backend.to_host(place[1]), mask)
    assert int((canvas == 7).sum()) >= 60 * 70 - SHAPE[0] * SHAPE[1]


def test_an_array_that_does_not_fit_the_result_is_refused() -> None:
    source, lattice = texture((1, *SHAPE)), Affine().lattice(WINDOW, SHAPE)
    given = np.empty((1, *SHAPE), np.uint8), np.empty(SHAPE, np.bool_)
    with pytest.raises(ValueError, match=r"the result is float32 \(1, 41, 53\) with a bool mask, got uint8"):
        warp(source, ALL, lattice, WINDOW, out=given)

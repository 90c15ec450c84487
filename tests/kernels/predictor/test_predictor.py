"""The oracle is NumPy: cumulative sums take differences back to samples."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.predictor import WHOLE_DTYPES, differences, float_differences

SHAPES = [(1, 1), (3, 2), (5, 67), (4, 512)]


def raster(dtype: str, shape: tuple[int, int], bands: int) -> NDArray[Any]:
    """Samples by pixel of every size that the dtype has."""
    octets = np.random.default_rng(9).integers(
        0, 256, (shape[0], shape[1] * bands * np.dtype(dtype).itemsize)
    )
    return octets.astype(np.uint8).view(dtype)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", WHOLE_DTYPES)
def test_differences_add_up_to_the_samples(dtype: str, shape: tuple[int, int], bands: int) -> None:
    pixels = raster(dtype, shape, bands)
    found = differences(pixels, bands)
    assert found.dtype == pixels.dtype
    sums = found.reshape(*shape, bands).cumsum(axis=1, dtype=dtype)
    np.testing.assert_array_equal(sums.reshape(pixels.shape), pixels)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_differences_of_floats_add_up_to_their_octets(shape: tuple[int, int], bands: int) -> None:
    pixels = raster("float32", shape, bands)  # infinities and nans are among them
    found = float_differences(pixels, bands)
    lines, width = pixels.shape
    octets = found.reshape(lines, -1, bands).cumsum(axis=1, dtype=np.uint8).reshape(lines, 4, width)
    # of each line first all high octets, then all next lower ones
    assert np.moveaxis(octets, 1, 2)[..., ::-1].tobytes() == pixels.astype("<f4").tobytes()


def test_rows_of_a_larger_raster_are_as_good_as_their_copy() -> None:
    wide = raster("uint16", (6, 40), 3)
    np.testing.assert_array_equal(differences(wide[::2, 6:-3], 3), differences(wide[::2, 6:-3].copy(), 3))


@pytest.mark.parametrize(
    ("dtype", "shape", "bands"),
    [("float32", (4, 6), 1), ("uint8", (4, 6), 4), ("uint8", (4, 6, 1), 1), ("uint8", (4, 0), 1)],
)
def test_what_has_no_differences_is_refused(dtype: str, shape: tuple[int, ...], bands: int) -> None:
    with pytest.raises(ValueError, match=r"has no differences$"):
        differences(np.zeros(shape, dtype), bands)


@pytest.mark.parametrize(("dtype", "bands"), [("float64", 1), ("uint8", 1), ("float32", 5)])
def test_what_has_no_differences_of_floats_is_refused(dtype: str, bands: int) -> None:
    with pytest.raises(ValueError, match="no differences of floats"):
        float_differences(np.zeros((4, 6), dtype), bands)

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland.mosaics.orthomosaic_owners import SQUARE_PX, sources_of, squares_of
from hinterland_kernels.blend import NOBODY

NUMBERS = {0: 3, 1: 1, 4: 9}


def halves(lines: int, samples: int) -> NDArray[np.int32]:
    """Two owners that meet inside of squares, and nobody along one edge."""
    owners = np.full((lines, samples), 4, np.int32)
    owners[lines // 2 - 5 :, samples // 3 :] = 0
    owners[:, -3:] = NOBODY
    return owners


def scattered(lines: int, samples: int) -> NDArray[np.int32]:
    return np.random.default_rng(5).choice(np.array([NOBODY, 0, 1, 4], np.int32), (lines, samples))


def of_one(lines: int, samples: int) -> NDArray[np.int32]:
    return np.broadcast_to(np.int32(1), (lines, samples))


@pytest.mark.parametrize("make", [halves, scattered, of_one])
@pytest.mark.parametrize("shape", [(128, 192), (130, 65), (1, 300)])
def test_squares_and_sources_are_those_that_each_sample_tells(
    make: Callable[[int, int], NDArray[np.int32]], shape: tuple[int, int]
) -> None:
    owners = make(*shape)
    squares = squares_of(owners)
    assert set(squares) == set(np.unique(owners).tolist())
    for owner, found in squares.items():
        for i, j in np.ndindex(found.shape):
            square = owners[i * SQUARE_PX : (i + 1) * SQUARE_PX, j * SQUARE_PX : (j + 1) * SQUARE_PX]
            assert found[i, j] == (square == owner).any()
    numbers = {owner: NUMBERS[owner] for owner in squares if owner != NOBODY}
    expected = np.vectorize(lambda owner: NUMBERS.get(owner, 0))(owners)
    sources = sources_of(owners, squares, numbers)
    assert sources.dtype == np.uint16
    np.testing.assert_array_equal(sources, expected)

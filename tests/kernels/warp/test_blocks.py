import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.lattice import Lattice, build_lattice
from hinterland_kernels.warp import warp
from hinterland_kernels.warp.blocks import warp_whole

WINDOW = (96, 64, 300, 411)


def lattice_of(scale: float, shape: tuple[int, int]) -> Lattice:
    """A turned, bent map over the window, partly off the source, its nodes multiples of 2**-16."""

    def exact_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        line, sample = points.T
        bend = 6.0 * np.sin(line / 90.0) + 4.0 * np.cos(sample / 70.0)
        turned = np.stack([0.9 * line + 0.3 * sample + bend, 0.95 * sample - 0.25 * line - bend], axis=-1)
        return scale * turned - 40.0

    lattice = build_lattice(exact_map, WINDOW, shape)
    return lattice._replace(nodes=np.rint(lattice.nodes * 65536) / 65536)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7])
def test_it_gives_the_very_samples_of_the_general_warp(dtype: str, scale: float) -> None:
    source = np.random.default_rng(3).integers(0, 250, (2, 330, 290)).astype(dtype)
    if dtype == "float32":
        source -= 125.0
    lattice = lattice_of(scale, source.shape[1:])
    expected, expected_mask = warp(source, np.ones(source.shape[1:], np.bool_), lattice, WINDOW)
    found, mask = warp_whole(source, lattice, WINDOW)
    assert 0.1 < mask.mean() < 1.0
    np.testing.assert_array_equal(mask, expected_mask)
    assert found.tobytes() == expected.tobytes()


def test_a_window_off_the_lattice_is_refused() -> None:
    lattice = lattice_of(1.0, (330, 290))
    with pytest.raises(ValueError, match="window in its lattice"):
        warp_whole(np.zeros((1, 330, 290), np.uint8), lattice, (0, 0, 10, 10))

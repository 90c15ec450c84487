import math

import numpy as np
import pytest

from hinterland_kernels.lattice import EMPTY, SMOOTH, Lattice
from hinterland_kernels.pixel.lattice import lattice_to_source

STEP = 4
EXACT = np.arange(STEP * STEP * 2, dtype=np.float64).reshape(1, STEP, STEP, 2)


def a_lattice() -> Lattice:
    """One line of three blocks at line 8, sample 12: smooth, exact, empty; nodes of a bilinear map."""
    lines, samples = np.meshgrid([8.0, 12.0], [12.0, 16.0, 20.0, 24.0], indexing="ij")
    nodes = np.stack([2.0 * lines + 0.5 * lines * samples, 3.0 * samples - 7.0], axis=-1)
    blocks = np.array([[SMOOTH, 0, EMPTY]], dtype=np.int32)
    return Lattice(line=8, sample=12, step=STEP, nodes=nodes, blocks=blocks, exact=EXACT)


@pytest.mark.parametrize(("line", "sample"), [(8, 12), (9, 12), (11, 15), (10, 13)])
def test_a_smooth_block_is_bilinear_between_its_corners(line: int, sample: int) -> None:
    expected = (2.0 * line + 0.5 * line * sample, 3.0 * sample - 7.0)
    assert lattice_to_source(a_lattice(), line, sample) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("line", "sample"), [(8, 16), (11, 19), (9, 18)])
def test_a_rough_block_answers_with_its_own_pixels(line: int, sample: int) -> None:
    assert lattice_to_source(a_lattice(), line, sample) == tuple(EXACT[0, line - 8, sample - 16])


@pytest.mark.parametrize(
    ("line", "sample"), [(8, 20), (11, 23), (7, 12), (12, 12), (8, 11), (8, 24), (-1, -1)]
)
def test_an_empty_block_and_what_lies_off_the_lattice_have_no_source(line: int, sample: int) -> None:
    assert all(math.isnan(value) for value in lattice_to_source(a_lattice(), line, sample))

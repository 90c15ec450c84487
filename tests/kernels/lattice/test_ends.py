"""Lattices of maps that end near their source."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.lattice import EMPTY, SMOOTH, build_lattice

SOURCE = (400, 500)
STEP = 64


@pytest.mark.parametrize(("beyond_px", "most_asked"), [(120.0, 0.5), (3.0, 1.0)])
@pytest.mark.parametrize("is_gentle", [False, True])
def test_pixels_are_asked_for_only_where_the_map_ends_close_to_the_source(
    is_gentle: bool, beyond_px: float, most_asked: float
) -> None:
    asked = []

    def ending(points: NDArray[np.float64]) -> NDArray[np.float64]:
        asked.append(len(points))
        found = points - 130.0
        # a round end about the source, closest at its corners, which are 319.4 px from its middle
        found[np.hypot(found[:, 0] - 199.5, found[:, 1] - 249.5) > 319.4 + beyond_px] = np.nan
        return found

    lattice = build_lattice(ending, (0, 0, 700, 800), SOURCE, step=STEP, is_gentle=is_gentle)
    asked_last = asked[-1]
    pixels = np.stack(np.meshgrid(np.arange(704.0), np.arange(832.0), indexing="ij"), axis=-1)
    truth = ending(pixels.reshape(-1, 2)).reshape(11, STEP, 13, STEP, 2)
    ends = np.isnan(truth[..., 0])
    cut = ends.any(axis=(1, 3)) & ~ends.all(axis=(1, 3))
    assert asked_last <= most_asked * cut.sum() * STEP * STEP
    with np.errstate(invalid="ignore"):
        seen = ((truth >= 0) & (truth < SOURCE)).all(axis=-1).any(axis=(1, 3))
    assert (lattice.blocks[seen] != EMPTY).all()
    assert (lattice.blocks[~seen] <= SMOOTH).all(), "blocks off the source hold no pixels"
    assert (len(lattice.exact) > 0) == (seen & cut).any()

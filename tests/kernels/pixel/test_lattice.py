import math

import numpy as np
import pytest

from hinterland_kernels.lattice import EMPTY, SMOOTH, Lattice
from hinterland_kernels.pixel.lattice import footprint, lattice_to_source

STEP = 4
EXACT = np.arange(STEP * STEP * 2, dtype=np.float64).reshape(1, STEP, STEP, 2)


def a_lattice() -> Lattice:
    """One line of three blocks at line 8, sample 12: smooth, exact, empty; nodes of a bilinear map."""
    lines, samples = np.meshgrid([8.0, 12.0], [12.0, 16.0, 20.0, 24.0], indexing="ij")
    nodes = np.stack([2.0 * lines + 0.5 * lines * samples, 3.0 * samples - 7.0], axis=-1)
    blocks = np.array([[SMOOTH, 0, EMPTY]], dtype=np.int32)
    return Lattice(
        line=8, sample=12, step=STEP, nodes=nodes, blocks=blocks, exact=EXACT, bends=np.zeros((1, 3, 2, 2))
    )


@pytest.mark.parametrize(("line", "sample"), [(8, 12), (9, 12), (11, 15), (10, 13)])
def test_a_smooth_block_is_bilinear_between_its_corners(line: int, sample: int) -> None:
    expected = (2.0 * line + 0.5 * line * sample, 3.0 * sample - 7.0)
    assert lattice_to_source(a_lattice(), line, sample) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("line", "sample"), [(8, 12), (9, 12), (11, 15), (10, 13)])
def test_a_smooth_block_may_bend_between_its_corners(line: int, sample: int) -> None:
    bends = np.zeros((1, 3, 2, 2))
    bends[0, 0] = [[0.5, -0.25], [1.0, 0.75]]
    t, u = (line - 8) / STEP, (sample - 12) / STEP
    straight = np.array(lattice_to_source(a_lattice(), line, sample))
    expected = straight + t * (1.0 - t) * bends[0, 0, 0] + u * (1.0 - u) * bends[0, 0, 1]
    found = lattice_to_source(a_lattice()._replace(bends=bends), line, sample)
    assert found == pytest.approx(tuple(expected), rel=1e-15)


@pytest.mark.parametrize(("line", "sample"), [(8, 16), (11, 19), (9, 18)])
def test_a_rough_block_answers_with_its_own_pixels(line: int, sample: int) -> None:
    assert lattice_to_source(a_lattice(), line, sample) == tuple(EXACT[0, line - 8, sample - 16])


@pytest.mark.parametrize(
    ("line", "sample"), [(8, 20), (11, 23), (7, 12), (12, 12), (8, 11), (8, 24), (-1, -1)]
)
def test_an_empty_block_and_what_lies_off_the_lattice_have_no_source(line: int, sample: int) -> None:
    assert all(math.isnan(value) for value in lattice_to_source(a_lattice(), line, sample))


def one_exact_block(step: int, points: np.ndarray) -> Lattice:
    """At line `step`, sample 2 `step`, a block that holds the map (step, step, 2) itself; it starts further up."""
    blocks = np.array([[EMPTY, EMPTY], [EMPTY, 0]], dtype=np.int32)
    return Lattice(
        line=0,
        sample=step,
        step=step,
        nodes=np.zeros((3, 3, 2)),
        blocks=blocks,
        exact=points[None],
        bends=np.zeros((2, 2, 2, 2)),
    )


def span(lattice: Lattice, line: int, sample: int) -> tuple[float, float]:
    """The footprint of a pixel of that block."""
    return footprint(lattice, lattice.step + line, 2 * lattice.step + sample)


@pytest.mark.parametrize("step", [2, 4, 8])
def test_a_pixel_of_a_rough_block_spans_what_its_neighbours_are_apart(step: int) -> None:
    line, sample = np.mgrid[:step, :step].astype(np.float64)
    lattice = one_exact_block(step, np.stack([3.0 * line + 4.0 * sample, 2.0 * sample], axis=-1))
    for i in range(step):
        for j in range(step):
            assert span(lattice, i, j) == pytest.approx((5.0, 2.0))


@pytest.mark.parametrize("cut", range(1, 8))
def test_where_a_map_goes_round_no_pixel_spans_the_turn(cut: int) -> None:
    line, sample = np.mgrid[:8, :8].astype(np.float64)
    turned = np.where(sample >= cut, 2.0 * sample - 3600.0, 2.0 * sample)
    across = one_exact_block(8, np.stack([line, turned], axis=-1))
    down = one_exact_block(8, np.stack([turned.T, line.T], axis=-1))
    for i in range(8):
        for j in range(8):
            assert span(across, i, j) == pytest.approx((1.0, 2.0))
            assert span(down, i, j) == pytest.approx((2.0, 1.0))


def test_beside_the_end_of_a_map_the_span_is_that_of_the_side_that_has_an_image() -> None:
    line, sample = np.mgrid[:8, :8].astype(np.float64)
    points = np.stack([3.0 * line, 2.0 * sample], axis=-1)
    points[:, 5:] = np.nan
    assert span(one_exact_block(8, points), 3, 4) == pytest.approx((3.0, 2.0))
    points[:, :4] = np.nan
    points[4:] = np.nan
    points[:3] = np.nan
    assert span(one_exact_block(8, points), 3, 4) == (1.0, 1.0)

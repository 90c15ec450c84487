"""Runs whose lanes read their own taps, against those whose lanes pick them from lines: the same bytes."""

import functools
from collections.abc import Callable

import numba
import numpy as np
import pytest
from kernel_cases import FULL_SCALE, Affine, texture
from numpy.typing import NDArray

from hinterland_kernels._lanes import COUNT
from hinterland_kernels.lattice import Lattice
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.warp import KERNELS, NO_FLAT
from hinterland_kernels.warp._quads import fill_quads
from hinterland_kernels.warp._read_quads import fill_read_quads
from hinterland_kernels.warp._read_runs import BULGES, READ_RUN, lay_bulges
from hinterland_kernels.warp._rows import NUMBERS, Run, lay
from hinterland_kernels.warp._runs import FILL_RUN
from hinterland_kernels.warp._stretches import Stretch

SHAPE = (150, 170)
STEP = 96
MARGIN = 64
SHADED = Flat(60.0, 70.0, 1.2e-5, 0.3, 0.1)


def lines_of(dtype: str) -> NDArray[np.generic]:
    """Two bands, their lines one after the other, with a margin that may be looked at."""
    flat = texture((2, *SHAPE), dtype).reshape(2, -1)
    return np.ascontiguousarray(np.pad(flat, ((0, 0), (MARGIN, MARGIN))))


@functools.cache
def filled_by(kernel: int, is_levelled: bool) -> Callable[..., None]:
    """Both loops on one run; Numba wants them as constants."""
    pick, read = FILL_RUN[kernel, is_levelled], READ_RUN[kernel, is_levelled]

    @numba.njit(error_model="numpy")
    def fill(weighed, shape, gain, offset, flat, run, room, picked, found, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        lay_bulges(room, run.side)
        pick(weighed, shape, gain, offset, flat, run, start, room, picked, 0, start, stop)
        read(weighed, shape, gain, offset, flat, run, start, room, found, 0, start, stop)

    return fill  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kernel", "dtype", "flat"),
    [
        ("bilinear", "uint8", SHADED),
        ("bilinear", "uint16", NO_FLAT),
        ("bilinear", "float32", NO_FLAT),
        ("bicubic", "uint8", NO_FLAT),
        ("bicubic", "uint16", SHADED),
        ("bspline3", "float32", NO_FLAT),
        ("lanczos3", "uint8", NO_FLAT),
        ("lanczos3", "float32", SHADED),
    ],
)
@pytest.mark.parametrize("ends", [(0, STEP), (13, 30), (31, STEP - 5)])
def test_a_run_that_reads_is_the_one_that_picks(
    kernel: str, dtype: str, flat: Flat, ends: tuple[int, int]
) -> None:
    weighed = lines_of(dtype)
    one = 1 << 23
    # rising two lines in five samples and bent to either side
    run = Run(20, 6, int(2.3 * one), int(3.7 * one), int(0.4 * one), int(1.05 * one), 3000, -5000, STEP, 0)
    gain, offset = np.array([0.8, 1.1]), np.array([3.0, -2.0])
    room = np.full(BULGES + STEP + COUNT, np.nan, np.float32)
    picked, found = np.zeros((2, 1, STEP), dtype), np.zeros((2, 1, STEP), dtype)
    fill = filled_by(KERNELS[kernel], flat is not NO_FLAT)
    fill(weighed, (*SHAPE, MARGIN), gain, offset, flat, run, room, picked, found, *ends)
    assert np.ptp(picked[:, 0, ends[0] : ends[1]].astype(np.float64)) > 0.05 * FULL_SCALE[dtype]
    np.testing.assert_array_equal(found, picked)


@numba.njit(error_model="numpy")  # type: ignore[misc]
def _quads(picture, shape, lattice, i, j, stretch, room, picked, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    laid = np.empty(NUMBERS, np.int64)
    lay(lattice, i, j, shape[1], laid)
    lay_bulges(room, lattice.step)
    fill_quads(picture, shape, laid, stretch, room, picked[0], picked[1])
    fill_read_quads(picture, shape, laid, stretch, room, found[0], found[1])


@pytest.mark.parametrize("stretch", [(0, STEP), (9, 26), (50, STEP - 1)])
@pytest.mark.parametrize(("block", "is_edged"), [((0, 0), True), ((1, 1), False)])
def test_four_lines_that_read_are_those_that_pick(
    block: tuple[int, int], is_edged: bool, stretch: tuple[int, int]
) -> None:
    shape = (400, 420)
    picture = np.ascontiguousarray(
        np.pad(texture((2, *shape), "uint8").reshape(2, -1), ((0, 0), (MARGIN, MARGIN)))
    )
    lattice: Lattice = Affine(scale=0.9, rotation=-0.1, line=-10.5, sample=-9.25).lattice(
        (0, 0, 2 * STEP, 2 * STEP), shape, step=STEP
    )
    start, stop = stretch
    room = np.full(BULGES + STEP + COUNT, np.nan, np.float32)
    results = [(np.zeros((2, 4, STEP), np.uint8), np.zeros((4, STEP), np.bool_)) for _ in range(2)]
    where = Stretch(8, start, 0, 0, 4, start, stop, is_edged)
    _quads(picture, (*shape, MARGIN), lattice, *block, where, room, *results)
    (picked, valid), (found, seen) = results
    assert np.ptp(picked[..., start:stop]) > 10
    assert not is_edged or valid[:, start:stop].any()
    np.testing.assert_array_equal(found, picked)
    np.testing.assert_array_equal(seen, valid)

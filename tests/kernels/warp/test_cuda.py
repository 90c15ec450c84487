"""The warp's CUDA kernel against its CPU twin: on a GPU, or tiny in Numba's simulator."""

import numpy as np
import pytest
from kernel_cases import FULL_SCALE, Affine, check_warped, holey, texture, warp_on
from numpy.typing import NDArray

from hinterland_kernels.backend import CPU, Backend, simulating
from hinterland_kernels.lattice import build_lattice
from hinterland_kernels.warp import KERNELS, SOURCE_DTYPES

pytestmark = pytest.mark.cuda

LINES, SAMPLES = (14, 22) if simulating() else (701, 937)
WINDOW = (-3, -2, LINES, SAMPLES)


@pytest.mark.parametrize("scale", [0.97, 1.9])
@pytest.mark.parametrize("dtype", SOURCE_DTYPES)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_twins_agree(cuda_backend: Backend, kernel: str, dtype: str, scale: float) -> None:
    shape = (LINES + 3, SAMPLES + 5)
    source, mask = texture((2, *shape), dtype), holey(shape)
    lattice = Affine(scale=scale, rotation=0.19).lattice(WINDOW, shape)
    options = {"kernel": kernel, "gain": (0.9, 1.1), "offset": (0.01, -0.02)}
    expected, valid = warp_on(CPU, source, mask, lattice, WINDOW, **options)
    values, part = warp_on(cuda_backend, source, mask, lattice, WINDOW, **options)
    np.testing.assert_array_equal(part, valid)
    assert 0.1 < valid.mean() < 1.0
    check_warped(values, expected, FULL_SCALE[dtype])
    whole, _ = warp_on(cuda_backend, source, mask, lattice, WINDOW, dtype=dtype, **options)
    check_warped(
        whole, warp_on(CPU, source, mask, lattice, WINDOW, dtype=dtype, **options)[0], FULL_SCALE[dtype]
    )


def test_the_twins_agree_where_the_map_is_exact_and_where_it_ends(cuda_backend: Backend) -> None:
    def bent(points: NDArray[np.float64]) -> NDArray[np.float64]:
        line, sample = points[:, 0], points[:, 1]
        curved = np.stack([line + 0.02 * sample**1.5, sample + 1.5 * np.sin(line / 3.0)], axis=1)
        return np.where((line + sample < 0.7 * (LINES + SAMPLES))[:, None], curved, np.nan)

    shape, window = (LINES, SAMPLES), (0, 0, LINES, SAMPLES)
    lattice = build_lattice(bent, window, shape, step=8)
    assert len(lattice.exact) > 0
    source, mask = texture((1, *shape)), holey(shape)
    expected, valid = warp_on(CPU, source, mask, lattice, window, kernel="bicubic")
    values, part = warp_on(cuda_backend, source, mask, lattice, window, kernel="bicubic")
    np.testing.assert_array_equal(part, valid)
    assert valid.any()
    check_warped(values, expected, 1.0)


def test_a_window_off_the_source_is_filled_with_nothing(cuda_backend: Backend) -> None:
    source, mask = texture((1, 9, 9)), np.ones((9, 9), dtype=np.bool_)
    window = (40, 40, 9, 11)
    lattice = Affine().lattice(window, (9, 9))
    assert lattice.exact.size == 0
    values, valid = warp_on(cuda_backend, source, mask, lattice, window)
    assert not values.any()
    assert not valid.any()


def test_a_rerun_is_the_same_bytes(cuda_backend: Backend) -> None:
    shape = (LINES, SAMPLES)
    source, mask, lattice = texture((1, *shape)), holey(shape), Affine().lattice(WINDOW, shape)
    first, _ = warp_on(cuda_backend, source, mask, lattice, WINDOW, kernel="lanczos3")
    again, _ = warp_on(cuda_backend, source, mask, lattice, WINDOW, kernel="lanczos3")
    assert first.tobytes() == again.tobytes()

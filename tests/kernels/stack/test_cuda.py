"""The stack's CUDA kernel against its CPU twin: on a GPU, or tiny in Numba's simulator."""

import numpy as np
import pytest
from kernel_cases import poisoned
from numpy.typing import NDArray

from hinterland_kernels.backend import CPU, Backend, simulating
from hinterland_kernels.stack import STATISTICS, stack_statistic

pytestmark = pytest.mark.cuda

LINES, SAMPLES = (5, 9) if simulating() else (523, 811)
DEPTHS = (1, 7) if simulating() else (1, 2, 7)
Stack = tuple[NDArray[np.generic], NDArray[np.bool_]]


def holey_stack(dtype: str, depth: int) -> Stack:
    """Noise with holes, nan or the largest number in them; some whole numbers tie, and one line has nothing."""
    generator = np.random.default_rng(depth)
    masks = generator.random((depth, LINES, SAMPLES)) < 0.5
    masks[:, 1] = False
    values = generator.uniform(0, 250, masks.shape).astype(dtype)
    values[~masks] = np.nan if dtype == "float32" else np.iinfo(dtype).max
    return values, masks


def statistic_on(
    backend: Backend, stack: Stack, statistic: str
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """`stack_statistic` of host arrays on a backend whose outputs were poisoned; host arrays come back."""
    values, masks = map(backend.to_device, stack)
    out, out_mask = stack_statistic(values, masks, statistic, backend=poisoned(backend))
    return backend.to_host(out), backend.to_host(out_mask)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_twins_agree(cuda_backend: Backend, statistic: str, dtype: str, depth: int) -> None:
    stack = holey_stack(dtype, depth)
    expected, valid = statistic_on(CPU, stack, statistic)
    values, mask = statistic_on(cuda_backend, stack, statistic)
    assert 0.0 < valid.mean() < 1.0
    np.testing.assert_array_equal(mask, valid)
    if statistic == "stddev":
        # a square and its sum are rounded once there and twice here, in float64: float32 may round the other way
        np.testing.assert_allclose(values, expected, rtol=2.0**-23)
    else:
        assert values.tobytes() == expected.tobytes()


def test_a_rerun_is_the_same_bytes(cuda_backend: Backend) -> None:
    stack = holey_stack("float32", 5)
    first, _ = statistic_on(cuda_backend, stack, "nmad")
    assert first.tobytes() == statistic_on(cuda_backend, stack, "nmad")[0].tobytes()

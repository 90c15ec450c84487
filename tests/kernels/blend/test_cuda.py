"""The blend's CUDA kernels against their CPU twins: on a GPU, or tiny in Numba's simulator."""

import numpy as np
import pytest
from kernel_cases import check_same, holey, multiband_on, poisoned, texture
from numpy.typing import NDArray

from hinterland_kernels.backend import CPU, Backend, simulating
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, multiband

pytestmark = pytest.mark.cuda

LINES, SAMPLES = (13, 22) if simulating() else (523, 811)
LEVELS = (0, 1, 2) if simulating() else (0, 1, 3, 6)


def three_images(bands: int) -> tuple[list[tuple[NDArray[np.float32], NDArray[np.bool_]]], NDArray[np.int16]]:
    """Three textures with holes; owners in blocks, nobody's where the owner has a hole."""
    shape = (LINES, SAMPLES)
    layers = [(texture((bands, *shape), seed=seed), holey(shape, seed=seed)) for seed in (1, 2, 3)]
    lines, samples = np.indices(shape)
    owners = ((lines // 7 + samples // 9) % 3).astype(np.int16)
    valid = np.choose(owners, [mask for _, mask in layers])
    return layers, np.where(valid, owners, NOBODY).astype(np.int16)


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("levels", LEVELS)
def test_the_twins_agree(cuda_backend: Backend, levels: int, bands: int) -> None:
    layers, owners = three_images(bands)
    expected = multiband_on(CPU, layers, owners, levels)
    values = multiband_on(cuda_backend, layers, owners, levels)
    assert np.array_equal(values[:, owners == NOBODY], expected[:, owners == NOBODY])
    # a level is stored as float32 four times: reduced, weighed, divided, collapsed; detail overshoots by half
    check_same(values, expected, 2.0, roundings=4 * max(levels, 1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_whole_numbers_agree_to_one(cuda_backend: Backend, dtype: str) -> None:
    """Images that begin off the window, and a core of it."""
    shape, core = (LINES, SAMPLES), (4, 8, LINES - 4, SAMPLES - 8)
    parts = [(texture((2, *shape), dtype, seed=seed), holey(shape, seed=seed), -3, 2) for seed in (1, 2)]
    valid = [np.zeros(shape, dtype=np.bool_) for _ in parts]
    for mask, (_, own, _, _) in zip(valid, parts, strict=True):
        mask[: LINES - 3, 2:] = own[3:, : SAMPLES - 2]
    split = np.indices(shape)[1] < SAMPLES // 2
    owners = np.where(split & valid[0], 0, np.where(valid[1], 1, NOBODY)).astype(np.int16)

    def blended(backend: Backend) -> NDArray[np.generic]:
        layers = [
            Layer(backend.to_device(values), backend.to_device(mask), *place)
            for values, mask, *place in parts
        ]
        result: NDArray[np.generic] = backend.to_host(
            multiband(layers, backend.to_device(owners), 2, core=core, dtype=np.dtype(dtype), backend=backend)
        )
        return result

    ours, theirs = blended(CPU).astype(int), blended(cuda_backend).astype(int)
    assert ours.any()
    # sums are float32 here and double there: next to a half they round apart
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 0.01


def test_a_rerun_is_the_same_bytes(cuda_backend: Backend) -> None:
    layers, owners = three_images(1)
    first = multiband_on(cuda_backend, layers, owners, 2)
    assert first.tobytes() == multiband_on(cuda_backend, layers, owners, 2).tobytes()


@pytest.mark.parametrize("wraps", [False, True])
def test_the_twins_give_each_pixel_the_same_owner(cuda_backend: Backend, wraps: bool) -> None:
    factor = 4
    labels = np.random.default_rng(8).integers(0, 3, (LINES // factor, SAMPLES // factor)).astype(np.int16)
    masks = [holey((LINES, SAMPLES), seed=seed) for seed in (1, 2, 3)]

    def owners_on(backend: Backend) -> NDArray[np.int16]:
        layers = [Layer(None, backend.to_device(mask)) for mask in masks]
        owners = assign_owners(
            backend.to_device(labels),
            layers,
            (2, 0, 1),
            (-5, SAMPLES - 7),
            factor,
            wraps=wraps,
            backend=poisoned(backend),
        )
        result: NDArray[np.int16] = backend.to_host(owners)
        return result

    # weights are products of eighths, exact in float64, so ties fall alike
    np.testing.assert_array_equal(owners_on(cuda_backend), owners_on(CPU))

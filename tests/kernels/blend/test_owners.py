"""Who owns a pixel, given labels that were cut at reduced resolution."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.backend import Backend
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, name_owners
from hinterland_kernels.pixel.ownership import owner

Mask = NDArray[np.bool_]


def owners_on(
    backend: Backend,
    labels: NDArray[np.int16],
    masks: list[Mask],
    layer_labels: list[int],
    origin: tuple[int, int],
    *,
    wraps: bool,
) -> NDArray[np.int16]:
    layers = [Layer(backend.xp.zeros((1, *mask.shape)), backend.to_device(mask)) for mask in masks]
    owners = assign_owners(
        backend.to_device(labels), layers, layer_labels, origin, 4, wraps=wraps, backend=backend
    )
    result: NDArray[np.int16] = backend.to_host(owners)
    return result


def test_owners_follow_the_labels_at_full_size(backend: Backend) -> None:
    labels = np.full((6, 9), 5, dtype=np.int16)
    labels[:, 4:] = 2
    full = np.ones((24, 36), dtype=np.bool_)
    owners = owners_on(backend, labels, [full, full], [2, 5], (0, 0), wraps=False)
    np.testing.assert_array_equal(owners[:, :16], 1)
    np.testing.assert_array_equal(owners[:, 16:], 0)


def test_a_pixel_goes_to_a_valid_image_where_its_own_is_not(backend: Backend) -> None:
    labels = np.full((3, 3), 5, dtype=np.int16)
    one, other = np.ones((12, 12), dtype=np.bool_), np.ones((12, 12), dtype=np.bool_)
    one[2:7, 3:9] = False
    other[5:12, 6:12] = False
    owners = owners_on(backend, labels, [one, other], [5, 2], (0, 0), wraps=False)
    expected = np.where(one, 0, np.where(other, 1, NOBODY))
    np.testing.assert_array_equal(owners, expected)
    assert set(np.unique(expected)) == {NOBODY, 0, 1}


def test_on_a_grid_that_closes_labels_go_round(backend: Backend) -> None:
    labels = np.array([[5, 5, 2, 2]], dtype=np.int16)
    full = np.ones((4, 2), dtype=np.bool_)
    beyond = owners_on(backend, labels, [full, full], [5, 2], (0, 16), wraps=True)
    first = owners_on(backend, labels, [full, full], [5, 2], (0, 0), wraps=True)
    np.testing.assert_array_equal(beyond, first)
    assert (owners_on(backend, labels, [full, full], [5, 2], (0, 16), wraps=False) == 1).all()


@pytest.mark.parametrize("wraps", [False, True])
def test_every_pixel_has_the_owner_that_the_formula_gives_it(backend: Backend, *, wraps: bool) -> None:
    rng = np.random.default_rng(8)
    labels = np.repeat(np.repeat(rng.integers(-1, 3, (5, 6)), 2, axis=0), 2, axis=1).astype(np.int16)
    # a label may be of two layers, or of none
    masks, layer_labels = rng.random((4, 44, 61)) < 0.7, [2, 0, 2, 7]
    owners = owners_on(backend, labels, list(masks), layer_labels, (-3, 29), wraps=wraps)
    numbers = np.array(layer_labels, dtype=np.int16)
    for i, j in np.ndindex(owners.shape):
        line, sample = (-3 + i + 0.5) / 4 - 0.5, (29 + j + 0.5) / 4 - 0.5
        assert owners[i, j] == owner(labels, masks, numbers, i, j, line, sample, wraps)


def test_owners_get_their_names_and_nobody_none() -> None:
    owners = np.array([[0, NOBODY, 2], [1, 1, NOBODY]], dtype=np.int16)
    np.testing.assert_array_equal(name_owners(owners, [7, 40_000, 3]), [[7, 0, 3], [40_000, 40_000, 0]])

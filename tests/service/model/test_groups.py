import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hinterland.model.groups import linked_groups


@pytest.mark.parametrize("links", [0, 1, 20, 60, 400])
def test_groups_are_those_that_scipy_finds(links: int) -> None:
    first, second = np.random.default_rng(links).integers(0, 80, (2, links))
    graph = coo_array((np.ones(links), (first, second)), shape=(80, 80))
    _, expected = connected_components(graph, directed=False)
    np.testing.assert_array_equal(linked_groups(first, second, 80), expected)


def test_a_chain_is_one_group_whichever_way_it_is_given() -> None:
    along = np.random.default_rng(1).permutation(1000)
    np.testing.assert_array_equal(linked_groups(along[1:], along[:-1], 1000), np.zeros(1000))

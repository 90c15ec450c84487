import numpy as np
import pytest

from hinterland.model.masks import distinct


@pytest.mark.parametrize("value", [True, False])
def test_a_mask_of_one_number_is_that_number(value: bool) -> None:
    found = distinct(np.broadcast_to(np.bool_(value), (700, 900)))
    assert found.shape == (1, 1)
    assert bool(found[0, 0]) is value


def test_a_mask_of_one_line_is_that_line() -> None:
    line = np.array([True, False, True])
    np.testing.assert_array_equal(distinct(np.broadcast_to(line, (5, 3))), [line])


def test_any_other_mask_is_as_it_is() -> None:
    mask = np.eye(4, dtype=np.bool_)
    np.testing.assert_array_equal(distinct(mask), mask)
    assert distinct(mask[:, :0]).size == 0

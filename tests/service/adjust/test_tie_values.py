from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.adjust.tie_points import TiePoints
from hinterland.adjust.tie_values import ties_from_bytes, ties_to_bytes


def pair(first: int, second: int, count: int) -> TiePoints:
    points = np.random.default_rng(first).normal(size=(2, count, 2))
    return TiePoints(first, second, points[0], points[1])


@pytest.mark.parametrize("ties", [(), (pair(0, 1, 5),), (pair(0, 1, 3), pair(0, 2, 0), pair(1, 2, 7))])
def test_tie_points_are_read_as_they_were_written(ties: tuple[TiePoints, ...]) -> None:
    found = ties_from_bytes(ties_to_bytes(ties), images=3)
    assert found is not None
    assert len(found) == len(ties)
    for one, other in zip(found, ties, strict=True):
        assert (one.first, one.second) == (other.first, other.second)
        assert np.array_equal(one.points_first, other.points_first)
        assert np.array_equal(one.points_second, other.points_second)


def test_tie_points_of_images_that_are_not_there_are_none() -> None:
    assert ties_from_bytes(ties_to_bytes((pair(0, 3, 5),)), images=3) is None


@given(kept=st.binary(max_size=400))
def test_bytes_that_are_no_tie_points_are_none(kept: bytes) -> None:
    assert ties_from_bytes(kept, images=3) is None


def test_any_changed_byte_gives_whole_tie_points_or_none() -> None:
    whole = ties_to_bytes((pair(0, 1, 3), pair(1, 2, 2)))
    for place in range(len(whole)):
        for value in (whole[place] ^ 1, 0, 99):
            found = ties_from_bytes(whole[:place] + bytes([value]) + whole[place + 1 :], images=3)
            for one in found or ():
                assert one.points_first.shape == one.points_second.shape == (len(one), 2)
                assert max(one.first, one.second) < 3

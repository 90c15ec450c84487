import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hinterland.maps.placement import Box, Placed, Placer

FRAME = Box(left=0.0, bottom=0.0, right=400.0, top=300.0)
POINTS = st.lists(st.tuples(st.floats(0.0, 400.0), st.floats(0.0, 300.0)), min_size=1, max_size=25)


def all_placed(points: list[tuple[float, float]], placer: Placer) -> list[Placed]:
    found = [placer.place(x, y, 47.0, 11.0, 5.0) for x, y in points]
    return [placed for placed in found if placed is not None]


@given(POINTS)
def test_labels_overlap_neither_each_other_nor_the_furniture_nor_the_border(
    points: list[tuple[float, float]],
) -> None:
    furniture = Box(left=20.0, bottom=10.0, right=150.0, top=40.0)
    placer = Placer(frame=FRAME, margin=2.0)
    placer.reserve([furniture])
    boxes = [placed.box for placed in all_placed(points, placer)]
    assert all(FRAME.contains(box) and not box.overlaps(furniture) for box in boxes)
    assert not any(one.grown(1.9).overlaps(other) for one, other in itertools.combinations(boxes, 2))


@given(POINTS)
def test_no_leader_crosses_a_label_of_another_point(points: list[tuple[float, float]]) -> None:
    placed = all_placed(points, Placer(frame=FRAME, margin=2.0))
    for one, other in itertools.permutations(placed, 2):
        if one.leader is not None:
            along = one.leader[0] + np.linspace(0.0, 1.0, 200)[:, None] * (one.leader[1] - one.leader[0])
            box = other.box
            inside = (along > (box.left, box.bottom)) & (along < (box.right, box.top))
            assert not inside.all(axis=1).any()


def test_a_lone_label_stands_at_the_right_of_its_point() -> None:
    placed = Placer(frame=FRAME, margin=2.0).place(100.0, 100.0, 40.0, 10.0, 5.0)
    assert placed is not None
    assert placed.box == Box(left=105.0, bottom=95.0, right=145.0, top=105.0)
    assert placed.leader is None


def test_a_label_turns_away_from_a_line_that_it_would_cover() -> None:
    line = np.column_stack((np.linspace(100.0, 200.0, 60), np.full(60, 100.0)))
    placed = Placer(frame=FRAME, margin=2.0, avoided=line).place(100.0, 100.0, 40.0, 10.0, 5.0)
    assert placed is not None
    assert placed.box.right <= 100.0


def test_a_label_without_room_is_left_out() -> None:
    placer = Placer(frame=FRAME, margin=2.0)
    placer.reserve([FRAME])
    assert placer.place(100.0, 100.0, 40.0, 10.0, 5.0) is None

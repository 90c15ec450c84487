import itertools

import pytest

from hinterland.errors import InputError
from hinterland.maps.layout import Layout
from hinterland.maps.placement import Box

WIDTHS = [600, 601, 1999, 2000, 8000]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_parts_lie_on_the_sheet_and_apart(width: int) -> None:
    layout = Layout.of_width(width)
    parts = (layout.map, layout.inset, layout.legend, layout.title, layout.credit)
    sheet = Box(left=0.0, bottom=0.0, right=layout.width, top=layout.height)
    assert all(sheet.contains(part) for part in parts)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(parts, 2))


@pytest.mark.parametrize("width", WIDTHS)
def test_map_and_inset_are_squares_of_whole_pixels(width: int) -> None:
    layout = Layout.of_width(width)
    for box in (layout.map, layout.inset):
        assert box.right - box.left == box.top - box.bottom
        assert all(edge == round(edge) for edge in (box.left, box.bottom, box.right, box.top))
    assert layout.map_samples == layout.map.right - layout.map.left
    assert layout.inset_samples < 0.55 * layout.map_samples


@pytest.mark.parametrize("width", [0, 599, 8001, -2000])
def test_a_width_that_no_text_can_be_read_at_is_refused(width: int) -> None:
    with pytest.raises(InputError, match=f"600 to 8000 pixels wide, got {width}"):
        Layout.of_width(width)

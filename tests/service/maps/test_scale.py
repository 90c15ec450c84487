import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.maps.scale import (
    graticule_step,
    latitude_text,
    length_text,
    longitude_text,
    multiples,
    round_step,
)


@given(st.floats(1e-6, 1e7))
def test_a_step_is_1_2_or_5_and_the_largest_that_fits(target: float) -> None:
    step = round_step(target)
    assert f"{step:.0e}"[0] in "125"
    assert step == pytest.approx(float(f"{step:.0e}"), rel=1e-12)
    assert 0.4 * target * (1.0 - 1e-8) < step <= target * (1.0 + 1e-8)


@pytest.mark.parametrize(
    ("target", "step"), [(1.0, 1.0), (1.99, 1.0), (4.9, 2.0), (0.05, 0.05), (999.0, 500.0)]
)
def test_steps_at_the_ends_of_their_ranges(target: float, step: float) -> None:
    assert round_step(target) == pytest.approx(step, rel=1e-12)


@given(st.floats(1e-6, 90.0))
def test_a_graticule_has_about_four_lines(extent: float) -> None:
    assert 2.5 <= extent / graticule_step(extent) <= 6.4


def test_multiples_include_both_bounds() -> None:
    assert multiples(0.5, -1.0, 1.0) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert multiples(0.1, 0.3, 0.7) == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7])
    assert multiples(1.0, 0.2, 0.8) == []


@pytest.mark.parametrize(
    ("metres", "text"),
    [(0.0898, "9 cm"), (0.25, "25 cm"), (0.5, "0.5 m"), (1.0, "1 m"), (5.84, "5.8 m"), (30.0, "30 m"),
     (999.0, "999 m"), (1500.0, "1.5 km"), (22_311.0, "22 km")],
)  # fmt: skip
def test_lengths_are_written_as_people_do(metres: float, text: str) -> None:
    assert length_text(metres) == text


def test_degrees_have_the_decimals_of_their_step() -> None:
    assert longitude_text(77.4505, 0.0005) == "77.4505°E"
    assert longitude_text(282.55, 0.05) == "77.45°W"
    assert longitude_text(-77.0, 1.0) == "77°W"
    assert latitude_text(-4.668, 0.001) == "4.668°S"
    assert latitude_text(20.0, 5.0) == "20°N"

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from product_files import CURIOSITY_LABEL

from hinterland.products.labels import LabelError, Quantity
from hinterland.products.odl import number_in_base, parse_label


def value(text: str) -> Any:
    return parse_label(f"A = {text}\r\nEND\r\n".encode()).values["A"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-47", -47),
        ("0047", 47),
        ("1e+30", 1e30),
        (".5", 0.5),
        ("335.59 <deg>", Quantity(335.59, "deg")),
        ("2#0000111111111111#", 4095),
        ("16#FF#", 255),
        ("MSB_INTEGER", "MSB_INTEGER"),
        ("2017-02-19T15:43:40.070", "2017-02-19T15:43:40.070"),
        ("15:09:38", "15:09:38"),
        ('"MULTIMISSION IMAGE PROCESSING \r\n     SUBSYSTEM"', "MULTIMISSION IMAGE PROCESSING SUBSYSTEM"),
        ('"an END in a text"', "an END in a text"),
        ("'symbol'", "symbol"),
        ('"N/A"', "N/A"),
        ("(C,A,H)", ("C", "A", "H")),
        ("{3, 5}", (3, 5)),
        ("()", ()),
        ("((1,2),(3,5))", ((1, 2), (3, 5))),
        ("(-0.34 <rad>,\r\n   0.1 <rad>)", (Quantity(-0.34, "rad"), Quantity(0.1, "rad"))),
        ("9" * 100, "9" * 100),
        ('"\u00e4"', "\u00e4"),
        ("5 /* a comment */", 5),
    ],
)
def test_a_value_is_read_as_its_type(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("text", ["(1,2", "(1,,2)", "(1)2)", "{1)", "UNK <deg>", '"open', "<deg>", ""])
def test_a_malformed_value_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(LabelError, match=r"line [123] of the label"):
        value(text)


def test_a_real_label_is_read_to_its_last_group() -> None:
    label = parse_label(CURIOSITY_LABEL.read_bytes())
    assert label.values["ROVER_MOTION_COUNTER"] == (61, 924, 27, 62, 0, 0, 402, 110, 0, 0)
    assert label.need("SITE_DERIVED_GEOMETRY_PARMS").values["INSTRUMENT_AZIMUTH"] == Quantity(87.8434, "deg")
    assert label.blocks[-1].name == "IMAGE_HEADER"
    assert label.need("GEOMETRIC_CAMERA_MODEL").values["^MODEL_DESC"] == "GEOMETRIC_CM.TXT"


def test_groups_nest_and_are_found_at_any_depth() -> None:
    label = parse_label(b"GROUP = A\nOBJECT = B\nX = 3\nEND_OBJECT = B\nEND_GROUP\nX = 5\nEND\n")
    assert label.values["X"] == 5
    assert [block.name for block in label.blocks] == ["A"]
    assert label.need("B").values["X"] == 3


def test_what_follows_end_is_not_read() -> None:
    assert parse_label(b'A = 1\nEND\n\xff\xfe"(((').values == {"A": 1}


def test_a_digit_beyond_the_base_is_no_number() -> None:
    assert number_in_base("2#0102#") is None
    assert number_in_base("99#11#") is None
    assert number_in_base("8#17#") == 15


@settings(max_examples=200)
@given(
    cut=st.integers(0, 26475),
    patch=st.text(alphabet="(){}<>\"'=,\r\n ABEND_GROUP/*#0\x00", max_size=12),
)
def test_a_damaged_label_is_read_or_refused_but_never_a_fault(cut: int, patch: str) -> None:
    data = CURIOSITY_LABEL.read_bytes()
    damaged = data[:cut] + patch.encode() + data[cut + len(patch) :]
    with contextlib.suppress(LabelError):
        parse_label(damaged)

from typing import Any

import pytest

from hinterland.products.fields import FieldError, integer, number, printable, text, vector


@pytest.mark.parametrize("unknown", [None, "UNK", "unk", " N/A ", "NULL", "Unknown", ""])
def test_what_an_archive_does_not_know_is_none(unknown: Any) -> None:
    assert text(unknown) is None
    assert number(unknown, "x") is None
    assert integer(unknown, "x") is None
    assert vector(unknown, "x", 3) is None


@pytest.mark.parametrize("value", [188, "188", " 188 ", 188.0, "188.0", "1.88e2"])
def test_numbers_come_as_text_too(value: Any) -> None:
    assert integer(value, "drive") == 188


@pytest.mark.parametrize(
    "value", ["nan", "inf", float("nan"), 10**400, True, [], {}, "1_8", "0x10", "9" * 99]
)
def test_what_is_no_finite_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(FieldError, match="drive is not a number"):
        number(value, "drive")


@pytest.mark.parametrize("value", ["(1,2.5,-3e-1)", "[1, 2.5, -0.3]", [1, "2.5", -0.3], (1, 2.5, -0.3)])
def test_vectors_come_in_brackets_and_as_sequences(value: Any) -> None:
    assert vector(value, "C", 3) == (1.0, 2.5, -0.3)


def test_a_vector_with_an_unknown_part_is_unknown() -> None:
    assert vector("(1,UNK,3)", "C", 3) is None


@pytest.mark.parametrize("value", ["(1,2)", "1,2,3", 7, {"x": 1}, "(1,2,3", "((1,2,3))"])
def test_a_malformed_vector_is_refused_by_name(value: Any) -> None:
    with pytest.raises(FieldError, match="C is not"):
        vector(value, "C", 3)


def test_text_of_any_origin_becomes_one_short_printable_line() -> None:
    assert printable("a\x1b[2J\r\n b\x00\u202ec") == "a [2J b c"
    assert printable("x" * 500) == "x" * 117 + "..."

"""Filters read strictly, and page tokens that only their server can make."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.jobs.model import State
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.paging import Filter, PageTokens, load_secret, page_size_of, read_filter

SECRET = bytes(range(32))
LAST = "01m83133fgtptqm0p6vpxvw7qj"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Filter()),
        ("  ", Filter()),
        ("state=RUNNING", Filter(state=State.RUNNING)),
        (" kind=mosaic  AND\tstate=FAILED ", Filter(state=State.FAILED, kind="mosaic")),
        ("labels.sol=4087", Filter(labels={"sol": "4087"})),
        (
            r'labels.place="Endeavour \"rim\" AND \\more"',
            Filter(labels={"place": r'Endeavour "rim" AND \more'}),
        ),
        ('labels.a="" AND labels.b=x', Filter(labels={"a": "", "b": "x"})),
        ("labels.a=AND AND labels.b=é", Filter(labels={"a": "AND", "b": "é"})),
    ],
)
def test_a_filter_is_read_term_by_term(text: str, expected: Filter) -> None:
    assert read_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("state", "terms are key=value"),
        ("state=DONE", "choose one of PENDING"),
        ("state=__members__", "choose one of PENDING"),
        ("kind=__class__", "choose one of panorama"),
        ("state=RUNNING kind=mosaic", "joined by AND"),
        ("state=RUNNING AND ", "joined by AND"),
        ("AND state=RUNNING", "terms are key=value"),
        ("state=RUNNING OR kind=mosaic", "joined by AND"),
        ("state=RUNNING AND state=FAILED", "state stands twice"),
        ("owner=bob", "filter by state, kind or labels.KEY"),
        ("labels.=x", "filter by state, kind or labels.KEY"),
        ("labels.UPPER=x", "filter by state, kind or labels.KEY"),
        ("labels.a=" + "x" * 64, "at most 63 characters"),
        ('labels.a="open', "terms are key=value"),
        ("x" * 501, "at most 500 characters"),
        ("state='RUNNING' --", "joined by AND"),
        ("state=RUNNING\0", "choose one of"),
    ],
)
def test_a_filter_that_is_not_of_the_form_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(RefusedError, match=r"^filter: ") as error:
        read_filter(text)
    assert error.value.reason is Reason.FILTER_INVALID
    assert words in str(error.value)


@given(st.text(max_size=510))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        read_filter(text)
    except RefusedError as error:
        assert error.reason is Reason.FILTER_INVALID  # noqa: PT017 - either is right


@given(st.dictionaries(st.from_regex(r"\A[a-z][a-z0-9_-]{0,8}\Z"), st.text(max_size=20), max_size=5))
def test_quoted_values_come_back_as_they_were(labels: dict[str, str]) -> None:
    quoted = {key: value.replace("\\", r"\\").replace('"', r"\"") for key, value in labels.items()}
    text = " AND ".join(f'labels.{key}="{value}"' for key, value in quoted.items())
    assert read_filter(text).labels == labels


def test_a_page_token_names_its_place_to_its_owner_and_filter_only() -> None:
    pages = PageTokens(SECRET)
    token = pages.token("ada", "state=FAILED", LAST)
    assert pages.place("ada", "state=FAILED", token) == LAST
    for owner, text in (("bob", "state=FAILED"), ("ada", ""), ("adas", "tate=FAILED")):
        with pytest.raises(RefusedError) as error:
            pages.place(owner, text, token)
        assert error.value.reason is Reason.PAGE_TOKEN_INVALID


def test_a_token_of_another_server_is_refused() -> None:
    with pytest.raises(RefusedError, match="begin again without one"):
        PageTokens(SECRET[::-1]).place("ada", "", PageTokens(SECRET).token("ada", "", LAST))


def test_a_token_with_any_bit_changed_is_refused() -> None:
    pages = PageTokens(SECRET)
    token = pages.token("ada", "", LAST)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        forged = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        with pytest.raises(RefusedError):
            pages.place("ada", "", forged)


@given(st.text(max_size=300))
def test_any_text_is_no_token(text: str) -> None:
    with pytest.raises(RefusedError) as error:
        PageTokens(SECRET).place("ada", "", text)
    assert error.value.reason is Reason.PAGE_TOKEN_INVALID


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (1000, 1000), (2**31 - 1, 1000)])
def test_a_page_has_a_default_and_a_most(asked: int, size: int) -> None:
    assert page_size_of(asked) == size


def test_a_negative_page_is_refused() -> None:
    with pytest.raises(RefusedError, match="page_size"):
        page_size_of(-1)


def test_the_secret_is_made_once_and_only_its_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = load_secret(path)
    assert len(first) == 32
    assert load_secret(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_was_cut_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(OSError, match="delete it"):
        load_secret(tmp_path / "secret")

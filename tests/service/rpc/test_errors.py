"""Refusals on the wire: the table's codes, the details that are due, and never more than clients read."""

import base64
from urllib.parse import quote

import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from hinterland.reasons import Reason, RefusedError, retry_after_s
from hinterland.rpc.errors import code, plain, status_of


def details(refusal: RefusedError) -> dict[str, object]:
    return {
        one.type_url.rpartition(".")[2]: json_format.MessageToDict(one) for one in status_of(refusal).details
    }


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_status_and_says_whether_to_try_again(reason: Reason) -> None:
    refusal = RefusedError(reason, "words", field="job.title")
    status = status_of(refusal)
    assert status.code == code(reason).value[0] != 0
    found = details(refusal)
    assert found["ErrorInfo"]["reason"] == reason.value
    assert found["ErrorInfo"]["domain"] == "hinterland"
    assert ("RetryInfo" in found) == (retry_after_s(reason) is not None)
    assert found["BadRequest"]["fieldViolations"] == [{"field": "job.title", "description": "words"}]


def test_a_refusal_of_no_field_carries_no_bad_request() -> None:
    assert set(details(RefusedError(Reason.NOT_YOURS, "words"))) == {"ErrorInfo"}


@given(st.text(max_size=5000), st.dictionaries(st.text(max_size=300), st.text(max_size=3000), max_size=30))
def test_no_refusal_exceeds_what_clients_take_in_headers(message: str, metadata: dict[str, str]) -> None:
    metadata.pop("reason", None)
    metadata.pop("message", None)
    metadata.pop("self", None)
    status = status_of(RefusedError(Reason.QUEUE_FULL, message, **metadata, field="x" * 3000))
    sent = len(quote(status.message)) + len(base64.b64encode(status.SerializeToString()))
    assert sent < 12 * 1024  # of 16 KiB, which a proxy's own headers share
    for one in status.details:
        info = error_details_pb2.ErrorInfo()
        if one.Unpack(info):
            assert all(part.isprintable() for pair in info.metadata.items() for part in pair)


@given(st.text())
def test_what_people_read_is_one_line_without_control_characters(text: str) -> None:
    assert plain(text).isprintable()


def test_control_characters_are_shown_and_not_sent() -> None:
    assert plain("x\nERROR \x1b[2J\u202e") == r"x\nERROR \x1b[2J\u202e"


def test_long_words_are_cut_between_characters() -> None:
    cut = plain("é" * 2000)
    assert cut.endswith("é...")
    assert len(cut.encode()) <= 1024

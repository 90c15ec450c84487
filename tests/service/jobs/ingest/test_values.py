from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.jobs.ingest import (
    Content,
    Given,
    Role,
    Verdict,
    given_files,
    verdict_from_json,
    verdict_to_json,
)
from hinterland.jobs.specs import InputFile, MosaicSpec, OverviewSpec, PanoramaSpec, Spec, input_files
from hinterland.reasons import Failure, Reason

GIVEN = Given(path="0/a.tif", sha256="ab" * 32, role=Role.RASTER)
TAKEN = Verdict(given=GIVEN, content=Content(format="GTiff", lines=2, samples=3, bands=1, dtype="uint8"))
REFUSED = Verdict(
    given=GIVEN,
    failure=Failure(
        reason=Reason.INPUT_TRUNCATED, message="a.tif: is cut off", metadata={"product": "a.tif"}
    ),
)


def file(name: str) -> InputFile:
    return InputFile(sha256="cd" * 32, filename=name)


SPECS: list[Spec] = [
    PanoramaSpec(frames=(file("a"), file("b")), metadata=(file("c"),)),
    MosaicSpec(rasters=(file("a"), file("b"))),
    OverviewSpec(
        panorama="0" * 26,
        base_maps=(file("a"),),
        dem=file("b"),
        routes=(file("c"),),
        planned=file("d"),
        places=file("e"),
    ),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_every_file_of_a_spec_has_a_role_in_the_spec_s_order(spec: Spec) -> None:
    assert tuple(one for one, _ in given_files(spec)) == input_files(spec)


def test_roles_are_those_of_the_fields() -> None:
    roles = [role for spec in SPECS for _, role in given_files(spec)]
    expected = "frame frame feed raster raster raster raster route planned places"
    assert [role.value for role in roles] == expected.split()


@pytest.mark.parametrize("verdict", [TAKEN, REFUSED])
def test_a_verdict_survives_json(verdict: Verdict) -> None:
    assert verdict_from_json(json.loads(json.dumps(verdict_to_json(verdict)))) == verdict


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(answer=JSON)
def test_an_answer_that_is_no_verdict_is_a_value_error(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        verdict_from_json(answer)


@given(
    key=st.sampled_from(["path", "sha256", "role", "content", "failure"]),
    value=JSON,
    verdict=st.sampled_from([TAKEN, REFUSED]),
)
def test_a_verdict_with_one_part_forged_is_refused_or_harmless(
    key: str, value: Any, verdict: Verdict
) -> None:
    forged = {**verdict_to_json(verdict), key: value}
    try:
        found = verdict_from_json(forged)
    except ValueError:
        return
    texts = [found.given.path, found.given.sha256]
    assert all(text.isprintable() and len(text) <= 1000 for text in texts)


def test_control_characters_of_a_forged_message_do_not_arrive() -> None:
    forged = verdict_to_json(REFUSED)
    forged["failure"]["message"] = "x\n\x1b[2Jy" + "z" * 5000
    failure = verdict_from_json(forged).failure
    assert failure is not None
    assert failure.message.isprintable()
    assert len(failure.message) == 1000

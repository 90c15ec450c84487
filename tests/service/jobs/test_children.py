from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hinterland.jobs.children import Child, ChildDiedError, ChildError

SCRIPT = """
import json, os, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked == "die":
        sys.stderr.write("last words\\x1b[2J")
        sys.stderr.flush()
        os.kill(os.getpid(), 9)
    print(asked if asked == "no json" else json.dumps(asked), flush=True)
"""


class StopError(Exception):
    """What a tick raises to end the wait."""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    (tmp_path / "echo_child.py").write_text(SCRIPT)
    made = Child("echo_child", [], environment={**os.environ, "PYTHONPATH": str(tmp_path)}, folder=tmp_path)
    yield made
    made.end()


def nothing() -> None:
    """A tick that lets go on."""


def test_lines_are_answered_one_by_one(child: Child) -> None:
    assert child.line(nothing, every_s=0.1, within_s=60.0) == {"ready": True}
    for message in ({"a": "x" * 200_000}, [1, "\n"], None):
        child.send(message)
        assert child.line(nothing, every_s=0.1) == message


def test_a_childs_death_is_told_with_its_last_words_made_harmless(child: Child) -> None:
    child.line(nothing, every_s=0.1, within_s=60.0)
    child.send("die")
    with pytest.raises(ChildDiedError, match=r"last words \[2J") as caught:
        child.line(nothing, every_s=0.1)
    assert caught.value.status == -signal.SIGKILL
    assert not child.is_alive
    child.send("anything")  # to the dead is no error: the next line tells


def test_what_is_no_json_is_an_error(child: Child) -> None:
    child.line(nothing, every_s=0.1, within_s=60.0)
    child.send("no json")
    with pytest.raises(ChildError, match="no JSON"):
        child.line(nothing, every_s=0.1)


def test_a_silent_child_is_an_error_and_a_tick_ends_any_wait(child: Child) -> None:
    child.line(nothing, every_s=0.1, within_s=60.0)
    with pytest.raises(ChildError, match="silent"):
        child.line(nothing, every_s=0.01, within_s=0.02)

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        child.line(stop, every_s=0.01)

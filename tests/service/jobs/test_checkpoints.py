from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.jobs.checkpoints import Checkpoints


def test_a_checkpoint_is_read_as_it_was_saved_and_replaced_by_the_next(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "new")
    assert checkpoints.load("ties") is None
    checkpoints.save("ties", b"one")
    checkpoints.save("ties", b"two")
    checkpoints.save("other", b"")
    assert (checkpoints.load("ties"), checkpoints.load("other")) == (b"two", b"")


@given(place=st.integers(0, 34), bit=st.integers(0, 7))
def test_a_flipped_bit_makes_a_checkpoint_worthless(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    checkpoints = Checkpoints(folder)
    checkpoints.save("ties", b"abc")
    kept = bytearray((folder / "ties").read_bytes())
    kept[place] ^= 1 << bit
    (folder / "ties").write_bytes(bytes(kept))
    assert checkpoints.load("ties") is None


def test_a_checkpoint_under_another_name_is_not_believed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save("ties", b"abc")
    (tmp_path / "ties").rename(tmp_path / "verdicts")
    assert checkpoints.load("verdicts") is None


@pytest.mark.parametrize("name", ["../ties", "", "A", "a/b", "a.part"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Checkpoints(tmp_path).save(name, b"")

"""Threats 5.2, 5.3, 5.5, 5.6, 5.7 and 5.13: files made to harm whoever opens them."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspected_files import inspect
from map_labels import SOUND
from poisoned_files import POISONED, SECRET, Poisoned

from hinterland.jobs.ingest import Role, Verdict


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Of all poisoned files, inspected by one child: none of them may end it."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "secret").write_bytes(SECRET)
    files = []
    for number, poisoned in enumerate(POISONED):
        made = folder / str(number)
        made.mkdir()
        files.append((poisoned.make(made), poisoned.role))
    found = inspect(tmp_path_factory.mktemp("root"), files)
    return {poisoned.name: verdict for poisoned, verdict in zip(POISONED, found, strict=True)}


@pytest.mark.parametrize("poisoned", POISONED, ids=lambda poisoned: poisoned.name)
def test_a_poisoned_file_is_refused_for_what_it_is(poisoned: Poisoned, verdicts: dict[str, Verdict]) -> None:
    failure = verdicts[poisoned.name].failure
    assert failure is not None, verdicts[poisoned.name]
    assert failure.reason is poisoned.reason, failure.message
    assert failure.metadata["product"] in failure.message or poisoned.role is Role.FRAME
    assert failure.message.isprintable()
    assert len(failure.message) < 600
    assert str(Path("inputs")) + "/" not in failure.message, "the server's folders are no user's business"


def test_the_same_files_before_they_were_cut_are_taken(tmp_path: Path) -> None:
    files = []
    for name, whole in SOUND.items():
        (tmp_path / name).write_bytes(whole)
        files.append((tmp_path / name, Role.RASTER))
    (tmp_path / "root").mkdir()
    verdicts = inspect(tmp_path / "root", files)
    assert [verdict.failure for verdict in verdicts] == [None] * len(files)

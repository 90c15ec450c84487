from __future__ import annotations

import errno
from pathlib import Path

import pytest

from hinterland.errors import (
    CapabilityError,
    FormatError,
    HinterlandError,
    InputError,
    NothingToDoError,
    OutsideError,
    PlanTooLargeError,
    TooLargeError,
    TruncatedError,
)
from hinterland.jobs.faults import failure_of
from hinterland.jobs.requests import without_paths
from hinterland.products.cog import WriteError
from hinterland.reasons import Reason, RefusedError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("a.img: no"), Reason.INPUT_REFUSED),
        (FormatError("a.img: no"), Reason.INPUT_FORMAT_REFUSED),
        (OutsideError("a.img: no"), Reason.INPUT_OUTSIDE_JOB),
        (TruncatedError("a.img: no"), Reason.INPUT_TRUNCATED),
        (TooLargeError("a.img: no"), Reason.INPUT_TOO_LARGE),
        (PlanTooLargeError("too large"), Reason.PLAN_TOO_LARGE),
        (NothingToDoError("nothing"), Reason.NOTHING_TO_DO),
        (CapabilityError("no GPU"), Reason.GPU_LOST),
        (MemoryError(), Reason.OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "full"), Reason.DISK_FULL),
        (OSError(errno.EDQUOT, "full"), Reason.DISK_FULL),
        (OSError(errno.EIO, "broken"), Reason.INTERNAL),
        (HinterlandError("ours"), Reason.INTERNAL),
        (ZeroDivisionError(), Reason.INTERNAL),
        (RefusedError(Reason.FILE_NOT_FOUND, "gone"), Reason.FILE_NOT_FOUND),
    ],
)
def test_each_error_has_its_reason(error: Exception, reason: Reason) -> None:
    assert failure_of(error, str).reason is reason


def test_a_full_disk_is_known_behind_what_wraps_it() -> None:
    error = WriteError("panorama.tif cannot be written")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert failure_of(error, str).reason is Reason.DISK_FULL


def test_the_memory_that_would_be_enough_is_told() -> None:
    failure = failure_of(PlanTooLargeError("too large", 12345), str)
    assert failure.metadata == {"needed_bytes": "12345"}


def test_an_unknown_error_tells_the_user_nothing_of_the_inside() -> None:
    assert "secret" not in failure_of(KeyError("secret"), str).message


def test_messages_name_files_and_not_where_the_server_keeps_them() -> None:
    folders = [Path("/data/work/j/attempt-1/inputs/0"), Path("/data/work/j/attempt-1/made")]
    message = f"{folders[0]}/a.img: its label at {folders[0]}/a.lbl is not in {folders[1]}"
    assert without_paths(message, folders) == "a.img: its label at a.lbl is not in made"

"""What broke an attempt, as a reason that is kept with the job."""

from __future__ import annotations

import errno
from collections.abc import Callable

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
from hinterland.reasons import Failure, Reason, RefusedError

_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (
    (FormatError, Reason.INPUT_FORMAT_REFUSED),
    (OutsideError, Reason.INPUT_OUTSIDE_JOB),
    (TruncatedError, Reason.INPUT_TRUNCATED),
    (TooLargeError, Reason.INPUT_TOO_LARGE),
    (PlanTooLargeError, Reason.PLAN_TOO_LARGE),
    (InputError, Reason.INPUT_REFUSED),
    (NothingToDoError, Reason.NOTHING_TO_DO),
    (CapabilityError, Reason.GPU_LOST),
)
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

DISK_FULL = Failure(
    reason=Reason.DISK_FULL,
    message="the server's disk is full: nothing of this was kept; retry it when there is room",
)
OUT_OF_MEMORY = Failure(
    reason=Reason.OUT_OF_MEMORY,
    message="the server's memory was not enough: retry it, with a smaller output",
)
INTERNAL = Failure(
    reason=Reason.INTERNAL, message="a fault of the server's, which its log tells more of: report it"
)


def failure_of(error: BaseException, shown: Callable[[str], str]) -> Failure:
    """The failure that an error ends a job with.

    Parameters
    ----------
    error : BaseException
        What was raised.
    shown : callable
        Makes a message fit for the user, say by leaving out the server's paths.
    """
    if isinstance(error, RefusedError):
        return Failure(reason=error.reason, message=shown(str(error)), metadata=error.metadata)
    if _is_out_of_space(error):
        return DISK_FULL
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            needed = getattr(error, "needed_bytes", None)
            metadata = {} if needed is None else {"needed_bytes": str(needed)}
            return Failure(reason=reason, message=shown(str(error)), metadata=metadata)
    if isinstance(error, HinterlandError):
        return Failure(reason=Reason.INTERNAL, message=shown(str(error)))
    return INTERNAL


def _is_out_of_space(error: BaseException | None) -> bool:
    """True if a full disk is the cause, however many others have wrapped it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            return True
        error = error.__cause__ or error.__context__
    return False

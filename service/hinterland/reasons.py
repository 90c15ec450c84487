"""Why something was refused or failed: the one table of reasons that users, clients and metrics see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hinterland.errors import HinterlandError

DOMAIN = "hinterland"
"""Of every google.rpc.ErrorInfo."""


class Reason(StrEnum):
    """A cause, as ErrorInfo.reason has it."""

    # the caller
    TOKEN_MISSING = "TOKEN_MISSING"  # noqa: S105 - the name of a reason
    TOKEN_UNKNOWN = "TOKEN_UNKNOWN"  # noqa: S105 - the same
    NOT_YOURS = "NOT_YOURS"
    # the request
    FIELD_INVALID = "FIELD_INVALID"
    FILTER_INVALID = "FILTER_INVALID"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"  # noqa: S105 - the same
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    STATE_WRONG = "STATE_WRONG"
    RESULT_NOT_READY = "RESULT_NOT_READY"
    RESULT_FILE_NOT_FOUND = "RESULT_FILE_NOT_FOUND"
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    # uploads
    UPLOAD_EXPIRED = "UPLOAD_EXPIRED"
    UPLOAD_INCOMPLETE = "UPLOAD_INCOMPLETE"
    UPLOAD_BUSY = "UPLOAD_BUSY"
    OFFSET_WRONG = "OFFSET_WRONG"
    CHECKSUM_WRONG = "CHECKSUM_WRONG"
    # limits
    QUEUE_FULL = "QUEUE_FULL"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    DISK_FULL = "DISK_FULL"
    # the server
    DRAINING = "DRAINING"
    DATABASE_BUSY = "DATABASE_BUSY"
    SERVER_BUSY = "SERVER_BUSY"
    CALL_TOO_LONG = "CALL_TOO_LONG"
    INTERNAL = "INTERNAL"
    # a job's inputs
    INPUT_REFUSED = "INPUT_REFUSED"
    INPUT_FORMAT_REFUSED = "INPUT_FORMAT_REFUSED"
    INPUT_OUTSIDE_JOB = "INPUT_OUTSIDE_JOB"
    INPUT_TRUNCATED = "INPUT_TRUNCATED"
    INPUT_TOO_LARGE = "INPUT_TOO_LARGE"
    INPUT_CRASHED_READER = "INPUT_CRASHED_READER"
    MISSING_CAMERA_MODEL = "MISSING_CAMERA_MODEL"
    NOTHING_TO_DO = "NOTHING_TO_DO"
    PLAN_TOO_LARGE = "PLAN_TOO_LARGE"
    # a job's run
    RUN_TOO_LONG = "RUN_TOO_LONG"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    WORKER_LOST = "WORKER_LOST"
    GPU_OUT_OF_MEMORY = "GPU_OUT_OF_MEMORY"
    GPU_LOST = "GPU_LOST"


_CODES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.TOKEN_MISSING: "UNAUTHENTICATED",
        Reason.TOKEN_UNKNOWN: "UNAUTHENTICATED",
        Reason.NOT_YOURS: "PERMISSION_DENIED",
        Reason.FIELD_INVALID: "INVALID_ARGUMENT",
        Reason.FILTER_INVALID: "INVALID_ARGUMENT",
        Reason.PAGE_TOKEN_INVALID: "INVALID_ARGUMENT",
        Reason.REQUEST_ID_REUSED: "INVALID_ARGUMENT",
        Reason.RESULT_FILE_NOT_FOUND: "NOT_FOUND",
        Reason.FILE_NOT_FOUND: "NOT_FOUND",
        Reason.UPLOAD_BUSY: "ABORTED",
        Reason.OFFSET_WRONG: "OUT_OF_RANGE",
        Reason.CHECKSUM_WRONG: "DATA_LOSS",
        Reason.QUEUE_FULL: "RESOURCE_EXHAUSTED",
        Reason.QUOTA_EXCEEDED: "RESOURCE_EXHAUSTED",
        Reason.DISK_FULL: "RESOURCE_EXHAUSTED",
        Reason.DRAINING: "UNAVAILABLE",
        Reason.DATABASE_BUSY: "UNAVAILABLE",
        Reason.SERVER_BUSY: "UNAVAILABLE",
        Reason.CALL_TOO_LONG: "DEADLINE_EXCEEDED",
        Reason.INTERNAL: "INTERNAL",
        Reason.RUN_TOO_LONG: "DEADLINE_EXCEEDED",
        Reason.OUT_OF_MEMORY: "RESOURCE_EXHAUSTED",
        Reason.WORKER_LOST: "ABORTED",
        Reason.GPU_OUT_OF_MEMORY: "RESOURCE_EXHAUSTED",
        Reason.GPU_LOST: "UNAVAILABLE",
    }
)

_TRANSIENT = frozenset(
    {
        Reason.QUEUE_FULL,
        Reason.QUOTA_EXCEEDED,
        Reason.DISK_FULL,
        Reason.DRAINING,
        Reason.DATABASE_BUSY,
        Reason.SERVER_BUSY,
    }
)


def code_of(reason: Reason) -> str:
    """Name of the gRPC status code of a reason: FAILED_PRECONDITION unless the table says otherwise."""
    return _CODES.get(reason, "FAILED_PRECONDITION")


def retry_after_s(reason: Reason) -> float | None:
    """When to try again, s; None where trying again changes nothing."""
    return 1.0 if reason in _TRANSIENT else None


class RefusedError(HinterlandError):
    """A call that cannot be done: its message says why and what to do, its reason is from the table."""

    def __init__(self, reason: Reason, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata = metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed, as it is kept."""

    reason: Reason
    """From the table."""
    message: str
    """One line for the user: what is wrong with which product, and the way out."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What programs need of it."""

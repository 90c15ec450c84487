"""What the service says when it cannot do a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import grpc
from google.rpc import error_details_pb2, status_pb2

from hinterland.errors import HinterlandError
from hinterland.reasons import DOMAIN, Reason

_DETAILS = "grpc-status-details-bin"
_OF_THE_CALLER = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
    }
)


class _Failed(Protocol):
    """What the errors of gRPC's two stacks share."""

    def code(self) -> grpc.StatusCode:
        """Status code."""

    def details(self) -> str | None:
        """Message."""

    def trailing_metadata(self) -> object:
        """Pairs of key and value."""


class ServiceError(HinterlandError):
    """The service could not do a call, or a job failed.

    Attributes
    ----------
    code : grpc.StatusCode
        Status of the call.
    reason : Reason or None
        From the table; None where the answer did not come from hinterland: say that nothing listens there.
    metadata : Mapping[str, str]
        What programs need of it.
    """

    def __init__(
        self, message: str, code: grpc.StatusCode, reason: Reason | None, metadata: Mapping[str, str]
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.metadata = metadata
        self.exit_status = 2 if code in _OF_THE_CALLER else 1

    @classmethod
    def of_call(cls, failed: _Failed, address: str) -> ServiceError:
        """Read the error of a call to a server's address."""
        for key, value in _pairs(failed.trailing_metadata()):
            if key == _DETAILS and isinstance(value, bytes):
                return cls.of_status(status_pb2.Status.FromString(value))
        said = failed.details() or failed.code().name
        if failed.code() is grpc.StatusCode.UNAVAILABLE:
            said = f"no answer from {address} ({said}): is the server running, is TLS as it expects?"
        return cls(said, failed.code(), None, {})

    @classmethod
    def of_status(cls, status: status_pb2.Status) -> ServiceError:
        """Read a google.rpc.Status: of a call, or of a job that failed."""
        code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info) and info.domain == DOMAIN:
                known = info.reason in Reason.__members__
                return cls(status.message, code, Reason(info.reason) if known else None, dict(info.metadata))
        return cls(status.message, code, None, {})


def _pairs(metadata: object) -> list[tuple[str, str | bytes]]:
    """The trailing metadata of either stack, as pairs."""
    return list(metadata or ())  # type: ignore[call-overload, no-any-return]

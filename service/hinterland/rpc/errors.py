"""Refusals as gRPC tells them: a status with google.rpc details, small enough for every client to read."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from hinterland.reasons import DOMAIN, Reason, RefusedError, code_of, retry_after_s

FIELD = "field"
"""Key of a refusal's metadata that names the field at fault, as "job.panorama.frames[0].filename"."""

# clients refuse headers past 16 KiB, and some of them from 8 KiB on; a message is percent-encoded on the wire,
# which may make three bytes of one, and the details are base64
_MOST_MESSAGE_BYTES = 1024
_MOST_PAIRS = 8
_MOST_VALUE_BYTES = 128
DETAILS_KEY = "grpc-status-details-bin"


def plain(text: str, most_bytes: int = _MOST_MESSAGE_BYTES) -> str:
    """A text in one line without control characters, which are shown escaped, cut to some bytes of UTF-8."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    coded = shown.encode("utf-8", "replace")
    if len(coded) <= most_bytes:
        return shown
    return coded[: most_bytes - 3].decode("utf-8", "ignore") + "..."


def status_of(refusal: RefusedError) -> status_pb2.Status:
    """The google.rpc.Status of a refusal: ErrorInfo always; BadRequest, RetryInfo where they are due."""
    return failure_status(refusal.reason, str(refusal), refusal.metadata)


def failure_status(reason: Reason, message: str, metadata: Mapping[str, str]) -> status_pb2.Status:
    """The google.rpc.Status of a reason with its message and metadata."""
    said = plain(message)
    kept = {
        plain(key, _MOST_VALUE_BYTES): plain(str(value), _MOST_VALUE_BYTES)
        for key, value in list(metadata.items())[:_MOST_PAIRS]
    }
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason.value, domain=DOMAIN, metadata=kept)]
    if FIELD in kept:
        violation = error_details_pb2.BadRequest.FieldViolation(field=kept[FIELD], description=said)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    wait_s = retry_after_s(reason)
    if wait_s is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(wait_s * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    status = status_pb2.Status(code=code_pb2.Code.Value(code_of(reason)), message=said)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def code(reason: Reason) -> grpc.StatusCode:
    """The status code of a reason."""
    return grpc.StatusCode[code_of(reason)]

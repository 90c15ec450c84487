"""The gate that every call passes: identity, then admission, deadline, errors, logs and metrics.

Handlers get their requests parsed only after the caller was authorised, so nobody learns from validation what a
stranger may not know, and bytes of a stranger never reach a parser.
"""

from __future__ import annotations

import asyncio
import inspect
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError

from hinterland.jobs.logs import logger
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc import errors
from hinterland.rpc.auth import Authenticator
from hinterland.rpc.metrics import Metrics

MOST_UNARY_S = 120.0
"""The longest that a call with one answer may take, whatever deadline the client sets, or if it sets none."""
_HEALTH = "/grpc.health.v1.Health/"
_REQUEST_ID = "x-request-id"
_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Context = grpc.aio.ServicerContext[Any, Any]
_caller: ContextVar[str] = ContextVar("caller")


def caller() -> str:
    """Owner that the call under way is done for."""
    return _caller.get()


def about_job(job_id: str) -> None:
    """Name the job in the log lines of the call under way."""
    structlog.contextvars.bind_contextvars(job=job_id)


@dataclass(slots=True)
class _Call:
    """One call, and what it comes to."""

    method: str
    context: Context
    request_id: str
    began_s: float
    status: str = "OK"
    reason: str | None = None
    received: int = 0
    sent: int = 0

    async def requests(self, raw: AsyncIterator[bytes], parse: Callable[[bytes], Any]) -> AsyncIterator[Any]:
        """The stream's requests, parsed one by one."""
        async for one in raw:
            yield self.parsed(one, parse)

    def parsed(self, raw: bytes, parse: Callable[[bytes], Any]) -> Any:  # noqa: ANN401 - any message
        """A request of its bytes."""
        self.received += len(raw)
        try:
            return parse(raw)
        except DecodeError:
            message = "the request cannot be parsed: is it of this version of the contract?"
            raise RefusedError(Reason.FIELD_INVALID, message) from None

    def rendered(self, response: Any, render: Callable[[Any], bytes]) -> bytes:  # noqa: ANN401 - the same
        """A response's bytes."""
        raw = render(response)
        self.sent += len(raw)
        return raw


class Gate(grpc.aio.ServerInterceptor):
    """Wraps each method once; calls then go through what was wrapped."""

    def __init__(self, authenticator: Authenticator, metrics: Metrics, *, most_in_flight: int) -> None:
        self._authenticator = authenticator
        self._metrics = metrics
        self._most_in_flight = most_in_flight
        self._in_flight: Counter[str] = Counter()
        self._wrapped: dict[str, Any] = {}
        self.is_draining = False
        """True: new calls are told to try again elsewhere."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - a handler of any request and response
        """The wrapped handler of a method; None, and so UNIMPLEMENTED, where there is none."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Any) -> Any:  # noqa: ANN401 - the same
        parse, render = handler.request_deserializer, handler.response_serializer

        if handler.response_streaming:
            answer = handler.stream_stream or handler.unary_stream

            async def stream(raw: Any, context: Context) -> None:  # noqa: ANN401 - bytes or a stream of them
                async def body(call: _Call) -> None:
                    request = (call.requests if handler.request_streaming else call.parsed)(raw, parse)
                    responses = answer(request, context)
                    if inspect.isawaitable(responses):
                        await responses  # it writes by itself
                        return
                    async with aclosing(responses):  # also where the client went while a response was written
                        async for response in responses:
                            await context.write(call.rendered(response, render))

                await self._run(method, context, body, has_limit=False)

            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            return make(stream)

        answer = handler.stream_unary or handler.unary_unary

        async def single(raw: Any, context: Context) -> bytes:  # noqa: ANN401 - the same
            async def body(call: _Call) -> bytes:
                request = (call.requests if handler.request_streaming else call.parsed)(raw, parse)
                return call.rendered(await answer(request, context), render)

            response: bytes = await self._run(method, context, body, has_limit=not handler.request_streaming)
            return response

        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(single)
        return grpc.unary_unary_rpc_method_handler(single)

    async def _run(
        self, method: str, context: Context, body: Callable[[_Call], Awaitable[Any]], *, has_limit: bool
    ) -> Any:  # noqa: ANN401 - what the body gives
        metadata = tuple(context.invocation_metadata() or ())
        call = _Call(method, context, _request_id(metadata), time.monotonic())
        structlog.contextvars.bind_contextvars(request=call.request_id)
        self._metrics.begin_call(method)
        self._in_flight[method] += 1
        refusal: RefusedError | None = None
        try:
            if not method.startswith(_HEALTH):
                owner = self._authenticator.owner(metadata, context.auth_context())
                _caller.set(owner)
                structlog.contextvars.bind_contextvars(owner=owner)
                self._admit(method)
            async with asyncio.timeout(MOST_UNARY_S if has_limit else None):
                answer = await body(call)
            context.set_trailing_metadata(((_REQUEST_ID, call.request_id),))
        except RefusedError as error:
            refusal = error
        except TimeoutError:
            message = f"not done within {MOST_UNARY_S:g} s, and given up"
            refusal = RefusedError(Reason.CALL_TOO_LONG, message)
        except asyncio.CancelledError:
            call.status = "CANCELLED"
            raise
        except grpc.aio.AbortError:
            call.status = "ABORTED"  # by a service that is not ours
            raise
        except Exception:  # noqa: BLE001 - told to the operator whole, to the caller by its request
            logger().exception("fault", method=method)
            message = f"a fault of the server; tell its operator the request {call.request_id}"
            refusal = RefusedError(Reason.INTERNAL, message)
        finally:
            self._in_flight[method] -= 1
            if refusal is not None:
                call.status, call.reason = errors.code(refusal.reason).name, refusal.reason.value
            self._end(call)
        if refusal is not None:
            await self._refuse(call, refusal)
        return answer

    def _admit(self, method: str) -> None:
        if self.is_draining:
            raise RefusedError(Reason.DRAINING, "the server is ending; try again in a moment")
        if self._in_flight[method] > self._most_in_flight:
            message = f"more than {self._most_in_flight} of these calls are under way; try again"
            raise RefusedError(Reason.SERVER_BUSY, message)

    def _end(self, call: _Call) -> None:
        seconds = time.monotonic() - call.began_s
        self._metrics.end_call(call.method, call.status, seconds, call.received, call.sent)
        if call.reason is not None:
            self._metrics.refuse(call.reason)
        if not call.method.startswith(_HEALTH):
            logger().info(
                "call",
                method=call.method,
                status=call.status,
                reason=call.reason,
                seconds=round(seconds, 6),
                peer=call.context.peer(),
            )

    @staticmethod
    async def _refuse(call: _Call, refusal: RefusedError) -> None:
        status = errors.status_of(refusal)
        trailing = ((errors.DETAILS_KEY, status.SerializeToString()), (_REQUEST_ID, call.request_id))
        await call.context.abort(errors.code(refusal.reason), status.message, trailing)


def _request_id(metadata: tuple[tuple[str, str | bytes], ...]) -> str:
    """The client's own, if it is harmless in a log, or a new one."""
    for key, value in metadata:
        if key == _REQUEST_ID and isinstance(value, str) and _REQUEST_ID_FORM.fullmatch(value):
            return value
    return f"{random.getrandbits(64):016x}"

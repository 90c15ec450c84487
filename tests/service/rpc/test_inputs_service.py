"""Uploads over the wire: kept piece by piece, resumed after any cut, checked as a whole."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_server import PIECE_BYTES, Caller, Running, detail, pieces, reason_of, serving

from hinterland.api.v1 import inputs_pb2
from hinterland.jobs.upload_files import upload_path
from hinterland.rpc import inputs_service

CONTENT = random.Random(4).randbytes(3 * PIECE_BYTES + 17)  # noqa: S311 - any bytes


def with_server(folder: Path, use: Callable[[Running], Awaitable[Any]], **settings: Any) -> Any:
    async def run() -> Any:
        async with serving(folder, **settings) as running:
            return await use(running)

    return asyncio.run(run())


async def begun(caller: Caller, content: bytes = CONTENT, **changes: Any) -> inputs_pb2.Upload:
    given = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **changes}
    request = inputs_pb2.CreateUploadRequest(upload=inputs_pb2.Upload(**given))
    made: inputs_pb2.Upload = await caller.inputs.CreateUpload(request)
    return made


async def refusal(call: Awaitable[Any]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason_of(error.value)


async def committed(caller: Caller, name: str) -> int:
    return int((await caller.inputs.GetUpload(inputs_pb2.GetUploadRequest(name=name))).committed_bytes)


async def free(caller: Caller, name: str) -> None:
    """Wait until nobody writes an upload: then a stream of nothing new is refused for that alone."""
    request = inputs_pb2.WriteUploadRequest(name=name)
    async with asyncio.timeout(10.0):
        while await refusal(caller.inputs.WriteUpload(iter([request]))) == "UPLOAD_BUSY":
            await asyncio.sleep(0)


def test_what_was_uploaded_is_a_file_and_is_not_uploaded_twice(tmp_path: Path) -> None:
    async def use(running: Running) -> None:
        caller = running.caller()
        name = (await begun(caller)).name
        finish = inputs_pb2.FinishUploadRequest(name=name)
        assert await refusal(caller.inputs.FinishUpload(finish)) == "UPLOAD_INCOMPLETE"
        answer = await caller.inputs.WriteUpload(pieces(name, CONTENT))
        assert (answer.committed_bytes, answer.state) == (len(CONTENT), inputs_pb2.Upload.OPEN)
        file = await caller.inputs.FinishUpload(finish)
        assert file.name == f"files/{hashlib.sha256(CONTENT).hexdigest()}"
        assert file.size_bytes == len(CONTENT)
        assert (await caller.inputs.FinishUpload(finish)).name == file.name
        again = await begun(caller)
        assert (again.state, again.file) == (inputs_pb2.Upload.FINISHED, file.name)
        kept = [path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in kept] == [CONTENT]

    with_server(tmp_path, use)


def test_a_client_that_vanishes_mid_upload_goes_on_where_it_was(tmp_path: Path) -> None:
    async def use(running: Running) -> None:
        caller, gone = running.caller(), running.caller()
        name = (await begun(caller)).name
        sent = asyncio.Event()

        async def half() -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
            async for piece in pieces(name, CONTENT[: 2 * PIECE_BYTES]):
                yield piece
            sent.set()
            await asyncio.Event().wait()

        call = asyncio.ensure_future(gone.inputs.WriteUpload(half()))
        await sent.wait()
        await gone.channel.close()
        with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
            await call
        await free(caller, name)
        start = await committed(caller, name)
        assert start in {0, PIECE_BYTES, 2 * PIECE_BYTES}
        await caller.inputs.WriteUpload(pieces(name, CONTENT, start))
        await caller.inputs.FinishUpload(inputs_pb2.FinishUploadRequest(name=name))

    with_server(tmp_path, use)


def test_pieces_before_a_bad_one_are_kept(tmp_path: Path) -> None:
    async def use(running: Running) -> dict[str, tuple[str, int]]:
        caller, found = running.caller(), {}
        for fault in ("crc", "gap", "empty", "long"):
            content = fault.encode() + CONTENT
            name = (await begun(caller, content)).name
            messages = [piece async for piece in pieces(name, content)]
            if fault == "crc":
                messages[2].crc32c ^= 1
            elif fault == "gap":
                messages[2].offset += 1
            elif fault == "empty":
                messages[2].data = b""
            else:
                messages[2].data += b"x"
            reason = await refusal(caller.inputs.WriteUpload(iter(messages)))
            found[fault] = reason, await committed(caller, name)
        return found

    assert with_server(tmp_path, use) == {
        "crc": ("CHECKSUM_WRONG", 2 * PIECE_BYTES),
        "gap": ("OFFSET_WRONG", 2 * PIECE_BYTES),
        "empty": ("FIELD_INVALID", 2 * PIECE_BYTES),
        "long": ("FIELD_INVALID", 2 * PIECE_BYTES),
    }


def test_two_streams_do_not_write_one_upload(tmp_path: Path) -> None:
    async def use(running: Running) -> None:
        caller, name = running.caller(), ""
        name = (await begun(caller)).name
        wanted, sent = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
            messages = [piece async for piece in pieces(name, CONTENT)]
            yield messages[0]
            yield messages[1]
            sent.set()
            await wanted.wait()
            for message in messages[2:]:
                yield message

        first = asyncio.ensure_future(caller.inputs.WriteUpload(slow()))
        await sent.wait()
        partial = upload_path(tmp_path / "data", name.removeprefix("uploads/"))
        async with asyncio.timeout(
            10.0
        ):  # what was sent is on its way; once some is written the upload is held
            while not (partial.exists() and partial.stat().st_size):
                await asyncio.sleep(0)
        assert await refusal(running.caller().inputs.WriteUpload(pieces(name, b"x"))) == "UPLOAD_BUSY"
        wanted.set()
        assert (await first).committed_bytes == len(CONTENT)

    with_server(tmp_path, use)


def test_a_stream_that_falls_silent_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs_service, "SILENCE_S", 0.05)

    async def use(running: Running) -> str:
        caller = running.caller()
        name = (await begun(caller)).name

        async def one() -> AsyncIterator[inputs_pb2.WriteUploadRequest]:
            async for piece in pieces(name, CONTENT[:PIECE_BYTES]):
                yield piece
            await asyncio.Event().wait()

        reason = await refusal(caller.inputs.WriteUpload(one()))
        assert await committed(caller, name) == PIECE_BYTES
        return reason

    assert with_server(tmp_path, use) == "CALL_TOO_LONG"


def test_a_stream_without_a_message_is_refused(tmp_path: Path) -> None:
    async def use(running: Running) -> str:
        return await refusal(running.caller().inputs.WriteUpload(iter([])))

    assert with_server(tmp_path, use) == "FIELD_INVALID"


@pytest.mark.parametrize(
    "changes", [{"size_bytes": 0}, {"size_bytes": -1}, {"size_bytes": 1 << 62}, {"sha256": "AB" * 32}]
)
def test_an_upload_that_cannot_be_is_refused_by_its_field(tmp_path: Path, changes: dict[str, Any]) -> None:
    async def use(running: Running) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await begun(running.caller(), **changes)
        (violation,) = detail(error.value, error_details_pb2.BadRequest).field_violations
        return str(violation.field)

    assert with_server(tmp_path, use) == f"upload.{next(iter(changes))}"

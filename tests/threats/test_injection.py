"""Threat 5.12: words of users in logs, errors and on terminals."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import structlog
from grpc_server import new_panorama, serving, status_of

from hinterland.api.v1 import jobs_pb2, results_pb2
from hinterland.jobs import logs

HOSTILE = 'x\nERROR forged\r\n{"level": "error"}\x1b[2J\x1b]0;title\x07\u202e\u2028<img onerror=alert(1)>'


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a server writes to its log."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.set_up("debug", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = before
    root.setLevel(level)


def test_no_value_breaks_a_line_of_the_log_or_steers_a_terminal(log: io.StringIO) -> None:
    logs.logger().warning("fault", product=HOSTILE, **{HOSTILE: 1})
    logging.getLogger("hinterland.test").warning("of a library: %s", HOSTILE)
    try:
        int(HOSTILE)
    except ValueError:
        logs.logger().exception("fault")
    lines = log.getvalue().splitlines()
    assert len(lines) == 3
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert json.loads(lines[0])["product"] == HOSTILE
    assert all(letter == "\n" or " " <= letter <= "~" for letter in log.getvalue())


def test_what_a_caller_sends_reaches_log_and_answer_harmless(tmp_path: Path, log: io.StringIO) -> None:
    async def run() -> list[grpc.aio.AioRpcError]:
        errors = []
        async with serving(tmp_path) as running:
            caller = running.caller()
            job = (await caller.submit()).name
            calls = [
                caller.jobs.GetJob(jobs_pb2.GetJobRequest(name=HOSTILE)),
                caller.jobs.CreateJob(new_panorama(title=HOSTILE)),
                caller.jobs.CreateJob(new_panorama(labels={HOSTILE: HOSTILE})),
                caller.jobs.CreateJob(new_panorama(HOSTILE)),
                caller.jobs.ListJobs(jobs_pb2.ListJobsRequest(filter=HOSTILE, page_token=HOSTILE)),
                caller.results.GetManifest(results_pb2.GetManifestRequest(job=f"{job}{HOSTILE}")),
            ]
            for call in calls:
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await call
                errors.append(error.value)
        return errors

    for error in asyncio.run(run()):
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details().isprintable()
        assert all(str(one.value).isascii() or one.value for one in status_of(error).details)
    written = log.getvalue()
    assert "forged" not in written
    assert all(letter == "\n" or " " <= letter <= "~" for letter in written)
    assert all("request" in json.loads(line) for line in written.splitlines())


def test_the_log_never_holds_a_token(tmp_path: Path, log: io.StringIO) -> None:
    async def run() -> list[str]:
        async with serving(tmp_path, has_tokens=True) as running:
            caller = running.caller("ada")
            await caller.submit()
            unknown = (("authorization", "Bearer hinterland_secret"),)
            with pytest.raises(grpc.aio.AioRpcError):
                await caller.jobs.ListJobs(jobs_pb2.ListJobsRequest(), metadata=unknown)
            return [str(caller.token), "hinterland_secret"]

    assert not any(token in log.getvalue() for token in asyncio.run(run()))
    owners = {json.loads(line).get("owner") for line in log.getvalue().splitlines()}
    assert owners == {"ada", None}

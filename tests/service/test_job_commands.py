"""`hinterland job ...` as a user types it, against a scripted server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from scripted_service import JOB, Script, served
from typer.testing import CliRunner

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.cli import app
from hinterland.errors import InputError

Run = Callable[..., Result]


def _with(script: Script, work: Callable[[Run], None]) -> None:
    def typed(address: str) -> None:
        def run(*arguments: object) -> Result:
            words = ["job", "--server", address, *map(str, arguments)]
            return CliRunner().invoke(app, words)

        work(run)

    async def serve(address: str) -> None:
        await asyncio.to_thread(typed, address)

    served(script, serve)


def _script() -> Script:
    changes = [jobs_pb2.WatchJobResponse(sequence=1, state=job_pb2.Job.SUCCEEDED)]
    changes[0].progress.stage, changes[0].progress.done, changes[0].progress.total = "seams", 1, 2
    changes[0].job.CopyFrom(job_pb2.Job(name=JOB, state=job_pb2.Job.SUCCEEDED))
    return Script(changes=changes, files={"panorama.tif": b"pixels"})


def test_submit_with_an_output_waits_and_downloads(tmp_path: Path) -> None:
    frame = tmp_path / "frame.IMG"
    frame.write_bytes(b"label")

    def work(run: Run) -> None:
        result = run(
            "submit", "panorama", frame, "--label", "sol=15", "-o", tmp_path / "out", "--progress", "plain"
        )
        assert result.exit_code == 0, result.output
        assert "seams: 1/2" in result.stderr
        assert (tmp_path / "out" / "panorama.tif").read_bytes() == b"pixels"

    script = _script()
    _with(script, work)
    assert dict(script.requests[0].job.labels) == {"sol": "15"}


def test_an_output_that_exists_is_refused_before_anything_is_uploaded(tmp_path: Path) -> None:
    frame = tmp_path / "frame.IMG"
    frame.write_bytes(b"label")
    script = _script()

    def work(run: Run) -> None:
        result = run("submit", "panorama", frame, "-o", tmp_path)
        assert isinstance(result.exception, InputError)

    _with(script, work)
    assert script.calls == []


def test_a_label_without_a_value_is_refused(tmp_path: Path) -> None:
    frame = tmp_path / "frame.IMG"
    frame.write_bytes(b"label")

    def work(run: Run) -> None:
        result = run("submit", "panorama", frame, "--label", "sol")
        assert "KEY=VALUE" in str(result.exception)

    _with(_script(), work)


def test_text_from_a_server_cannot_steer_the_terminal() -> None:
    def work(run: Run) -> None:
        result = run("get", JOB)
        assert "\x1b" not in result.output
        assert result.output.count("\n") == 1
        assert r"x\n\x1b[2Jy" in result.output

    _with(_script(), work)


def test_a_job_prints_as_json_with_the_names_of_the_contract() -> None:
    def work(run: Run) -> None:
        told = json.loads(run("get", JOB.removeprefix("jobs/"), "--json").output)
        assert told == {"name": JOB, "state": "PENDING", "title": "x\n\x1b[2Jy"}

    _with(_script(), work)


@pytest.mark.parametrize(("limit", "shown"), [(1, 1), (3, 3), (50, 4)])
def test_list_shows_as_many_jobs_as_asked(limit: int, shown: int) -> None:
    def work(run: Run) -> None:
        assert len(run("list", "--limit", limit).output.splitlines()) == shown

    _with(_script(), work)

"""The process of `hinterland serve`: ready, drained, ended at once, alone on its data."""

import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
import grpc
import pytest
from grpc_server import new_panorama, reason_of

from hinterland.api.v1 import (
    inputs_pb2,
    inputs_pb2_grpc,
    job_pb2,
    jobs_pb2,
    jobs_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
)

SERVE = [sys.executable, "-m", "hinterland.cli", "serve", "--listen", "127.0.0.1:0", "--workers", "1"]


@contextmanager
def server(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server and the address that it says it serves at."""
    process = subprocess.Popen(
        [*SERVE, "--data", str(data), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:3] == ["hinterland", "serves", "at"], process.communicate()[1]
            yield process, words[3]
        finally:
            process.kill()


def info(address: str) -> server_pb2.ServerInfo:
    with grpc.insecure_channel(address) as channel:
        return server_pb2_grpc.ServerStub(channel).GetServerInfo(
            server_pb2.GetServerInfoRequest(), timeout=20.0
        )


def test_a_server_says_where_it_is_and_drains_on_sigterm(tmp_path: Path) -> None:
    with server(tmp_path / "data") as (process, address):
        assert (tmp_path / "data" / "run" / "address").read_text() == f"{address}\n"
        assert info(address).limits.file_bytes == 16 << 30
        process.terminate()
        _, log = process.communicate(timeout=60.0)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events.index("serving") < events.index("draining") < events.index("ended")
    assert not (tmp_path / "data" / "run" / "address").exists()


def test_a_second_sigterm_ends_a_server_that_still_waits_for_a_call(tmp_path: Path) -> None:
    with server(tmp_path / "data") as (process, address), grpc.insecure_channel(address) as channel:
        stub = inputs_pb2_grpc.InputsStub(channel)
        upload = inputs_pb2.Upload(size_bytes=2, sha256="ab" * 32)
        name = stub.CreateUpload(inputs_pb2.CreateUploadRequest(upload=upload)).name

        ended = threading.Event()

        def one_and_no_end() -> Iterator[inputs_pb2.WriteUploadRequest]:
            yield inputs_pb2.WriteUploadRequest(name=name, data=b"x")
            ended.wait(60.0)

        call = stub.WriteUpload.future(one_and_no_end())
        # it has begun once another may not write; where the other came first, it was refused and begins again
        while reason(stub, name) != "UPLOAD_BUSY":
            if call.done():
                call = stub.WriteUpload.future(one_and_no_end())
        process.terminate()
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["event"] == "draining":
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20.0) == 128 + signal.SIGTERM
        ended.set()
        with pytest.raises(grpc.RpcError):
            call.result(timeout=20.0)


def reason(stub: inputs_pb2_grpc.InputsStub, name: str) -> str:
    with pytest.raises(grpc.RpcError) as error:
        stub.WriteUpload(iter([inputs_pb2.WriteUploadRequest(name=name, offset=9, data=b"x")]))
    return reason_of(error.value)


def test_one_server_has_the_data(tmp_path: Path) -> None:
    with server(tmp_path / "data"):
        second = subprocess.run(
            [*SERVE, "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
            timeout=60.0,
        )
    assert second.returncode == 2
    assert "is another server's" in second.stderr


def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with server(tmp_path / "one") as (_, address):
        command = [sys.executable, "-m", "hinterland.cli", "serve", "--data", str(tmp_path / "two")]
        second = subprocess.run(
            [*command, "--listen", address], capture_output=True, text=True, check=False, timeout=60.0
        )
    assert second.returncode == 2
    assert f"{address} cannot be listened on" in second.stderr


def test_the_server_loads_no_engine() -> None:
    code = (
        "import sys; import hinterland.rpc.serving; "
        "heavy = {'numba', 'rasterio', 'cv2', 'scipy', 'cupy', 'matplotlib'}; print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_workers_lines_of_the_log_are_objects_that_name_the_job(tmp_path: Path) -> None:
    with (
        server(tmp_path / "data", "--backend", "cpu") as (process, address),
        grpc.insecure_channel(address) as channel,
    ):
        content = b"\x89PNG\r\n\x1a\n no picture"
        digest = hashlib.sha256(content).hexdigest()
        inputs, jobs = inputs_pb2_grpc.InputsStub(channel), jobs_pb2_grpc.JobsStub(channel)
        upload = inputs_pb2.Upload(size_bytes=len(content), sha256=digest)
        name = inputs.CreateUpload(inputs_pb2.CreateUploadRequest(upload=upload)).name
        piece = inputs_pb2.WriteUploadRequest(name=name, data=content, crc32c=google_crc32c.value(content))
        inputs.WriteUpload(iter([piece]))
        inputs.FinishUpload(inputs_pb2.FinishUploadRequest(name=name))
        job = jobs.CreateJob(new_panorama(f"files/{digest}"))
        *_, last = jobs.WatchJob(jobs_pb2.WatchJobRequest(name=job.name))
        assert last.job.state == job_pb2.Job.FAILED
        process.terminate()
        _, log = process.communicate(timeout=60.0)
    lines = [json.loads(line) for line in log.splitlines()]
    told = [line for line in lines if line.get("process", process.pid) != process.pid]
    assert {line["job"] for line in told if "job" in line} == {job.name.removeprefix("jobs/")}
    assert process.returncode == 0

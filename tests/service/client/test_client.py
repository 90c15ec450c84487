"""The client: what it repeats, what it resumes, and what it never believes."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import grpc
import pytest
from scripted_service import JOB, Script, served

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.client import AsyncClient, Client, Panorama, ServiceError, Tls, TransferError
from hinterland.client.connection import Connection
from hinterland.client.downloading import Downloader
from hinterland.errors import InputError
from hinterland.reasons import Reason

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def _first_time(*names: str) -> object:
    return lambda name, count: UNAVAILABLE if name in names and count == 1 else None


def _file(folder: Path, name: str = "frame.IMG", size: int = 3_500_000) -> Path:
    path = folder / name
    path.write_bytes(bytes(index * 7 % 251 for index in range(1000)) * (size // 1000))
    return path


def test_a_submit_uploads_the_files_and_names_them_by_content(tmp_path: Path) -> None:
    script = Script()
    path = _file(tmp_path)
    told: list[tuple[str, int, int]] = []

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            job = await client.submit(
                Panorama(frames=[path]), title="west", progress=lambda *args: told.append(args)
            )
        assert job.name == JOB

    served(script, work)
    (content,) = script.sent.values()
    assert content == path.read_bytes()
    (request,) = script.requests
    assert request.job.title == "west"
    assert request.job.panorama.frames[0].filename == "frame.IMG"
    assert request.job.panorama.frames[0].file.startswith("files/")
    assert told[-1] == ("frame.IMG", 3_500_000, 3_500_000)


def test_a_create_that_is_sent_again_carries_the_same_request_id(tmp_path: Path) -> None:
    script = Script(fails=_first_time("CreateJob"))

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            await client.submit(Panorama(frames=[_file(tmp_path, size=1000)]))

    served(script, work)
    first, second = script.requests
    assert first.request_id == second.request_id
    assert uuid.UUID(first.request_id).version == 4


# internal: what gRPC says where it was sending a piece
@pytest.mark.parametrize("code", [UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_a_broken_upload_goes_on_from_what_was_kept(tmp_path: Path, code: grpc.StatusCode) -> None:
    script = Script(break_after=1, breaks_with=code)
    path = _file(tmp_path)

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            await client.upload(path)

    served(script, work)  # the scripted service asserts that every offset is the next
    (content,) = script.sent.values()
    assert content == path.read_bytes()
    assert script.calls.count("WriteUpload") == 2
    assert "GetUpload" in script.calls


def test_a_file_that_the_server_has_is_not_sent_again(tmp_path: Path) -> None:
    script = Script()

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            first = await client.upload(_file(tmp_path, "a.IMG", 1000))
            second = await client.upload(_file(tmp_path, "b.IMG", 1000))
        assert first == second

    served(script, work)
    assert script.calls.count("WriteUpload") == 1


def test_a_retry_is_never_sent_twice() -> None:
    script = Script(fails=_first_time("RetryJob"))

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(ServiceError, match="no answer from"):
                await client.retry(JOB)

    served(script, work)
    assert script.calls == ["RetryJob"]


def test_a_refusal_is_not_repeated_and_keeps_its_reason() -> None:
    script = Script(fails=lambda *_: grpc.StatusCode.INVALID_ARGUMENT)

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(ServiceError, match="that cannot be") as refused:
                await client.get(JOB)
        assert refused.value.reason is Reason.FIELD_INVALID
        assert refused.value.exit_status == 2

    served(script, work)
    assert script.calls == ["GetJob"]


def test_a_server_that_stays_away_is_named_once_patience_ends() -> None:
    async def work() -> None:
        async with AsyncClient("127.0.0.1:1", patience_s=0.3) as client:
            with pytest.raises(ServiceError, match=r"no answer from 127\.0\.0\.1:1"):
                await client.get(JOB)

    asyncio.run(work())


def _changes() -> list[jobs_pb2.WatchJobResponse]:
    states = [job_pb2.Job.PENDING, job_pb2.Job.RUNNING, job_pb2.Job.SUCCEEDED]
    changes = [
        jobs_pb2.WatchJobResponse(sequence=number, state=state)
        for number, state in enumerate(states, start=1)
    ]
    changes[-1].job.CopyFrom(job_pb2.Job(name=JOB, state=job_pb2.Job.SUCCEEDED))
    return changes


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_a_watch_that_breaks_resumes_without_gap_or_repetition(heard: int) -> None:
    script = Script(changes=_changes(), break_after=heard - 1)

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            sequences = [change.sequence async for change in client.watch(JOB)]
        assert sequences == [1, 2, 3]

    served(script, work)


def test_waiting_for_a_job_that_fails_raises_its_reason() -> None:
    changes = _changes()
    changes[-1].job.state = job_pb2.Job.FAILED
    changes[-1].job.error.code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
    changes[-1].job.error.message = "frame.IMG: no camera model"
    script = Script(changes=changes)

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(ServiceError, match=r"frame\.IMG: no camera model"):
                await client.wait(JOB)

    served(script, work)


def test_a_download_that_breaks_goes_on_and_appears_whole(tmp_path: Path) -> None:
    script = Script(files={"panorama.tif": bytes(range(250)) * 20, "tiles/0/0.jpg": b"x", "empty": b""})
    script.break_after = 2

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            await client.download(JOB, tmp_path / "out")

    served(script, work)
    found = {
        str(path.relative_to(tmp_path / "out")): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert found == script.files
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_manifest_of_a_large_pyramid_is_read() -> None:
    script = Script(files={f"tiles/14/{number}_{number}.jpg": b"" for number in range(60_000)})

    async def work(address: str) -> None:
        connection = Connection(address, token=None, tls=None, patience_s=1.0)
        manifest = await Downloader(connection).manifest(JOB)
        await connection.close()
        assert manifest.ByteSize() > 4 << 20  # what gRPC takes unless told otherwise
        assert len(manifest.files) == len(script.files)

    served(script, work)


def test_a_damaged_download_leaves_no_folder(tmp_path: Path) -> None:
    script = Script(files={"panorama.tif": b"abc" * 100}, damage=True)

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(TransferError, match=r"panorama\.tif"):
                await client.download(JOB, tmp_path / "out")

    served(script, work)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a//x", ".hidden", "a\\b", "c:x", "a/./b", "."]
)
def test_a_path_that_leads_out_of_the_result_is_refused(tmp_path: Path, path: str) -> None:
    script = Script(files={path: b"x"})

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(TransferError, match="no path inside the result"):
                await client.download(JOB, tmp_path / "folder" / "out")

    served(script, work)
    assert not [found for found in tmp_path.rglob("*") if found.is_file()]


def test_a_folder_that_exists_is_kept_unless_told(tmp_path: Path) -> None:
    script = Script(files={"a": b"new"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()

    async def work(address: str) -> None:
        async with AsyncClient(address) as client:
            with pytest.raises(InputError, match="exists"):
                await client.download(JOB, tmp_path / "out")
            await client.download(JOB, tmp_path / "out", overwrite=True)

    served(script, work)
    assert [found.name for found in (tmp_path / "out").iterdir()] == ["a"]


def test_two_files_of_one_name_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    frames = [_file(tmp_path / "a", size=1000), _file(tmp_path / "b", size=1000)]

    async def work() -> None:
        async with AsyncClient("127.0.0.1:1") as client:
            with pytest.raises(InputError, match="one name"):
                await client.submit(Panorama(frames=frames))

    asyncio.run(work())


def test_a_token_is_not_sent_in_plain_text_to_another_machine() -> None:
    async def work() -> None:
        with pytest.raises(InputError, match="plain text"):
            AsyncClient("example.org:50051", token="secret")  # noqa: S106 - not one

    asyncio.run(work())


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(InputError, match=r"ca\.pem"):
            AsyncClient("127.0.0.1:1", tls=Tls(ca=tmp_path / "ca.pem"))

    asyncio.run(work())


def test_the_blocking_client_does_the_same(tmp_path: Path) -> None:
    script = Script(changes=_changes(), files={"a": b"x"})
    path = _file(tmp_path, size=1000)

    def blocking(address: str) -> None:
        with Client(address, token="secret") as client:  # noqa: S106 - not one
            assert client.submit(Panorama(frames=[path])).name == JOB
            assert [change.sequence for change in client.watch(JOB)] == [1, 2, 3]
            assert client.wait(JOB).state == job_pb2.Job.SUCCEEDED
            assert [job.name for job in client.list()] == ["jobs/0", "jobs/1", "jobs/2", "jobs/3"]
            assert client.download(JOB, tmp_path / "out") == [tmp_path / "out" / "a"]

    async def work(address: str) -> None:
        await asyncio.to_thread(blocking, address)

    served(script, work)
    assert all(metadata["authorization"] == "Bearer secret" for metadata in script.metadata)

"""Results over the wire: files of the manifest and no others, whole and in parts."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import google_crc32c
import grpc
import pytest
from grpc_server import Caller, Running, reason_of, serving
from job_store import take_one

from hinterland.api.v1 import results_pb2
from hinterland.jobs.leases import Succeeded, finish
from hinterland.jobs.model import ResultFile

FILES = {
    "panorama.tif": random.Random(2).randbytes(2 * (1 << 20) + 5),  # noqa: S311 - any bytes
    "tiles/0/0_0.jpg": b"tile",
    "index.html": b"",
}


async def publish(running: Running, caller: Caller) -> str:
    """Publish a result as a worker does; the name of its job."""
    name = str((await caller.submit()).name)
    job = await asyncio.to_thread(take_one, running.server.database)
    folder = running.server.backstage.folders.results / f"{job.id}.{job.fence}"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    files = tuple(
        ResultFile(path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for path, content in FILES.items()
    )
    done = Succeeded(folder=folder.name, files=files)
    write = running.server.database.write(lambda connection: finish(connection, job.id, job.fence, done))
    await asyncio.wrap_future(write)
    return name


async def read(caller: Caller, job: str, path: str, **part: int) -> bytes:
    """The bytes of a file, whose pieces follow each other and agree with their checksums."""
    request = results_pb2.ReadFileRequest(job=job, path=path, **part)
    content, offset = b"", part.get("offset", 0)
    async for piece in caller.results.ReadFile(request, metadata=caller.metadata):
        assert piece.offset == offset + len(content)
        assert 0 < len(piece.data) <= 1 << 20
        assert piece.crc32c == google_crc32c.value(piece.data)
        content += piece.data
    return content


def with_result(folder: Path, use: Callable[[Running, Caller, str], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with serving(folder) as running:
            caller = running.caller()
            return await use(running, caller, await publish(running, caller))

    return asyncio.run(run())


async def refusal(call: Awaitable[Any]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason_of(error.value)


def test_a_manifest_names_every_file_with_size_digest_and_kind(tmp_path: Path) -> None:
    async def use(_: Running, caller: Caller, job: str) -> results_pb2.Manifest:
        manifest: results_pb2.Manifest = await caller.results.GetManifest(
            results_pb2.GetManifestRequest(job=job)
        )
        assert manifest.job == job
        assert manifest.HasField("expire_time")
        return manifest

    manifest = with_result(tmp_path, use)
    assert {file.path: (file.size_bytes, file.sha256) for file in manifest.files} == {
        path: (len(content), hashlib.sha256(content).hexdigest()) for path, content in FILES.items()
    }
    assert [file.media_type for file in manifest.files] == [
        "text/html",
        "image/tiff; application=geotiff; profile=cloud-optimized",
        "image/jpeg",
    ]


def test_files_come_as_they_were_made(tmp_path: Path) -> None:
    async def use(_: Running, caller: Caller, job: str) -> dict[str, bytes]:
        return {path: await read(caller, job, path) for path in FILES}

    assert with_result(tmp_path, use) == FILES


@pytest.mark.parametrize(
    ("offset", "limit"), [(0, 1), (1, 0), ((1 << 20) - 1, 2), (2 * (1 << 20) + 5, 0), (7, 1 << 40)]
)
def test_a_part_of_a_file_is_that_part(tmp_path: Path, offset: int, limit: int) -> None:
    async def use(_: Running, caller: Caller, job: str) -> bytes:
        return await read(caller, job, "panorama.tif", offset=offset, limit_bytes=limit)

    expected = FILES["panorama.tif"][offset:]
    assert with_result(tmp_path, use) == (expected[:limit] if limit else expected)


HOSTILE = [
    "",
    ".",
    "..",
    "../panorama.tif",
    "tiles/../panorama.tif",
    "/panorama.tif",
    "tiles",
    "panorama.tif/",
    "panorama.tif\0",
    "..%2fsecret",
    "..\\secret",
    "\uff0e\uff0e/secret",
    "x" * 4096,
]


def test_only_names_of_the_manifest_are_opened(tmp_path: Path) -> None:
    async def use(running: Running, caller: Caller, job: str) -> set[str]:
        (running.server.backstage.folders.results / "secret").write_text("secret")
        return {await refusal(read(caller, job, path)) for path in HOSTILE}

    assert with_result(tmp_path, use) == {"RESULT_FILE_NOT_FOUND"}


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"offset": -1}, "OFFSET_WRONG"),
        ({"offset": 2 * (1 << 20) + 6}, "OFFSET_WRONG"),
        ({"limit_bytes": -1}, "FIELD_INVALID"),
    ],
)
def test_a_part_that_cannot_be_is_refused(tmp_path: Path, part: dict[str, int], reason: str) -> None:
    async def use(_: Running, caller: Caller, job: str) -> str:
        return await refusal(read(caller, job, "panorama.tif", **part))

    assert with_result(tmp_path, use) == reason


@pytest.mark.parametrize("damage", ["cut", "link"])
def test_a_file_that_is_not_as_it_was_published_is_not_handed_out(tmp_path: Path, damage: str) -> None:
    async def use(running: Running, caller: Caller, job: str) -> str:
        (path,) = running.server.backstage.folders.results.glob("*/panorama.tif")
        if damage == "cut":
            path.write_bytes(FILES["panorama.tif"][:-1])
        else:
            secret = tmp_path / "secret"
            secret.write_bytes(FILES["panorama.tif"])
            path.unlink()
            path.symlink_to(secret)
        return await refusal(read(caller, job, "panorama.tif"))

    assert with_result(tmp_path, use) == ("CHECKSUM_WRONG" if damage == "cut" else "INTERNAL")


def test_a_job_without_a_result_says_so(tmp_path: Path) -> None:
    async def use(_: Running, caller: Caller, __: str) -> set[str]:
        job = (await caller.submit()).name
        manifest = caller.results.GetManifest(results_pb2.GetManifestRequest(job=job))
        return {await refusal(manifest), await refusal(read(caller, job, "panorama.tif"))}

    assert with_result(tmp_path, use) == {"RESULT_NOT_READY"}

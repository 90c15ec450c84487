"""Threat 5.10 beyond loopback: TLS, and clients known by their certificates."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from certificates import Identity, authority, issue
from grpc_server import Caller, reason_of, serving

from hinterland.api.v1 import jobs_pb2, server_pb2
from hinterland.errors import InputError
from hinterland.rpc.auth import add_token

EVERYWHERE = "0.0.0.0:0"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    """Authorities and what they signed."""
    folder = tmp_path_factory.mktemp("pki")
    ours, others = authority(folder, "authority"), authority(folder / "others", "authority")
    return {
        "authority": ours,
        "server": issue(folder, ours, "server", "IP:127.0.0.1"),
        "ada": issue(folder, ours, "ada"),
        "bob": issue(folder, ours, "bob"),
        "nameless": issue(folder, ours, ""),
        "stranger": issue(folder / "others", others, "ada"),
    }


def caller(
    address: str, pki: dict[str, Identity], name: str | None = None, token: str | None = None
) -> Caller:
    """A client that trusts our authority, with the certificate of a name."""
    identity = None if name is None else pki[name]
    credentials = grpc.ssl_channel_credentials(
        pki["authority"].certificate.read_bytes(),
        *(
            (None, None)
            if identity is None
            else (identity.key.read_bytes(), identity.certificate.read_bytes())
        ),
    )
    options = (("grpc.use_local_subchannel_pool", 1),)
    return Caller(grpc.aio.secure_channel(address, credentials, options=options), token)


def tls(pki: dict[str, Identity], **more: Any) -> dict[str, Any]:
    return {"tls_certificate": pki["server"].certificate, "tls_key": pki["server"].key, **more}


async def list_jobs(client: Caller) -> list[str]:
    try:
        answer = await client.jobs.ListJobs(
            jobs_pb2.ListJobsRequest(), metadata=client.metadata, timeout=20.0
        )
        return [job.name for job in answer.jobs]
    finally:
        await client.channel.close()


async def code_of(client: Caller) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await list_jobs(client)
    return error.value.code()


def test_over_tls_a_token_says_who_calls(tmp_path: Path, pki: dict[str, Identity]) -> None:
    async def run() -> None:
        tokens = tmp_path / "tokens"
        token = add_token(tokens, "ada")
        async with serving(tmp_path, tokens=tokens, **tls(pki)) as running:
            assert await list_jobs(caller(running.address, pki, token=token)) == []
            assert await code_of(caller(running.address, pki)) is grpc.StatusCode.UNAUTHENTICATED
            plain = Caller(grpc.aio.insecure_channel(running.address), token)
            assert await code_of(plain) is grpc.StatusCode.UNAVAILABLE

    asyncio.run(run())


def test_with_an_authority_for_clients_the_certificate_says_who_calls(
    tmp_path: Path, pki: dict[str, Identity]
) -> None:
    async def run() -> None:
        settings = tls(pki, tls_client_ca=pki["authority"].certificate)
        async with serving(tmp_path, **settings) as running:
            ada = caller(running.address, pki, "ada")
            name = (await ada.submit()).name
            assert await list_jobs(ada) == [name]
            assert await list_jobs(caller(running.address, pki, "bob")) == []
            for stranger in (None, "stranger"):
                assert await code_of(caller(running.address, pki, stranger)) is grpc.StatusCode.UNAVAILABLE
            nameless = caller(running.address, pki, "nameless")
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await list_jobs(nameless)
            assert reason_of(error.value) == "TOKEN_UNKNOWN"

    asyncio.run(run())


def test_with_both_a_certificate_lets_in_and_the_token_says_who(
    tmp_path: Path, pki: dict[str, Identity]
) -> None:
    async def run() -> None:
        tokens = tmp_path / "tokens"
        token = add_token(tokens, "carol")
        settings = tls(pki, tokens=tokens, tls_client_ca=pki["authority"].certificate)
        async with serving(tmp_path, **settings) as running:
            assert await code_of(caller(running.address, pki, "ada")) is grpc.StatusCode.UNAUTHENTICATED
            assert await code_of(caller(running.address, pki, None, token)) is grpc.StatusCode.UNAVAILABLE
            carol = caller(running.address, pki, "ada", token)
            name = (await carol.submit()).name
            assert await list_jobs(caller(running.address, pki, "bob", token)) == [name]
            await carol.channel.close()

    asyncio.run(run())


def test_a_server_beyond_loopback_starts_with_tls_and_identity(
    tmp_path: Path, pki: dict[str, Identity]
) -> None:
    async def run() -> str:
        tokens = tmp_path / "tokens"
        token = add_token(tokens, "ada")
        async with serving(tmp_path, listen=EVERYWHERE, tokens=tokens, **tls(pki)) as running:
            client = caller(f"127.0.0.1:{running.address.rpartition(':')[2]}", pki, token=token)
            info = await client.server.GetServerInfo(
                server_pb2.GetServerInfoRequest(), metadata=client.metadata
            )
            await client.channel.close()
            return str(info.version)

    assert asyncio.run(run())


@pytest.mark.parametrize("what", ["gone", "no pem", "another's key"])
def test_certificates_that_cannot_be_used_are_named(
    tmp_path: Path, pki: dict[str, Identity], what: str
) -> None:
    bad = tmp_path / "bad.pem"
    if what == "no pem":
        bad.write_text("nonsense")
    elif what == "another's key":
        bad = pki["ada"].key

    async def run() -> None:
        async with serving(tmp_path, tls_certificate=pki["server"].certificate, tls_key=bad):
            pass

    with pytest.raises(InputError, match=str(bad)):
        asyncio.run(run())

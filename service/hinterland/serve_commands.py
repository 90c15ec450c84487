"""The commands of those who run a server: serve, config show, token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hinterland.errors import InputError

if TYPE_CHECKING:
    from hinterland.settings import Settings

config = typer.Typer(help="What a server is set to.", no_args_is_help=True)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="Database, uploads and results; on a local disk."),
]
FileOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings, as `config show` prints them.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any other setting that `config show` names; repeatable."
    ),
]


def serve(
    data: DataOption = None,
    listen: Annotated[
        str | None, typer.Option(metavar="ADDRESS:PORT", help="Where to take calls.  [127.0.0.1:50051]")
    ] = None,
    file: FileOption = None,
    metrics_listen: Annotated[
        str | None, typer.Option(metavar="ADDRESS:PORT", help="Where to serve Prometheus metrics.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql://... for several servers.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(metavar="PEM", help="Chain of the server.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Key of the server.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Authorities whose clients are let in.")
    ] = None,
    tokens: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Hashed tokens, as `hinterland token` writes them.")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Jobs that run at a time.")] = None,
    backend: Annotated[str | None, typer.Option(metavar="auto|cpu|cuda")] = None,
    require_gpu: Annotated[
        bool, typer.Option("--require-gpu", help="End with status 3 where no GPU answers.")
    ] = False,
    log_level: Annotated[str | None, typer.Option(metavar="debug|info|warning|error")] = None,
    more: SetOption = None,
) -> None:
    """Take jobs over gRPC, and run them.

    SIGTERM lets calls end and gives running jobs back; a second one ends at once.
    """
    settings = _settings(
        file,
        more,
        data=data,
        listen=listen,
        metrics_listen=metrics_listen,
        database=database,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        tokens=tokens,
        workers=workers,
        backend=backend,
        require_gpu=require_gpu or None,
        log_level=log_level,
    )
    from hinterland.rpc.serving import serve as run

    run(settings, lambda address: typer.echo(f"hinterland serves at {address}"))


@config.command("show")
def config_show(data: DataOption = None, file: FileOption = None, more: SetOption = None) -> None:
    """Print every setting as a file of settings has it; secrets are masked."""
    settings = _settings(file, more, data=data)
    for name, value in settings.model_dump(mode="json").items():
        line = f"{name} = {json.dumps(value)}"
        typer.echo(f"# {name} is not set" if value is None else line)


def token(
    owner: Annotated[str, typer.Argument(help="Whose: jobs and files belong to an owner.")],
    tokens: Annotated[Path, typer.Option(metavar="FILE", help="The file that the server reads.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Forget all tokens of the owner instead.")] = False,
) -> None:
    """Make a bearer token. It is printed once; the file keeps only its digest."""
    from hinterland.rpc.auth import add_token, revoke_tokens

    if not revoke:
        typer.echo(add_token(tokens, owner))
        return
    count = revoke_tokens(tokens, owner)
    if count == 0:
        message = f"{owner} has no token in {tokens}"
        raise InputError(message)
    typer.echo(f"{count} revoked")


def _settings(file: Path | None, more: list[str] | None, **flags: object) -> Settings:
    from hinterland.settings import load_settings

    for one in more or ():
        name, equals, value = one.partition("=")
        if not equals or flags.get(name) is not None:
            message = f"--set {one}: give NAME=VALUE, and each setting once"
            raise InputError(message)
        flags[name] = value
    return load_settings(file, **flags)

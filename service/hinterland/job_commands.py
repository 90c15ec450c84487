"""The commands of the service's clients: `hinterland job ...`."""

from __future__ import annotations

import os
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from hinterland.commands import JsonOption, ProgressMode, ProgressOption
from hinterland.errors import InputError
from hinterland.job_output import Server, follow, job_dict, line_of, resource, server_of, show
from hinterland.submit_commands import LabelOption, OverwriteOption, submit

jobs = typer.Typer(help="Jobs on a server: submit, watch, download.", no_args_is_help=True)
jobs.add_typer(submit, name="submit")

NameArgument = Annotated[str, typer.Argument(metavar="JOB", help="Name of the job, as submit says it.")]


@jobs.callback()
def server(
    context: typer.Context,
    address: Annotated[
        str,
        typer.Option("--server", envvar="HINTERLAND_SERVER", metavar="HOST:PORT", help="Where it listens."),
    ] = "127.0.0.1:50051",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File of the bearer token; or HINTERLAND_TOKEN.")
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", envvar="HINTERLAND_TLS", help="TLS by the system's authorities.")
    ] = False,
    ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", envvar="HINTERLAND_TLS_CA", help="PEM of the server's authority."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="PEM of the client, for mutual TLS.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", help="PEM key of the client.")] = None,
) -> None:
    """Speak to a server."""
    context.obj = Server(
        address=address, token=_token(token_file), ca=ca, certificate=certificate, key=key, is_tls=tls
    )


@jobs.command("list")
def list_jobs(
    context: typer.Context,
    state: Annotated[str | None, typer.Option("--state", help="PENDING, RUNNING, SUCCEEDED ...")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="panorama, mosaic or overview.")] = None,
    label: LabelOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Jobs to show, the newest first.")] = 50,
    json: JsonOption = False,
) -> None:
    """List your jobs."""
    terms = [f"state={state.upper()}"] if state else []
    terms += [f"kind={kind}"] if kind else []
    terms += [f"labels.{pair}" for pair in label or ()]
    with server_of(context).client() as client:
        found = client.list(filter=" AND ".join(terms), page_size=min(limit, 1000))
        for _, job in zip(range(limit), found, strict=False):
            typer.echo(dumps(job_dict(job)) if json else line_of(job))


@jobs.command("get")
def get_job(context: typer.Context, name: NameArgument, json: JsonOption = False) -> None:
    """Show one job."""
    with server_of(context).client() as client:
        show(client.get(resource(name)), as_json=json)


@jobs.command("watch")
def watch_job(
    context: typer.Context, name: NameArgument, progress: ProgressOption = ProgressMode.AUTO
) -> None:
    """Follow a job until it ends."""
    from hinterland.progress import ProgressDisplay

    with server_of(context).client() as client, ProgressDisplay(progress.value) as display:
        job = follow(client, resource(name), display)
    typer.echo(line_of(job))


@jobs.command("cancel")
def cancel_job(context: typer.Context, name: NameArgument) -> None:
    """Ask a job to stop."""
    with server_of(context).client() as client:
        typer.echo(line_of(client.cancel(resource(name))))


@jobs.command("retry")
def retry_job(context: typer.Context, name: NameArgument) -> None:
    """Begin a failed or cancelled job again."""
    with server_of(context).client() as client:
        typer.echo(line_of(client.retry(resource(name))))


@jobs.command("delete")
def delete_job(context: typer.Context, name: NameArgument) -> None:
    """Delete a job that has ended, and its result."""
    with server_of(context).client() as client:
        client.delete(resource(name))
    typer.echo(f"{resource(name)} deleted")


@jobs.command("download")
def download_job(
    context: typer.Context,
    name: NameArgument,
    out: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder to make.")],
    overwrite: OverwriteOption = False,
    progress: ProgressOption = ProgressMode.AUTO,
) -> None:
    """Download a job's result into a folder, which appears whole or not at all."""
    from hinterland.progress import ProgressDisplay

    with server_of(context).client() as client, ProgressDisplay(progress.value) as display:
        files = client.download(resource(name), out, overwrite=overwrite, progress=display)
    typer.echo(f"{len(files)} files in {out}")


def _token(path: Path | None) -> str | None:
    """The bearer token: never an option, which other users of the machine could read."""
    if path is None:
        return os.environ.get("HINTERLAND_TOKEN")
    try:
        return path.read_text().strip()
    except OSError as error:
        message = f"--token-file {path}: cannot be read ({error.strerror})"
        raise InputError(message) from error

"""What the clients' commands share: the server they speak to, and what they tell of a job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hinterland.errors import InputError
from hinterland.progress import Progress, ProgressDisplay

if TYPE_CHECKING:
    from hinterland.api.v1.job_pb2 import Job
    from hinterland.client import Client
    from hinterland.client.specs import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that a command speaks to."""

    address: str
    token: str | None
    ca: Path | None
    certificate: Path | None
    key: Path | None
    is_tls: bool

    @classmethod
    def local(cls) -> Server:
        """The one on this machine."""
        return cls(address="127.0.0.1:50051", token=None, ca=None, certificate=None, key=None, is_tls=False)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Connect to it."""
        from hinterland.client import Client, Tls

        is_tls = self.is_tls or self.ca is not None or self.certificate is not None
        tls = Tls(ca=self.ca, certificate=self.certificate, key=self.key) if is_tls else None
        with Client(self.address, token=self.token, tls=tls) as client:
            yield client


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What is told of a job, and done once it is submitted."""

    title: str
    labels: Sequence[str]
    request_id: str | None
    validate_only: bool
    watch: bool
    folder: Path | None
    overwrite: bool


def server_of(context: typer.Context) -> Server:
    """The server that the options before the command name."""
    server: Server = context.find_object(Server) or Server.local()
    return server


def resource(name: str) -> str:
    """The resource name of a job, which users may shorten."""
    return name if name.startswith("jobs/") else f"jobs/{name}"


def plain(text: str) -> str:
    """A text from outside as a terminal may show it: control characters stand for themselves."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def submit_and_show(server: Server, spec: Spec, after: After, mode: str, *, as_json: bool) -> None:
    """Submit a job; watch and download it if that is asked for.

    Raises
    ------
    InputError
        If options contradict each other, or a file cannot be read.
    ServiceError
        If the server refuses, or the job fails.
    """
    if after.folder is not None and after.folder.exists() and not after.overwrite:
        message = f"{after.folder}: exists; give another folder or --overwrite"
        raise InputError(message)
    labels = labels_of(after.labels)
    with server.client() as client, ProgressDisplay(mode) as display:
        job = client.submit(
            spec,
            title=after.title,
            labels=labels,
            request_id=after.request_id,
            validate_only=after.validate_only,
            progress=display,
        )
        if not after.validate_only and (after.watch or after.folder is not None):
            typer.echo(f"submitted {job.name}", err=True)
            job = follow(client, job.name, display)
            if after.folder is not None:
                client.download(job.name, after.folder, overwrite=after.overwrite, progress=display)
    show(job, as_json=as_json)


def follow(client: Client, name: str, progress: Progress) -> Job:
    """Watch a job until it has ended.

    Raises
    ------
    ServiceError
        If it failed or was cancelled.
    """
    from hinterland.client.asynchronous import succeeded

    for change in client.watch(name):
        if change.HasField("progress"):
            progress(plain(change.progress.stage), change.progress.done, change.progress.total)
        if change.HasField("job"):
            return succeeded(change.job)
    return succeeded(client.get(name))


def labels_of(pairs: Sequence[str]) -> dict[str, str]:
    """Labels from KEY=VALUE.

    Raises
    ------
    InputError
        If one is not of that form.
    """
    labels = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            message = f"--label {pair}: give KEY=VALUE"
            raise InputError(message)
        labels[key] = value
    return labels


def line_of(job: Job) -> str:
    """A job in one line."""
    from hinterland.api.v1.job_pb2 import Job as JobMessage

    done = f"{plain(job.progress.stage)} {job.progress.done}/{job.progress.total}"
    told = {
        JobMessage.FAILED: plain(job.error.message),
        JobMessage.RUNNING: done if job.HasField("progress") else "",
    }.get(job.state, plain(job.title))
    created = job.create_time.ToDatetime().isoformat(" ", "seconds") if job.name else "planned"
    kind = job.WhichOneof("spec") or ""
    return f"{job.name:<32} {JobMessage.State.Name(job.state):<10} {kind:<9} {created}  {told}".rstrip()


def job_dict(job: Job) -> dict[str, Any]:
    """A job as JSON has it, with the contract's names."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(job, preserving_proto_field_name=True)


def show(job: Job, *, as_json: bool) -> None:
    """Print a job: its line, and its plan and what it had to do without."""
    if as_json:
        typer.echo(json.dumps(job_dict(job), indent=2))
        return
    typer.echo(line_of(job))
    if job.HasField("plan"):
        plan = job.plan
        memory, output = (f"{size / 2**20:.0f} MiB" for size in (plan.memory_bytes, plan.output_bytes))
        typer.echo(
            f"plan      {plan.samples} x {plan.lines} px, {plan.bands} bands, {plan.tiles} tiles, "
            f"{memory} of memory, at most {output} written, on {plan.backend}"
        )
    for one in job.degraded:
        typer.echo(f"degraded  {plain(one.stage)}: {plain(one.message)} ({plain(one.reason)})")

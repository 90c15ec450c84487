"""The command. It imports what a command needs when that command runs, so `--help` answers at once."""

from __future__ import annotations

import copy
import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from hinterland.commands import (
    BackendName,
    BackendOption,
    ProgressMode,
    ProgressOption,
    mosaic,
    overview,
    panorama,
)
from hinterland.errors import HinterlandError
from hinterland.job_commands import jobs
from hinterland.publish.memory import keep_freed_memory
from hinterland.serve_commands import config, serve, token

app = typer.Typer(
    name="hinterland",
    help="Mosaics of other worlds: rover panoramas and maps, on the GPU or without one.",
    add_completion=False,
    rich_markup_mode=None,  # drawn help costs 0.1 s before anything is said
    pretty_exceptions_enable=False,
)


for _command in (panorama, mosaic, overview, serve, token):
    app.command()(_command)
app.add_typer(jobs, name="job")
app.add_typer(config, name="config")

_COLLECTED = 250_000
"""Objects made between two searches for what nobody needs: fewer are imported before the first tile, and stay."""
_BAD_USAGE = 2
_INTERRUPTED = 130


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where to put the bundle.")
    ] = Path("demo"),
    backend: BackendOption = BackendName.AUTO,
    progress: ProgressOption = ProgressMode.AUTO,
) -> None:
    """Make the panoramas and the map of the frames in examples/."""
    from hinterland.demo import examples

    for example in examples():
        bundle = out / example.name
        typer.echo(example.title)
        panorama(
            frames=list(example.frames),
            metadata=list(example.metadata),
            out=bundle,
            backend=backend,
            overwrite=True,
            progress=progress,
        )
        if example.base_map is not None:
            overview(
                panorama=bundle,
                basemap=[example.base_map],
                dem=example.dem,
                route=list(example.route),
                planned=example.planned,
                credit="NASA/JPL-Caltech/University of Arizona, T. Appere, A. Plesch",
            )
        typer.echo("")


@app.command()
def doctor(
    warm: Annotated[
        bool, typer.Option("--warm", help="Compile the kernels now, not in the first job.")
    ] = False,
) -> None:
    """Say what this machine offers: versions, backends, the cache of compiled kernels."""
    from hinterland.doctor import compile_kernels, examine

    if warm:
        typer.echo(f"kernels compiled in {compile_kernels():.1f} s")
        return

    for name, finding in examine():
        typer.echo(f"{name:<16} {finding}")


def _terminated(number: int, _: FrameType | None) -> None:
    """Unwind as an interrupt does, so that no half bundle stays behind."""
    _fail("terminated; nothing was published", 128 + number)


def _asked(name: str) -> typer.Typer:
    """The command of this name alone, where there is one: Typer looks at every option of all that it has."""
    narrowed = copy.copy(app)
    narrowed.registered_commands = [
        one for one in app.registered_commands if one.callback is not None and one.callback.__name__ == name
    ]
    narrowed.registered_groups = []
    narrowed.callback()(lambda: None)  # without one, Typer takes a single command for the whole line
    return narrowed if narrowed.registered_commands else app


def main() -> None:
    """Run the command: an error is one line on standard error and its exit status."""
    signal.signal(signal.SIGTERM, _terminated)
    keep_freed_memory()
    gc.set_threshold(_COLLECTED)
    # matrices are small here: its threads would only wait, busily, and add in another order on another machine
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        arguments = sys.argv[1:] or ["--help"]
        status = _asked(arguments[0])(arguments, standalone_mode=False)
    except HinterlandError as error:
        _fail(str(error), error.exit_status)
    except TyperException as error:
        said = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        _fail(f"{said.rstrip('.')}; see hinterland --help", _BAD_USAGE)
    except OSError as error:
        _fail(f"{error}; nothing was published", 1)
    if status == _INTERRUPTED:
        _fail("interrupted; nothing was published", _INTERRUPTED)
    sys.exit(status or 0)


def run() -> NoReturn:
    """Run the command as a process of its own, which ends at once: to unload kernels one by one takes 0.4 s."""
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # nobody reads on
        status = status or 1
    os._exit(status)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"hinterland: {message}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    run()

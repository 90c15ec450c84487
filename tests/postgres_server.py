"""A PostgreSQL server for tests, started from the system's packages and gone with the run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """Folder of the newest PostgreSQL of this system; None where there is none."""
    found = sorted(_BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PostgresServer:
    """A server that listens on a socket in its own folder only."""

    def __init__(self, folder: Path, commands: Path) -> None:
        self._folder = folder
        self._commands = commands
        self._user = _server_user()
        self._names = 0
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", "data", "-U", "hinterland", "--auth=trust", "--no-sync", "--encoding=UTF8")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off -c max_connections=50"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """Make an empty database; its URL."""
        self._names += 1
        name = f"jobs_{self._names}"
        self._run("createdb", "-h", str(self._folder), "-U", "hinterland", name)
        return f"postgresql://hinterland@/{name}?host={self._folder}"

    def _run(self, command: str, *arguments: str) -> None:
        # not captured by a pipe: the server would hold it open
        with (self._folder / "commands.log").open("ab") as log:
            done = subprocess.run(
                [str(self._commands / command), *arguments],
                cwd=self._folder,
                user=None if self._user is None else self._user.pw_uid,
                group=None if self._user is None else self._user.pw_gid,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                check=False,
                timeout=60,
            )
        assert done.returncode == 0, (self._folder / "commands.log").read_text()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server while the context lasts."""
    commands = binaries()
    assert commands is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path has at most 107 characters
    try:
        server = PostgresServer(folder, commands)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _server_user() -> pwd.struct_passwd | None:
    """Who runs the server if we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]

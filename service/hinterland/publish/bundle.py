"""A bundle appears whole or not at all.

The files are made in a hidden folder beside the final place, `.NAME.partial-PID-RANDOM`, synced to the disk,
and the folder is renamed. An older bundle that is to be replaced is first renamed aside,
`.NAME.replaced-PID-RANDOM`, and deleted once the new one is in place. A process killed at any moment thus
leaves one of three states, which the next run for the same bundle mends when it starts:

- before the first rename: the old bundle, if any, in place and a partial folder, which is deleted;
- between the two renames: no bundle in place and the old one aside, which is put back, and a partial folder,
  which is deleted;
- after the second: the new bundle in place and the rest of the old one aside, which is deleted.

A running process holds a lock on its folders, which the kernel lifts when the process ends, however it ends.
So a leftover is told from work in progress without trusting process numbers, which containers reuse.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from hinterland.errors import InputError

REPORT = "panorama.json"
"""The file that makes a folder a bundle."""


class Bundle:
    """Make a bundle: a context in which `folder` is filled, and after which `path` is complete.

    Leaving the context with an exception removes the folder and leaves `path` as it was.

    Parameters
    ----------
    path : Path
        Where the bundle shall be. Parents are made; an empty folder there is taken over.
    overwrite : bool
        Replace the bundle that is there.

    Raises
    ------
    InputError
        On entering and on publishing, if something is at `path` that may not be replaced, or if the place
        cannot be written.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.path = Path(path).resolve()  # a link to a bundle stays a link: what it points to is replaced
        self.folder = self._beside("partial")
        """The folder to fill; it becomes the bundle."""
        self._overwrite = overwrite
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._clean_up()
            self._check_place()
            self._lock = self._make_folder()
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            message = f"{self.path}: a bundle cannot be written there: {error.strerror or error}"
            raise InputError(message) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)  # gone already where it was published
            os.close(self._lock)

    def _publish(self) -> None:
        if not (self.folder / REPORT).is_file():
            message = f"a bundle has a {REPORT}"
            raise ValueError(message)
        _sync(self.folder)
        self._check_place()
        if _is_bundle(self.path):
            self._replace()
        else:
            self._put_in_place()
        _sync_folder(self.path.parent)

    def _replace(self) -> None:
        lock = _claim(self.path)  # it travels with the folder: other runs leave the old bundle alone
        if lock is None:
            message = f"{self.path} is being replaced by another run; choose another place"
            raise InputError(message)
        aside = self._beside("replaced")
        try:
            self.path.rename(aside)
            try:
                self._put_in_place()
            except BaseException:
                with contextlib.suppress(
                    OSError
                ):  # where another run's bundle is, the next run removes this one
                    aside.rename(self.path)
                raise
            shutil.rmtree(aside, ignore_errors=True)  # the new bundle stands: the next run removes the rest
        finally:
            os.close(lock)

    def _put_in_place(self) -> None:
        try:
            self.folder.rename(self.path)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            message = f"{self.path} has been made by another run meanwhile; choose another place"
            raise InputError(message) from error

    def _make_folder(self) -> int:
        """Make the partial folder and lock it."""
        while True:
            self.folder.mkdir()
            lock = _claim(self.folder)
            if lock is not None:
                return lock
            self.folder = self._beside("partial")  # another run took it for a leftover before it was locked

    def _beside(self, role: str) -> Path:
        if not self.path.name:
            message = f"{self.path} is no place for a bundle"
            raise InputError(message)
        return self.path.with_name(f".{self.path.name}.{role}-{os.getpid()}-{secrets.token_hex(4)}")

    def _check_place(self) -> None:
        if not os.path.lexists(self.path) or _is_empty_folder(self.path):
            return
        if not _is_bundle(self.path):
            message = f"{self.path} exists and is no bundle (no {REPORT} in it); choose another place"
            raise InputError(message)
        if not self._overwrite:
            message = f"{self.path} exists; pass --overwrite to replace it"
            raise InputError(message)

    def _clean_up(self) -> None:
        """Mend what a killed process left at this place."""
        ours = re.compile(rf"\.{re.escape(self.path.name)}\.(partial|replaced)-\d+-[0-9a-f]+")
        for leftover in sorted(self.path.parent.iterdir()):
            match = ours.fullmatch(leftover.name)
            if match:
                with contextlib.suppress(OSError):  # no folder, not ours to remove, or gone meanwhile
                    self._mend(leftover, role=match[1])

    def _mend(self, leftover: Path, role: str) -> None:
        lock = _claim(leftover, lockless=False)
        if lock is None:
            return
        try:
            if role == "replaced" and not os.path.lexists(self.path):
                leftover.rename(self.path)
            else:
                shutil.rmtree(leftover, ignore_errors=True)
        finally:
            os.close(lock)


def _is_bundle(path: Path) -> bool:
    return (path / REPORT).is_file()


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _claim(folder: Path, *, lockless: bool = True) -> int | None:
    """Lock a folder and return the handle; None if another process holds it or has removed it.

    On a file system without locks the handle comes unlocked, or, with `lockless` off, an OSError is raised.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        if not lockless:
            os.close(handle)
            raise
    if not folder.exists():
        os.close(handle)
        return None
    return handle


def _sync(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            with (Path(place) / name).open("rb") as file:
                os.fsync(file.fileno())
        _sync_folder(Path(place))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

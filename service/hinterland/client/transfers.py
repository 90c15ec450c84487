"""Files on their way: read in checked pieces, and received into a folder that appears whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

import google_crc32c

from hinterland.api.v1 import results_pb2
from hinterland.errors import HinterlandError, InputError

PIECE_BYTES = 1 << 20
"""What one message carries."""

TransferProgress = Callable[[str, int, int], None]
"""Told the file's name, bytes done and bytes in all."""


def unheard(name: str, done_bytes: int, total_bytes: int) -> None:
    """Tell nobody."""


class TransferError(HinterlandError):
    """Bytes that arrived are not those that were sent."""


def digest(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file.

    Raises
    ------
    InputError
        If it cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = file.tell()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise InputError(message) from error
    if size_bytes == 0:
        message = f"{path}: the file is empty"
        raise InputError(message)
    return size_bytes, sha256


def read_piece(path: Path, offset: int) -> tuple[bytes, int]:
    """The bytes of a file from an offset, at most a piece, and their CRC-32C."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(PIECE_BYTES)
    return data, google_crc32c.value(data)


def checked(path: str, piece: results_pb2.ReadFileResponse, offset: int) -> bytes:
    """The data of a piece that arrived.

    Raises
    ------
    TransferError
        If it is not the one that is due, or was changed on its way.
    """
    if piece.offset != offset or google_crc32c.value(piece.data) != piece.crc32c:
        message = f"{path}: a piece was damaged on its way; download again, it goes on where it stopped"
        raise TransferError(message)
    return piece.data


class Download:
    """A result on its way into a folder.

    What arrived stays in a hidden folder beside it, so that a second try goes on where the first one stopped.

    Parameters
    ----------
    folder : Path
        To appear when all is there.
    key : str
        Of the result: another result's leftovers are not taken up.
    overwrite : bool
        Replace a folder that is there.
    """

    def __init__(self, folder: Path, key: str, *, overwrite: bool) -> None:
        self.folder = folder
        self._overwrite = overwrite
        if folder.exists() and not overwrite:
            message = f"{folder}: exists; give another folder or --overwrite"
            raise InputError(message)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._partial = folder.parent / f".{folder.name}.partial-{key}"
            self._partial.mkdir(exist_ok=True)
        except OSError as error:
            message = f"{folder}: cannot be made ({error.strerror})"
            raise InputError(message) from error

    def path(self, file: results_pb2.ResultFile) -> Path:
        """Where a file of the manifest goes.

        Raises
        ------
        TransferError
            If the path leads out of the folder: no server of ours sends that.
        """
        parts = PurePosixPath(file.path).parts
        plain = "/".join(parts) == file.path and not any(
            part.startswith(".") or "\\" in part or "\0" in part or ":" in part for part in parts
        )
        if not parts or not plain or file.path.startswith("/"):
            message = f"the manifest names {file.path!r}, which is no path inside the result"
            raise TransferError(message)
        return self._partial.joinpath(*parts)

    def arrived_bytes(self, file: results_pb2.ResultFile) -> int:
        """How much of a file an earlier try left; its folder is made."""
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size if path.is_file() else 0
        if size > file.size_bytes:
            path.unlink()
            return 0
        return size

    def check(self, file: results_pb2.ResultFile) -> None:
        """Compare what arrived with the manifest.

        Raises
        ------
        TransferError
            If it differs; it is then removed.
        """
        path = self.path(file)
        with path.open("rb") as arrived:
            same = hashlib.file_digest(arrived, "sha256").hexdigest() == file.sha256
        if not same:
            path.unlink()
            message = f"{file.path}: what arrived is not what was made; download again"
            raise TransferError(message)

    def publish(self, files: Iterable[results_pb2.ResultFile]) -> None:
        """Let the folder appear, with these files and no others."""
        wanted = {self.path(file) for file in files}
        for path in self._partial.rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
        replaced = self.folder.parent / f".{self.folder.name}.replaced-{os.getpid()}"
        if self._overwrite and self.folder.exists():
            self.folder.rename(replaced)
        self._partial.rename(self.folder)
        shutil.rmtree(replaced, ignore_errors=True)

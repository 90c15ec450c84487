"""What an attempt leaves for the next one of the same job, checked by digest before it is believed."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from hinterland import __version__
from hinterland.jobs import failpoints

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_DIGEST_BYTES = hashlib.sha256().digest_size


class Checkpoints:
    """Values by name in a folder; a value that was not wholly written, or is another version's, is none.

    Parameters
    ----------
    folder : Path
        Of one job.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, value: bytes) -> None:
        """Keep a value in place of the one that was."""
        part = self._path(name).with_suffix(".part")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("wb") as file:
            file.write(_digest(name, value) + value)
            failpoints.reach("checkpoint.fsync")
            os.fsync(file.fileno())
        part.replace(self._path(name))

    def load(self, name: str) -> bytes | None:
        """The value that was kept; None if there is none, or it is not what was kept."""
        try:
            kept = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        value = kept[_DIGEST_BYTES:]
        return value if kept[:_DIGEST_BYTES] == _digest(name, value) else None

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            message = f"a checkpoint's name is lower-case letters, digits, - and _, got {name!r}"
            raise ValueError(message)
        return self._folder / name


def _digest(name: str, value: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((__version__.encode(), name.encode(), value))).digest()

"""Files as the user named them: read whole, once, with their checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import InputError, TooLargeError, TruncatedError
from hinterland.products.fields import printable

FILE_LIMIT_BYTES = 1 << 30
"""Largest product that is read: a full rover frame has some 40 MB."""


PATH_LIMIT = 500
"""Longest path in a message, characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of one file."""

    path: Path
    """Where it is."""
    data: bytes
    """All of it."""
    sha256: str
    """Of the bytes, hexadecimal."""

    @property
    def name(self) -> str:
        """The file's name, fit for a message."""
        return printable(self.path.name)


def read_source(path: Path, limit_bytes: int = FILE_LIMIT_BYTES) -> Source:
    """Read a regular file.

    Raises
    ------
    InputError
        If it is missing, a directory or another thing than a file, empty, unreadable or beyond the limit.
    """
    shown = printable(path, PATH_LIMIT)
    try:
        status = path.stat()
        if path.is_dir():
            message = f"{shown}: is a directory; name the files in it"
            raise InputError(message)
        if not path.is_file():
            message = f"{shown}: is not a regular file"
            raise InputError(message)
        if status.st_size > limit_bytes:
            message = f"{shown}: has {status.st_size} bytes, the limit is {limit_bytes}"
            raise TooLargeError(message)
        data = path.read_bytes()
    except FileNotFoundError:
        message = f"{shown}: no such file"
        raise InputError(message) from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        message = f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InputError(message) from None
    if not data:
        message = f"{shown}: is empty; fetch it again"
        raise TruncatedError(message)
    return Source(path=path, data=data, sha256=hashlib.sha256(data).hexdigest())

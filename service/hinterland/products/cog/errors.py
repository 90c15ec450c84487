"""What goes wrong when a file is written, said so that the user can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hinterland.errors import HinterlandError
from hinterland.products.driver_errors import DRIVER_ERRORS


class WriteError(HinterlandError, OSError):
    """A file could not be written whole: a full disk, as a rule."""


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Raise a `WriteError` that names the file in place of what GDAL or the system says."""
    try:
        yield
    except DRIVER_ERRORS as error:
        # GDAL's long form of an error stands in the cause
        reason = getattr(error, "strerror", None) or error.__cause__ or error
        message = f"{path}: cannot be written: {reason}; is the disk full or the folder not writable?"
        raise WriteError(message) from error

"""The files of an orbital mosaic: made in a hidden folder, moved to their places once all are whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hinterland.errors import InputError


@contextmanager
def mosaic_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Make a hidden folder beside the mosaic, and remove it in the end.

    Raises
    ------
    InputError
        On entering, if something is there that may not be replaced, or the place cannot be written.
    """
    if out.suffix.lower() not in {".tif", ".tiff"}:
        message = f"{out}: a mosaic is a GeoTIFF; give a name that ends in .tif"
        raise InputError(message)
    if out.exists() and (not out.is_file() or not overwrite):
        message = f"{out} exists; pass --overwrite to replace it, or choose another place"
        raise InputError(message)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    except OSError as error:
        message = f"{out}: a mosaic cannot be written there: {error.strerror or error}"
        raise InputError(message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish_mosaic(folder: Path, out: Path) -> None:
    """Move the files to their place, the mosaic last; what an older mosaic had beside it goes."""
    made = {file.name for file in folder.iterdir()}
    for what in ("sources", "resolution", "relief", "slope"):
        if beside(out, what) not in made:
            with contextlib.suppress(FileNotFoundError):
                (out.parent / beside(out, what)).unlink()
    for name in sorted(made, key=lambda name: name == out.name):
        (folder / name).replace(out.parent / name)
    handle = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def beside(out: Path, what: str) -> str:
    """Name of a raster that stands beside the mosaic."""
    return f"{out.stem}.{what}{out.suffix}"

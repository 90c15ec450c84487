"""What a file holds, by what it is taken for; runs in the child only."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

from PIL import Image as Picture

from hinterland.errors import FormatError, InputError
from hinterland.jobs.ingest.values import Content, Given, IngestLimits, Role
from hinterland.maps.route_files import read_places, read_planned, read_route
from hinterland.model.products import Dropped, Image
from hinterland.products.feeds import read_feeds
from hinterland.products.pds3 import is_pds3, read_pds3
from hinterland.products.pictures import is_picture, picture_shape, read_picture
from hinterland.products.raster_examination import decode_raster, examine_raster
from hinterland.products.sources import Source, read_source
from hinterland.products.vicar import is_vicar, read_vicar
from hinterland.publish.nav import read_nav

_TEXT_LIMIT_BYTES = 64 << 20
"""Of a route or a list of places: all waypoints of a mission have 2 MB."""

Allow = Callable[[float], None]
"""Grants so many seconds of processor time from now on."""


def judge(path: Path, given: Given, limits: IngestLimits, allow: Allow) -> Content:
    """Open a file, check it, decode it.

    Parameters
    ----------
    path : Path
        Where it is.
    given : Given
        What it must be.
    limits : IngestLimits
        Of the reading.
    allow : callable
        Told what time the next step may take.

    Raises
    ------
    InputError
        If it cannot be taken for that; a message names the file.
    """
    allow(limits.header_s + path.stat().st_size / limits.least_bytes_per_s)
    if given.role is Role.RASTER:
        return _raster(path, given, limits, allow)
    if given.role is Role.FRAME:
        return _frame(path, given, limits, allow)
    source = read_source(path, _TEXT_LIMIT_BYTES)
    _check_digest(source.name, source.sha256, given)
    if given.role is Role.FEED:
        read_feeds([path])
        return Content(format="feed")
    if given.role is Role.NAV:
        read_nav(path)
        return Content(format="nav")
    reader = {Role.ROUTE: read_route, Role.PLANNED: read_planned, Role.PLACES: read_places}[given.role]
    reader(path)
    return Content(format="GeoJSON" if source.data.lstrip()[:1] in {b"{", b"\xef"} else "table")


def _raster(path: Path, given: Given, limits: IngestLimits, allow: Allow) -> Content:
    found = examine_raster(path, block_bytes=limits.block_bytes, most_samples=limits.raster_samples)
    with path.open("rb") as file:
        _check_digest(path.name, hashlib.file_digest(file, "sha256").hexdigest(), given)
    # overviews are a third more, and masks are read besides
    allow(limits.header_s + 2.0 * found.stored_bytes / limits.least_bytes_per_s)
    decode_raster(path, found.driver)
    return Content(
        format=found.driver, lines=found.lines, samples=found.samples, bands=found.bands, dtype=found.dtype
    )


def _frame(path: Path, given: Given, limits: IngestLimits, allow: Allow) -> Content:
    source = read_source(path)
    _check_digest(source.name, source.sha256, given)
    if is_pds3(source.data):
        return _product("PDS3", read_pds3(source))
    if is_vicar(source.data):
        return _product("VICAR", read_vicar(source))
    if not is_picture(source.data):
        message = f"{source.name}: is none of PNG, JPEG, PDS3 with attached label, VICAR"
        raise FormatError(message)
    return _picture(source, limits, allow)


def _product(name: str, found: Image | Dropped) -> Content:
    if isinstance(found, Dropped):  # sound, but it cannot take part: the engine says why
        return Content(format=name)
    bands, lines, samples = found.samples.shape
    return Content(format=name, lines=lines, samples=samples, bands=bands, dtype=found.samples.dtype.name)


def _picture(source: Source, limits: IngestLimits, allow: Allow) -> Content:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Picture.DecompressionBombWarning)
        lines, samples = picture_shape(source)
        allow(limits.header_s + 4.0 * lines * samples / limits.least_bytes_per_s)
        pixels = read_picture(source)
    return Content(
        format="PNG" if source.data.startswith(b"\x89") else "JPEG",
        lines=lines,
        samples=samples,
        bands=len(pixels.samples),
        dtype=pixels.samples.dtype.name,
    )


def _check_digest(name: str, sha256: str, given: Given) -> None:
    if sha256 != given.sha256:
        message = f"{name}: is not what was uploaded: the server's copy is damaged; upload it again"
        raise InputError(message)

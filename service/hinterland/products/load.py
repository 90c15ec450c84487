"""Frames as the user names them: each becomes an image, is dropped with a reason, or ends the work.

The rule: a file that the user names and that cannot be read at all (missing, a directory, empty, cut off, no
image, no feed) is an `InputError`, for a typing slip or a broken download is mended, not passed over. A file
that is sound but cannot take part (a thumbnail, no camera model, no attitude, a malformed field, a duplicate)
is `Dropped` with its reason, for the other frames still make a panorama.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hinterland.errors import FormatError, InputError, NothingToDoError
from hinterland.model.products import Dropped, Image
from hinterland.products.borders import sound_border
from hinterland.products.feeds import Feeds, original_stem, read_feeds
from hinterland.products.fields import printable
from hinterland.products.frames import read_frame
from hinterland.products.pds3 import is_pds3, read_pds3
from hinterland.products.pictures import is_picture
from hinterland.products.sources import PATH_LIMIT, Source, read_source
from hinterland.products.tiles import check_tiles
from hinterland.products.vicar import is_vicar, read_vicar

_SIDECARS = ("{}-metadata.json", "{}.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What has become of the files."""

    images: tuple[Image, ...]
    """Those that can take part, in the order they were named."""
    dropped: tuple[Dropped, ...]
    """Those that cannot, with the reason of each."""

    def usable(self) -> tuple[Image, ...]:
        """The images.

        Raises
        ------
        NothingToDoError
            If every file was dropped; the message lists the reasons.
        """
        if not self.images:
            reasons = "; ".join(f"{dropped.product}: {dropped.reason}" for dropped in self.dropped)
            message = f"no usable image: {reasons}"
            raise NothingToDoError(message)
        return self.images


def load_images(paths: Sequence[Path], metadata: Path | Sequence[Path] | None = None) -> Loaded:
    """Read rover images with what is known of them.

    Parameters
    ----------
    paths : sequence of Path
        PNG and JPEG frames of the raw-image feeds, PDS3 products with attached labels, VICAR products.
    metadata : Path or sequence of Path, optional
        Feed files with the records of the PNG and JPEG frames. A frame without a record there is looked up
        in "NAME-metadata.json" and "NAME.json" beside it.

    Returns
    -------
    Loaded
        Images and dropped inputs. Records without a frame are passed over.

    Raises
    ------
    InputError
        If no path is given, or one of the files cannot be read; the message names it.
    """
    if not paths:
        message = "no frames given"
        raise InputError(message)
    feeds = read_feeds([metadata] if isinstance(metadata, Path) else metadata or ())
    with ThreadPoolExecutor() as pool:  # decoding pictures and checksums release the interpreter lock
        results = list(pool.map(partial(_load, feeds=feeds), paths))
    images: dict[str, Image] = {}
    dropped: list[Dropped] = []
    for path, result in zip(paths, results, strict=True):
        if isinstance(result, Dropped):
            dropped.append(result)
            continue
        product_id = result.product.product_id
        if product_id in images:
            reason = f"duplicate of {printable(images[product_id].product.path.name)}"
            dropped.append(
                Dropped(
                    product=product_id,
                    path=path,
                    reason=reason,
                    sha256=result.product.sha256,
                    sol=result.product.sol,
                    url=result.product.url,
                    page=result.product.page,
                )
            )
            continue
        images[product_id] = replace(result, mask=sound_border(result.samples, result.mask))
    return Loaded(images=check_tiles(tuple(images.values())), dropped=tuple(dropped))


def _load(path: Path, feeds: Feeds) -> Image | Dropped:
    source = read_source(path)
    if is_pds3(source.data):
        return read_pds3(source)
    if is_vicar(source.data):
        return read_vicar(source)
    if not is_picture(source.data):
        hint = "; pass feeds with --metadata" if path.suffix.lower() == ".json" else ""
        message = (
            f"{printable(path, PATH_LIMIT)}: is none of PNG, JPEG, PDS3 with attached label, VICAR{hint}"
        )
        raise FormatError(message)
    match = feeds.match(path.stem)
    return _with_sidecar(source, feeds) if match is None else read_frame(source, match)


def _with_sidecar(source: Source, feeds: Feeds) -> Image | Dropped:
    """Read a frame whose record is in no feed, with the file beside it that holds its record."""
    searched = list(feeds.names)
    for sidecar in _sidecars(source.path):
        try:
            beside = read_feeds([sidecar])
        except InputError as error:  # nobody has named this file: the frame goes, the work goes on
            return _unplaced(source, str(error))
        match = beside.match(source.path.stem)
        if match is not None:
            return read_frame(source, match)
        searched.extend(beside.names)
    reason = (
        f"no record in {', '.join(searched)}" if searched else "no metadata; pass its feed with --metadata"
    )
    return _unplaced(source, reason)


def _unplaced(source: Source, reason: str) -> Dropped:
    """A picture of which nothing but its file is known."""
    return Dropped(product=source.name, path=source.path, reason=reason, sha256=source.sha256)


def _sidecars(path: Path) -> list[Path]:
    """The files beside a frame that may hold its record."""
    stems = dict.fromkeys((path.stem, original_stem(path.stem)))
    found = []
    for name in (pattern.format(stem) for stem in stems for pattern in _SIDECARS):
        with contextlib.suppress(OSError):  # a name that is too long names no file
            if path.with_name(name).is_file():
                found.append(path.with_name(name))
    return found

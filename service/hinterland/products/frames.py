"""PNG and JPEG frames with their records of a raw-image feed.

A frame that its record does not place is dropped with the reason: a camera model or an attitude is never
guessed. Source of the fields' meaning: docs/conventions.md, section "Raw-image feeds".
"""

from __future__ import annotations

import contextlib
import re

from hinterland.model.products import Dropped, Image, Product, Stop
from hinterland.model.rotations import Quaternion
from hinterland.products.camera_models import camera_from_feed, resized
from hinterland.products.feeds import Match, Record
from hinterland.products.fields import FieldError, integer, number, text, vector
from hinterland.products.identifiers import exposure_key
from hinterland.products.pictures import picture_shape, read_picture
from hinterland.products.sources import Source
from hinterland.products.surface_labels import checked_attitude

_SITE = "https://mars.nasa.gov"
_ADDRESS = re.compile(r"https?://(?:(?![<>\"'\\])[\x21-\x7e]){1,2000}")
_PICTURE = re.compile(r"\.(?:png|jpe?g)$", re.IGNORECASE)
_POINTING = ("camera_model_type", "camera_model_component_list", "attitude", "site", "drive", "dimension")


def read_frame(source: Source, match: Match) -> Image | Dropped:
    """Read a frame and what its record says of it.

    Returns
    -------
    Image or Dropped
        Dropped where the record does not place the frame, or the two do not fit.

    Raises
    ------
    InputError
        If the picture cannot be decoded.
    """
    record = match.records[0]
    lines, samples = picture_shape(source)
    try:
        product = _product(source, match, lines, samples)
    except FieldError as error:
        url, page = _addresses(record)
        return Dropped(
            product=record.product_id,
            path=source.path,
            reason=str(error),
            sha256=source.sha256,
            sol=_sol(record),
            url=url,
            page=page,
        )
    pixels = read_picture(source)
    return Image(product=product, samples=pixels.samples, mask=pixels.mask, largest=pixels.largest)


def _product(source: Source, match: Match, lines: int, samples: int) -> Product:
    record = match.records[0]
    fields = record.fields
    if any(
        [other.fields.get(name) for name in _POINTING] != [fields.get(name) for name in _POINTING]
        for other in match.records
    ):
        sources = ", ".join(sorted({other.source for other in match.records}))
        message = f"{len(match.records)} records in {sources} disagree on its camera model or attitude"
        raise FieldError(message)
    if (text(fields.get("sample_type")) or "").lower() == "thumbnail" or fields.get("is_thumbnail") is True:
        message = "thumbnail"
        raise FieldError(message)
    kind, components = fields.get("camera_model_type"), fields.get("camera_model_component_list")
    camera = camera_from_feed(kind, components, *_shape(record))
    notes: tuple[str, ...] = ()
    if camera.shape != (lines, samples):
        if not match.resized:
            message = (
                f"the file has {lines} lines x {samples} samples, "
                f"its record describes {camera.lines} x {camera.samples}"
            )
            raise FieldError(message)
        notes = (f"resized copy: {lines} x {samples} of {camera.lines} x {camera.samples}",)
        camera = resized(camera, lines, samples)
    instrument = text(fields.get("instrument")) or "UNKNOWN"
    url, page = _addresses(record)
    return Product(
        product_id=record.product_id,
        path=source.path,
        sha256=source.sha256,
        camera=camera,
        attitude=_attitude(record),
        stop=_stop(record),
        exposure=exposure_key(record.product_id, instrument, text(fields.get("sclk"))),
        instrument=instrument,
        sol=integer(fields.get("sol"), "sol"),
        time_utc=text(fields.get("date_taken_utc")) or text(fields.get("date_taken")),
        url=url,
        page=page,
        credit=text(fields.get("credit")),
        notes=notes,
    )


def _sol(record: Record) -> int | None:
    """The sol as far as it is known, of a frame that is dropped for another reason."""
    with contextlib.suppress(FieldError):
        return integer(record.fields.get("sol"), "sol")
    return None


def _shape(record: Record) -> tuple[int, int]:
    """Lines and samples of the image that the record's camera model is for."""
    dimension = vector(record.fields.get("dimension"), "dimension", 2)
    if dimension is None:
        subframe = vector(record.fields.get("subframe_rect"), "subframe_rect", 4)
        # whether a binned subframe is counted in pixels of the sensor or of the file differs by camera
        if subframe is not None and number(record.fields.get("scale_factor"), "scale_factor") == 1.0:
            dimension = subframe[2:]
    if dimension is None:
        message = "the record does not say the size of its image"
        raise FieldError(message)
    samples, lines = (integer(side, "dimension") or 0 for side in dimension)
    return lines, samples


def _attitude(record: Record) -> Quaternion:
    found = vector(record.fields.get("attitude"), "attitude", 4)
    if found is None:
        message = f"no attitude in the record of {record.source}; pass the feed's own record"
        raise FieldError(message)
    return checked_attitude(found)


def _stop(record: Record) -> Stop:
    site = integer(record.fields.get("site"), "site")
    drive = integer(record.fields.get("drive"), "drive")
    if record.mission is None or site is None or drive is None:
        message = "the record does not say at which stop the rover stood"
        raise FieldError(message)
    return Stop(mission=record.mission, site=site, drive=drive)


def _addresses(record: Record) -> tuple[str | None, str | None]:
    """Addresses of the original file and of the page that shows it."""
    files = (_address(record.fields.get(name)) for name in ("full_res", "https_url", "url"))
    url = next((address for address in files if address is not None), None)
    link = _address(record.fields.get("link"))
    if link is not None and _PICTURE.search(link):  # stored records link to the file itself
        return url or link, None
    return url, link


def _address(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    address = _SITE + value if value.startswith("/") else value
    return address if _ADDRESS.fullmatch(address) else None

"""Rover products from PDS3 and VICAR labels: who took the image, from where, looking where.

Source: MER and MSL Camera SIS, groups ROVER_COORDINATE_SYSTEM and GEOMETRIC_CAMERA_MODEL.
"""

from __future__ import annotations

from hinterland.model.products import Product, Stop
from hinterland.model.rotations import Quaternion, matrix_from_quaternion
from hinterland.products.camera_models import ROVER_FRAMES, camera_from_label
from hinterland.products.fields import FieldError, integer, text, vector
from hinterland.products.identifiers import exposure_key, mission_of_host, mission_of_id
from hinterland.products.labels import Block
from hinterland.products.sources import Source

_LEVEL_FRAMES = frozenset({"SITE_FRAME", "LOCAL_LEVEL_FRAME"})
_ATTITUDE_GROUPS = ("ROVER_COORDINATE_SYSTEM", "ROVER_COORDINATE_SYSTEM_PARMS")
_IDENTIFICATION_GROUPS = ("IDENTIFICATION", "IDENTIFICATION_PARMS")


def product_id_of(label: Block, source: Source) -> str:
    """The product's id; the file's name where the label has none."""
    return text(_identity(label, "PRODUCT_ID")) or source.name


def product_from_label(
    label: Block, source: Source, lines: int, samples: int, notes: tuple[str, ...] = ()
) -> Product:
    """Make the product of a label.

    Parameters
    ----------
    label : Block
        The whole label.
    source : Source
        Its file.
    lines, samples : int
        Size of the image.
    notes : tuple of str
        What reading the pixels has noticed.

    Raises
    ------
    FieldError
        If the image is a thumbnail, or its camera model, attitude or stop is missing or malformed.
    """
    if "THUMBNAIL" in (text(_identity(label, "IMAGE_TYPE")) or "").upper():
        message = "thumbnail"
        raise FieldError(message)
    product_id = product_id_of(label, source)
    instrument = text(_identity(label, "INSTRUMENT_ID")) or "UNKNOWN"
    return Product(
        product_id=product_id,
        path=source.path,
        sha256=source.sha256,
        camera=camera_from_label(label, lines, samples),
        attitude=_attitude(label),
        stop=_stop(label, product_id),
        exposure=exposure_key(product_id, instrument, text(_identity(label, "SPACECRAFT_CLOCK_START_COUNT"))),
        instrument=instrument,
        sol=integer(_identity(label, "PLANET_DAY_NUMBER"), "PLANET_DAY_NUMBER"),
        time_utc=text(_identity(label, "START_TIME")),
        credit=text(_identity(label, "PRODUCER_INSTITUTION_NAME")),
        notes=notes,
    )


def checked_attitude(quaternion: tuple[float, ...]) -> Quaternion:
    """Four numbers as an attitude.

    Raises
    ------
    FieldError
        If they are not a unit quaternion.
    """
    w, x, y, z = quaternion
    try:
        matrix_from_quaternion((w, x, y, z))
    except ValueError as error:
        raise FieldError(str(error)) from error
    return w, x, y, z


def _identity(label: Block, keyword: str) -> object:
    """A keyword that PDS3 has at the top of the label and VICAR in a property of its own."""
    if keyword in label.values:
        return label.values[keyword]
    group = label.find(*_IDENTIFICATION_GROUPS)
    return None if group is None else group.values.get(keyword)


def _attitude(label: Block) -> Quaternion:
    group = label.need(*_ATTITUDE_GROUPS)
    frame = text(group.values.get("COORDINATE_SYSTEM_NAME"))
    reference = text(group.values.get("REFERENCE_COORD_SYSTEM_NAME"))
    if frame not in ROVER_FRAMES or reference not in _LEVEL_FRAMES:
        message = f"{group.name} relates {frame} to {reference}, not the rover to the site"
        raise FieldError(message)
    found = vector(group.values.get("ORIGIN_ROTATION_QUATERNION"), "ORIGIN_ROTATION_QUATERNION", 4)
    if found is None:
        message = f"no attitude in {group.name}"
        raise FieldError(message)
    return checked_attitude(found)


def _stop(label: Block, product_id: str) -> Stop:
    host = text(_identity(label, "INSTRUMENT_HOST_ID")) or text(_identity(label, "MISSION_NAME"))
    mission = mission_of_id(product_id) if host is None else mission_of_host(host)
    counter = _identity(label, "ROVER_MOTION_COUNTER")
    names = _identity(label, "ROVER_MOTION_COUNTER_NAME")
    if not isinstance(counter, tuple) or len(counter) < 2:
        message = "no ROVER_MOTION_COUNTER in the label"
        raise FieldError(message)
    order = [str(name).upper() for name in names] if isinstance(names, tuple) else ["SITE", "DRIVE"]
    indices = dict(zip(order, counter, strict=False))
    site = integer(indices.get("SITE"), "SITE of ROVER_MOTION_COUNTER")
    drive = integer(indices.get("DRIVE"), "DRIVE of ROVER_MOTION_COUNTER")
    if mission is None or site is None or drive is None:
        message = "the label does not say at which stop the rover stood"
        raise FieldError(message)
    return Stop(mission=mission, site=site, drive=drive)

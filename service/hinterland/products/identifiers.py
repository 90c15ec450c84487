"""What product ids tell: the mission, and which exposure an image is a piece of.

Sources: Mars 2020 Camera SIS, product id of 54 characters; MSL Camera SIS, product id of 36 characters.
"""

from __future__ import annotations

import re

_M2020 = re.compile(r"[A-Z0-9_]{3}_\d{4}_\d{10}_\d{3}[A-Z]{3}")
_MSL = re.compile(r"[A-Z0-9]{3}_\d{9}[A-Z]{3}_")
_M2020_EXPOSURE = 19
_MSL_CLOCK = slice(4, 13)

_MISSIONS = {
    "M20": "M2020",
    "M2020": "M2020",
    "MARS2020": "M2020",
    "MARS 2020": "M2020",
    "MSL": "MSL",
    "MARS SCIENCE LABORATORY": "MSL",
}


def mission_of_id(product_id: str) -> str | None:
    """The mission whose pattern a product id has: "M2020" or "MSL"; None for others."""
    if _M2020.match(product_id):
        return "M2020"
    return "MSL" if _MSL.match(product_id) else None


def mission_of_host(host: str) -> str:
    """The short name of a mission that a label names as its host: "M2020" for "MARS 2020"."""
    return _MISSIONS.get(host.upper(), host.upper())


def exposure_key(product_id: str, instrument: str, clock: str | None) -> str:
    """The key that the tiles of one exposure share.

    A Mars 2020 id begins with instrument, sol and spacecraft clock; other products are told apart by their
    instrument and the clock at the start. Without a clock the image is an exposure of its own.
    """
    if _M2020.match(product_id):
        return product_id[:_M2020_EXPOSURE]
    if clock is None and _MSL.match(product_id):
        clock = product_id[_MSL_CLOCK]
    return product_id if clock is None else f"{instrument} {clock}"

"""What a child writes to its standard error, of which the worker logs the end when the child dies."""

from __future__ import annotations

import logging


def set_up_last_words() -> None:
    """Write warnings, plainly: the worker's log is JSON, and the child's are text in it."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    # it tells of each driver that GDAL is to do without, which would push out what the log is read for
    logging.getLogger("rasterio._env").setLevel(logging.CRITICAL)

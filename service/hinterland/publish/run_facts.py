"""What a result says of the run that made it: when, how long, in how much memory.

Where SOURCE_DATE_EPOCH is set (reproducible-builds.org), results say nothing that differs from run to run: the
time is that one, and nothing is told that was measured. The same inputs then give the same bytes, file for file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hinterland.errors import InputError
from hinterland.publish.memory import peak_bytes

VARIABLE = "SOURCE_DATE_EPOCH"


def made_at() -> datetime:
    """When the result was made.

    Raises
    ------
    InputError
        If SOURCE_DATE_EPOCH is not a number of seconds since 1970.
    """
    said = os.environ.get(VARIABLE)
    if said is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(said), UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"{VARIABLE}={said}: give whole seconds since 1970, or unset it"
        raise InputError(message) from error


def measured(timing_s: Mapping[str, float]) -> dict[str, Any]:
    """`timing_s` and `peak_rss_bytes` of a report; empty and None where results must not differ."""
    if VARIABLE in os.environ:
        return {"timing_s": {}, "peak_rss_bytes": None}
    return {"timing_s": dict(timing_s), "peak_rss_bytes": peak_bytes()}

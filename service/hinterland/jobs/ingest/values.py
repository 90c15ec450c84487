"""What the worker asks of an ingest child, and what it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hinterland.jobs.specs import InputFile, Spec
from hinterland.reasons import Failure, Reason


class Role(StrEnum):
    """What a job takes a file for; it decides what may open it."""

    FRAME = "frame"
    FEED = "feed"
    NAV = "nav"
    RASTER = "raster"
    ROUTE = "route"
    PLANNED = "planned"
    PLACES = "places"


ROLES = MappingProxyType(
    {
        "frames": Role.FRAME,
        "metadata": Role.FEED,
        "nav": Role.NAV,
        "rasters": Role.RASTER,
        "reference": Role.RASTER,
        "base_maps": Role.RASTER,
        "dem": Role.RASTER,
        "routes": Role.ROUTE,
        "planned": Role.PLANNED,
        "places": Role.PLACES,
    }
)
"""By the field of a spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file of a job, as it lies there."""

    path: str
    """Below the folder of inputs, parts joined by "/"."""
    sha256: str
    """That it must have."""
    role: Role
    """What it is taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file was found to hold."""

    format: str
    """GDAL's name of a raster's format, "PDS3", "GeoJSON" ..."""
    lines: int = 0
    samples: int = 0
    bands: int = 0
    dtype: str = ""
    """NumPy's name; with the sizes, of images only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Of one file: exactly one of content and failure is there."""

    given: Given
    content: Content | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestLimits:
    """What reading the inputs of a job may take."""

    memory_bytes: int = 4 << 30
    """Address space of the child: a frame of a gigabyte is read whole."""
    header_s: float = 5.0
    """Processor time for a label, a feed or a header."""
    least_bytes_per_s: float = 2e6
    """Of declared samples: decoding may take so long, and `header_s` more."""
    block_bytes: int = 64 << 20
    """One block of a raster, decoded."""
    raster_samples: int = 1 << 36
    """Lines x samples x bands of a raster."""
    wall_s: float = 3600.0
    """For all files."""


def given_files(spec: Spec) -> tuple[tuple[InputFile, Role], ...]:
    """All files of a spec with their roles, in the order of `hinterland.jobs.specs.input_files`."""
    found: list[tuple[InputFile, Role]] = []
    for field in fields(spec):
        value = getattr(spec, field.name)
        files = value if isinstance(value, tuple) else (value,)
        found += [(file, ROLES[field.name]) for file in files if isinstance(file, InputFile)]
    return tuple(found)


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it."""
    content, failure = verdict.content, verdict.failure
    return {
        **asdict(verdict.given),
        "content": None if content is None else asdict(content),
        "failure": None
        if failure is None
        else {"reason": failure.reason, "message": failure.message, "metadata": dict(failure.metadata)},
    }


def verdict_from_json(kept: Any) -> Verdict:  # noqa: ANN401 - as JSON has it
    """Read what `verdict_to_json` made, believing nothing: a child that a file has taken over wrote it.

    Raises
    ------
    ValueError
        If it is no verdict.
    """
    try:
        given = Given(path=_text(kept["path"]), sha256=_text(kept["sha256"]), role=Role(kept["role"]))
        content, failure = kept["content"], kept["failure"]
        if (content is None) == (failure is None):
            message = "a verdict has either content or failure"
            raise ValueError(message)
        if failure is not None:
            metadata = {_text(name): _text(value) for name, value in failure["metadata"].items()}
            refused = Failure(
                reason=Reason(failure["reason"]), message=_text(failure["message"]), metadata=metadata
            )
            return Verdict(given=given, failure=refused)
        sizes = {name: _count(content[name]) for name in ("lines", "samples", "bands")}
        found = Content(format=_text(content["format"]), dtype=_text(content["dtype"]), **sizes)
        return Verdict(given=given, content=found)
    except (KeyError, TypeError, AttributeError) as error:
        message = f"no verdict: {error!r}"
        raise ValueError(message) from error


_LONGEST_TEXT = 1000


def _text(value: Any) -> str:  # noqa: ANN401 - as JSON has it
    if not isinstance(value, str):
        message = f"{value!r:.40} is no text"
        raise TypeError(message)
    return "".join(letter if letter.isprintable() else " " for letter in value[:_LONGEST_TEXT])


def _count(value: Any) -> int:  # noqa: ANN401 - as JSON has it
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 40:
        message = f"{value!r:.40} is no count"
        raise TypeError(message)
    return value

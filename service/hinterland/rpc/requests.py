"""What clients ask, read strictly: each refusal names the field and the way out."""

from __future__ import annotations

import math
import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import duration_pb2

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.jobs.content import is_filename, is_sha256
from hinterland.jobs.specs import InputFile, MosaicSpec, OverviewSpec, PanoramaSpec, Spec, input_files
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.capabilities import CHOICES
from hinterland.rpc.paging import LABEL_KEY, MOST_LABEL_CHARACTERS

MOST_TITLE_CHARACTERS = 200
MOST_LABELS = 16
_MOST_CREDIT_CHARACTERS = 500
_MOST_CRS_CHARACTERS = 8192
_FARTHEST_M = 200_000.0
_JOB = re.compile(r"jobs/([0-9a-z]{26})", re.ASCII)
_UPLOAD = re.compile(r"uploads/([0-9a-z]{1,64})", re.ASCII)
_FILE = re.compile(r"files/([0-9a-f]{64})", re.ASCII)
_AUTHORITY = re.compile(r"[A-Za-z0-9_]{1,32}:[0-9]{1,9}", re.ASCII)
_WKT = re.compile(
    r"\s*(PROJCRS|GEOGCRS|GEODCRS|BOUNDCRS|COMPOUNDCRS|PROJCS|GEOGCS|COMPD_CS|DERIVEDPROJCRS|GEODETICCRS|"
    r"GEOGRAPHICCRS|PROJECTEDCRS)\s*[\[(]",
    re.IGNORECASE,
)
_PROJ = re.compile(r"\s*\+?proj=", re.ASCII)
# parameters whose values are names of files
_PROJ_FILES = re.compile(
    r"(^|[\s+])(init|file|nadgrids|geoidgrids|grids|xyz_grids|catalog|json)=", re.IGNORECASE
)

_Spec = job_pb2.PanoramaSpec | job_pb2.MosaicSpec | job_pb2.OverviewSpec

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What CreateJob asks for."""

    spec: Spec
    title: str
    labels: Mapping[str, str]
    max_run_s: float
    ttl_s: float
    request_id: str | None
    validate_only: bool


def invalid(field: str, message: str) -> RefusedError:
    """A field that cannot be used as it is."""
    return RefusedError(Reason.FIELD_INVALID, f"{field}: {message}", field=field)


def job_id(name: str, field: str = "name") -> str:
    """Identifier of "jobs/{job}"."""
    return _identifier(_JOB, name, field, "jobs/ and 26 lower-case letters and digits")


def upload_id(name: str) -> str:
    """Identifier of "uploads/{upload}"."""
    return _identifier(_UPLOAD, name, "name", "uploads/ and lower-case letters and digits")


def _identifier(form: re.Pattern[str], name: str, field: str, words: str) -> str:
    found = form.fullmatch(name)
    if found is None:
        raise invalid(field, f"a name is {words}")
    return found[1]


def sha256(text: str, field: str) -> str:
    """A SHA-256 as it is written here."""
    if not is_sha256(text):
        raise invalid(field, "a SHA-256 is 64 lower-case hexadecimal digits")
    return text


def new_job(request: jobs_pb2.CreateJobRequest, *, most_run_s: float, retention_s: float) -> NewJob:
    """Read CreateJob's request.

    Raises
    ------
    RefusedError
        With FIELD_INVALID, at the first field that cannot be used.
    """
    job = request.job
    spec = _spec(job)
    names = [one.filename for one in input_files(spec)]
    twice = (
        next((name for name in names if names.count(name) > 1), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice is not None:
        raise invalid("job", f"two files are called {twice}; give each a name of its own")
    return NewJob(
        spec=spec,
        title=_text(job.title, "job.title", MOST_TITLE_CHARACTERS),
        labels=_labels(job.labels),
        max_run_s=_seconds(job, "max_run_duration", 0.001, most_run_s, most_run_s),
        ttl_s=_seconds(job, "ttl", 60.0, 366 * 86400.0, retention_s),
        request_id=_request_id(request.request_id),
        validate_only=request.validate_only,
    )


def _spec(job: job_pb2.Job) -> Spec:
    kind = job.WhichOneof("spec")
    if kind == "panorama":
        return _panorama(job.panorama, "job.panorama")
    if kind == "mosaic":
        return _mosaic(job.mosaic, "job.mosaic")
    if kind == "overview":
        return _overview(job.overview, "job.overview")
    raise invalid("job", "set one of panorama, mosaic and overview")


def _panorama(spec: job_pb2.PanoramaSpec, at: str) -> PanoramaSpec:
    return PanoramaSpec(
        frames=_files(spec.frames, f"{at}.frames", 1, 2000),
        metadata=_files(spec.metadata, f"{at}.metadata", 0, 100),
        pixels_per_degree=_number(spec, "pixels_per_degree", at),
        nav=_file(spec, "nav", at),
        **_choices("panorama", spec, at),
    )


def _mosaic(spec: job_pb2.MosaicSpec, at: str) -> MosaicSpec:
    extent = None
    if spec.HasField("extent"):
        edges = (spec.extent.west, spec.extent.south, spec.extent.east, spec.extent.north)
        if not all(map(math.isfinite, edges)) or edges[0] >= edges[2] or edges[1] >= edges[3]:
            raise invalid(f"{at}.extent", "finite numbers, west < east and south < north")
        extent = edges
    light = None
    if spec.HasField("light"):
        light = (spec.light.azimuth_deg, spec.light.elevation_deg)
        if not (abs(light[0]) <= 360.0 and 0.0 < light[1] <= 90.0):
            raise invalid(f"{at}.light", "azimuth -360 to 360, elevation more than 0 to 90 degrees")
    return MosaicSpec(
        rasters=_files(spec.rasters, f"{at}.rasters", 1, 4096),
        crs=_crs(spec.crs, f"{at}.crs"),
        resolution=_number(spec, "resolution", at),
        extent=extent,
        reference=_file(spec, "reference", at),
        feather_px=_number(spec, "feather_px", at),
        fill_m=_number(spec, "fill_m", at),
        relief=spec.relief,
        slope=spec.slope,
        light=light,
        **_choices("mosaic", spec, at),
    )


def _overview(spec: job_pb2.OverviewSpec, at: str) -> OverviewSpec:
    position = None
    if spec.HasField("position"):
        position = (spec.position.longitude_deg, spec.position.latitude_deg)
        if not (abs(position[0]) <= 360.0 and abs(position[1]) <= 90.0):
            raise invalid(f"{at}.position", "-360 to 360 and -90 to 90 degrees")
    if spec.HasField("width_px") and not 600 <= spec.width_px <= 10000:
        raise invalid(f"{at}.width_px", f"600 to 10000, got {spec.width_px}")
    if spec.apply_heading and not spec.HasField("dem"):
        raise invalid(f"{at}.apply_heading", "needs an elevation model: set dem too")
    given: dict[str, Any] = {}
    if spec.HasField("mast_height_m"):
        given["mast_height_m"] = _number(spec, "mast_height_m", at, _FARTHEST_M)
    if spec.HasField("width_px"):
        given["width_px"] = spec.width_px
    return OverviewSpec(
        panorama=job_id(spec.panorama, f"{at}.panorama"),
        base_maps=_files(spec.base_maps, f"{at}.base_maps", 1, 64),
        dem=_file(spec, "dem", at),
        routes=_files(spec.routes, f"{at}.routes", 0, 16),
        position=position,
        planned=_file(spec, "planned", at),
        places=_file(spec, "places", at),
        range_m=_number(spec, "range_m", at, _FARTHEST_M),
        side_m=_number(spec, "side_m", at, _FARTHEST_M),
        credit=_text(spec.credit, f"{at}.credit", _MOST_CREDIT_CHARACTERS) or None,
        apply_heading=spec.apply_heading,
        **given,
    )


def _files(given: Sequence[job_pb2.InputFile], at: str, fewest: int, most: int) -> tuple[InputFile, ...]:
    if not fewest <= len(given) <= most:
        raise invalid(at, f"{fewest} to {most} files, got {len(given)}")
    return tuple(_input(one, f"{at}[{index}]") for index, one in enumerate(given))


def _file(spec: _Spec, name: str, at: str) -> InputFile | None:
    return _input(getattr(spec, name), f"{at}.{name}") if spec.HasField(name) else None


def _input(given: job_pb2.InputFile, at: str) -> InputFile:
    if not is_filename(given.filename):
        words = "1 to 128 letters, digits and . _ + - , not starting with a dot"
        raise invalid(f"{at}.filename", words)
    digest = _identifier(_FILE, given.file, f"{at}.file", "files/ and 64 lower-case hexadecimal digits")
    return InputFile(sha256=digest, filename=given.filename)


def _choices(kind: str, spec: job_pb2.PanoramaSpec | job_pb2.MosaicSpec, at: str) -> dict[str, str]:
    """The options of words that are set, by name."""
    given = {}
    for (of_kind, option), allowed in CHOICES.items():
        value = getattr(spec, option) if of_kind == kind else ""
        if value and value not in allowed:
            raise invalid(f"{at}.{option}", f"{value[:40]!r}: choose one of {', '.join(allowed)}")
        if value:
            given[option] = value
    return given


def _number(
    spec: _Spec,
    name: str,
    at: str,
    less_than: float = math.inf,
) -> float | None:
    if not spec.HasField(name):
        return None
    value = float(getattr(spec, name))
    if not 0.0 < value < less_than:
        words = (
            "more than 0 and finite" if less_than == math.inf else f"more than 0 and less than {less_than:g}"
        )
        raise invalid(f"{at}.{name}", f"{words}, got {value:g}")
    return value


def _crs(text: str, at: str) -> str | None:
    if not text:
        return None
    if len(text) > _MOST_CRS_CHARACTERS:
        raise invalid(at, f"at most {_MOST_CRS_CHARACTERS} characters, got {len(text)}")
    is_proj = _PROJ.match(text) is not None
    if not (_AUTHORITY.fullmatch(text) or _WKT.match(text) or is_proj) or _has_controls(text, "\t\n\r"):
        raise invalid(at, "AUTHORITY:CODE as IAU_2015:49910, WKT, or +proj=...")
    if is_proj and _PROJ_FILES.search(text):
        raise invalid(at, "parameters that name files are not taken: no init, nadgrids, geoidgrids or grids")
    return text


def _text(text: str, at: str, most: int) -> str:
    if len(text) > most or _has_controls(text):
        raise invalid(at, f"at most {most} characters, none of them a control character")
    return text


def _has_controls(text: str, allowed: str = "") -> bool:
    # besides control characters those that turn the direction of a line, end it, or are half of a character
    return any(one not in allowed and unicodedata.category(one) in _UNPRINTABLE for one in text)


def _labels(labels: Mapping[str, str]) -> dict[str, str]:
    if len(labels) > MOST_LABELS:
        raise invalid("job.labels", f"at most {MOST_LABELS}, got {len(labels)}")
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            raise invalid("job.labels", f"{key[:70]!r}: a key is [a-z][a-z0-9_-]{{0,62}}")
        _text(value, f"job.labels.{key}", MOST_LABEL_CHARACTERS)
    return dict(labels)


def _seconds(job: job_pb2.Job, name: str, least: float, most: float, default: float) -> float:
    if not job.HasField(name):
        return default
    duration: duration_pb2.Duration = getattr(job, name)
    seconds = duration.seconds + duration.nanos / 1e9
    if not least <= seconds <= most:
        raise invalid(f"job.{name}", f"{least:g} s to {most:g} s, got {seconds:g} s")
    return seconds


def _request_id(text: str) -> str | None:
    if not text:
        return None
    try:
        given = uuid.UUID(text)
    except ValueError:
        given = None
    if given is None or given.version != 4 or str(given) != text.lower():
        raise invalid("request_id", "a UUID 4, as 8-4-4-4-12 hexadecimal digits, or nothing")
    return str(given)

"""What a job is asked to make, as it is kept: the commands' options with files named by their content."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import dataclass, fields
from typing import Any, ClassVar

Extent = tuple[float, float, float, float]
LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file of a job."""

    sha256: str
    """Of its content, 64 lower-case hexadecimal digits."""
    filename: str
    """As the product's own: formats and products are told by it; a plain name that no path can be made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanoramaSpec:
    """As `hinterland.publish.panorama.PanoramaRequest`, whose defaults these are."""

    kind: ClassVar[str] = "panorama"

    frames: tuple[InputFile, ...]
    metadata: tuple[InputFile, ...] = ()
    surface: str = "auto"
    projection: str = "cylindrical"
    pixels_per_degree: float | None = None
    kernel: str = "lanczos3"
    nav: InputFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MosaicSpec:
    """As `hinterland.publish.mosaic.MosaicRequest`, whose defaults these are."""

    kind: ClassVar[str] = "mosaic"

    rasters: tuple[InputFile, ...]
    crs: str | None = None
    resolution: float | None = None
    extent: Extent | None = None
    method: str = "blend"
    priority: str | None = None
    level: str = "auto"
    kernel: str = "bilinear"
    compress: str = "deflate"
    reference: InputFile | None = None
    join: str = "seams"
    feather_px: float | None = None
    fill_m: float | None = None
    relief: bool = False
    slope: bool = False
    light: tuple[float, float] | None = None
    """Azimuth and elevation, degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewSpec:
    """As `hinterland.maps.overview.OverviewRequest`, whose defaults these are."""

    kind: ClassVar[str] = "overview"

    panorama: str
    """Identifier of the panorama's job."""
    base_maps: tuple[InputFile, ...]
    dem: InputFile | None = None
    routes: tuple[InputFile, ...] = ()
    position: LonLat | None = None
    planned: InputFile | None = None
    places: InputFile | None = None
    range_m: float | None = None
    mast_height_m: float = 2.0
    side_m: float | None = None
    width_px: int = 2000
    credit: str | None = None
    apply_heading: bool = False


Spec = PanoramaSpec | MosaicSpec | OverviewSpec
KINDS: dict[str, type[Spec]] = {spec.kind: spec for spec in (PanoramaSpec, MosaicSpec, OverviewSpec)}
_HINTS = {kind: typing.get_type_hints(spec) for kind, spec in KINDS.items()}


def input_files(spec: Spec) -> tuple[InputFile, ...]:
    """All files of a spec, in the order of its fields."""
    found: list[InputFile] = []
    for field in fields(spec):
        value = getattr(spec, field.name)
        found += [
            one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, InputFile)
        ]
    return tuple(found)


def to_json(spec: Spec) -> str:
    """The canonical text of a spec: equal specs give equal texts."""
    return json.dumps(spec, default=_by_name, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _by_name(value: Spec | InputFile) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def from_json(kind: str, text: str) -> Spec:
    """Read what `to_json` wrote."""
    kept: dict[str, Any] = json.loads(text)
    spec = KINDS[kind]
    hints = _HINTS[kind]
    return spec(**{name: _value(hints[name], value) for name, value in kept.items()})


def _value(hint: Any, value: Any) -> Any:  # noqa: ANN401 - as JSON has it
    if value is None:
        return None
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not types.NoneType)
    if hint is InputFile:
        return InputFile(**value)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_value(inner, one) for one in value)
    return value

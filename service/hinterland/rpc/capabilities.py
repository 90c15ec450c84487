"""Choices of the jobs' options, said here so that the server need not load the engine; a test compares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType

from hinterland.api.v1 import server_pb2
from hinterland.jobs.specs import KINDS

_KERNELS = ("nearest", "bilinear", "bicubic", "lanczos3")

CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("panorama", "surface"): ("auto", "plane", "infinity"),
        ("panorama", "projection"): ("cylindrical",),
        ("panorama", "kernel"): _KERNELS,
        ("mosaic", "method"): (
            "blend",
            "first",
            "last",
            "min",
            "max",
            "mean",
            "median",
            "stddev",
            "count",
            "nmad",
        ),
        ("mosaic", "priority"): ("resolution", "order"),
        ("mosaic", "level"): ("auto", "gain", "offset", "plane", "none"),
        ("mosaic", "join"): ("seams", "feather"),
        ("mosaic", "kernel"): (*_KERNELS, "bspline3"),
        ("mosaic", "compress"): ("deflate", "zstd", "lzw", "none"),
    }
)
"""Values of an option, by kind of job and field of its spec."""


def capabilities() -> Iterator[server_pb2.Capability]:
    """Every option of every kind with its choices and default."""
    for kind, spec in KINDS.items():
        for field in fields(spec):
            has_default = field.default is not MISSING and not isinstance(field.default, tuple)
            default = field.default if has_default else None
            yield server_pb2.Capability(
                kind=kind,
                option=field.name,
                choices=CHOICES.get((kind, field.name), ()),
                default_value="" if default is None else _shown(default),
            )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""The report of an orbital mosaic: what was made, of what, and how each raster took part."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from hinterland import __version__
from hinterland.model.map_grids import MapGrid
from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.products.georeferenced import MapRaster
from hinterland.publish.run_facts import measured

if TYPE_CHECKING:
    from hinterland.adjust.levelling import Level
    from hinterland.mosaics.vertical_levelling import VerticalLevel

_REPORTED_VERSIONS = ("numpy", "numba", "rasterio", "pyproj")
_END_BYTES = 1 << 16


def mosaic_report(
    mosaic: Orthomosaic,
    rasters: Sequence[MapRaster],
    reference: MapRaster | None,
    options: Mapping[str, object],
    shown: set[int],
    timing_s: Mapping[str, float],
) -> dict[str, Any]:
    """The report as it is written, keys in a fixed order.

    Parameters
    ----------
    mosaic : Orthomosaic
        What was made.
    rasters : sequence of MapRaster
        The inputs, in the order given.
    reference : MapRaster or None
        What heights were levelled to.
    options : Mapping
        What the user asked for, as JSON values; goes into the digest of the inputs.
    shown : set of int
        Rasters, from 1, that some sample comes from; not used by methods whose samples have no one source.
    timing_s : Mapping
        Seconds per stage, in order.

    Returns
    -------
    dict
        JSON values only.
    """
    plan = mosaic.plan
    placed = {placement.index: position for position, placement in enumerate(plan.placements)}
    return {
        "grid": _grid_report(plan.grid),
        "options": dict(options),
        "method": plan.method,
        "bands": plan.bands,
        "dtype": plan.dtype.name,
        "rasters": [
            _raster_report(index, raster, mosaic, placed.get(index), shown)
            for index, raster in enumerate(rasters)
        ],
        "notes": list(plan.notes),
        **measured(timing_s),
        "backend": mosaic.backend.name,
        "versions": {"hinterland": __version__, **{name: version(name) for name in _REPORTED_VERSIONS}},
        "inputs_digest": _digest([*rasters, *([reference] if reference else [])], options),
    }


def _grid_report(grid: MapGrid) -> dict[str, Any]:
    return {
        "crs": grid.wkt,
        "affine": list(grid.affine),
        "lines": grid.lines,
        "samples": grid.samples,
        "bounds": list(grid.bounds),
    }


def _raster_report(
    index: int, raster: MapRaster, mosaic: Orthomosaic, position: int | None, shown: set[int]
) -> dict[str, Any]:
    one: dict[str, Any] = {"index": index + 1, "product": raster.path.name, "format": raster.driver}
    if position is None:
        return {**one, "used": False, "reason": "off the extent"}
    placement = mosaic.plan.placements[position]
    level: Level | None = None if mosaic.levels is None else mosaic.levels[position]
    heights = None if mosaic.heights is None else mosaic.heights.get(position)
    if mosaic.heights is not None and heights is None:
        return {**one, "used": False, "reason": "too few valid samples to level it"}
    used = not mosaic.plan.has_sources or index + 1 in shown
    return {
        **one,
        "resolution_m": placement.metres if math.isfinite(placement.metres) else None,
        "resampled": placement.shift is None,
        "reduced_by": placement.factor,
        "gain": None if level is None else list(level.gain),
        "offset": None if level is None else list(level.offset),
        "height_level": None if heights is None else _height_report(heights),
        "used": used,
        "reason": None if used else "hidden behind the other rasters, or without a valid sample",
    }


def _height_report(level: VerticalLevel) -> dict[str, Any]:
    return {
        "model": level.model,
        "offset_m": level.offset_m,
        "per_line_m": level.per_line_m,
        "per_sample_m": level.per_sample_m,
        "overlap_cells": level.overlap_cells,
        "inlier_share": level.inlier_share,
        "residual_nmad_m": level.residual_nmad_m,
    }


def _digest(rasters: Sequence[MapRaster], options: Mapping[str, object]) -> str:
    """Of what changes the result: options, and each input's name, size and both ends.

    The ends hold labels, and the places of a TIFF's blocks, which move with any change of what is compressed. To
    read whole inputs would take longer than many a mosaic.
    """
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for raster in rasters:
        with raster.path.open("rb") as file:
            first = file.read(_END_BYTES)
            size_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(0, size_bytes - _END_BYTES))
            last = file.read()
        digest.update(repr((raster.path.name, size_bytes)).encode() + first + last)
    return digest.hexdigest()

"""panorama.json: what was made, of what, and how well."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hinterland.model.grids import CylindricalGrid
from hinterland.model.products import Dropped
from hinterland.model.solution import Solution, SolvedFrame, SurfaceModel
from hinterland.publish.view import View

HIDDEN = "hidden behind the other frames"
"""Why a frame that was solved gives no pixel."""


def make_report(
    *,
    solution: Solution,
    grid: CylindricalGrid,
    view: View,
    used: Sequence[bool],
    dropped: Iterable[Dropped],
    visibility: float | None,
    timing_s: Mapping[str, float],
    peak_rss_bytes: int,
    backend: str,
    versions: Mapping[str, str],
    options: Mapping[str, object],
) -> dict[str, Any]:
    """The report as it is written, keys in a fixed order.

    Parameters
    ----------
    solution : Solution
        Of the stop.
    grid : CylindricalGrid
        Of the panorama.
    view : View
        What the valid pixels cover.
    used : Sequence[bool]
        Per frame of the solution, True if some pixel of the panorama comes from it.
    dropped : Iterable[Dropped]
        The inputs that take no part.
    visibility : float | None
        Of the seams; None where there are none.
    timing_s : Mapping[str, float]
        Seconds per stage, in order.
    peak_rss_bytes : int
        Largest resident memory of the process.
    backend : str
        "cpu" or "cuda".
    versions : Mapping[str, str]
        Of hinterland and of what the result depends on.
    options : Mapping[str, object]
        What the user asked for, as JSON values; goes into the digest of the inputs.

    Returns
    -------
    dict
        JSON values only.
    """
    stop = solution.frames[0].product.stop
    credits_ = dict.fromkeys(frame.product.credit for frame in solution.frames if frame.product.credit)
    return {
        "projection": _projection(grid, solution),
        "view": _view(view),
        "surface": _surface(solution.surface),
        "frames": [
            *(
                _frame(index, frame, used=flag)
                for index, (frame, flag) in enumerate(zip(solution.frames, used, strict=True), start=1)
            ),
            *(_dropped(entry) for entry in dropped),
        ],
        "residuals": {
            "tie_points": solution.residuals.tie_points,
            "median_px": solution.residuals.median_px,
            "p95_px": solution.residuals.p95_px,
            "prior_median_px": solution.residuals.prior_median_px,
        },
        "seams": {"visibility": visibility},
        "timing_s": dict(timing_s),
        "peak_rss_bytes": peak_rss_bytes,
        "backend": backend,
        "versions": dict(versions),
        "inputs_digest": inputs_digest((frame.product.sha256 for frame in solution.frames), options),
        "stop": {"mission": stop.mission, "site": stop.site, "drive": stop.drive},
        "credits": list(credits_),
    }


def inputs_digest(checksums: Iterable[str], options: Mapping[str, object]) -> str:
    """SHA-256, hexadecimal, over the inputs' own SHA-256 in order and the options: equal for equal work."""
    text = json.dumps(
        {"inputs": list(checksums), "options": dict(options)},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON.

    Raises
    ------
    ValueError
        If a number in it is not finite.
    """
    path.write_text(
        json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        encoding="utf-8",
        newline="\n",
    )


def _projection(grid: CylindricalGrid, solution: Solution) -> dict[str, Any]:
    return {
        "kind": "cylindrical",
        "azimuth_left_deg": grid.azimuth_left_deg,
        "elevation_top_deg": grid.elevation_top_deg,
        "pixels_per_degree": grid.pixels_per_degree,
        "samples": grid.samples,
        "lines": grid.lines,
        "origin_m": list(solution.viewpoint),
    }


def _view(view: View) -> dict[str, Any]:
    return {
        "azimuth_min_deg": view.azimuth_min_deg,
        "azimuth_max_deg": view.azimuth_max_deg,
        "azimuth_center_deg": view.azimuth_center_deg,
        "azimuth_width_deg": view.azimuth_width_deg,
        "compass": view.compass,
        "elevation_min_deg": view.elevation_min_deg,
        "elevation_max_deg": view.elevation_max_deg,
    }


def _surface(surface: SurfaceModel) -> dict[str, Any]:
    is_plane = surface.kind == "plane"
    return {
        "kind": surface.kind,
        "normal": list(surface.normal) if is_plane else None,
        "distance_m": surface.distance if is_plane and math.isfinite(surface.distance) else None,
        "source": surface.source,
    }


def _frame(index: int, frame: SolvedFrame, *, used: bool) -> dict[str, Any]:
    product = frame.product
    return {
        "index": index,
        "product": product.product_id,
        "url": product.url,
        "page": product.page,
        "sha256": product.sha256,
        "sol": product.sol,
        "site": product.stop.site,
        "drive": product.stop.drive,
        "instrument": product.instrument,
        "correction_deg": {
            "azimuth": frame.correction.azimuth_deg,
            "elevation": frame.correction.elevation_deg,
            "twist": frame.correction.twist_deg,
        },
        "gain": _per_band(frame.gain),
        "offset": _per_band(frame.offset),
        "tie_points": frame.tie_points,
        "residual_median_px": frame.residual_median_px,
        "used": used,
        "reason": None if used else HIDDEN,
        "time_utc": product.time_utc,
        "notes": list(product.notes),
    }


def _dropped(dropped: Dropped) -> dict[str, Any]:
    return {
        "index": None,
        "product": dropped.product,
        "url": None,
        "page": None,
        "sha256": None,
        "sol": None,
        "site": None,
        "drive": None,
        "instrument": None,
        "correction_deg": None,
        "gain": None,
        "offset": None,
        "tie_points": 0,
        "residual_median_px": None,
        "used": False,
        "reason": dropped.reason,
        "time_utc": None,
        "notes": [],
    }


def _per_band(values: tuple[float, ...]) -> float | list[float]:
    return values[0] if len(values) == 1 else list(values)

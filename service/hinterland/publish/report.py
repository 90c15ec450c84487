"""panorama.json: what was made, of what, and how well."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from hinterland.model.grids import CylindricalGrid
from hinterland.model.missions import mission_of
from hinterland.model.products import Dropped
from hinterland.model.solution import Correction, Solution, SolvedFrame, SurfaceModel
from hinterland.publish.run_facts import measured
from hinterland.publish.view import View

HIDDEN = "hidden behind the other frames"
MASKED = "every sample of it is masked"
TINY = "smaller than a pixel of the panorama"
"""Why a frame that was solved gives no pixel."""
UNTIED = "placed by its label's pointing alone: no tie point joins it to another frame"

MEDIAN_LIMIT_PX, P95_LIMIT_PX = 0.75, 2.0
"""Residuals above which frames do not fit each other: beside a seam that is seen at full size."""
_MOST_NAMES = 3


def make_report(
    *,
    solution: Solution,
    grid: CylindricalGrid,
    view: View,
    unused: Mapping[int, str],
    dropped: Iterable[Dropped],
    visibility: float | None,
    level_step: float | None,
    timing_s: Mapping[str, float],
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
    unused : Mapping[int, str]
        Why no pixel of the panorama comes from a frame, by its index in the solution; the others are used.
    dropped : Iterable[Dropped]
        The inputs that take no part.
    visibility, level_step : float | None
        Of the seams; None where there are none.
    timing_s : Mapping[str, float]
        Seconds per stage, in order, and "total".
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
    untied = _untied(solution)
    credits_ = dict.fromkeys(frame.product.credit for frame in solution.frames if frame.product.credit)
    return {
        "projection": _projection(grid, solution),
        "view": _view(view),
        "surface": _surface(solution.surface),
        "frames": [
            *(
                _frame(index + 1, frame, unused.get(index), notes=(UNTIED,) if index in untied else ())
                for index, frame in enumerate(solution.frames)
            ),
            *(_dropped(entry) for entry in dropped),
        ],
        "residuals": {
            "tie_points": solution.residuals.tie_points,
            "median_px": solution.residuals.median_px,
            "p95_px": solution.residuals.p95_px,
            "prior_median_px": solution.residuals.prior_median_px,
        },
        "seams": {"visibility": visibility, "level_step": level_step},
        "warnings": _warnings(solution, untied),
        **measured(timing_s),
        "backend": backend,
        "versions": dict(versions),
        "inputs_digest": inputs_digest((frame.product.sha256 for frame in solution.frames), options),
        "stop": {"mission": stop.mission, "site": stop.site, "drive": stop.drive},
        "credits": list(credits_),
    }


def place_of(report: Mapping[str, Any]) -> str:
    """Where and when, in words: "Perseverance, sol 14, site 3, drive 110"."""
    stop = report["stop"]
    mission = mission_of(stop["mission"])
    sols = sorted({frame["sol"] for frame in report["frames"] if frame["used"] and frame["sol"] is not None})
    when = f"sol {sols[0]}" if len(sols) == 1 else f"sols {sols[0]} to {sols[-1]}" if sols else None
    return ", ".join(
        part
        for part in (mission.rover or mission.name, when, f"site {stop['site']}", f"drive {stop['drive']}")
        if part
    )


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
        "heading": view.heading,
    }


def _surface(surface: SurfaceModel) -> dict[str, Any]:
    is_plane = surface.kind == "plane"
    return {
        "kind": surface.kind,
        "normal": list(surface.normal) if is_plane else None,
        "distance_m": surface.distance if is_plane and math.isfinite(surface.distance) else None,
        "source": surface.source,
    }


def _untied(solution: Solution) -> set[int]:
    """Frames of exposures that no tie point joins to another; none where there is one exposure, or no solve."""
    ties: dict[str, int] = {}
    for frame in solution.frames:
        ties[frame.product.exposure] = ties.get(frame.product.exposure, 0) + frame.tie_points
    if len(ties) < 2 or not solution.is_solved:
        return set()
    return {index for index, frame in enumerate(solution.frames) if not ties[frame.product.exposure]}


def _warnings(solution: Solution, untied: Collection[int]) -> list[str]:
    """What the user should know before trusting the picture."""
    found = []
    if untied:
        names = [solution.frames[index].product.product_id for index in sorted(untied)]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        placed = "frame is" if len(names) == 1 else "frames are"
        found.append(
            f"{len(names)} {placed} placed by the label's pointing alone, no tie point joins "
            f"{'it' if len(names) == 1 else 'them'} to another frame: {', '.join(names[:_MOST_NAMES])}{more}"
        )
    residuals = solution.residuals
    if residuals.median_px is not None and residuals.p95_px is not None:
        if residuals.median_px > MEDIAN_LIMIT_PX or residuals.p95_px > P95_LIMIT_PX:
            found.append(
                f"the frames fit each other to {residuals.median_px:.2f} px only, 95 % within "
                f"{residuals.p95_px:.2f} px: near ground that is not flat shows double at seams"
            )
        if all(frame.correction == Correction() for frame in solution.frames):
            found.append("the frames keep the labels' pointing: correcting it did not lower the residuals")
    cameras = sorted({frame.product.instrument for frame in solution.frames})
    if len(cameras) > 1:
        found.append(f"{len(cameras)} cameras are mixed, which see near ground apart: {', '.join(cameras)}")
    return found


def _frame(index: int, frame: SolvedFrame, reason: str | None, *, notes: tuple[str, ...]) -> dict[str, Any]:
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
        "used": reason is None,
        "reason": reason,
        "time_utc": product.time_utc,
        "notes": [*product.notes, *notes],
    }


def _dropped(dropped: Dropped) -> dict[str, Any]:
    return {
        "index": None,
        "product": dropped.product,
        "url": dropped.url,
        "page": dropped.page,
        "sha256": dropped.sha256,
        "sol": dropped.sol,
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

"""What the overview needs to know of a panorama, from its report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hinterland.errors import InputError
from hinterland.model.grids import CylindricalGrid

_ALL_ROUND_DEG = 359.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PanoramaView:
    """Where a panorama was taken and which way it looks."""

    mission: str | None
    """"M2020", "MSL" ...; None if the report does not say."""
    site: int
    """Site index of the stop."""
    drive: int
    """Drive index of the stop."""
    sols: tuple[int, ...]
    """Martian days of the frames used, ascending."""
    azimuth_min_deg: float
    """Left edge, from north through east, in [0, 360)."""
    azimuth_width_deg: float
    """Clockwise from the left to the right edge, at most 360."""
    elevation_min_deg: float
    """Lower edge, positive up."""
    elevation_max_deg: float
    """Upper edge."""
    viewpoint_m: tuple[float, float, float]
    """Where the view is taken from: north, east, down of the rover-nav origin."""
    credits: tuple[str, ...]
    """Credit lines of the frames."""

    @property
    def is_all_round(self) -> bool:
        """True if the view closes but for a sliver."""
        return self.azimuth_width_deg >= _ALL_ROUND_DEG

    @property
    def azimuth_max_deg(self) -> float:
        """Right edge, above the left one: beyond 360 where the view crosses north."""
        return self.azimuth_min_deg + self.azimuth_width_deg

    @property
    def azimuth_center_deg(self) -> float:
        """Middle, in [0, 360)."""
        return (self.azimuth_min_deg + 0.5 * self.azimuth_width_deg) % 360.0


def read_report(bundle: Path) -> dict[str, Any]:
    """Read the report of a bundle.

    Raises
    ------
    InputError
        If there is none.
    """
    path = bundle / "panorama.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{bundle}: not a panorama bundle: {path.name} cannot be read: {error.strerror or error}"
        raise InputError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{path}: not JSON: {error}"
        raise InputError(message) from error
    if not isinstance(report, dict):
        message = f"{path}: not a report: an object is needed"
        raise InputError(message)
    return report


def view_of(report: Mapping[str, Any], where: str) -> PanoramaView:
    """Take the stop and the view from a report.

    Parameters
    ----------
    report : mapping
        As in panorama.json.
    where : str
        For messages.

    Raises
    ------
    InputError
        If the report lacks what the map needs; the message names it.
    """
    view, projection = _part(report, "view", where), _part(report, "projection", where)
    left, right = _number(view, "azimuth_min_deg", where), _number(view, "azimuth_max_deg", where)
    low, high = _number(view, "elevation_min_deg", where), _number(view, "elevation_max_deg", where)
    if not -90.0 <= low < high <= 90.0:
        message = f"{where}: the view's elevations {low:g} to {high:g} are no range"
        raise InputError(message)
    origin = projection.get("origin_m")
    if not (isinstance(origin, list) and len(origin) == 3 and all(map(_is_number, origin))):
        message = f"{where}: projection.origin_m must be three numbers (north, east, down)"
        raise InputError(message)
    frames = [frame for frame in report.get("frames") or [] if isinstance(frame, dict) and frame.get("used")]
    site, drive, mission = _stop(report, frames, where)
    return PanoramaView(
        mission=mission,
        site=site,
        drive=drive,
        sols=tuple(sorted({frame["sol"] for frame in frames if isinstance(frame.get("sol"), int)})),
        azimuth_min_deg=left % 360.0,
        azimuth_width_deg=(right - left) % 360.0 or 360.0,
        elevation_min_deg=low,
        elevation_max_deg=high,
        viewpoint_m=(float(origin[0]), float(origin[1]), float(origin[2])),
        credits=tuple(credit for credit in report.get("credits") or [] if isinstance(credit, str)),
    )


def cylindrical_grid(report: Mapping[str, Any]) -> CylindricalGrid | None:
    """The panorama's grid; None if it is of another projection.

    Raises
    ------
    InputError
        If it is cylindrical, but the report does not say how.
    """
    projection = report.get("projection")
    if not isinstance(projection, dict) or projection.get("kind") != "cylindrical":
        return None
    names = ("azimuth_left_deg", "elevation_top_deg", "pixels_per_degree", "lines", "samples")
    try:
        return CylindricalGrid(**{key: projection[key] for key in names})
    except (KeyError, TypeError, ValueError) as error:
        message = f"the report's projection cannot be used: {error}"
        raise InputError(message) from error


def _stop(report: Mapping[str, Any], frames: list[dict[str, Any]], where: str) -> tuple[int, int, str | None]:
    """Site, drive and mission: of the report's stop, else of its first used frame."""
    stop = report.get("stop")
    for holder in (stop, *frames):
        if (
            isinstance(holder, dict)
            and isinstance(holder.get("site"), int)
            and isinstance(holder.get("drive"), int)
        ):
            mission = holder.get("mission")
            return holder["site"], holder["drive"], mission if isinstance(mission, str) else None
    message = f"{where}: it names neither a stop nor a used frame with site and drive"
    raise InputError(message)


def _part(report: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    part = report.get(name)
    if not isinstance(part, dict):
        message = f"{where}: it has no {name}: is it the report of a panorama?"
        raise InputError(message)
    return part


def _number(part: Mapping[str, Any], name: str, where: str) -> float:
    value = part.get(name)
    if not _is_number(value):
        message = f"{where}: {name} must be a number, got {value!r:.40}"
        raise InputError(message)
    return float(value)  # type: ignore[arg-type] # checked


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""All that an overview map shows, as values: what is drawn and what GeoJSON says are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hinterland.maps.ground import Ground
from hinterland.maps.local_frame import MapGrid
from hinterland.maps.panorama_view import PanoramaView
from hinterland.maps.route_files import Place
from hinterland.maps.routes import Line, RouteStop, is_same_place
from hinterland.maps.view import GroundView
from hinterland.model.grids import compass_point
from hinterland.model.missions import mission_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The contents of an overview map."""

    view: PanoramaView
    """Where the panorama looks."""
    stop: RouteStop
    """Where the rover is drawn."""
    stop_is_exact: bool
    """False if the route knows only a near drive of the same site."""
    mission: str | None
    """"M2020", "MSL"; None if neither panorama nor route says."""
    ground_view: GroundView
    """What the yellow lines bound."""
    heading: Mapping[str, Any] | None
    """What the skyline says of the view's heading, as `heading.heading_json` puts it; None without terrain."""
    track: tuple[Line, ...]
    """The route driven to the stop."""
    later_track: tuple[Line, ...]
    """What is known of the route after it."""
    stops: tuple[RouteStop, ...]
    """The stops of the route driven, ordered by site and drive."""
    later_stops: tuple[RouteStop, ...]
    """Those after it."""
    planned: tuple[Line, ...]
    """The route planned."""
    places: tuple[Place, ...]
    """Named places."""

    @property
    def rover(self) -> str:
        """What the rover is called."""
        return (mission_of(self.mission).rover if self.mission else None) or "Rover"

    @property
    def sols_text(self) -> str:
        """Words such as "sol 15" or "sols 15–17"; empty if no frame says."""
        sols = self.view.sols
        if not sols:
            return ""
        return f"sol {sols[0]}" if sols[0] == sols[-1] else f"sols {sols[0]}–{sols[-1]}"

    @property
    def title(self) -> str:
        """One line: who, when, where."""
        where = f"site {self.view.site}, drive {self.view.drive}"
        return " · ".join(part for part in (self.rover, self.sols_text, where) if part)

    @property
    def subtitle(self) -> str:
        """One line: which way the panorama looks, and what to know of the position."""
        view = self.view
        if view.is_all_round:
            words = "Panorama all round"
        else:
            left, right = round(view.azimuth_min_deg) % 360, round(view.azimuth_max_deg) % 360
            words = f"Panorama looks {compass_point(view.azimuth_center_deg)}, azimuth {left}° to {right}°"
        if self.heading is not None and self.heading["applied"]:
            words += f", turned {self.heading['correction_deg']:+.2f}° by the skyline"
        if not self.stop_is_exact:
            words += f" · position of drive {self.stop.drive}, the nearest one localised"
        return words

    @property
    def stops_by_sol(self) -> tuple[RouteStop, ...]:
        """The last stop of every sol, but for those where the rover is drawn."""
        last = {stop.sol: stop for stop in self.stops if stop.sol is not None}
        return tuple(stop for stop in last.values() if not is_same_place(stop.position, self.stop.position))


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSheet:
    """The ground of the map and of its inset."""

    grid: MapGrid
    """The map."""
    ground: Ground
    """What lies under it."""
    inset_grid: MapGrid
    """The inset."""
    inset_ground: Ground
    """What lies under that."""
    credit: str
    """Whose pictures these are."""

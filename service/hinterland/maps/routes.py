"""Where a rover has been: its stops, found by site and drive, and the ground track between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hinterland.errors import InputError

LonLat = tuple[float, float]
"""Longitude and latitude, degrees, east-positive and planetocentric."""
Line = tuple[LonLat, ...]
"""A line on the ground; at least two points."""
SiteDrive = tuple[int, int]
"""Site and drive of the rover motion counter: both only grow, so they order a mission's stops."""

_STILL_DEG = 1e-7  # 6 mm on Mars; waypoint files have 8 decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStop:
    """One localised stop of a rover."""

    site: int
    """Site index of the rover motion counter."""
    drive: int
    """Drive index; it starts anew with every site."""
    longitude_deg: float
    """East-positive."""
    latitude_deg: float
    """Planetocentric."""
    sol: int | None = None
    """Martian day on which the rover came to stand here; None if the file does not say."""
    elevation_m: float | None = None
    """Above the areoid; None if the file does not say."""
    yaw_deg: float | None = None
    """Heading, clockwise from north; None if the file does not say."""
    name: str | None = None
    """What the file calls the stop: "End-of-drive localization" ..."""

    @property
    def key(self) -> SiteDrive:
        """Site and drive."""
        return self.site, self.drive

    @property
    def position(self) -> LonLat:
        """Longitude and latitude, degrees."""
        return self.longitude_deg, self.latitude_deg


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The track of one drive, as driven."""

    line: Line
    """Longitudes and latitudes along it, degrees."""
    first: SiteDrive | None = None
    """Where it starts; None if the file does not say."""
    last: SiteDrive | None = None
    """Where it ends; None if the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The stops of a mission in the order they were reached, and the tracks known between them."""

    stops: tuple[RouteStop, ...]
    """By site and drive, each once."""
    segments: tuple[Segment, ...] = ()
    """Tracks finer than the stops, where a file has them."""
    mission: str | None = None
    """"M2020", "MSL"; None if the files do not show it."""

    def track(self) -> tuple[Line, ...]:
        """The route driven: the segments, and straight lines between neighbouring stops that none covers.

        Stops are not joined where a whole site lies between them: the file leaves out what was driven there.
        """
        joins: list[list[LonLat]] = []
        for one, other in pairwise(self.stops):
            # a new site is declared, or only the mast has moved; files round their degrees
            is_still = is_same_place(one.position, other.position)
            if is_still or other.site - one.site > 1 or self._is_covered(one.key, other.key):
                continue
            if joins and joins[-1][-1] == one.position:
                joins[-1].append(other.position)
            else:
                joins.append([one.position, other.position])
        return (*(segment.line for segment in self.segments), *(tuple(join) for join in joins))

    def split(self, stop: RouteStop) -> tuple[Route, Route]:
        """The route up to a stop of it, and from there on; a segment across it belongs to the latter."""
        before = tuple(known for known in self.stops if known.key <= stop.key)
        after = tuple(known for known in self.stops if known.key >= stop.key)
        done = [segment.last is None or segment.last <= stop.key for segment in self.segments]
        driven = tuple(segment for segment, flag in zip(self.segments, done, strict=True) if flag)
        later = tuple(segment for segment, flag in zip(self.segments, done, strict=True) if not flag)
        return replace(self, stops=before, segments=driven), replace(self, stops=after, segments=later)

    def _is_covered(self, one: SiteDrive, other: SiteDrive) -> bool:
        return any(
            segment.first is not None
            and segment.last is not None
            and max(one, segment.first) < min(other, segment.last)
            for segment in self.segments
        )


def make_route(
    stops: Iterable[RouteStop], segments: Iterable[Segment] = (), mission: str | None = None
) -> Route:
    """Order stops by site and drive; of several with one site and drive the first is kept."""
    unique: dict[SiteDrive, RouteStop] = {}
    for stop in stops:
        unique.setdefault(stop.key, stop)
    return Route(
        stops=tuple(sorted(unique.values(), key=lambda stop: stop.key)),
        segments=tuple(segments),
        mission=mission,
    )


def merge_routes(routes: Sequence[Route]) -> Route:
    """Make one route of several files of a mission; where two know a stop, the first file's is kept.

    Raises
    ------
    InputError
        If they are of different missions.
    """
    missions = {route.mission for route in routes} - {None}
    if len(missions) > 1:
        message = f"the route files are of different missions: {', '.join(sorted(map(str, missions)))}"
        raise InputError(message)
    return make_route(
        (stop for route in routes for stop in route.stops),
        (segment for route in routes for segment in route.segments),
        missions.pop() if missions else None,
    )


def find_stop(route: Route, site: int, drive: int) -> tuple[RouteStop, bool]:
    """Find where a rover stood.

    Parameters
    ----------
    route : Route
        The mission's stops.
    site, drive : int
        Of the rover motion counter, as the image's label gives them.

    Returns
    -------
    stop : RouteStop
        The stop itself, or of the same site the one whose drive is nearest (the earlier of two).
    exact : bool
        True if it is the stop itself.

    Raises
    ------
    InputError
        If the route has no stop of this site.
    """
    same_site = [stop for stop in route.stops if stop.site == site]
    if not same_site:
        message = f"the route has no stop of site {site}{_neighbours(route, site)}"
        raise InputError(message)
    nearest = min(same_site, key=lambda stop: (abs(stop.drive - drive), stop.drive))
    return nearest, nearest.drive == drive


def _neighbours(route: Route, site: int) -> str:
    sites = sorted({stop.site for stop in route.stops})
    if not sites:
        return " nor any other stop: give the mission's waypoints"
    below = [known for known in sites if known < site][-1:]
    above = [known for known in sites if known > site][:1]
    return (
        f"; its nearest sites are {' and '.join(map(str, below + above))}: give a file that covers the stop"
    )


def is_same_place(one: LonLat, other: LonLat) -> bool:
    """True if two places differ by no more than files round their degrees."""
    return math.dist(one, other) < _STILL_DEG


def distance_m(one: LonLat, other: LonLat, radius_m: float) -> float:
    """Great-circle distance between two points on a sphere."""
    lon_1, lat_1, lon_2, lat_2 = map(math.radians, (*one, *other))
    haversine = (
        math.sin(0.5 * (lat_2 - lat_1)) ** 2
        + math.cos(lat_1) * math.cos(lat_2) * math.sin(0.5 * (lon_2 - lon_1)) ** 2
    )
    return 2.0 * radius_m * math.asin(math.sqrt(min(1.0, haversine)))

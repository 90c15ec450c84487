"""The ground that a panorama shows: what a terrain model says is visible, or else a sector to a range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.panorama_image import PanoramaImage
from hinterland.maps.panorama_view import PanoramaView
from hinterland.maps.routes import Line, LonLat
from hinterland.maps.visibility import visible_ground
from hinterland.products.elevation import read_dem

MAST_HEIGHT_M = 2.0
DIRECTIONS_RANGE_M = 30.0
"""Without a terrain model: about as far as the ground fills a rover's picture; beyond, it is a guess."""

VIEWSHED_RANGE_M = 120.0
"""With one: what lies beyond covers few lines of the picture."""

_ARC_STEP_DEG = 1.0
_ON_EDGE_M = 0.2


class ViewKind(StrEnum):
    """What the yellow lines mean."""

    VIEWSHED = "viewshed"
    DIRECTIONS = "directions"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundView:
    """The ground that a panorama shows, for the map."""

    kind: ViewKind
    """How it was found."""
    viewpoint: LonLat
    """Where the view is taken from, degrees: the cameras, beside the rover's own origin."""
    range_m: float
    """How far it was looked for."""
    polygons: tuple[tuple[Line, ...], ...]
    """Each an outer ring and its holes, degrees, closed."""
    edges: tuple[Line, ...]
    """Left and right edge of the view from the viewpoint to the farthest ground seen there, degrees; none if
    the view is all round."""


def viewpoint_frame(stop_frame: LocalFrame, view: PanoramaView) -> LocalFrame:
    """The local frame about the viewpoint, which the panorama's azimuths are counted at."""
    north, east, _ = view.viewpoint_m
    ((lon, lat),) = stop_frame.to_degrees(((east, north),))
    return LocalFrame(longitude_deg=float(lon), latitude_deg=float(lat), radius_m=stop_frame.radius_m)


def directions_view(
    frame: LocalFrame,
    view: PanoramaView,
    *,
    range_m: float | None = None,
    mast_height_m: float = MAST_HEIGHT_M,
    image: PanoramaImage | None = None,
) -> GroundView:
    """The sector that a panorama looks at, as if the ground were level.

    Parameters
    ----------
    frame : LocalFrame
        About the viewpoint.
    view : PanoramaView
        Its azimuths and elevations.
    range_m : float, optional
        Farthest ground to claim; 30 m by default.
    mast_height_m : float
        Of the cameras above the ground.
    image : PanoramaImage, optional
        The panorama, whose frames seldom fill the rectangle of its azimuths and elevations.

    Returns
    -------
    GroundView
        From where the lower edge of the panorama meets level ground to where the upper one does, at most to
        the range. Where that is nothing, since the view begins beyond it, the sector starts at the viewpoint.
    """
    reach = DIRECTIONS_RANGE_M if range_m is None else range_m
    azimuths = _azimuths(view)
    nearest, farthest = _level_reaches(view, image, azimuths, reach, mast_height_m).T
    if not (nearest < farthest).any():
        nearest = np.zeros_like(nearest)
    return GroundView(
        kind=ViewKind.DIRECTIONS,
        viewpoint=(frame.longitude_deg, frame.latitude_deg),
        range_m=float(farthest.max()),
        polygons=_sector(frame, azimuths, nearest, farthest),
        edges=_edges(frame, view, farthest[[0, -1]]),
    )


def viewshed_view(
    frame: LocalFrame,
    view: PanoramaView,
    dem: Path,
    *,
    range_m: float | None = None,
    mast_height_m: float = MAST_HEIGHT_M,
    image: PanoramaImage | None = None,
) -> GroundView:
    """The ground that a panorama truly shows on an elevation model.

    Parameters
    ----------
    frame : LocalFrame
        About the viewpoint.
    view : PanoramaView
        Its azimuths and elevations.
    dem : Path
        The elevation model.
    range_m : float, optional
        Farthest ground to look at; 150 m by default.
    mast_height_m : float
        Of the cameras above the ground.
    image : PanoramaImage, optional
        The panorama, whose frames seldom fill the rectangle of its azimuths and elevations.

    Raises
    ------
    InputError
        If the elevation model cannot be read or does not hold the stop.
    """
    reach = VIEWSHED_RANGE_M if range_m is None else range_m
    place = (frame.longitude_deg, frame.latitude_deg)
    seen = visible_ground(
        read_dem(dem, longitude_deg=place[0], latitude_deg=place[1], range_m=reach),
        *place,
        view.azimuth_min_deg,
        view.azimuth_max_deg,
        mast_height_m=mast_height_m,
        range_m=reach,
        elevation_bottom_deg=view.elevation_min_deg,
        elevation_top_deg=view.elevation_max_deg,
        in_picture=None if image is None else image.shows,
    )
    polygons = tuple(
        (as_line(outline.outer), *(as_line(hole) for hole in outline.holes)) for outline in seen.polygons
    )
    sides = np.radians(_sides(view))
    _, level = _level_reaches(view, image, sides, reach, mast_height_m).T
    along = [_seen_along(frame, polygons, azimuth, reach) for azimuth in _sides(view)]
    return GroundView(
        kind=ViewKind.VIEWSHED,
        viewpoint=place,
        range_m=reach,
        polygons=polygons,
        edges=_edges(frame, view, np.minimum(along, level)),
    )


def as_line(lon_lat: NDArray[np.float64]) -> Line:
    """Pairs of plain numbers."""
    return tuple((float(lon), float(lat)) for lon, lat in lon_lat)


def _sides(view: PanoramaView) -> tuple[float, float]:
    return view.azimuth_min_deg, view.azimuth_max_deg


def _azimuths(view: PanoramaView) -> NDArray[np.float64]:
    """Rad, from the left edge to the right, a degree or less apart."""
    count = max(2, math.ceil(view.azimuth_width_deg / _ARC_STEP_DEG) + 1)
    return np.radians(np.linspace(view.azimuth_min_deg, view.azimuth_max_deg, count))


def _edges(frame: LocalFrame, view: PanoramaView, reaches_m: NDArray[np.float64]) -> tuple[Line, ...]:
    """Left and right edge of the view on the ground, to a distance each."""
    if view.is_all_round:
        return ()
    start = (frame.longitude_deg, frame.latitude_deg)
    return tuple((start, end) for end in as_line(frame.from_azimuths(_sides(view), reaches_m)))


def _seen_along(
    frame: LocalFrame, polygons: Sequence[Sequence[Line]], azimuth_deg: float, range_m: float
) -> float:
    """How far ground is seen along an edge of the view, m; the range if none touches it.

    The outlines are cut at the edges, so those that reach one have corners on it.
    """
    rings = [ring for polygon in polygons for ring in polygon]
    if not rings:
        return range_m
    east, north = frame.to_metres(np.concatenate([np.array(ring) for ring in rings])).T
    azimuth = math.radians(azimuth_deg)
    along = east * math.sin(azimuth) + north * math.cos(azimuth)
    beside = np.abs(east * math.cos(azimuth) - north * math.sin(azimuth))
    on_edge = along[(along > 0.0) & (beside < _ON_EDGE_M)]
    return float(on_edge.max(initial=0.0)) or range_m


def _level_reaches(
    view: PanoramaView,
    image: PanoramaImage | None,
    azimuths: NDArray[np.float64],
    range_m: float,
    height_m: float,
) -> NDArray[np.float64]:
    """Where the lower and the upper edge of the panorama meet level ground: (n, 2), m, at most the range."""
    whole = np.radians([view.elevation_min_deg, view.elevation_max_deg])
    spans = np.broadcast_to(whole, (len(azimuths), 2))
    if image is not None:
        shown = image.elevation_spans(azimuths)
        spans = np.where(np.isnan(shown), spans, shown)
    below = np.minimum(spans, -1e-9)  # from the horizon up a ray meets no ground
    reaches: NDArray[np.float64] = np.minimum(height_m / np.tan(-below), range_m)
    return reaches


def _sector(
    frame: LocalFrame,
    azimuths: NDArray[np.float64],
    nearest_m: NDArray[np.float64],
    farthest_m: NDArray[np.float64],
) -> tuple[tuple[Line, ...], ...]:
    """Outlines of the ground between two distances at each azimuth."""
    toward = np.stack([np.sin(azimuths), np.cos(azimuths)], axis=-1)
    near, far = nearest_m[:, None] * toward, farthest_m[:, None] * toward
    seen = nearest_m < farthest_m
    pieces = [
        shapely.Polygon((near[k], far[k], far[k + 1], near[k + 1]))
        for k in range(len(azimuths) - 1)
        if seen[k] and seen[k + 1]
    ]
    return tuple(
        tuple(as_line(frame.to_degrees(np.array(ring.coords))) for ring in (part.exterior, *part.interiors))
        for part in shapely.get_parts(shapely.orient_polygons(shapely.union_all(pieces)))
    )

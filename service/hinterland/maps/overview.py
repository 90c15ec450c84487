"""The overview of a panorama: overview.png and overview.geojson."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hinterland
from hinterland.errors import InputError
from hinterland.maps.drawing import draw_overview
from hinterland.maps.extent import inset_grid, map_grid
from hinterland.maps.ground import body_radius, compose_ground
from hinterland.maps.heading import check_panorama, heading_json, read_terrain, turned
from hinterland.maps.layout import Layout
from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.overview_files import check_place, publish
from hinterland.maps.panorama_image import read_panorama
from hinterland.maps.panorama_view import PanoramaView, read_report, view_of
from hinterland.maps.route_files import read_places, read_planned, read_route
from hinterland.maps.routes import LonLat, Route, RouteStop, distance_m, find_stop, merge_routes
from hinterland.maps.scene import MapSheet, Scene
from hinterland.maps.skyline import HeadingCheck
from hinterland.maps.view import MAST_HEIGHT_M, GroundView, directions_view, viewpoint_frame, viewshed_view
from hinterland.model.missions import mission_of
from hinterland.products.basemaps import BaseMap, open_base_map

DEFAULT_WIDTH = 2000

_FARTHEST_M = 200_000.0
_MARS_RADIUS_M = 3396190.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRequest:
    """What to draw."""

    panorama: Path
    """Bundle of the panorama."""
    base_maps: tuple[Path, ...]
    """Rasters of the ground, in any order: the finest is drawn on top."""
    dem: Path | None = None
    """Elevation model: the yellow lines then bound what is truly visible."""
    route: tuple[Path, ...] = ()
    """Route files of the mission; the first that knows a stop is believed."""
    position: LonLat | None = None
    """Where the rover stood (east longitude, planetocentric latitude, degrees), where no route file knows."""
    planned: Path | None = None
    """Route planned."""
    places: Path | None = None
    """Named places."""
    range_m: float | None = None
    """How far to look: 30 m without, 120 m with an elevation model by default."""
    mast_height_m: float = MAST_HEIGHT_M
    """Of the cameras above the ground."""
    apply_heading: bool = False
    """Turn the view by the correction that the skyline gives, where it gives one; needs the elevation model."""
    side_m: float | None = None
    """Ground that a side of the map covers; as the view needs by default."""
    width_px: int = DEFAULT_WIDTH
    """Of the picture; it is laid out for print at 300 pixels an inch by default."""
    credit: str | None = None
    """Whose base maps these are; by default what the rasters say, or else their names."""
    out: Path | None = None
    """The picture, with the GeoJSON beside it; overview.png in the bundle by default."""


def make_overview(request: OverviewRequest) -> dict[str, Any]:
    """Draw the overview map of a panorama.

    Returns
    -------
    dict
        What was drawn, JSON values only: files, stop, view, base maps, the picture's affine, MMGIS's keys.

    Raises
    ------
    InputError
        If an input cannot be used; the message names it and the way out. Nothing is written then.
    """
    _check(request)
    picture = request.out or request.panorama / "overview.png"
    check_place(picture)
    layout = Layout.of_width(request.width_px)
    report = read_report(request.panorama)
    view = view_of(report, str(request.panorama / "panorama.json"))
    route = merge_routes([read_route(path) for path in request.route]) if request.route else None
    stop, is_exact = _locate(view, route, request.position)
    driven, later = (None, None) if route is None else route.split(stop)
    base_maps = [open_base_map(path) for path in request.base_maps]
    mission = view.mission or (route.mission if route is not None else None)
    frame = LocalFrame(
        longitude_deg=stop.longitude_deg,
        latitude_deg=stop.latitude_deg,
        radius_m=_radius(base_maps, mission),
    )
    with ThreadPoolExecutor(max_workers=1) as beside:  # files are read while the skylines are compared
        ground_view, view, check = _look(request, frame, view, report, beside)
        scene = Scene(
            view=view,
            stop=stop,
            stop_is_exact=is_exact,
            mission=mission,
            ground_view=ground_view,
            heading=None,
            track=driven.track() if driven is not None else (),
            later_track=later.track() if later is not None else (),
            stops=driven.stops if driven is not None else (),
            later_stops=tuple(known for known in later.stops if known.key > stop.key)
            if later is not None
            else (),
            planned=read_planned(request.planned) if request.planned is not None else (),
            places=read_places(request.places) if request.places is not None else (),
        )
        _check_distances(request, scene, frame.radius_m)
        sheet = _sheet(request, scene, frame, layout, base_maps)
    if check is not None:
        is_applied = request.apply_heading and check.result().correction_deg is not None
        scene = replace(scene, heading=heading_json(check.result(), is_applied=is_applied))
    drawing = draw_overview(scene, sheet, layout)
    return publish(picture, request.panorama, report, scene, sheet, layout, drawing)


def _check(request: OverviewRequest) -> None:
    if not request.base_maps:
        message = "an overview needs a base map: give one with --basemap"
        raise InputError(message)
    if request.apply_heading and request.dem is None:
        message = "a heading is corrected by the skyline of an elevation model: give one with --dem"
        raise InputError(message)
    for name, value in (
        ("range", request.range_m),
        ("mast height", request.mast_height_m),
        ("side", request.side_m),
    ):
        if value is not None and not 0.0 < value < _FARTHEST_M:
            message = (
                f"the {name} must be more than 0 and less than {_FARTHEST_M / 1000:.0f} km, got {value:g} m"
            )
            raise InputError(message)
    if request.position is not None and not (
        abs(request.position[0]) <= 360.0 and abs(request.position[1]) <= 90.0
    ):
        message = f"the position must be a longitude and a latitude in degrees, got {request.position}"
        raise InputError(message)


def _locate(view: PanoramaView, route: Route | None, position: LonLat | None) -> tuple[RouteStop, bool]:
    if position is not None:
        sol = view.sols[-1] if view.sols else None
        longitude, latitude = position
        given = RouteStop(
            site=view.site, drive=view.drive, longitude_deg=longitude, latitude_deg=latitude, sol=sol
        )
        return given, True
    if route is None:
        message = (
            "where the rover stood is not known: give its waypoints with --route or a place with --position"
        )
        raise InputError(message)
    if route.mission is not None and view.mission is not None and route.mission != view.mission:
        message = f"the route is one of {route.mission}, the panorama of {view.mission}"
        raise InputError(message)
    return find_stop(route, view.site, view.drive)


def _radius(base_maps: Sequence[BaseMap], mission: str | None) -> float:
    radius_m = body_radius(base_maps)
    on_mars = mission is not None and mission_of(mission).target == "Mars"
    if on_mars and abs(radius_m - _MARS_RADIUS_M) > 0.01 * _MARS_RADIUS_M:
        message = (
            f"{base_maps[0].path}: its coordinate system is of a body of {radius_m / 1000:.0f} km radius, "
            "not of Mars: set the right one with gdal_edit.py -a_srs, say IAU_2015:49900 for degrees"
        )
        raise InputError(message)
    return radius_m


def _look(
    request: OverviewRequest,
    frame: LocalFrame,
    view: PanoramaView,
    report: Mapping[str, Any],
    beside: Executor,
) -> tuple[GroundView, PanoramaView, Future[HeadingCheck] | None]:
    """The ground seen, the view as it is drawn, and what the skyline will say of its heading."""
    eye = viewpoint_frame(frame, view)
    image = read_panorama(request.panorama, report)
    options: dict[str, Any] = {"range_m": request.range_m, "mast_height_m": request.mast_height_m}
    if request.dem is None:
        return directions_view(eye, view, **options, image=image), view, None
    terrain = read_terrain(request.dem, eye)
    check = beside.submit(check_panorama, image, terrain, eye, request.mast_height_m)
    if request.apply_heading and (correction_deg := check.result().correction_deg) is not None:
        view, image = turned(view, image, correction_deg)
    return viewshed_view(eye, view, request.dem, **options, image=image), view, check


def _check_distances(request: OverviewRequest, scene: Scene, radius_m: float) -> None:
    groups: tuple[tuple[Path | None, Iterable[LonLat]], ...] = (
        (request.planned, (point for line in scene.planned for point in line)),
        (request.places, (place.position for place in scene.places)),
    )
    for path, points in groups:
        farthest = max((distance_m(scene.stop.position, point, radius_m) for point in points), default=0.0)
        if farthest > _FARTHEST_M:
            message = (
                f"{path}: a point of it lies {farthest / 1000:.0f} km from the rover: is it of this mission?"
            )
            raise InputError(message)


def _sheet(
    request: OverviewRequest, scene: Scene, frame: LocalFrame, layout: Layout, base_maps: Sequence[BaseMap]
) -> MapSheet:
    grid = map_grid(frame, scene.ground_view, layout.map_samples, side_m=request.side_m)
    ground = compose_ground(base_maps, grid)
    if not ground.layers:
        names = ", ".join(path.name for path in request.base_maps)
        message = (
            f"{names}: no base map reaches the stop at {scene.stop.longitude_deg:.5f}, "
            f"{scene.stop.latitude_deg:.5f}: give one that covers it"
        )
        raise InputError(message)
    around = inset_grid(grid, [*scene.track, *scene.later_track, *scene.planned], layout.inset_samples)
    inset = compose_ground(base_maps, around, skip_costly=True)
    shown = {layer.path for layer in (*ground.layers, *inset.layers)}
    return MapSheet(
        grid=grid,
        ground=ground,
        inset_grid=around,
        inset_ground=inset,
        credit=_credit(request, scene, [base_map for base_map in base_maps if base_map.path in shown]),
    )


def _credit(request: OverviewRequest, scene: Scene, base_maps: Sequence[BaseMap]) -> str:
    said = request.credit or "; ".join(
        dict.fromkeys(base_map.credit or base_map.path.name for base_map in base_maps)
    )
    parts = [f"Panorama: {'; '.join(scene.view.credits)}."] if scene.view.credits else []
    parts.append(f"Base map: {said}.")
    parts.append(
        f"Azimuthal equidistant about the rover; planetocentric, east. hinterland\u00a0{hinterland.__version__}"
    )
    return " ".join(part.replace("..", ".") for part in parts)

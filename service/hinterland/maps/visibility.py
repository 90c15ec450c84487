"""What a panorama sees of an elevation model: the viewshed in its frame, as a mask and as outlines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.products.elevation import Dem, outlines
from hinterland_kernels.terrain import Eye, elevation_angles, viewshed, wedge

InPicture = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
"""True for the azimuths and elevations (rad) that a panorama shows."""

LEAST_CELLS = 9
"""Smaller patches, seen or unseen, are left out of the outlines; the mask keeps them."""

_SIMPLIFICATION = 1.0  # cells: takes the stairs off an edge, which is known to half a cell
_ARC_STEP = math.radians(1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """One patch of ground, by longitude and latitude in degrees."""

    outer: NDArray[np.float64]
    """(n, 2), closed, counter-clockwise."""
    holes: tuple[NDArray[np.float64], ...]
    """Each (n, 2), closed, clockwise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VisibleGround:
    """The ground that a panorama shows."""

    kind: str
    """"viewshed": computed from terrain."""
    product: str
    """The elevation model."""
    mask: NDArray[np.bool_]
    """(lines, samples) of the elevation model, True where seen."""
    affine: tuple[float, float, float, float, float, float]
    """Of the mask, as `Dem.affine`."""
    crs_wkt: str
    """Of the mask's map."""
    polygons: tuple[Outline, ...]
    """What the mask marks, cut exactly at the panorama's azimuths and the range."""
    tolerance_m: float
    """How far the outlines may be off the edges of cells; patches below `LEAST_CELLS` cells are left out."""
    farthest_m: float
    """Distance of the farthest cell seen; 0 where none is."""
    mast_height_m: float
    """Of the eye above the ground."""


def observe(dem: Dem, longitude_deg: float, latitude_deg: float, mast_height_m: float) -> Eye:
    """Put an eye on a mast on the ground of an elevation model.

    Raises
    ------
    InputError
        If the elevation model has no ground there, or the mast has no height.
    """
    if not (mast_height_m > 0 and math.isfinite(mast_height_m)):
        message = f"a mast has a positive height, got {mast_height_m} m"
        raise InputError(message)
    line, sample = dem.position(longitude_deg, latitude_deg)
    ground = dem.height_at(line, sample)
    if math.isnan(ground):
        message = (
            f"{dem.product}: has no height at longitude {longitude_deg:.6f}, latitude {latitude_deg:.6f}; "
            "give an elevation model that holds the stop"
        )
        raise InputError(message)
    return Eye(
        line=line,
        sample=sample,
        height=ground + mast_height_m,
        metres_per_line=dem.metres_per_line,
        metres_per_sample=dem.metres_per_sample,
        radius=dem.radius_m,
    )


def visible_ground(
    dem: Dem,
    longitude_deg: float,
    latitude_deg: float,
    azimuth_left_deg: float,
    azimuth_right_deg: float,
    *,
    mast_height_m: float = 2.0,
    range_m: float | None = None,
    elevation_bottom_deg: float | None = None,
    elevation_top_deg: float | None = None,
    in_picture: InPicture | None = None,
) -> VisibleGround:
    """Find the ground that a panorama shows.

    Parameters
    ----------
    dem : Dem
        Terrain around the stop. It is taken as true to scale with the metres at its site, and lines of sight
        as straight on its grid.
    longitude_deg, latitude_deg : float
        The stop, east positive.
    azimuth_left_deg, azimuth_right_deg : float
        Outer edges of the panorama, clockwise from left to right; across north, right may be less than left.
        360 degrees apart is all round.
    mast_height_m : float
        Of the cameras above the ground.
    range_m : float, optional
        Ground further away is left out.
    elevation_bottom_deg, elevation_top_deg : float, optional
        Outer edges of the panorama: ground below (too near) or above them is not in the picture.
    in_picture : callable, optional
        Which directions inside those edges the panorama shows: the frames seldom fill the rectangle. Cells
        are asked for at their centres.

    Returns
    -------
    VisibleGround
        Exact by the definition of `hinterland_kernels.terrain.viewshed`.

    Raises
    ------
    InputError
        If the elevation model has no ground at the stop, or an option has no sense.
    """
    _check(azimuth_left_deg, azimuth_right_deg, range_m, elevation_bottom_deg, elevation_top_deg)
    eye = observe(dem, longitude_deg, latitude_deg, mast_height_m)
    left = math.radians(azimuth_left_deg) - dem.up_azimuth
    right = math.radians(azimuth_right_deg) - dem.up_azimuth
    reach = math.inf if range_m is None else range_m
    margin = math.hypot(eye.metres_per_line, eye.metres_per_sample)
    wanted = wedge(dem.shape, eye, left, right, range_m=reach, margin_m=margin)
    angles = elevation_angles(dem.heights, dem.mask, eye)
    bottom = -90.0 if elevation_bottom_deg is None else elevation_bottom_deg
    top = 90.0 if elevation_top_deg is None else elevation_top_deg
    wanted &= (angles >= math.radians(bottom)) & (angles <= math.radians(top))  # nan is neither
    if in_picture is not None:
        wanted &= in_picture(_azimuths(dem.shape, eye) + dem.up_azimuth, angles.astype(np.float64))
    seen = viewshed(dem.heights, dem.mask, eye, wanted=wanted)
    strict = seen & wedge(dem.shape, eye, left, right, range_m=reach)
    farthest_m = _farthest(strict, eye)
    tolerance_m = _SIMPLIFICATION * max(eye.metres_per_line, eye.metres_per_sample)
    sector = _sector(left, right, reach, farthest_m + 2.0 * margin)
    return VisibleGround(
        kind="viewshed",
        product=dem.product,
        mask=strict,
        affine=dem.affine,
        crs_wkt=dem.crs_wkt,
        polygons=_draw(seen, dem, eye, sector, tolerance_m),
        tolerance_m=tolerance_m,
        farthest_m=farthest_m,
        mast_height_m=mast_height_m,
    )


def _check(
    azimuth_left_deg: float,
    azimuth_right_deg: float,
    range_m: float | None,
    elevation_bottom_deg: float | None,
    elevation_top_deg: float | None,
) -> None:
    if not (math.isfinite(azimuth_left_deg) and math.isfinite(azimuth_right_deg)):
        message = f"azimuths must be numbers, got {azimuth_left_deg} to {azimuth_right_deg} degrees"
        raise InputError(message)
    if range_m is not None and not range_m > 0:
        message = f"a range must be positive, got {range_m} m"
        raise InputError(message)
    bottom = -90.0 if elevation_bottom_deg is None else elevation_bottom_deg
    top = 90.0 if elevation_top_deg is None else elevation_top_deg
    if not bottom < top:
        message = f"the lower edge must be below the upper, got elevations {bottom} to {top} degrees"
        raise InputError(message)


def _azimuths(shape: tuple[int, int], eye: Eye) -> NDArray[np.float64]:
    """Of the centres of cells, clockwise from lower lines, rad."""
    up = (eye.line - np.arange(shape[0])) * eye.metres_per_line
    right = (np.arange(shape[1]) - eye.sample) * eye.metres_per_sample
    azimuths: NDArray[np.float64] = np.arctan2(right[None, :], up[:, None])
    return azimuths


def _farthest(mask: NDArray[np.bool_], eye: Eye) -> float:
    lines, samples = np.nonzero(mask)
    distances = np.hypot(
        (lines - eye.line) * eye.metres_per_line, (samples - eye.sample) * eye.metres_per_sample
    )
    return float(distances.max(initial=0.0))


def _sector(left: float, right: float, reach: float, beyond_m: float) -> shapely.Polygon:
    """The panorama's sector around the eye, m, x across samples and y towards lower lines of the grid."""
    radius = reach if math.isfinite(reach) else beyond_m / math.cos(_ARC_STEP)
    width = right - left
    full = width >= 2.0 * math.pi - 1e-9
    width = 2.0 * math.pi if full else width % (2.0 * math.pi)
    azimuths = left + np.linspace(0.0, width, max(2, math.ceil(width / _ARC_STEP) + 1))
    arc = radius * np.stack([np.sin(azimuths), np.cos(azimuths)], axis=-1)
    return shapely.Polygon(arc if full else np.concatenate([[[0.0, 0.0]], arc]))


def _draw(
    seen: NDArray[np.bool_], dem: Dem, eye: Eye, sector: shapely.Polygon, tolerance_m: float
) -> tuple[Outline, ...]:
    """Outlines of what is seen inside the sector."""
    scale = np.array([eye.metres_per_sample, -eye.metres_per_line])
    origin = np.array([eye.sample, eye.line])

    def to_metres(ring: NDArray[np.float64]) -> NDArray[np.float64]:
        metres: NDArray[np.float64] = (ring[:, ::-1] - origin) * scale
        return metres

    def to_places(ring: shapely.LinearRing) -> NDArray[np.float64]:
        samples_and_lines = np.array(ring.coords) / scale + origin
        return dem.places(samples_and_lines[:, ::-1])

    least_m2 = LEAST_CELLS * eye.metres_per_line * eye.metres_per_sample
    found = []
    for outer, holes in outlines(seen, LEAST_CELLS):
        patch = shapely.Polygon(to_metres(outer), [to_metres(hole) for hole in holes])
        cut = shapely.intersection(patch.simplify(tolerance_m), sector)
        for part in shapely.get_parts(cut):
            if part.geom_type == "Polygon" and part.area >= 0.5 * least_m2:
                ordered = shapely.orient_polygons(part)
                found.append(
                    Outline(
                        outer=to_places(ordered.exterior),
                        holes=tuple(to_places(hole) for hole in ordered.interiors),
                    )
                )
    return tuple(found)

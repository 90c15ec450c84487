"""The heading of a panorama, checked: its skyline against the one that an elevation model predicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.panorama_image import PanoramaImage
from hinterland.maps.panorama_view import PanoramaView
from hinterland.maps.skyline import HeadingCheck, check_heading, predict_skyline
from hinterland.products.elevation import Dem, read_dem

MOST_CELLS = 1 << 24
"""Of the elevation model around the stop that the horizon is looked for on: 4 km at 1 m."""


def read_terrain(dem: Path, viewpoint: LocalFrame) -> Dem:
    """Read the elevation model on which the horizon is looked for: of a large one `MOST_CELLS` cells.

    Raises
    ------
    InputError
        If it cannot be read or does not hold the viewpoint.
    """
    return read_dem(
        dem,
        longitude_deg=viewpoint.longitude_deg,
        latitude_deg=viewpoint.latitude_deg,
        most_cells=MOST_CELLS,
    )


def check_panorama(
    image: PanoramaImage | None, terrain: Dem, viewpoint: LocalFrame, mast_height_m: float
) -> HeadingCheck:
    """Compare the skyline of a panorama with the one that an elevation model predicts.

    Parameters
    ----------
    image : PanoramaImage or None
        The panorama; None if the bundle holds none that can be compared.
    terrain : Dem
        About the viewpoint.
    viewpoint : LocalFrame
        About the place of the cameras.
    mast_height_m : float
        Of the cameras above the ground.

    Raises
    ------
    InputError
        If the elevation model has no height at the viewpoint.
    """
    if image is None:
        reason = "the bundle has no panorama.tif in a cylindrical projection"
        return HeadingCheck(correction_deg=None, uncertainty_deg=None, reason=reason)
    place = viewpoint.longitude_deg, viewpoint.latitude_deg
    predicted = predict_skyline(terrain, *place, mast_height_m=mast_height_m)
    return check_heading(image.skyline(), image.grid, predicted)


def turned(
    view: PanoramaView, image: PanoramaImage | None, degrees: float
) -> tuple[PanoramaView, PanoramaImage | None]:
    """A view, and what it shows, at a corrected heading."""
    left_deg = (view.azimuth_min_deg + degrees) % 360.0
    if image is not None:
        azimuth_left_deg = (image.grid.azimuth_left_deg + degrees) % 360.0
        image = replace(image, grid=replace(image.grid, azimuth_left_deg=azimuth_left_deg))
    return replace(view, azimuth_min_deg=left_deg), image


def heading_json(check: HeadingCheck, *, is_applied: bool) -> dict[str, Any]:
    """What the report says of a check: degrees to 1e-4, metres to 0.1."""

    def rounded(value: float | None, digits: int) -> float | None:
        return None if value is None else round(value, digits)

    return {
        "correction_deg": rounded(check.correction_deg, 4),
        "uncertainty_deg": rounded(check.uncertainty_deg, 4),
        "reason": check.reason,
        "elevation_offset_deg": rounded(check.elevation_offset_deg, 4),
        "horizon_m": rounded(check.horizon_m, 1),
        "applied": is_applied,
    }

"""A panorama in the words of MMGIS, the web map of the missions: it then loads there unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hinterland.errors import InputError
from hinterland.maps.panorama_view import cylindrical_grid


def mmgis_keys(
    report: Mapping[str, Any],
    *,
    url: str = "panorama.tif",
    name: str = "Panorama",
    size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Entry of a waypoint's `images`.

    Parameters
    ----------
    report : mapping
        As in panorama.json.
    url, name : str
        Where MMGIS finds the picture, and how it lists it.
    size : (lines, samples), optional
        Of the picture at `url` where it is the panorama reduced: MMGIS places a picture by its own size.

    Returns
    -------
    dict
        `azmin` is the left edge and may exceed `azmax`, the right one; all round has 360 between them.
        `elmax` and `elmin` belong to the centres of the first and last line, `elzero` is the line of
        elevation 0 counted from 1, as in JPL's own mosaics: elzero = elmax * rows per degree + 1.

    Raises
    ------
    InputError
        If the panorama is not cylindrical: MMGIS shows no other.
    """
    grid = cylindrical_grid(report)
    if grid is None:
        message = "MMGIS shows cylindrical panoramas only"
        raise InputError(message)
    lines, samples = grid.shape if size is None else size
    right = grid.azimuth_left_deg + grid.samples / grid.pixels_per_degree
    rows_per_degree = grid.pixels_per_degree * lines / grid.lines
    bottom = grid.elevation_top_deg - grid.lines / grid.pixels_per_degree
    return {
        "name": name,
        "isPanoramic": True,
        "url": url,
        "rows": lines,
        "columns": samples,
        "azmin": round(grid.azimuth_left_deg, 6),
        "azmax": round(right if grid.wraps or right <= 360.0 else right % 360.0, 6),
        "elmin": round(bottom + 0.5 / rows_per_degree, 6),
        "elmax": round(grid.elevation_top_deg - 0.5 / rows_per_degree, 6),
        "elzero": round(grid.elevation_top_deg * rows_per_degree + 0.5, 3),
    }

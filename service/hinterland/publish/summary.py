"""What was made and where to look, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hinterland.publish.report import place_of


def summary(out: Path, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that end a panorama command.

    Parameters
    ----------
    out : Path
        The bundle.
    report : Mapping
        Its panorama.json.
    """
    projection, residuals = report["projection"], report["residuals"]
    used = [frame for frame in report["frames"] if frame["used"]]
    left_out = [frame for frame in report["frames"] if not frame["used"]]
    yield f"{place_of(report)}: {report['view']['heading']}"
    frames = "1 frame" if len(used) == 1 else f"{len(used)} frames"
    yield f"{projection['samples']} x {projection['lines']} samples of {frames}"
    if residuals["median_px"] is not None:
        yield (
            f"{residuals['tie_points']} tie points: median {residuals['median_px']:.2f} px, "
            f"95 % within {residuals['p95_px']:.2f} px "
            f"(label pointing: {residuals['prior_median_px']:.2f} px), "
            f"surface {report['surface']['kind']}"
        )
    for frame in left_out:
        yield f"left out: {frame['product']}: {frame['reason']}"
    for warning in report["warnings"]:
        yield f"warning: {warning}"
    if "total" in report["timing_s"]:
        yield f"took {report['timing_s']['total']:.1f} s"
    yield f"look at   {out / 'index.html'}"
    yield f"image     {out / 'panorama.tif'}"


def mosaic_summary(out: Path, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that end a mosaic command: the mosaic's file and its report."""
    grid, rasters = report["grid"], report["rasters"]
    used = sum(raster["used"] for raster in rasters)
    yield f"{grid['samples']} x {grid['lines']} samples of {used} rasters, {report['method']}"
    for raster in rasters:
        if not raster["used"]:
            yield f"left out: {raster['product']}: {raster['reason']}"
        elif raster["height_level"]:
            found = raster["height_level"]
            yield (
                f"levelled: {raster['product']} by {found['offset_m']:+.2f} m in its middle, "
                f"{found['residual_nmad_m']:.2f} m are left"
            )
    yield from report["notes"]
    yield f"mosaic    {out}"


def overview_summary(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that end an overview command: where its map is, and what the skyline says of the heading."""
    yield f"map       {report['overview']}"
    yield f"shapes    {report['geojson']}"
    check = report["heading_check"]
    if check is not None and check["correction_deg"] is None:
        yield f"heading   not checked: {check['reason']}"
    elif check is not None:
        applied = "applied" if check["applied"] else "not applied"
        found = f"{check['correction_deg']:+.2f} +- {check['uncertainty_deg']:.2f} degrees"
        yield f"heading   skyline says {found} ({applied})"

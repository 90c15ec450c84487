"""What was made and where to look, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def summary(out: Path, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that end a panorama command.

    Parameters
    ----------
    out : Path
        The bundle.
    report : Mapping
        Its panorama.json.
    """
    projection, view, residuals = report["projection"], report["view"], report["residuals"]
    used = [frame for frame in report["frames"] if frame["used"]]
    left_out = [frame for frame in report["frames"] if not frame["used"]]
    yield (
        f"{projection['samples']} x {projection['lines']} samples of {len(used)} frames, "
        f"looking {view['compass']} ({view['azimuth_center_deg']:.0f} degrees)"
    )
    if residuals["median_px"] is not None:
        yield (
            f"{residuals['tie_points']} tie points: median {residuals['median_px']:.2f} px, "
            f"95 % within {residuals['p95_px']:.2f} px "
            f"(label pointing: {residuals['prior_median_px']:.2f} px), "
            f"surface {report['surface']['kind']}"
        )
    for frame in left_out:
        yield f"left out: {frame['product']}: {frame['reason']}"
    yield f"took {sum(report['timing_s'].values()):.1f} s"
    yield f"look at   {out / 'index.html'}"
    yield f"image     {out / 'panorama.tif'}"

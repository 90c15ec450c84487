"""The skyline of a panorama against the one that an elevation model predicts: a check of the heading."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.visibility import observe
from hinterland.model.grids import CylindricalGrid
from hinterland.products.elevation import Dem
from hinterland_kernels.terrain import horizon

Angles = NDArray[np.float64]

_TURN = 2.0 * math.pi
_RAY_STEP = math.radians(0.04)
_COARSE_STEP = math.radians(0.05)
_FINE_STEP = math.radians(0.005)
_AT_EDGE = 0.9  # a highest point this near to where the heights end may have higher ones behind it
_LEAST_WIDTH = math.radians(20.0)
_LEAST_RELIEF = math.radians(0.1)
_WORST_FIT = 0.5  # spread of the differences over that of the skyline itself
_RIVAL = 1.3  # a second heading must fit this much worse
_RIVAL_APART = math.radians(1.5)
_SECTIONS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictedSkyline:
    """What an elevation model says of the horizon, in equal steps from north clockwise all round."""

    elevations: Angles
    """(n,) rad; nan where there is no terrain."""
    distances_m: Angles
    """(n,) of what makes the horizon."""
    reaches_m: Angles
    """(n,) how far the heights go."""

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(n,) True where the horizon lies well inside the elevation model: it is likely the true one."""
        return self.distances_m < _AT_EDGE * self.reaches_m

    def at(self, azimuths: Angles) -> tuple[Angles, NDArray[np.bool_]]:
        """Elevations (rad) at azimuths (rad), and whether the horizon there lies inside; both (m,)."""
        places = np.mod(azimuths, _TURN) * (len(self.elevations) / _TURN)
        first = places.astype(np.int64) % len(self.elevations)
        second = (first + 1) % len(self.elevations)
        part = places - np.floor(places)
        elevations = (1.0 - part) * self.elevations[first] + part * self.elevations[second]
        return elevations, self.inside[first] & self.inside[second]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadingCheck:
    """What the comparison of two skylines says about a panorama's heading."""

    correction_deg: float | None
    """What to add to the panorama's azimuths; None where the comparison says nothing."""
    uncertainty_deg: float | None
    """Standard error of it, from how much sections of the skyline disagree. An error of the stop's position
    comes on top: 1 m turns a horizon d metres away by up to 57 / d degrees."""
    reason: str | None
    """Why there is no correction."""
    elevation_offset_deg: float | None = None
    """Median of observed less predicted elevation."""
    residual_deg: float | None = None
    """Robust spread of the differences."""
    horizon_m: float | None = None
    """Median distance of the predicted horizon."""
    width_deg: float = 0.0
    """Azimuths that were compared."""


def predict_skyline(
    dem: Dem, longitude_deg: float, latitude_deg: float, *, mast_height_m: float = 2.0
) -> PredictedSkyline:
    """Find the horizon around a stop, on a sphere and without refraction.

    Raises
    ------
    InputError
        If the elevation model has no ground at the stop.
    """
    eye = observe(dem, longitude_deg, latitude_deg, mast_height_m)
    steps = np.arange(round(_TURN / _RAY_STEP), dtype=np.float64)
    elevations, distances, reaches = horizon(dem.heights, dem.mask, eye, steps * _RAY_STEP - dem.up_azimuth)
    return PredictedSkyline(elevations=elevations, distances_m=distances, reaches_m=reaches)


def check_heading(
    lines: Angles, grid: CylindricalGrid, predicted: PredictedSkyline, *, search_deg: float = 10.0
) -> HeadingCheck:
    """Compare the skyline of a panorama with a predicted one.

    Parameters
    ----------
    lines : (n,) float64
        The panorama's skyline in equal steps across the grid, as `skyline_trace.trace_skyline` gives it:
        lines of the grid, nan where unknown.
    grid : CylindricalGrid
        The panorama.
    predicted : PredictedSkyline
        From the same stop.
    search_deg : float
        The heading is sought this far to either side.

    Returns
    -------
    HeadingCheck
        The shift in azimuth with the least robust spread of differences in elevation, whatever their median
        is. It says nothing, and why, where the elevation model ends before the horizon, the horizon has no
        features, or two headings fit.
    """
    azimuths, observed = _directions(lines, grid)
    known = np.isfinite(observed)
    azimuths, observed = azimuths[known], observed[known]
    step = math.radians(grid.samples / grid.pixels_per_degree) / max(len(lines), 1)
    if len(azimuths) * step < _LEAST_WIDTH:
        return _refuse(f"the panorama shows {math.degrees(len(azimuths) * step):.0f} degrees of skyline")
    elevations, inside = predicted.at(azimuths)
    share = float(np.mean(inside & np.isfinite(elevations)))
    if share < 0.5 or share * len(azimuths) * step < _LEAST_WIDTH:
        reach_m = float(np.median(predicted.reaches_m))
        return _refuse(
            f"the elevation model reaches {reach_m:.0f} m, and in {100 * (1 - share):.0f} % of directions "
            "its highest terrain is where it ends: the panorama's horizon lies beyond"
        )
    relief = _spread(elevations[inside])
    if relief < _LEAST_RELIEF:
        return _refuse(f"the horizon has no features: its spread is {math.degrees(relief):.2f} degrees")
    return _match(azimuths, observed, predicted, math.radians(search_deg), relief, step)


def _match(
    azimuths: Angles,
    observed: Angles,
    predicted: PredictedSkyline,
    search: float,
    relief: float,
    step: float,
) -> HeadingCheck:
    shifts = np.arange(-math.ceil(search / _COARSE_STEP), math.ceil(search / _COARSE_STEP) + 1) * _COARSE_STEP
    spreads = np.array([_spread(_differences(azimuths, observed, predicted, s)) for s in shifts])
    best = int(np.argmin(spreads))
    shift, spread = float(shifts[best]), float(spreads[best])
    if not spread <= _WORST_FIT * relief:
        return _refuse(
            f"the skylines do not match: they differ by {math.degrees(spread):.2f} degrees "
            f"where the horizon's spread is {math.degrees(relief):.2f}; the true horizon may lie beyond the "
            f"{float(np.median(predicted.reaches_m)):.0f} m that the elevation model reaches"
        )
    rivals = spreads[np.abs(shifts - shift) > _RIVAL_APART]
    if best in {0, len(shifts) - 1} or (len(rivals) and rivals.min() < _RIVAL * spread):
        return _refuse("the skylines match at more than one heading, or none within the search")
    shift = _refined(azimuths, observed, predicted, shift, spread)
    edges = np.linspace(0, len(azimuths), _SECTIONS + 1).astype(int)
    without = []
    for start, stop in itertools.pairwise(edges):
        kept = np.r_[0:start, stop : len(azimuths)]
        without.append(_refined(azimuths[kept], observed[kept], predicted, shift, spread))
    jackknife = math.sqrt((_SECTIONS - 1) * float(np.var(without)))
    differences = _differences(azimuths, observed, predicted, shift)
    _, inside = predicted.at(azimuths + shift)
    places = (np.mod(azimuths + shift, _TURN) / _RAY_STEP).astype(np.int64) % len(predicted.distances_m)
    return HeadingCheck(
        correction_deg=math.degrees(shift),
        uncertainty_deg=math.degrees(math.hypot(jackknife, _FINE_STEP)),
        reason=None,
        elevation_offset_deg=math.degrees(float(np.median(differences))),
        residual_deg=math.degrees(_spread(differences)),
        horizon_m=float(np.median(predicted.distances_m[places[inside]])),
        width_deg=math.degrees(step * float(np.sum(inside))),
    )


def _refined(
    azimuths: Angles, observed: Angles, predicted: PredictedSkyline, shift: float, spread: float
) -> float:
    """The shift with the least mean of a bounded loss, near a first one; smooth enough for a parabola."""
    bound = 3.0 * max(spread, 1e-6)
    near = shift + np.arange(-40, 41) * _FINE_STEP
    losses = np.empty(len(near))
    for k, one in enumerate(near):
        differences = _differences(azimuths, observed, predicted, float(one))
        off = np.minimum(np.abs(differences - np.median(differences)) / bound, 1.0)
        losses[k] = np.mean(1.0 - (1.0 - off * off) ** 3)  # Tukey's biweight
    least = min(max(int(np.argmin(losses)), 5), len(near) - 6)
    around = slice(least - 5, least + 6)
    curve, gradient, _ = np.polyfit(near[around] - near[least], losses[around], 2)
    if curve <= 0.0:
        return float(near[least])
    return float(near[least] - min(max(0.5 * gradient / curve, -5 * _FINE_STEP), 5 * _FINE_STEP))


def _differences(azimuths: Angles, observed: Angles, predicted: PredictedSkyline, shift: float) -> Angles:
    """Observed less predicted elevation where the predicted horizon counts."""
    elevations, inside = predicted.at(azimuths + shift)
    differences: Angles = (observed - elevations)[inside]
    return differences


def _directions(lines: Angles, grid: CylindricalGrid) -> tuple[Angles, Angles]:
    """Azimuths and elevations (rad) of a traced skyline."""
    samples = (np.arange(len(lines)) + 0.5) * (grid.samples / len(lines)) - 0.5
    directions = grid.directions(np.stack([lines, samples], axis=-1))
    return directions[:, 0], directions[:, 1]


def _spread(values: Angles) -> float:
    """Robust standard deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if len(values) else math.inf


def _refuse(reason: str) -> HeadingCheck:
    return HeadingCheck(correction_deg=None, uncertainty_deg=None, reason=reason)

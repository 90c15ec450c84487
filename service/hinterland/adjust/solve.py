"""Robust least squares for the rotations of the exposures and the plane of the ground, with priors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.ground import plane, tangents
from hinterland.adjust.transfer import (
    Array,
    Hits,
    Transfers,
    hits,
    projection_slopes,
    residuals,
    source_slopes,
    surface_slopes,
    target_slopes,
)
from hinterland.model.rotations import matrix_from_rotation_vector
from hinterland.model.solution import SurfaceModel

POINTING_SIGMA = np.radians([0.063, 0.063, 0.06])
"""Prior of azimuth, elevation and twist: one sigma of a mast's pointing (Mars 2020 camera pointing file)."""

PLANE_SIGMA = np.array([0.3, 0.15, 0.15])
"""Prior of a fitted plane about the nominal one: height (m) and two slopes (rad)."""

TIE_SIGMA_PX = 0.5
"""A tie point's own error; larger residuals count by their size, not by their square (soft L1)."""

_ITERATIONS = 40
_ENOUGH = 1e-7
_ROWS = 1 << 14  # of the normal equations that are multiplied out at a time
_UNSEEN_PX = 50.0  # stands for the residual of a point that the target cannot see


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a solve has found."""

    angles: Array
    """(exposures, 3) azimuth, elevation and twist, rad."""
    rotations: Array
    """(exposures, 3, 3) the same as matrices about the cameras' centres, local level."""
    surface: SurfaceModel
    """The surface, fitted or as given."""
    cost: float
    """Robust cost of the residuals and the priors."""


def turn(angles: Array, view: Array) -> tuple[Array, Array]:
    """Rotation by azimuth, elevation and twist (rad), and the axes about which each of them turns it further.

    Parameters
    ----------
    angles : (3,) float64
        Azimuth about the vertical, elevation about the horizontal right of the view, twist about the view,
        rad; twist is applied first.
    view : (3,) float64
        Unit viewing direction, local level.

    Returns
    -------
    rotation : (3, 3) float64
        Local level.
    axes : (3, 3) float64
        One axis a row.
    """
    azimuth = math.atan2(view[1], view[0])
    down, right = np.array([0.0, 0.0, 1.0]), np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    around, lift, twist = (
        matrix_from_rotation_vector(angle * axis)
        for angle, axis in zip(angles, (down, right, view), strict=True)
    )
    return around @ lift @ twist, np.stack([down, around @ right, around @ lift @ view])


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The data of a solve."""

    data: Transfers
    """The tie points' transfers."""
    sigma: Array
    """(n,) expected error of each transfer, px a coordinate."""
    exposure: NDArray[np.int64]
    """(images,) index of each image's exposure."""
    views: Array
    """(exposures, 3) unit viewing directions, local level."""
    start: SurfaceModel
    """The surface, or the plane to start from."""
    fit_plane: bool
    """Whether the plane moves."""
    turns_cameras: bool = True
    """Whether the cameras turn; if not, the answer is the surface for the labels' pointing."""

    @property
    def unknowns(self) -> int:
        """Three a exposure, three for a plane that moves."""
        return 3 * len(self.views) + (3 if self.fit_plane else 0)

    def surface(self, state: Array) -> tuple[SurfaceModel, float]:
        """The surface of a state, and the length of its normal before it was made a unit vector."""
        if not self.fit_plane:
            return self.start, 1.0
        height, *slopes = state[-3:]
        normal = np.array(self.start.normal)
        tilted = normal + np.array(slopes) @ tangents(normal)
        return plane(tilted, self.start.distance + height, source="fitted"), float(np.linalg.norm(tilted))

    def turns(self, state: Array) -> tuple[Array, Array]:
        """Rotations and axes of the exposures (exposures, 3, 3)."""
        both = [turn(state[3 * i : 3 * i + 3], view) for i, view in enumerate(self.views)]
        return np.stack([one for one, _ in both]), np.stack([axes for _, axes in both])

    @property
    def free(self) -> NDArray[np.bool_]:
        """(unknowns,) True for those that may change."""
        free = np.ones(self.unknowns, dtype=np.bool_)
        free[: 3 * len(self.views)] = self.turns_cameras
        return free

    @property
    def prior_sigma(self) -> Array:
        """(unknowns,) rad and m."""
        pointing = np.tile(POINTING_SIGMA, len(self.views))
        return np.concatenate([pointing, PLANE_SIGMA]) if self.fit_plane else pointing


def _robust(offsets: Array, sigma: Array) -> tuple[float, Array]:
    """Soft L1 cost and weights (n,) of residuals (n, 2); a tie point has two transfers, each counts half."""
    squares = (offsets**2).sum(axis=1) / sigma**2
    bent = np.sqrt(1.0 + squares)
    return 0.5 * float((bent - 1.0).sum()), 0.5 / (bent * sigma**2)


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A state, and what it costs."""

    state: Array
    """(unknowns,) rad and m."""
    rotations: Array
    axes: Array
    """Of the exposures, as `turn` gives them."""
    surface: SurfaceModel
    length: float
    """Of the surface's normal before it was made a unit vector."""
    found: Hits
    offsets: Array
    """(n, 2) residuals, px."""
    unseen: NDArray[np.bool_]
    """(n,) True where the target cannot see the hit."""
    weights: Array
    """(n,) of the residuals, 1/px**2."""
    cost: float
    """Robust cost of the residuals."""
    prior: float
    """Cost of the priors."""


def _tried(problem: Problem, state: Array) -> _Trial:
    rotations, axes = problem.turns(state)
    surface, length = problem.surface(state)
    found = hits(problem.data, rotations[problem.exposure], surface)
    offsets = residuals(problem.data, found)
    unseen = np.asarray(np.isnan(offsets).any(axis=1), dtype=np.bool_)
    offsets[unseen] = _UNSEEN_PX / math.sqrt(2.0)
    cost, weights = _robust(offsets, problem.sigma)
    return _Trial(
        state=state,
        rotations=rotations,
        axes=axes,
        surface=surface,
        length=length,
        found=found,
        offsets=offsets,
        unseen=unseen,
        weights=weights,
        cost=cost,
        prior=float(0.5 * ((state / problem.prior_sigma) ** 2).sum()),
    )


def _normal_equations(problem: Problem, trial: _Trial) -> tuple[Array, Array]:
    """Hessian and gradient of the cost with the weights of the present residuals."""
    data, found, surface, axes = problem.data, trial.found, trial.surface, trial.axes
    by_image = trial.rotations[problem.exposure]
    slopes = projection_slopes(data, found)
    slopes[trial.unseen | np.isnan(slopes).any(axis=(1, 2))] = 0.0
    slopes = slopes @ np.swapaxes(by_image[data.target], 1, 2)
    source, target = problem.exposure[data.source], problem.exposure[data.target]
    parts = [
        slopes @ source_slopes(found, surface, axes[source]),
        slopes @ target_slopes(found, axes[target]),
    ]
    columns = [3 * source[:, None] + np.arange(3), 3 * target[:, None] + np.arange(3)]
    if problem.fit_plane:
        moved = surface_slopes(data, found, tangents(np.array(problem.start.normal)))
        parts.append(slopes @ moved / trial.length)
        columns.append(np.broadcast_to(problem.unknowns - 3 + np.arange(3), (len(data), 3)))
    values = np.concatenate(parts, axis=2)
    index = np.repeat(np.concatenate(columns, axis=1), 2, axis=0)
    hessian, gradient = _summed(values, index, trial.weights, trial.offsets, problem.unknowns)
    inertia = problem.prior_sigma**-2
    return hessian + np.diag(inertia), gradient + inertia * trial.state


def _summed(
    slopes: Array, index: NDArray[np.int64], weights: Array, offsets: Array, unknowns: int
) -> tuple[Array, Array]:
    """Sums (unknowns, unknowns) and (unknowns,) over the transfers, which each move a few of the unknowns.

    Parameters
    ----------
    slopes : (n, 2, k) float64
        Of each transfer's residual by the k unknowns that move it, px.
    index : (2 n, k) int64
        Which they are.
    weights : (n,) float64
        Of the transfers, 1/px**2.
    offsets : (n, 2) float64
        Residuals, px.
    unknowns : int
        How many there are.
    """
    rows = slopes.reshape(index.shape)
    weighted = rows * np.repeat(weights, 2)[:, None]
    hessian, gradient = np.zeros(unknowns * unknowns), np.zeros(unknowns)
    np.add.at(gradient, index.ravel(), (weighted * offsets.reshape(-1, 1)).ravel())
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        places = index[part, :, None] * unknowns + index[part, None, :]
        np.add.at(hessian, places.ravel(), (rows[part, :, None] * weighted[part, None, :]).ravel())
    return hessian.reshape(unknowns, unknowns), gradient


def solve(problem: Problem) -> Fit:
    """Minimise the robust residuals and the priors by Levenberg-Marquardt steps.

    Parameters
    ----------
    problem : Problem
        Without tie points, the answer is the prior.

    Returns
    -------
    Fit
        Exposures that no tie point touches keep a rotation of zero.
    """
    free = problem.free
    best = _tried(problem, np.zeros(problem.unknowns))
    damping = 1e-4
    for _ in range(_ITERATIONS):
        hessian, gradient = _normal_equations(problem, best)
        hessian, gradient = hessian[np.ix_(free, free)], gradient[free]
        improved = False
        while damping < 1e6:
            step = np.zeros(problem.unknowns)
            step[free] = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), -gradient)
            trial = _tried(problem, best.state + step)
            if trial.cost + trial.prior < best.cost + best.prior:
                improved = True
                break
            damping *= 10.0
        if not improved:
            break
        gained = best.cost + best.prior - trial.cost - trial.prior
        best, damping = trial, max(damping * 0.1, 1e-9)
        if gained < _ENOUGH * (best.cost + best.prior):
            break
    return Fit(
        angles=best.state[: 3 * len(problem.views)].reshape(-1, 3),
        rotations=best.rotations,
        surface=best.surface,
        cost=best.cost + best.prior,
    )

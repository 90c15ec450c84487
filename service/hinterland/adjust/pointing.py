"""Pointing correction of one stop: one rotation an exposure, and the surface on which the images meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.ground import wheel_plane
from hinterland.adjust.solve import TIE_SIGMA_PX, Fit, Problem, solve
from hinterland.adjust.tie_points import TiePoints
from hinterland.adjust.transfer import Array, Transfers, transfers
from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY, Correction, Residuals, Solution, SolvedFrame, SurfaceModel
from hinterland_kernels.lattice import maps

SURFACES = ("auto", "plane", "infinity")

RELIEF = 0.03
"""How far, as a share of its range, the ground is expected to leave the plane: near tie points count less."""

EARNED = 0.9
"""A fitted plane replaces the simpler surface if it brings the cost below this share of the other's."""

GATE_DEG = 0.3
"""A match that the first robust solve leaves farther off than this is no tie point: over three sigma of the
relative pointing before the correction, 6 px of a Navcam with 1024 x 1024 pixels."""

CHOICE_TIES, CHOICE_PER_PAIR = 4000, 40
"""Tie points that the surface is chosen by: of all, and at least of each pair."""

TRIM, TRIM_FLOOR_PX, TRIM_ROUNDS = 4.0, 1.5, 3
"""The last solves leave out tie points beyond this many medians, but none below the floor. They still count
in the residuals."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stop:
    """The labels' cameras of one stop, and which images share a shutter."""

    cameras: tuple[CameraModel, ...]
    exposure: NDArray[np.int64]
    views: Array
    nominal: SurfaceModel

    def sigma(self, data: Transfers) -> Array:
        """Expected error (px) of each transfer: the match's own, and the parallax of relief."""
        scale = np.array([camera.pixels_per_radian for camera in self.cameras])[data.target]
        normal = np.array(self.nominal.normal)
        height = np.maximum(data.centers @ normal - self.nominal.distance, 0.1)
        nearness = np.maximum(-data.rays @ normal, 0.0) / height
        baseline = np.linalg.norm(data.centers - data.target_centers, axis=1)
        sigma: Array = np.hypot(TIE_SIGMA_PX, RELIEF * scale * baseline * nearness)
        return sigma


def _stop(images: Sequence[Image]) -> _Stop:
    cameras = tuple(image.product.camera_in_local_level for image in images)
    names = [image.product.exposure for image in images]
    order = {name: i for i, name in enumerate(dict.fromkeys(names))}
    exposure = np.array([order[name] for name in names], dtype=np.int64)
    views = np.zeros((len(order), 3))
    np.add.at(views, exposure, np.array([camera.axis for camera in cameras]))
    return _Stop(
        cameras=cameras,
        exposure=exposure,
        views=views / np.linalg.norm(views, axis=1, keepdims=True),
        nominal=wheel_plane([image.product for image in images]),
    )


def solve_pointing(images: Sequence[Image], ties: Sequence[TiePoints], surface: str = "auto") -> Solution:
    """Correct the pointing of one stop by its tie points, and choose the surface.

    Each exposure turns about its camera's centre by azimuth, elevation and twist; all its tiles turn with it.
    The labels' pointing is the prior: it holds what tie points leave free, such as the mean of a group of
    images that no tie point joins to the rest, and images without tie points altogether.

    Parameters
    ----------
    images : sequence of Image
        Of one stop.
    ties : sequence of TiePoints
        Between these images, from `find_tie_points`.
    surface : str
        "infinity"; "plane", the nominal plane under the wheels or one fitted to the tie points; or "auto",
        whichever of the three leaves the lowest robust residual. A fitted plane must earn its three numbers.
        Without tie points the nominal plane is taken.

    Returns
    -------
    Solution
        With gains of 1 and offsets of 0. Residuals are distances in the second image between the tie point
        and the first image's point carried over the surface, over all tie points inside the gate, trimmed or
        not. If the correction does not lower their median, the frames keep the labels' pointing and a
        correction of zero, and the median equals the prior one.

    Raises
    ------
    InputError
        If there is no image, or the surface is unknown.
    """
    if not images:
        message = "pointing needs an image: none of the inputs can be used"
        raise InputError(message)
    if surface not in SURFACES:
        message = f"surface {surface!r} is unknown: use one of {', '.join(SURFACES)}"
        raise InputError(message)
    stop = _stop(images)
    first = _chosen(stop, _thinned(ties), surface)
    turned = _turned(stop, first)
    accepted = [one.kept(_distances(turned, first.surface, [one]) <= _gate_px(stop, one)) for one in ties]
    if not sum(len(one) for one in accepted):
        usual = INFINITY if surface == "infinity" else stop.nominal
        return _solution(images, stop, _unturned(stop, usual), accepted, None)
    final = _trimmed(stop, accepted, first)
    label = _solve(stop, accepted, first.surface, turns_cameras=False)
    before = _median(_distances(stop.cameras, label.surface, accepted))
    after = _median(_distances(_turned(stop, final), final.surface, accepted))
    best = final if after is not None and before is not None and after < before else label
    return _solution(images, stop, best, accepted, before)


def _solve(
    stop: _Stop,
    ties: Sequence[TiePoints],
    surface: SurfaceModel,
    *,
    kept: NDArray[np.bool_] | None = None,
    turns_cameras: bool = True,
) -> Fit:
    """Solve on a surface; a fitted one is fitted again, from the nominal plane."""
    data = transfers(stop.cameras, ties)
    data = data if kept is None else data.kept(kept)
    fitted = surface.source == "fitted"
    problem = Problem(
        data=data,
        sigma=stop.sigma(data),
        exposure=stop.exposure,
        views=stop.views,
        start=stop.nominal if fitted else surface,
        fit_plane=fitted,
        turns_cameras=turns_cameras,
    )
    return solve(problem)


def _thinned(ties: Sequence[TiePoints]) -> list[TiePoints]:
    """At most about `CHOICE_TIES` of the tie points, from every pair, evenly."""
    most = max(CHOICE_PER_PAIR, CHOICE_TIES // max(1, len(ties)))
    return [
        one.kept(np.linspace(0, len(one) - 1, min(len(one), most)).round().astype(np.int64)) for one in ties
    ]


def _chosen(stop: _Stop, ties: Sequence[TiePoints], surface: str) -> Fit:
    """Solve on the surfaces allowed and choose one."""
    if surface == "infinity":
        return _solve(stop, ties, INFINITY)
    best = _solve(stop, ties, stop.nominal)
    if surface == "auto":
        far = _solve(stop, ties, INFINITY)
        best = far if far.cost < best.cost else best
    fitted = _solve(stop, ties, replace(stop.nominal, source="fitted"))
    penalty = 1.5 * math.log(1 + sum(len(one) for one in ties))  # Bayesian information criterion, 3 numbers
    return fitted if fitted.cost + penalty < EARNED * best.cost else best


def _trimmed(stop: _Stop, ties: Sequence[TiePoints], first: Fit) -> Fit:
    """Solve again without the tie points that the last solve left far off, until none is left out anew."""
    fit, used = first, -1
    for _ in range(TRIM_ROUNDS):
        distances = _distances(_turned(stop, fit), fit.surface, ties)
        kept = distances <= max(TRIM_FLOOR_PX, TRIM * float(np.median(distances)))
        if int(kept.sum()) == used:
            break
        used = int(kept.sum())
        fit = _solve(stop, ties, first.surface, kept=kept)
    return fit


def _unturned(stop: _Stop, surface: SurfaceModel) -> Fit:
    still = np.zeros((len(stop.views), 3))
    return Fit(angles=still, rotations=np.tile(np.eye(3), (len(still), 1, 1)), surface=surface, cost=0.0)


def _turned(stop: _Stop, fit: Fit) -> tuple[CameraModel, ...]:
    return tuple(
        camera.turned(fit.rotations[exposure])
        for camera, exposure in zip(stop.cameras, stop.exposure, strict=True)
    )


def _distances(
    cameras: Sequence[CameraModel], surface: SurfaceModel, ties: Sequence[TiePoints]
) -> NDArray[np.float64]:
    """Residuals of all tie points (n,), px of the second image; infinite where it cannot see the point."""
    parts = []
    for one in ties:
        first, second = cameras[one.first].numbers, cameras[one.second].numbers
        there = maps.image_to_images(first, second, surface.numbers, one.points_first)
        parts.append(np.hypot(*(there - one.points_second).T))
    distances = np.concatenate(parts or [np.empty(0)])
    distances[np.isnan(distances)] = math.inf
    return distances


def _gate_px(stop: _Stop, one: TiePoints) -> float:
    return math.radians(GATE_DEG) * stop.cameras[one.second].pixels_per_radian


def _median(distances: NDArray[np.float64]) -> float | None:
    return float(np.median(distances)) if len(distances) else None


def _solution(
    images: Sequence[Image], stop: _Stop, fit: Fit, ties: Sequence[TiePoints], prior_median: float | None
) -> Solution:
    cameras = _turned(stop, fit)
    distances = _distances(cameras, fit.surface, ties)
    touched = np.concatenate(
        [np.tile([one.first, one.second], (len(one), 1)) for one in ties] or [np.empty((0, 2), np.int64)]
    )
    frames = []
    for i, image in enumerate(images):
        azimuth, elevation, twist = (float(angle) for angle in np.degrees(fit.angles[stop.exposure[i]]))
        own = distances[(touched == i).any(axis=1)]
        bands = image.samples.shape[0]
        frames.append(
            SolvedFrame(
                product=image.product,
                camera=cameras[i],
                correction=Correction(azimuth_deg=azimuth, elevation_deg=elevation, twist_deg=twist),
                gain=(1.0,) * bands,
                offset=(0.0,) * bands,
                tie_points=len(own),
                residual_median_px=_median(own),
            )
        )
    x, y, z = (float(value) for value in np.mean([camera.center for camera in stop.cameras], axis=0))
    return Solution(
        frames=tuple(frames),
        surface=fit.surface,
        viewpoint=(x, y, z),
        residuals=Residuals(
            tie_points=len(distances),
            median_px=_median(distances),
            p95_px=float(np.percentile(distances, 95.0)) if len(distances) else None,
            prior_median_px=prior_median,
        ),
    )

"""Transfer of tie points from one image to another over the surface, with its derivatives.

A tie point's ray is turned by its exposure's correction, cut with the surface, and the hit is projected into
the other image. A small rotation `w` of the first camera about its centre C moves the hit X by
`P (w x (X - C))` with `P = I - d n' / (n . d)` for the ray d and the plane's normal n; a small rotation of
the second camera moves the hit as that camera sees it by `-w x (X - C2)`; a plane that moves by `dD` along n
and tilts by `dn` moves it by `d (dD - dn . X) / (n . d)`. At infinity the hit is a direction and only turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.tie_points import TiePoints
from hinterland.model.cameras import CameraModel
from hinterland.model.solution import SurfaceModel
from hinterland_kernels.lattice import maps
from hinterland_kernels.pixel.surface import FARTHEST

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Transfers:
    """Every tie point in both directions: what the first image sees, to be found again in the second.

    n counts transfers, two a tie point: first all from the first image to the second, then all back.
    """

    cameras: tuple[CameraModel, ...]
    """Of the images, as the labels point them, in the local-level frame."""
    source: NDArray[np.int64]
    """(n,) index of the image that the ray comes from."""
    target: NDArray[np.int64]
    """(n,) index of the image it goes to."""
    origins: Array
    """(n, 3) where the ray starts, m, by the label."""
    rays: Array
    """(n, 3) unit direction by the label."""
    centers: Array
    """(n, 3) centre of the source's camera, m."""
    target_centers: Array
    """(n, 3) centre of the target's camera, m."""
    observed: Array
    """(n, 2) line and sample where the target shows the point."""

    def __len__(self) -> int:
        return len(self.source)

    def kept(self, ties: NDArray[np.bool_]) -> Transfers:
        """The transfers of some of the tie points (m,), both directions."""
        both = np.concatenate([ties, ties])
        return Transfers(
            self.cameras,
            *(
                values[both]
                for values in (
                    self.source,
                    self.target,
                    self.origins,
                    self.rays,
                    self.centers,
                    self.target_centers,
                    self.observed,
                )
            ),
        )


def transfers(cameras: Sequence[CameraModel], ties: Sequence[TiePoints]) -> Transfers:
    """Cast the rays of all tie points through the labels' cameras (local-level frame)."""
    legs = [(one.first, one.second, one.points_first, one.points_second) for one in ties]
    legs += [(one.second, one.first, one.points_second, one.points_first) for one in ties]
    looks = [cameras[i].look(points) for i, _, points, _ in legs]
    counts = [len(points) for _, _, points, _ in legs]
    source = np.repeat(np.array([i for i, _, _, _ in legs], dtype=np.int64), counts)
    target = np.repeat(np.array([j for _, j, _, _ in legs], dtype=np.int64), counts)
    centers = np.array([camera.center for camera in cameras]).reshape(-1, 3)
    return Transfers(
        cameras=tuple(cameras),
        source=source,
        target=target,
        origins=np.concatenate([origins for origins, _ in looks] or [np.empty((0, 3))]),
        rays=np.concatenate([rays for _, rays in looks] or [np.empty((0, 3))]),
        centers=centers[source],
        target_centers=centers[target],
        observed=np.concatenate([other for _, _, _, other in legs] or [np.empty((0, 2))]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Where the turned rays meet the surface, as the target's camera of the label sees it."""

    rays: Array
    """(n, 3) turned rays, local level."""
    from_source: Array
    """(n, 3) hit minus the source's centre, m; the ray where there is no hit."""
    from_target: Array
    """(n, 3) hit minus the target's centre, m, in the local level; the ray where there is no hit."""
    seen: Array
    """(n, 3) the same with the target's rotation undone: what the label's camera projects."""
    finite: NDArray[np.bool_]
    """(n,) True where the ray meets the surface."""
    approach: Array
    """(n,) `normal . ray`; 1 without a hit."""


def hits(data: Transfers, rotations: Array, surface: SurfaceModel) -> Hits:
    """Cut the rays, turned by the rotations (images, 3, 3), with the surface."""
    turned, target = rotations[data.source], rotations[data.target]
    rays = np.einsum("nij,nj->ni", turned, data.rays)
    pupil = np.einsum("nij,nj->ni", turned, data.origins - data.centers)
    origins = data.centers + pupil
    from_source, from_target = rays.copy(), rays.copy()
    finite = np.zeros(len(data), dtype=np.bool_)
    approach = np.ones(len(data))
    if surface.kind == "plane":
        normal = np.array(surface.normal)
        slope = rays @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (surface.distance - origins @ normal) / slope
            finite = (reach > 0.0) & (reach < FARTHEST)
        approach[finite] = slope[finite]
        offset = pupil[finite] + reach[finite, None] * rays[finite]
        from_source[finite] = offset
        from_target[finite] = data.centers[finite] + offset - data.target_centers[finite]
    return Hits(
        rays=rays,
        from_source=from_source,
        from_target=from_target,
        seen=np.einsum("nji,nj->ni", target, from_target),
        finite=finite,
        approach=approach,
    )


def _project(data: Transfers, seen: Array, finite: NDArray[np.bool_]) -> Array:
    """Project what each target sees (n, ..., 3): (n, ..., 2)."""
    out = np.empty((*seen.shape[:-1], 2))
    for image in np.flatnonzero(np.bincount(data.target)):
        every = np.flatnonzero(data.target == image)
        for is_finite in (False, True):
            rows = every[finite[every] == is_finite]
            if len(rows):
                points = seen[rows].reshape(-1, 3)
                found = maps.project_points(data.cameras[image].numbers, points, finite=is_finite)
                out[rows] = found.reshape(len(rows), *out.shape[1:])
    return out


def residuals(data: Transfers, found: Hits) -> Array:
    """Transferred minus observed points (n, 2), pixels; nan where the target cannot see the hit."""
    return _project(data, found.seen, found.finite) - data.observed


def projection_slopes(data: Transfers, found: Hits) -> Array:
    """Derivative (n, 2, 3) of the projected point by what the target sees, px/m, by central steps."""
    step = 1e-5 * np.linalg.norm(found.seen, axis=1)
    shifts = step[:, None, None] * np.concatenate([np.eye(3), -np.eye(3)])
    moved = _project(data, found.seen[:, None, :] + shifts, found.finite)
    return np.swapaxes((moved[:, :3] - moved[:, 3:]) / (2.0 * step[:, None, None]), 1, 2)


def source_slopes(found: Hits, surface: SurfaceModel, turns: Array) -> Array:
    """Motion of the hits (n, 3, k) when the source turns about each of its k axes (n, k, 3)."""
    moved = np.cross(turns, found.from_source[:, None, :])
    along = moved @ np.array(surface.normal) / found.approach[:, None]
    slide = found.rays[:, None, :] * along[..., None]
    moved = np.where(found.finite[:, None, None], moved - slide, moved)
    return np.swapaxes(moved, 1, 2)


def target_slopes(found: Hits, turns: Array) -> Array:
    """Motion of the hits for the target (n, 3, k) when it turns about each of its k axes (n, k, 3)."""
    return np.swapaxes(-np.cross(turns, found.from_target[:, None, :]), 1, 2)


def surface_slopes(data: Transfers, found: Hits, tangents: Array) -> Array:
    """Motion of the hits (n, 3, 3) by the plane's distance and its tilt towards each tangent (2, 3)."""
    points = found.from_target + data.target_centers
    rates = np.column_stack([np.ones(len(points)), -points @ tangents.T]) / found.approach[:, None]
    rates[~found.finite] = 0.0
    return found.rays[:, :, None] * rates[:, None, :]

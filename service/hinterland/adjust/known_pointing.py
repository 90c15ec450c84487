"""Pointing that is known already, from the solution of an earlier run: nothing is solved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hinterland.adjust.ground import wheel_plane
from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY, Correction, Solution, SolvedFrame, SurfaceModel

_SAME_PLACE_M = 1e-3
"""A solved camera turns about its own centre: one that lies elsewhere is of another stop or another frame."""


def known_pointing(
    images: Sequence[Image],
    cameras: Mapping[str, CameraModel],
    known: SurfaceModel | None,
    surface: str = "auto",
) -> Solution:
    """Point the frames of one stop as an earlier solution has them.

    Parameters
    ----------
    images : sequence of Image
        Of one stop.
    cameras : mapping
        The solved models by product id, local level.
    known : SurfaceModel, optional
        The surface of that solution.
    surface : str
        "infinity"; "plane", the known one if it is a plane; or "auto", the known one. Where there is none, the
        nominal plane under the wheels.

    Returns
    -------
    Solution
        With gains of 1, offsets of 0, and no residuals, since no tie points are measured. Corrections are
        those that lead from the labels' models to the known ones.

    Raises
    ------
    InputError
        If a frame has no known model, or one of another size or place.
    """
    labels = [image.product.camera_in_local_level for image in images]
    views: dict[str, NDArray[np.float64]] = {}
    for image, label in zip(images, labels, strict=True):
        views[image.product.exposure] = views.get(image.product.exposure, 0.0) + np.array(label.axis)
    frames = []
    for image, label in zip(images, labels, strict=True):
        camera = _known(image, label, cameras)
        view = views[image.product.exposure]
        bands = image.samples.shape[0]
        frames.append(
            SolvedFrame(
                product=image.product,
                camera=camera,
                correction=_correction(label, camera, view / np.linalg.norm(view)),
                gain=(1.0,) * bands,
                offset=(0.0,) * bands,
            )
        )
    x, y, z = (float(value) for value in np.mean([label.center for label in labels], axis=0))
    return Solution(
        frames=tuple(frames),
        surface=_surface(images, known, surface),
        viewpoint=(x, y, z),
        is_solved=False,
    )


def _known(image: Image, label: CameraModel, cameras: Mapping[str, CameraModel]) -> CameraModel:
    product = image.product.product_id
    camera = cameras.get(product)
    if camera is None:
        message = f"{product}: its pointing is not known: leave the frame out, or --nav"
        raise InputError(message)
    if camera.shape != label.shape:
        message = (
            f"{product}: its known model is of {camera.shape} lines and samples, the frame has {label.shape}: "
            "give the nav.json of the same frames, or leave --nav out"
        )
        raise InputError(message)
    apart = math.dist(camera.center, label.center)
    if not apart <= _SAME_PLACE_M:
        message = (
            f"{product}: its known model lies {apart:.3f} m from the label's: "
            "give the nav.json of the same stop, or leave --nav out"
        )
        raise InputError(message)
    return camera


def _surface(images: Sequence[Image], known: SurfaceModel | None, surface: str) -> SurfaceModel:
    if surface == "infinity":
        return INFINITY
    if known is not None and (surface == "auto" or known.kind == "plane"):
        return known
    return wheel_plane([image.product for image in images])


def _correction(label: CameraModel, camera: CameraModel, view: NDArray[np.float64]) -> Correction:
    """The turn from one model to the other, as `adjust.solve.turn` composes it about a view."""
    rotation = _axes(camera) @ _axes(label).T
    turned = rotation @ view
    azimuth = math.remainder(math.atan2(turned[1], turned[0]) - math.atan2(view[1], view[0]), 2.0 * math.pi)
    elevation = math.asin(-_limited(turned[2])) - math.asin(-_limited(view[2]))
    # what is right of the view stays level without a twist
    right, level = (np.array([-one[1], one[0], 0.0]) / math.hypot(one[0], one[1]) for one in (view, turned))
    tilted = rotation @ right
    twist = math.atan2(float(np.cross(level, tilted) @ turned), float(level @ tilted))
    return Correction(
        azimuth_deg=math.degrees(azimuth),
        elevation_deg=math.degrees(elevation),
        twist_deg=math.degrees(twist),
    )


def _axes(camera: CameraModel) -> NDArray[np.float64]:
    """The camera's own right, down and forward as columns."""
    forward, horizontal = np.array(camera.axis), np.array(camera.horizontal)
    forward /= np.linalg.norm(forward)  # a label's is a unit vector to its printed digits
    right = horizontal - (horizontal @ forward) * forward
    right /= np.linalg.norm(right)
    return np.column_stack((right, np.cross(forward, right), forward))


def _limited(value: float) -> float:
    return max(-1.0, min(1.0, float(value)))

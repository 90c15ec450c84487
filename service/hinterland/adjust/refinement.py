"""Refinement of tie points on the images themselves: least-squares matching of small patches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hinterland.model.products import Image
from hinterland_kernels.patches import fit_shifts, values_at

PATCH_PX = 15
"""Side of a patch, pixels of the second image."""

FARTHEST_PX = 3.0
"""A patch that moves farther than this many pixels of the preview from its SIFT place keeps that place."""

_ITERATIONS = 6
_SETTLED_PX = 0.02
_STILL_PX = 0.005
_CORRELATION = 0.8
_SMOOTHING_PX, _SMOOTHING_SIZE = 0.7, (7, 7)
_EDGE_PX = 4.0  # the smoothing's reach and a step of the gradient

Points = NDArray[np.float64]


def refine(
    first: Image,
    second: Image,
    points_first: Points,
    points_second: Points,
    transfer: Callable[[Points], Points],
    reach: float,
) -> tuple[Points, NDArray[np.bool_]]:
    """Move the points of the second image to where their patches fit those of the first best.

    Each patch of the second image is compared with the first image seen through the map between the two,
    shifted so that the tie point maps on its partner. Brightness may differ by a gain and an offset.

    Parameters
    ----------
    first, second : Image
        The images.
    points_first, points_second : (n, 2) float64
        Tie points, line and sample.
    transfer : callable
        The map from points (m, 2) of the second image to the first, over the prior surface.
    reach : float
        Scale of the image over that of the preview: how uncertain the points are, px.

    Returns
    -------
    points : (n, 2) float64
        Points of the second image.
    settled : (n,) bool
        True where the patch has settled and correlates; elsewhere the point is as it was.
    """
    half = PATCH_PX // 2
    steps = np.arange(-half, half + 1, dtype=np.float64)
    patch = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 2)
    around = points_second[:, None, :] + patch
    anchor = points_first - transfer(points_second)
    there = transfer(around.reshape(-1, 2)).reshape(around.shape) + anchor[:, None, :]
    moving = _inside(first, there, 0.0) & _inside(second, around, FARTHEST_PX * reach)
    if not moving.any():
        return points_second, moving
    around, there = around[moving], there[moving]
    template_layer, template_corner = _smooth(first, there, 0.0)
    layer, corner = _smooth(second, around, FARTHEST_PX * reach)
    shift, last, correlation = fit_shifts(
        values_at(template_layer, there - template_corner).reshape(-1, PATCH_PX, PATCH_PX),
        layer,
        points_second[moving] - corner,
        farthest=FARTHEST_PX * reach,
        iterations=_ITERATIONS,
        still=_STILL_PX,
    )
    stays = (last < _SETTLED_PX) & (correlation > _CORRELATION)
    refined, settled = points_second.copy(), moving
    refined[moving] += np.where(stays[:, None], shift, 0.0)
    settled[moving] = stays
    return refined, settled


def _inside(image: Image, patches: Points, margin: float) -> NDArray[np.bool_]:
    """Say which patches (n, m, 2) lie inside the image, with room for a gradient; nan does not."""
    room = margin + _EDGE_PX
    last = np.array(image.mask.shape) - 1.0 - room
    inside = (patches >= room) & (patches <= last)
    return np.asarray(inside.all(axis=(1, 2)), dtype=np.bool_)


def _smooth(image: Image, patches: Points, margin: float) -> tuple[NDArray[np.float32], Points]:
    """The part of the image that holds the patches, bands averaged, and the line and sample of its corner.

    It is smoothed a little: the gradient of raw noise says nothing about half a pixel.
    """
    room = math.ceil(margin + _EDGE_PX)
    corner = np.maximum(np.floor(patches.min(axis=(0, 1))).astype(np.int64) - room, 0)
    line, sample = corner
    end_line, end_sample = np.ceil(patches.max(axis=(0, 1))).astype(np.int64) + room + 1
    part = grey(image.samples[:, line:end_line, sample:end_sample])
    smooth = cv2.GaussianBlur(part, _SMOOTHING_SIZE, _SMOOTHING_PX, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, dtype=np.float32), corner.astype(np.float64)


def grey(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Mean (lines, samples) of the bands: adding one to another is several times faster than NumPy's mean."""
    total: NDArray[np.float32] = samples[0].astype(np.float32)
    for band in samples[1:]:
        total += band
    return total if len(samples) == 1 else total / np.float32(len(samples))

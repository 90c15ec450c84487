"""Refinement of tie points on the images themselves: least-squares matching of small patches."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hinterland.model.products import Image

PATCH_PX = 15
"""Side of a patch, pixels of the second image."""

FARTHEST_PX = 3.0
"""A patch that moves farther than this many pixels of the preview from its SIFT place keeps that place."""

_ITERATIONS = 6
_SETTLED_PX = 0.02
_STILL_PX = 0.005
_CORRELATION = 0.8
_SMOOTHING_PX = 0.7
_EDGE_PX = 4.0  # the smoothing's reach and a step of the gradient
_WEAKEST_GAIN = 0.2
_RIDGE = 1e-9

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
    template = _at(template_layer, there - template_corner)
    layer, corner = _smooth(second, around, FARTHEST_PX * reach)
    layers = (layer, *np.gradient(layer))
    shift, step = np.zeros((len(around), 2)), np.full((len(around), 2), np.inf)
    moves = np.arange(len(around))
    for _ in range(_ITERATIONS):
        at = around[moves] - corner + shift[moves, None, :]
        taken = _step(template[moves], *(_at(one, at) for one in layers))
        taken[np.hypot(*(shift[moves] + taken).T) > FARTHEST_PX * reach] = np.nan
        shift[moves] += np.nan_to_num(taken)
        step[moves] = taken
        # what has hardly moved, or lies where it cannot, would do the same again
        moves = moves[np.hypot(*taken.T) >= _STILL_PX]
        if not len(moves):
            break
    alike = _correlation(template, _at(layer, around - corner + shift[:, None, :])) > _CORRELATION
    stays = (np.hypot(*step.T) < _SETTLED_PX) & alike
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


def _smooth(image: Image, patches: Points, margin: float) -> tuple[Points, Points]:
    """The part of the image that holds the patches, bands averaged, and the line and sample of its corner.

    It is smoothed a little: the gradient of raw noise says nothing about half a pixel.
    """
    room = math.ceil(margin + _EDGE_PX)
    corner = np.maximum(np.floor(patches.min(axis=(0, 1))).astype(np.int64) - room, 0)
    line, sample = corner
    end_line, end_sample = np.ceil(patches.max(axis=(0, 1))).astype(np.int64) + room + 1
    part = image.samples[:, line:end_line, sample:end_sample].mean(axis=0, dtype=np.float64)
    from scipy import ndimage  # noqa: PLC0415 - slow to import; a known pointing needs none

    return ndimage.gaussian_filter(part, _SMOOTHING_PX), corner.astype(np.float64)


def _at(layer: Points, points: Points) -> Points:
    """Bilinear values of a layer at points (n, m, 2)."""
    from scipy import ndimage  # noqa: PLC0415 - as above

    values: Points = ndimage.map_coordinates(layer, points.reshape(-1, 2).T, order=1, mode="nearest")
    return values.reshape(points.shape[:-1])


def _step(template: Points, values: Points, down: Points, across: Points) -> Points:
    """Least-squares shift (n, 2), px, with a gain and an offset of each patch free; nan where none fits."""
    design = np.stack([down, across, values, np.ones_like(values)], axis=-1)
    transposed = np.swapaxes(design, 1, 2)
    normal = transposed @ design
    normal += np.eye(4) * (_RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] + _RIDGE)
    solved = np.linalg.solve(normal, transposed @ template[..., None])[..., 0]
    gain = solved[:, 2:3]
    step: Points = np.where(gain > _WEAKEST_GAIN, solved[:, :2] / np.maximum(gain, _WEAKEST_GAIN), np.nan)
    return step


def _correlation(template: Points, values: Points) -> Points:
    """Correlation coefficient of patches (n, m)."""
    a = template - template.mean(axis=1, keepdims=True)
    b = values - values.mean(axis=1, keepdims=True)
    spread = (a**2).sum(axis=1) * (b**2).sum(axis=1)
    found: Points = (a * b).sum(axis=1) / np.sqrt(np.maximum(spread, 1e-12))
    return found

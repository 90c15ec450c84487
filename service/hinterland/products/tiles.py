"""Tiles of one exposure: whether their camera models agree, and pasting them into one frame.

A tile that starts at (line, sample) = (l, s) of the full frame and is binned by b has, in its own pixels,
`H_tile = (H_full - (s + (b - 1) / 2) A) / b`, and V likewise with l; C, A, O, R and E are the frame's own.
So the models of two tiles tell where one lies in the other without any other field of the label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image
from hinterland.products.layouts import SAMPLES_LIMIT
from hinterland_kernels.pixel.vector import Vector

AGREEMENT_PX = 0.05
"""How far models of one exposure may differ: the feeds' six digits make 0.007 px."""
_SAME_VECTOR = 2e-6
_SAME_SCALE = 1e-3
_WHOLE_PX = 0.1
_FEWEST_SAMPLES = 64
_LEAST_CONTRAST = 1e-3
_LEAST_CORRELATION = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """One image axis of two models of the same camera: how coordinates of one become those of the other."""

    scale: float
    """Pixels of the first for a pixel of the second."""
    start: float
    """Coordinate in the first of the second's outer edge, less that of the first's own edge; pixels."""
    disagreement: float
    """What no shift and scale explain, pixels of the first."""


def check_tiles(images: Sequence[Image]) -> tuple[Image, ...]:
    """Compare the camera models of each exposure's tiles.

    Returns
    -------
    tuple of Image
        The images in their order; one whose model disagrees with the first tile of its exposure by more
        than `AGREEMENT_PX` has a note that says so.
    """
    firsts: dict[str, Image] = {}
    checked = []
    for image in images:
        first = firsts.setdefault(image.product.exposure, image)
        problem = _disagreement(first.product.camera, image.product.camera)
        if problem is not None:
            other = first.product.product_id
            note = f"its camera model disagrees with that of {other}, same exposure: {problem}"
            product = replace(image.product, notes=(*image.product.notes, note))
            checked.append(replace(image, product=product))
        else:
            checked.append(image)
    return tuple(checked)


def assemble(images: Sequence[Image]) -> Image:
    """Paste the tiles of one exposure into one frame.

    Parameters
    ----------
    images : sequence of Image
        Tiles of one exposure at one scale, of one dtype and number of bands. Where tiles overlap the first
        one's samples stay; each other tile is first levelled to them, for every tile was stretched alone.

    Returns
    -------
    Image
        The smallest frame that holds all tiles, masked where no tile covers it, with the camera model of
        that frame. Its product is the first tile's, named after the exposure, with a note of the tiles.

    Raises
    ------
    InputError
        If the tiles are not of one exposure, scale and kind, or do not lie on one grid of pixels.
    """
    first = images[0]
    starts = [_start(first, image) for image in images]
    top, left = (min(start[axis] for start in starts) for axis in (0, 1))
    spans = [
        (start[0] - top, start[1] - left, *image.mask.shape)
        for start, image in zip(starts, images, strict=True)
    ]
    lines, samples = max(s[0] + s[2] for s in spans), max(s[1] + s[3] for s in spans)
    if lines * samples * len(first.samples) > SAMPLES_LIMIT:
        message = f"{first.product.exposure}: its tiles lie {lines} lines x {samples} samples apart"
        raise InputError(message)
    canvas = np.zeros((len(first.samples), lines, samples), dtype=np.float32)
    covered = np.zeros((lines, samples), dtype=np.bool_)
    waiting = list(range(len(images)))
    while waiting:
        areas = [_area(spans[index]) for index in waiting]
        shared = [
            int((covered[area] & images[index].mask).sum())
            for index, area in zip(waiting, areas, strict=True)
        ]
        chosen = int(np.argmax(shared))  # the first tile at the beginning, when none shares anything
        _paste(images[waiting[chosen]], canvas, covered, areas[chosen])
        del waiting[chosen]
    ids = ", ".join(image.product.product_id for image in images)
    product = replace(
        first.product,
        product_id=first.product.exposure,
        camera=first.product.camera.cropped(top, left, lines, samples),
        notes=(*first.product.notes, f"assembled from {len(images)} tiles: {ids}"),
    )
    if first.samples.dtype.kind == "u":
        canvas = np.rint(np.clip(canvas, 0.0, first.largest))
    return Image(
        product=product, samples=canvas.astype(first.samples.dtype), mask=covered, largest=first.largest
    )


def _disagreement(first: CameraModel, second: CameraModel) -> str | None:
    for name in ("center", "axis", "optical", "radial", "entrance"):
        ours, theirs = getattr(first, name), getattr(second, name)
        if (ours is None) != (theirs is None) or (
            ours is not None and math.dist(ours, theirs) > _SAME_VECTOR
        ):
            return f"{name} differs"
    if (first.model_type, first.parameter) != (second.model_type, second.parameter):
        return "its type differs"
    across = _axis(first.axis, first.horizontal, second.horizontal)
    down = _axis(first.axis, first.vertical, second.vertical)
    if abs(across.scale / down.scale - 1.0) > _SAME_SCALE:
        return "lines and samples are scaled differently"
    worst = max(across.disagreement, down.disagreement)
    return f"H or V is off by {worst:.2f} px" if worst > AGREEMENT_PX else None


def _axis(axis: Vector, first: Vector, second: Vector) -> _Axis:
    a, ours, theirs = np.array(axis), np.array(first), np.array(second)
    scale = float(np.linalg.norm(np.cross(a, ours)) / np.linalg.norm(np.cross(a, theirs)))
    rest = ours - scale * theirs
    shift = float(rest @ a / (a @ a))
    return _Axis(
        scale=scale,
        start=shift - 0.5 * (scale - 1.0),
        disagreement=float(np.linalg.norm(rest - shift * a)),
    )


def _start(first: Image, image: Image) -> tuple[int, int]:
    """Line and sample, in the first tile's pixels, of a tile's first pixel."""
    ours, theirs = first.product, image.product
    name = f"{theirs.product_id} and {ours.product_id}"
    if theirs.exposure != ours.exposure:
        message = f"{name}: are not tiles of one exposure"
        raise InputError(message)
    if (image.samples.dtype, len(image.samples)) != (first.samples.dtype, len(first.samples)):
        message = f"{name}: are not of one kind: bands or bits differ"
        raise InputError(message)
    down = _axis(ours.camera.axis, ours.camera.vertical, theirs.camera.vertical)
    across = _axis(ours.camera.axis, ours.camera.horizontal, theirs.camera.horizontal)
    if max(abs(down.scale - 1.0), abs(across.scale - 1.0)) > _SAME_SCALE:
        message = f"{name}: are tiles of different scale"
        raise InputError(message)
    line, sample = round(down.start), round(across.start)
    if max(abs(down.start - line), abs(across.start - sample)) > _WHOLE_PX:
        message = f"{name}: do not lie on one grid of pixels"
        raise InputError(message)
    return line, sample


def _area(span: tuple[int, int, int, int]) -> tuple[slice, slice]:
    line, sample, lines, samples = span
    return slice(line, line + lines), slice(sample, sample + samples)


def _paste(
    image: Image, canvas: NDArray[np.float32], covered: NDArray[np.bool_], area: tuple[slice, slice]
) -> None:
    shared = covered[area] & image.mask
    fresh = image.mask & ~covered[area]
    for band, samples in zip(canvas, image.samples, strict=True):
        gain, offset = _level(band[area][shared], samples[shared].astype(np.float32), image.largest)
        band[area][fresh] = gain * samples[fresh] + offset
    covered[area] |= image.mask


def _level(ours: NDArray[np.float32], theirs: NDArray[np.float32], largest: float) -> tuple[float, float]:
    """Gain and offset that carry a tile's samples to those already placed.

    The ratio of standard deviations, not a regression: both sides are noisy, and a regression's gain would
    shrink with the noise.
    """
    # a stretch clips at both ends: clipped samples say nothing of it
    unclipped = (ours > 0.0) & (ours < largest) & (theirs > 0.0) & (theirs < largest)
    ours, theirs = ours[unclipped], theirs[unclipped]
    if len(ours) < _FEWEST_SAMPLES:
        return 1.0, 0.0
    spread = float(ours.std(dtype=np.float64)), float(theirs.std(dtype=np.float64))
    gain = 1.0
    if min(spread) > _LEAST_CONTRAST * largest and np.corrcoef(ours, theirs)[0, 1] > _LEAST_CORRELATION:
        gain = spread[0] / spread[1]
    return gain, float(ours.mean(dtype=np.float64)) - gain * float(theirs.mean(dtype=np.float64))

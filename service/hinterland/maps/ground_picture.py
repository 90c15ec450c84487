"""The ground as it is printed: coarse imagery hatched, so that nobody takes it for sharp."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland.maps.ground import NO_LAYER, Ground

_OPACITY = 0.30
_EMPTY_GREY = 168
_ENOUGH = 40_000  # samples for a median tone


def printed(ground: Ground, pitch: float, *, plain: bool = False) -> NDArray[np.uint8]:
    """The picture of the ground with coarse parts hatched and parts without imagery plain.

    Parameters
    ----------
    ground : Ground
        Picture and layers.
    pitch : float
        Between hatch lines, pixels.
    plain : bool
        Leave out the dots where there is no imagery.

    Returns
    -------
    (lines, samples, 3) uint8
        White lines rise to the right over coarse imagery; grey with dots is no imagery.
    """
    coarse, empty = ground.coarse, ground.empty
    if not (coarse.any() or empty.any()):
        return ground.picture
    picture = ground.picture.astype(np.float32)
    picture[empty] = _EMPTY_GREY
    lines, samples = ground.layer.shape
    line, sample = np.arange(lines)[:, None], np.arange(samples)[None, :]
    phase = np.mod((line + sample) / math.sqrt(2.0), pitch)
    stripe = np.clip(1.0 - np.abs(phase - 0.5 * pitch) / (0.09 * pitch) + 0.5, 0.0, 1.0)
    weight = _OPACITY * stripe * coarse
    picture += weight[..., None] * (255.0 - picture)
    if plain:
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    across, down = (np.mod(axis, pitch) - 0.5 * pitch for axis in (sample, line))
    spots = empty & (np.hypot(across, down) < 0.09 * pitch)
    picture[spots] = _EMPTY_GREY - 34
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def typical_tone(ground: Ground, index: int | None = None) -> tuple[int, int, int]:
    """Median colour of a layer, or of all imagery, from a sample of it; mid-grey where there is none."""
    every = max(1, math.isqrt(ground.layer.size // _ENOUGH))
    layer, picture = ground.layer[::every, ::every], ground.picture[::every, ::every]
    part = layer != NO_LAYER if index is None else layer == index
    if not part.any():
        return (_EMPTY_GREY, _EMPTY_GREY, _EMPTY_GREY)
    red, green, blue = np.median(picture[part], axis=0)
    return int(red), int(green), int(blue)

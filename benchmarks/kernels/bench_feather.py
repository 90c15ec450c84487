"""Feathered averages of whole mosaics of 8-bit colour frames, weights included, beside OpenCV's FeatherBlender."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Figure, Settings, floor_share, in_threads, paired
from benchmarks.kernels.bench_blend import Mosaic, mosaics
from hinterland_kernels.feather import feather_weights, reach
from hinterland_kernels.feather.average import NOBODY, Average

_WIDTH_PX = 64
_SHARPNESS = 1.0 / _WIDTH_PX
_TILE_PX = 256
_BANDS = 3


def _tile(mosaic: Mosaic, masks: list[NDArray[np.bool_]], out: NDArray[np.uint8], index: int) -> None:
    """Make one tile of the canvas; `masks` have a margin as wide as weights reach."""
    shape, around = mosaic.owners.shape, reach(_WIDTH_PX)
    across = -(-shape[1] // _TILE_PX)
    top, left = index // across * _TILE_PX, index % across * _TILE_PX
    lines, samples = min(_TILE_PX, shape[0] - top), min(_TILE_PX, shape[1] - left)
    average = Average(_BANDS, lines, samples)
    for number, (layer, mask) in enumerate(zip(mosaic.layers, masks, strict=True)):
        height, width = layer.mask.shape
        first, last = max(top, layer.line), min(top + lines, layer.line + height)
        start, stop = max(left, layer.sample), min(left + samples, layer.sample + width)
        if last <= first or stop <= start:
            continue
        values = np.zeros((_BANDS, lines, samples), np.float32)
        weights = np.zeros((lines, samples), np.float32)
        place = np.s_[first - top : last - top, start - left : stop - left]
        line, sample = first - layer.line, start - layer.sample
        size = last - first, stop - start
        values[:, *place] = layer.values[:, line : line + size[0], sample : sample + size[1]]
        seen = mask[line : line + size[0] + 2 * around, sample : sample + size[1] + 2 * around]
        weights[place] = feather_weights(seen, _WIDTH_PX, (around, around), size)
        average.add(values, (0, 0), weights, number)
    shown = np.zeros((_BANDS, lines, samples))
    average.lay_over(shown, np.full((lines, samples), NOBODY, np.int32))
    out[:, top : top + lines, left : left + samples] = np.rint(shown)


def _ours(mosaic: Mosaic) -> NDArray[np.uint8]:
    masks = [np.pad(layer.mask, reach(_WIDTH_PX)) for layer in mosaic.layers]
    out = np.empty((_BANDS, *mosaic.owners.shape), np.uint8)
    count = -(-mosaic.owners.shape[0] // _TILE_PX) * -(-mosaic.owners.shape[1] // _TILE_PX)
    in_threads(functools.partial(_tile, mosaic, masks, out), range(count))
    return out


def _peer(mosaic: Mosaic) -> Callable[[], NDArray[np.int16]]:
    """The peer's call, its frames interleaved and of 16 bits beforehand, as it wants them."""
    lines, samples = mosaic.owners.shape
    fed = [
        (
            np.ascontiguousarray(layer.values.transpose(1, 2, 0), np.int16),
            np.full(layer.mask.shape, 255, np.uint8),
            (layer.sample, layer.line),
        )
        for layer in mosaic.layers
    ]

    def blend() -> NDArray[np.int16]:
        blender: Any = cv2.detail_FeatherBlender(_SHARPNESS)  # type: ignore[attr-defined]
        blender.prepare((0, 0, samples, lines))
        for image, mask, corner in fed:
            blender.feed(image, mask, corner)
        blended, _ = blender.blend(None, None)
        return blended  # type: ignore[no-any-return]

    return blend


def run(settings: Settings) -> list[Figure]:
    """Canvas megapixels a second, three bands, feathers of 64 pixels; on the CPU alone."""
    figures = []
    for mosaic in mosaics(settings):
        peer = _peer(mosaic)
        pair = paired(functools.partial(_ours, mosaic), peer, settings.rounds)
        apart = np.abs(_ours(mosaic).transpose(1, 2, 0).astype(np.int16) - peer())
        moved = sum(layer.values.nbytes for layer in mosaic.layers) + _BANDS * mosaic.owners.size
        figures.append(
            Figure(
                name=f"feather, {mosaic.name}",
                value=mosaic.owners.size / pair.ours_s / 1e6,
                unit="Mpix/s",
                peer="cv2 FeatherBlender",
                ratio=pair.ratio,
                floor=floor_share(moved, pair.ours_s, settings),
                details={
                    "ours_s": pair.ours_s,
                    "peer_s": pair.peer_s,
                    "median_difference_dn": float(np.median(apart)),
                    "p99_difference_dn": float(np.percentile(apart, 99)),
                },
            )
        )
    return figures

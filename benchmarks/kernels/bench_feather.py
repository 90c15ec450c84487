"""Feathered averages of whole mosaics of 8-bit colour frames, weights included, beside OpenCV's FeatherBlender."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import CORES, Figure, Settings, floor_share, in_threads, paired
from benchmarks.kernels.bench_blend import Mosaic, mosaics, widened
from hinterland_kernels.blend import Layer
from hinterland_kernels.feather import block_size, feather_weights, reach
from hinterland_kernels.feather.average import Average

_WIDTH_PX = 64
_SHARPNESS = 1.0 / _WIDTH_PX
_TILE_PX = 1024
_BANDS = 3


def _tile(mosaic: Mosaic, masks: list[NDArray[np.bool_]], out: NDArray[Any], index: int) -> None:
    """Make one tile of the canvas; `masks` are `_wide`."""
    shape, size, around = mosaic.owners.shape, block_size(_WIDTH_PX), reach(_WIDTH_PX)
    across = -(-shape[1] // _TILE_PX)
    top, left = index // across * _TILE_PX, index % across * _TILE_PX
    lines, samples = min(_TILE_PX, shape[0] - top), min(_TILE_PX, shape[1] - left)
    average = Average(_BANDS, lines, samples)
    touching = [
        (number, layer)
        for number, layer in enumerate(mosaic.layers)
        if max(top, layer.line) < min(top + lines, layer.line + layer.mask.shape[0])
        and max(left, layer.sample) < min(left + samples, layer.sample + layer.mask.shape[1])
    ]
    for number, layer in touching:
        height, width = layer.mask.shape
        origin = top - layer.line, left - layer.sample
        if (
            len(touching) == 1
            and min(origin) >= 0
            and origin[0] + lines <= height
            and origin[1] + samples <= width
        ):
            part = slice(origin[0], origin[0] + lines), slice(origin[1], origin[1] + samples)
            if layer.mask[part].all():  # an average of one is that one, whatever its weight
                out[:, top : top + lines, left : left + samples] = layer.values[:, *part]
                return
        first, last = max(top, layer.line // size * size), min(top + lines, layer.line + height)
        start, stop = max(left, layer.sample // size * size), min(left + samples, layer.sample + width)
        line, sample = first - layer.line // size * size, start - layer.sample // size * size
        weights = feather_weights(
            masks[number], _WIDTH_PX, (around + line, around + sample), (last - first, stop - start)
        )
        origin, place = (first - layer.line, start - layer.sample), (first - top, start - left)
        average.add(layer.values, origin, weights, number, place)
    average.lay_over(out, at=(top, left))


def _wide(layer: Layer) -> NDArray[np.bool_]:
    """The mask of a layer and what is around it, as far as weights reach, from a block of the canvas on."""
    size, around = block_size(_WIDTH_PX), reach(_WIDTH_PX)
    return np.pad(
        layer.mask, [(around + place % size, around + size) for place in (layer.line, layer.sample)]
    )


def _ours(mosaic: Mosaic) -> NDArray[Any]:
    with ThreadPoolExecutor(CORES) as pool:
        masks = list(pool.map(_wide, mosaic.layers))
    out = np.zeros((_BANDS, *mosaic.owners.shape), mosaic.layers[0].values.dtype)
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
    found = mosaics(settings)
    for mosaic in found:
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
    return figures + [_wider_figure(found[0], dtype, settings) for dtype in (np.uint16, np.float32)]


def _wider_figure(mosaic: Mosaic, dtype: type[np.generic], settings: Settings) -> Figure:
    wide = widened(mosaic, dtype)
    pair = paired(functools.partial(_ours, wide), functools.partial(_ours, mosaic), settings.rounds)
    return Figure(
        name=f"feather, {mosaic.name}, {np.dtype(dtype).name}",
        value=mosaic.owners.size / pair.ours_s / 1e6,
        unit="Mpix/s",
        peer="ours of uint8, byte for byte",
        ratio=pair.ratio * np.dtype(dtype).itemsize,
        details={"ours_s": pair.ours_s, "uint8_s": pair.peer_s},
    )

"""Feathered averages of whole mosaics of 8-bit colour frames, weights included, beside OpenCV's FeatherBlender."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Figure, Settings, floor_share, in_threads, paired
from benchmarks.kernels.bench_blend import Mosaic, mosaics, widened
from hinterland_kernels.feather.average import Average

_WIDTH_PX = 64
_SHARPNESS = 1.0 / _WIDTH_PX
_TILE_PX = 2048
"""As mosaics make them where the memory allows it."""
_BANDS = 3


def _tile(mosaic: Mosaic, out: NDArray[Any], index: int) -> None:
    """Make one tile of the canvas."""
    shape = mosaic.owners.shape
    across = -(-shape[1] // _TILE_PX)
    top, left = index // across * _TILE_PX, index % across * _TILE_PX
    average = Average(_BANDS, min(_TILE_PX, shape[0] - top), min(_TILE_PX, shape[1] - left), _WIDTH_PX)
    for number, layer in enumerate(mosaic.layers):
        lines, samples = layer.mask.shape
        if -lines < layer.line - top < _TILE_PX and -samples < layer.sample - left < _TILE_PX:
            average.add(layer.values, layer.mask, number, (layer.line - top, layer.sample - left))
    average.lay_over(out, at=(top, left))


def _ours(mosaic: Mosaic) -> NDArray[Any]:
    out = np.zeros((_BANDS, *mosaic.owners.shape), mosaic.layers[0].values.dtype)
    count = -(-mosaic.owners.shape[0] // _TILE_PX) * -(-mosaic.owners.shape[1] // _TILE_PX)
    in_threads(functools.partial(_tile, mosaic, out), range(count))
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

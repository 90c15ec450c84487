"""Multi-band blending of frames side by side, beside OpenCV's MultiBandBlender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Figure, Settings, floor_share, in_threads, paired
from benchmarks.kernels.scene import texture
from hinterland_kernels.backend import CPU_NAME
from hinterland_kernels.blend import Layer, halo, multiband

_FRAMES = 4
_BANDS = 3
_AGREE_DN = 3.0  # the peer's 16-bit pyramids are 2 DN off their own input, far from any seam


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frames:
    """Frames in a row, each overlapping the next by a third."""

    values: list[NDArray[np.float32]]
    """(bands, lines, samples) each, DN of 8 bits."""
    starts: list[int]
    """First sample of each on the canvas."""
    owners: NDArray[np.int16]
    """(lines, samples) of the canvas."""
    levels: int
    """Of the pyramid."""


def _frames(settings: Settings) -> _Frames:
    lines, width = (96, 144) if settings.small else (1200, 1800)
    step = width * 2 // 3
    starts = [index * step for index in range(_FRAMES)]
    samples = starts[-1] + width
    ground = texture((lines, samples), settings)
    values = []
    for index, start in enumerate(starts):
        gain = 160.0 + 20.0 * index
        band = np.rint(gain * ground[:, start : start + width])
        values.append(np.rint(np.stack([band, 0.9 * band, 0.8 * band])).astype(np.float32))
    middles = np.array([start + width - (width - step) // 2 for start in starts[:-1]])
    owner = np.searchsorted(middles, np.arange(samples), side="right").astype(np.int16)
    return _Frames(
        levels=2 if settings.small else 5,
        values=values,
        starts=starts,
        owners=np.ascontiguousarray(np.broadcast_to(owner, (lines, samples))),
    )


def _ours(frames: _Frames, settings: Settings) -> NDArray[np.float32]:
    """Tiles with their halo, on all cores as a panorama is composed; at once on a GPU."""
    lines, samples = frames.owners.shape
    to_device = settings.backend.to_device
    out = np.empty((_BANDS, lines, samples), np.float32)
    side = samples if settings.backend.name != CPU_NAME else 1024
    margin = halo(frames.levels)

    def tile(first: int) -> None:
        start, stop = max(0, first - margin), min(samples, first + side + margin)
        layers: list[Layer] = []
        owners = np.full((lines, stop - start), -1, np.int16)
        for frame, begin in enumerate(frames.starts):
            left, right = max(start, begin), min(stop, begin + frames.values[frame].shape[2])
            if left < right:
                owners[frames.owners[:, start:stop] == frame] = len(layers)
                layers.append(
                    _layer(frames.values[frame][:, :, left - begin : right - begin], left - start, owners)
                )
        device = [Layer(to_device(layer.values), to_device(layer.mask)) for layer in layers]
        blended: Any = multiband(device, to_device(owners), frames.levels, backend=settings.backend)
        kept = settings.backend.to_host(
            blended[:, :, first - start : min(side, samples - first) + first - start]
        )
        out[:, :, first : first + kept.shape[2]] = kept

    in_threads(tile, range(0, samples, side))
    return out


def _layer(part: NDArray[np.float32], left: int, owners: NDArray[np.int16]) -> Layer:
    values = np.zeros((_BANDS, *owners.shape), np.float32)
    mask = np.zeros(owners.shape, np.bool_)
    values[:, :, left : left + part.shape[2]] = part
    mask[:, left : left + part.shape[2]] = True
    return Layer(values, mask)


def _peer(frames: _Frames, interleaved: list[NDArray[np.int16]]) -> NDArray[np.int16]:
    lines, samples = frames.owners.shape
    blender: Any = cv2.detail_MultiBandBlender(0, frames.levels, cv2.CV_32F)  # type: ignore[attr-defined]
    blender.prepare((0, 0, samples, lines))
    for frame, (image, start) in enumerate(zip(interleaved, frames.starts, strict=True)):
        owned = frames.owners[:, start : start + image.shape[1]] == frame
        blender.feed(image, np.where(owned, 255, 0).astype(np.uint8), (start, 0))
    blended, _ = blender.blend(None, None)
    return blended  # type: ignore[no-any-return]


def run(settings: Settings) -> list[Figure]:
    """Canvas megapixels a second, three bands, five levels."""
    frames = _frames(settings)
    interleaved = [np.ascontiguousarray(value.transpose(1, 2, 0)).astype(np.int16) for value in frames.values]
    inside = slice(halo(frames.levels) // 4, -halo(frames.levels) // 4)
    apart = np.abs(_ours(frames, settings).transpose(1, 2, 0) - _peer(frames, interleaved))[inside, inside]
    if np.median(apart) > _AGREE_DN:
        message = f"multi-band blend: the two results differ by {np.median(apart):.3g} DN"
        raise RuntimeError(message)
    pair = paired(lambda: _ours(frames, settings), lambda: _peer(frames, interleaved), settings.rounds)
    pixels = frames.owners.size
    moved = sum(value.nbytes for value in frames.values) + 4 * _BANDS * pixels
    return [
        Figure(
            name=f"multi-band blend, {_FRAMES} frames",
            value=pixels / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="cv2 MultiBandBlender, float weights",
            ratio=pair.ratio,
            floor=floor_share(moved, pair.ours_s, settings),
            details={
                "median_difference_dn": float(np.median(apart)),
                "p99_difference_dn": float(np.percentile(apart, 99)),
            },
        )
    ]

"""Warping a whole Navcam frame onto its panorama, beside cv2.remap with the coordinate maps given."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import CORES, Figure, Settings, floor_share, in_threads, paired
from benchmarks.kernels.scene import Scene, maps, scene, texture
from hinterland_kernels.backend import CPU_NAME
from hinterland_kernels.lattice import Lattice, build_lattice, choose_step
from hinterland_kernels.warp import warp

_KERNELS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "lanczos3": cv2.INTER_LANCZOS4}
_FULL_SCALE: dict[type[np.generic], float] = {np.uint8: 255.0, np.uint16: 65535.0, np.float32: 1.0}
_BAND_LINES = 64
_AGREE = 0.02


def _warped(
    source: Any,  # noqa: ANN401 - an array of the backend
    mask: Any,  # noqa: ANN401
    lattice: Lattice,
    of: Scene,
    kernel: str,
    settings: Settings,
) -> NDArray[np.float32]:
    """The window in bands of lines on all cores, as tiles are made; at once on a GPU."""
    line, sample, lines, samples = of.window
    if settings.backend.name != CPU_NAME:
        values, _ = warp(source, mask, lattice, of.window, kernel=kernel, backend=settings.backend)
        settings.finish()
        return values  # type: ignore[no-any-return]
    out = np.empty((1, lines, samples), np.float32)

    def band(first: int) -> None:
        height = min(_BAND_LINES, lines - first)
        out[:, first : first + height], _ = warp(
            source, mask, lattice, (line + first, sample, height, samples), kernel=kernel
        )

    in_threads(band, range(0, lines, _BAND_LINES))
    return out


def _figure(dtype: type[np.generic], kernel: str, of: Scene, settings: Settings) -> Figure:
    shape = of.camera.shape
    source = np.rint if dtype is not np.float32 else np.asarray
    samples = source(_FULL_SCALE[dtype] * texture(shape, settings)).astype(dtype)
    step = choose_step(of.exact_map, of.window, shape, is_gentle=True)
    lattice = build_lattice(of.exact_map, of.window, shape, step=step, is_gentle=True)
    lattice = settings.backend.to_device(lattice)
    device_source = settings.backend.to_device(samples[None])
    device_mask = settings.backend.to_device(np.ones(shape, np.bool_))
    exact = np.nan_to_num(maps(of), nan=-1e4).astype(np.float32)
    line_map, sample_map = np.ascontiguousarray(exact[..., 0]), np.ascontiguousarray(exact[..., 1])

    def ours() -> NDArray[np.float32]:
        return _warped(device_source, device_mask, lattice, of, kernel, settings)

    def peer() -> NDArray[np.generic]:
        return cv2.remap(samples, sample_map, line_map, _KERNELS[kernel])  # type: ignore[no-any-return]

    inside = (line_map > 4) & (sample_map > 4) & (line_map < shape[0] - 5) & (sample_map < shape[1] - 5)
    apart = np.abs(settings.backend.to_host(ours())[0] - peer().astype(np.float32))[inside]
    if np.median(apart) > _AGREE * _FULL_SCALE[dtype]:
        message = f"warp {kernel} {dtype.__name__}: the two results differ by {np.median(apart):.3g}"
        raise RuntimeError(message)
    pair = paired(ours, peer, settings.rounds)
    pixels = of.window[2] * of.window[3]
    least_bytes = pixels * (samples.itemsize + 4 + 1)
    return Figure(
        name=f"warp {kernel} {dtype.__name__}",
        value=pixels / pair.ours_s / 1e6,
        unit="Mpix/s",
        peer=f"cv2.remap, maps given ({CORES} cores)",
        ratio=pair.ratio,
        floor=floor_share(least_bytes, pair.ours_s, settings),
        details={"median_difference": float(np.median(apart)), "full_scale": _FULL_SCALE[dtype]},
    )


def run(settings: Settings) -> list[Figure]:
    """Each kernel on each type of sample; ours gives float32 and a mask, the peer its input's type alone."""
    of = scene(small=settings.small)
    return [_figure(dtype, kernel, of, settings) for kernel in _KERNELS for dtype in _FULL_SCALE]

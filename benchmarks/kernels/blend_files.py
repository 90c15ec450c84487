"""Blend TIFFs with alpha into one: `python -m benchmarks.kernels.blend_files OUT IN:LINE:SAMPLE...`, as a process.

It does what enblend does, and no more: read, cut seams, blend five levels, write.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from hinterland_kernels.blend import NOBODY, Layer, assign_owners, multiband
from hinterland_kernels.pyramid import block_means
from hinterland_kernels.seams import ImageWindow, label_seams

_LEVELS = 5
_WORKERS = 2
_LABELS = 200_000
"""Of a canvas, about: seams are cut on means of blocks."""
_BAND_LINES = 128


def _read(place: str) -> Layer:
    path, line, sample = place.rsplit(":", 2)
    with rasterio.open(path) as file:
        values = file.read()
    return Layer(np.ascontiguousarray(values[:-1]), values[-1] > 0, int(line), int(sample))


def _preview(layer: Layer, factor: int) -> ImageWindow:
    """Means of a layer's blocks, which are the canvas's."""
    line, sample = layer.line // factor, layer.sample // factor
    before = (layer.line - line * factor, 0), (layer.sample - sample * factor, 0)
    values, mask = block_means(np.pad(layer.values, ((0, 0), *before)), np.pad(layer.mask, before), factor)
    return ImageWindow(line, sample, values, mask, np.zeros(mask.shape, np.float32))


def _owners(layers: list[Layer], shape: tuple[int, int], pool: ThreadPoolExecutor) -> NDArray[np.int16]:
    """Cut seams on a reduced canvas and carry them to the canvas, some lines at a time."""
    factor = 1
    while shape[0] * shape[1] > _LABELS * factor * factor:
        factor *= 2
    previews = list(pool.map(lambda layer: _preview(layer, factor), layers))
    reduced = -(-shape[0] // factor), -(-shape[1] // factor)
    labels = label_seams(previews, reduced, wraps=False)
    owners = np.full(shape, NOBODY, np.int16)

    def carry(first: int) -> None:
        last = min(first + _BAND_LINES, shape[0])
        indices, masks = [], []
        for index, layer in enumerate(layers):
            start, stop = max(first, layer.line), min(last, layer.line + layer.mask.shape[0])
            if start < stop:
                mask = np.zeros((last - first, shape[1]), np.bool_)
                part = mask[start - first : stop - first, layer.sample : layer.sample + layer.mask.shape[1]]
                part[:] = layer.mask[start - layer.line : stop - layer.line]
                indices.append(index)
                masks.append(Layer(None, mask))
        found = assign_owners(labels, masks, indices, (first, 0), factor, wraps=False)
        owners[first:last] = np.array([*indices, NOBODY], np.int16)[found]

    list(pool.map(carry, range(0, shape[0], _BAND_LINES)))
    return owners


def main(out: str, places: list[str]) -> None:
    """Blend the files."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        layers = list(pool.map(_read, places))
        lines = max(layer.line + layer.mask.shape[0] for layer in layers)
        samples = max(layer.sample + layer.mask.shape[1] for layer in layers)
        owners = _owners(layers, (lines, samples), pool)
    blended = multiband(layers, owners, _LEVELS, dtype=layers[0].values.dtype, workers=_WORKERS)
    alpha = np.where(owners != NOBODY, np.iinfo(blended.dtype).max, 0).astype(blended.dtype)
    kind = {"driver": "GTiff", "dtype": blended.dtype, "interleave": "pixel"}
    with rasterio.open(
        Path(out), "w", width=samples, height=lines, count=len(blended) + 1, photometric="RGB", **kind
    ) as file:
        file.write(np.concatenate([blended, alpha[None]]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
    os._exit(0)  # as the command ends: to unload kernels one by one takes long

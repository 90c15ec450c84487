"""Blend TIFFs with alpha into one: `python -m benchmarks.kernels.blend_files OUT IN:LINE:SAMPLE...`, as a process.

It does what enblend does, and no more: read, cut seams, blend five levels, write.
"""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from hinterland.publish.memory import keep_freed_memory
from hinterland_kernels.blend import NOBODY, Layer, assign_owners, multiband
from hinterland_kernels.pyramid import block_means
from hinterland_kernels.seams import ImageWindow, label_seams

_LEVELS = 5
_WORKERS = 2
_LABELS = 200_000
"""Of a canvas, about: seams are cut on means of blocks."""
_TILE_PX = 1024
_BAND_LINES = 512


def _read(place: str) -> Layer:
    path, line, sample = place.rsplit(":", 2)
    # what is not compressed is taken from the file as it is mapped, past GDAL's cache of blocks
    with rasterio.Env(GTIFF_VIRTUAL_MEM_IO="IF_ENOUGH_RAM"), rasterio.open(path) as file:
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

    def carry(place: tuple[int, int]) -> None:
        rows, columns = (
            slice(first, min(first + _TILE_PX, size)) for first, size in zip(place, shape, strict=True)
        )
        indices, masks = [], []
        for index, layer in enumerate(layers):
            height, width = layer.mask.shape
            top, bottom = max(rows.start, layer.line), min(rows.stop, layer.line + height)
            left, right = max(columns.start, layer.sample), min(columns.stop, layer.sample + width)
            if top < bottom and left < right:
                mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.bool_)
                part = layer.mask[
                    top - layer.line : bottom - layer.line, left - layer.sample : right - layer.sample
                ]
                mask[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start] = (
                    part
                )
                indices.append(index)
                masks.append(Layer(None, mask))
        if indices:
            found = assign_owners(labels, masks, indices, place, factor, wraps=False)
            owners[rows, columns] = np.array([*indices, NOBODY], np.int16)[found]

    list(pool.map(carry, itertools.product(*(range(0, size, _TILE_PX) for size in shape))))
    return owners


def main(out: str, places: list[str]) -> None:
    """Blend the files."""
    keep_freed_memory()  # as the command does
    with ThreadPoolExecutor(_WORKERS) as pool:
        read = pool.map(_read, places)
        importlib.import_module("numba")  # all loops need it: files are read meanwhile
        layers = list(read)
        lines = max(layer.line + layer.mask.shape[0] for layer in layers)
        samples = max(layer.sample + layer.mask.shape[1] for layer in layers)
        owners = _owners(layers, (lines, samples), pool)
    dtype = layers[0].values.dtype
    kind = {"driver": "GTiff", "dtype": dtype, "interleave": "pixel", "photometric": "RGB"}
    with (
        rasterio.open(
            Path(out), "w", width=samples, height=lines, count=len(layers[0].values) + 1, **kind
        ) as file,
        ThreadPoolExecutor(1) as writer,
    ):

        def put(first: int, blended: NDArray[Any]) -> None:
            last = first + blended.shape[1]
            alpha = np.where(owners[first:last] != NOBODY, np.iinfo(dtype).max, 0).astype(dtype)
            window = Window.from_slices((first, last), (0, samples))
            file.write(np.concatenate([blended, alpha[None]]), window=window)

        written = []
        for first in range(0, lines, _BAND_LINES):  # one band of lines is written while the next is blended
            core = first, 0, min(_BAND_LINES, lines - first), samples
            blended = multiband(layers, owners, _LEVELS, core=core, dtype=dtype, workers=_WORKERS)
            written.append(writer.submit(put, first, blended))
        for one in written:
            one.result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
    os._exit(0)  # as the command ends: to unload kernels one by one takes long

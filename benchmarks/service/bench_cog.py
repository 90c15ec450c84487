"""Writing cloud-optimized GeoTIFF, tiles in memory to file, against GDAL's COG driver."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from benchmarks.harness import Figure, Settings, paired
from hinterland.model.map_grids import MapGrid
from hinterland.products.cog import RasterWriter, Storage

_TILE = 1024
_WKT = 'LOCAL_CS["field",UNIT["metre",1]]'
_PEER = "GDAL's COG driver, all threads"
_AVERAGED: dict[str, str] = {"overview_resampling": "AVERAGE"}
_BY_DEFAULT: dict[str, str] = {}
"""Options of the driver: overviews as ours, and those that it makes unasked, by cubic convolution."""


def run(settings: Settings) -> list[Figure]:
    """Figures of three kinds of raster, two compressions, two sizes; small is one of 1000 samples a side.

    The driver's default overviews are another filter's, so they are measured apart, once of each kind.
    """
    sides = (1000,) if settings.small else (4096, 8192)
    figures = []
    for side in sides:
        for make, name in ((_rgb, "rgb8"), (_uint16, "uint16, 12 bits"), (_terrain, "float32 terrain")):
            samples = make(side)
            for compress in ("zstd", "deflate"):
                of = f"{name}, {side}, {compress}"
                with tempfile.TemporaryDirectory() as folder:
                    figures.append(_measured(of, samples, compress, _AVERAGED, Path(folder), settings))
                    if (side, compress) == (sides[0], "zstd"):
                        figures.append(_measured(of, samples, compress, _BY_DEFAULT, Path(folder), settings))
    return figures


def _rgb(side: int) -> NDArray[np.uint8]:
    """A smooth picture with noise of 1 DN, three bands."""
    return np.stack([_picture(side, band, 60.0, 1.0) for band in range(3)]).clip(0, 255).astype(np.uint8)


def _uint16(side: int) -> NDArray[np.uint16]:
    """The same with 12 bits and noise of 4 DN, one band."""
    return (16.0 * _picture(side, 0, 60.0, 0.25)[None]).clip(0, 4095).astype(np.uint16)


def _terrain(side: int) -> NDArray[np.float32]:
    """Heights in steps of 1/128 m, rough at every scale."""
    random = np.random.default_rng(3)
    heights = np.zeros((side, side), np.float32)
    rough = 100.0
    for step in (256, 64, 16, 4, 1):
        coarse = random.standard_normal((side // step + 2,) * 2).astype(np.float32)
        position = np.arange(side) / step
        first, part = position.astype(np.intp), (position % 1.0).astype(np.float32)
        lines = coarse[first] + (coarse[first + 1] - coarse[first]) * part[:, None]
        heights += rough * (lines[:, first] + (lines[:, first + 1] - lines[:, first]) * part)
        rough *= 0.15
    return (np.rint(128.0 * heights) / 128.0).astype(np.float32)[None]


def _picture(side: int, band: int, contrast: float, noise: float) -> NDArray[np.float32]:
    line, sample = np.ogrid[:side, :side]
    texture = np.sin(line / 97.0 + band) * np.cos(sample / 71.0) + 0.4 * np.sin((line + sample) / 13.0)
    grain = np.random.default_rng(band).standard_normal((side, side), np.float32)
    return (128.0 + contrast * texture.astype(np.float32) + noise * grain).astype(np.float32)


def _measured(
    of: str,
    samples: NDArray[Any],
    compress: str,
    overviews: dict[str, str],
    folder: Path,
    settings: Settings,
) -> Figure:
    """Both get the raster as they like it best: ours tiles in memory, GDAL an uncompressed, cached file."""
    bands, side = len(samples), samples.shape[1]
    ours_tif, peer_tif, plain_tif = folder / "ours.tif", folder / "peer.tif", folder / "plain.tif"
    grid = MapGrid(wkt=_WKT, affine=(2.0, 0.0, 0.0, 0.0, -2.0, 0.0), lines=side, samples=side)
    mask = np.ones((_TILE, _TILE), np.bool_)
    profile = {"driver": "GTiff", "count": bands, "height": side, "width": side, "dtype": samples.dtype}
    profile |= {
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "photometric": "RGB" if bands == 3 else "MINISBLACK",
    }
    with rasterio.open(
        plain_tif, "w", **profile, crs=_WKT, transform=rasterio.Affine(*grid.affine)
    ) as dataset:
        dataset.write(samples)

    def ours() -> None:
        with RasterWriter(
            ours_tif,
            lines=side,
            samples=side,
            bands=bands,
            dtype=samples.dtype,
            grid=grid,
            storage=Storage(compress=compress),
        ) as writer:
            for line in range(0, side, _TILE):
                for sample in range(0, side, _TILE):
                    tile = samples[:, line : line + _TILE, sample : sample + _TILE]
                    writer.write(line, sample, tile, mask[: tile.shape[1], : tile.shape[2]])
            writer.finish()

    def peer() -> None:
        rasterio.shutil.copy(
            plain_tif,
            peer_tif,
            driver="COG",
            compress=compress,
            level=1,
            predictor="YES",
            blocksize=512,
            num_threads="ALL_CPUS",
            **overviews,
        )
        handle = os.open(peer_tif, os.O_RDONLY)
        os.fsync(handle)  # as ours does
        os.close(handle)

    pair = paired(ours, peer, settings.rounds)
    is_averaged = overviews is _AVERAGED
    _same(ours_tif, peer_tif, overviews=is_averaged)
    return Figure(
        name=f"COG of {of}" if is_averaged else f"COG of {of}, the driver's overviews cubic",
        value=side * side / pair.ours_s / 1e6,
        unit="Mpix/s",
        peer=f"{_PEER}, overviews by average" if is_averaged else f"{_PEER}, its default overviews",
        ratio=pair.ratio,
        details={
            "ours_s": pair.ours_s,
            "peer_s": pair.peer_s,
            "times_smaller": samples.nbytes / ours_tif.stat().st_size,
            "times_smaller_peer": samples.nbytes / peer_tif.stat().st_size,
        },
    )


def _same(ours: Path, peer: Path, *, overviews: bool) -> None:
    """The samples are the same, and overviews that are made alike to a rounding."""
    for options in ({}, {"overview_level": 0}) if overviews else ({},):
        with rasterio.open(ours, **options) as one, rasterio.open(peer, **options) as other:
            apart = np.abs(one.read().astype(np.float64) - other.read()).max()
        if apart > (1.0 if options else 0.0):
            message = f"{ours} and {peer} differ by {apart}"
            raise RuntimeError(message)

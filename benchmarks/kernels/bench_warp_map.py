"""Reprojecting a whole map, coordinates included: cv2.remap is given them, rasterio.reproject makes its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyproj
import rasterio.warp
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.transform import Affine

from benchmarks.harness import CORES, Figure, Settings, floor_share, in_threads, paired
from hinterland.model.map_grids import MapGrid
from hinterland.model.reprojection import Transform, grid_to_source
from hinterland_kernels.lattice import Lattice, build_lattice, choose_step
from hinterland_kernels.warp import spline_coefficients, warp

_EQUIRECTANGULAR = "+proj=eqc +lat_ts=45 +lon_0=10 +R=3396190 +units=m"
_STEREOGRAPHIC = "+proj=stere +lat_0=45 +lon_0=10 +R=3396190 +units=m"
_METRES = 100.0
_BAND_LINES = 256
FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
_OPENCV = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "bspline3": cv2.INTER_CUBIC}
_GDAL = {"bilinear": Resampling.bilinear, "bicubic": Resampling.cubic, "bspline3": Resampling.lanczos}
_CASES = (
    ("bilinear", "uint8", 1),
    ("bilinear", "uint16", 1),
    ("bilinear", "float32", 1),
    ("bilinear", "uint8", 3),
    ("bicubic", "uint8", 1),
    ("bspline3", "float32", 1),
)
Spectrum = tuple[tuple[float, float], ...]
"""Waves of a picture: length, px, and height."""
EVEN: Spectrum = tuple((float(length), float(length)) for length in np.geomspace(3.0, 40.0, 7))
"""As high as long, as those of natural scenes: most of what a kernel loses is at the shortest."""
DETAILED: Spectrum = tuple(
    wave
    for wave in ((3.7, 0.15), (5.7, 0.17), (6.4, 0.08), (40.0, 0.29), (44.0, 0.93))
    for _direction in range(3)
)
"""Detail of 4 to 6 px on long waves, a twentieth of their power. Exact kernels lose 4 % of it if bilinear, 1.4 %
if cubic, 0.4 % if Lanczos, 0.3 % if a cubic spline: as is published for a picture of waves from 3 px on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maps:
    """Two maps of one part of Mars with samples of the same size."""

    target: MapGrid
    source: MapGrid
    exact_map: Transform
    """From points of the target to points of the source."""


def two_maps(side: int) -> _Maps:
    """An oblique stereographic map, and what of an equirectangular one lies under it."""
    half = 0.5 * side * _METRES
    target = MapGrid(
        wkt=pyproj.CRS(_STEREOGRAPHIC).to_wkt(),
        affine=(_METRES, 0.0, -half, 0.0, -_METRES, half),
        lines=side,
        samples=side,
    )
    edge = np.linspace(-half, half, 65)
    ends = np.full(65, half)
    x, y = pyproj.Transformer.from_crs(_STEREOGRAPHIC, _EQUIRECTANGULAR, always_xy=True).transform(
        np.concatenate([edge, edge, ends, -ends]), np.concatenate([ends, -ends, edge, edge])
    )
    margin = 40 * _METRES
    source = MapGrid(
        wkt=pyproj.CRS(_EQUIRECTANGULAR).to_wkt(),
        affine=(_METRES, 0.0, x.min() - margin, 0.0, -_METRES, y.max() + margin),
        lines=int((np.ptp(y) + 2 * margin) / _METRES),
        samples=int((np.ptp(x) + 2 * margin) / _METRES),
    )
    return _Maps(target=target, source=source, exact_map=grid_to_source(target, source))


def _waves(
    line: NDArray[np.float64], sample: NDArray[np.float64], spectrum: Spectrum = EVEN
) -> NDArray[np.float64]:
    """A picture known everywhere, 0 to 1: waves in several directions."""
    total = np.zeros(np.broadcast_shapes(line.shape, sample.shape))
    for number, (length, height) in enumerate(spectrum):
        angle = 0.9 * number
        turns = (line * np.sin(angle) + sample * np.cos(angle)) / length
        total += height * np.sin(2.0 * np.pi * turns + number)
    found: NDArray[np.float64] = 0.5 + 0.5 * total / sum(height for _, height in spectrum)
    return found


@functools.cache
def waves_picture(shape: tuple[int, int], spectrum: Spectrum = EVEN) -> NDArray[np.float32]:
    """The waves on a grid, (lines, samples)."""
    out = np.empty(shape, np.float32)
    for first in range(0, shape[0], _BAND_LINES):
        lines = np.arange(first, min(first + _BAND_LINES, shape[0]), dtype=np.float64)
        columns = np.arange(shape[1], dtype=np.float64)
        out[first : first + len(lines)] = _waves(lines[:, None], columns[None], spectrum)
    return out


def given_maps(lattice: Lattice, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The lattice's points at every pixel, as OpenCV takes them: samples and lines."""
    place = np.arange(side)
    block, t = place // lattice.step, (place % lattice.step) / lattice.step
    bulge = t * (1.0 - t)
    found = []
    for axis in (1, 0):
        nodes = lattice.nodes[..., axis]
        rows = (1.0 - t)[:, None] * nodes[block] + t[:, None] * nodes[block + 1]
        points = np.empty((side, side), np.float32)
        for first in range(0, side, _BAND_LINES):
            part = rows[first : first + _BAND_LINES]
            points[first : first + _BAND_LINES] = (1.0 - t) * part[:, block] + t * part[:, block + 1]
            down, right = np.moveaxis(lattice.bends[block[first : first + _BAND_LINES], ..., axis], -1, 0)
            points[first : first + _BAND_LINES] += (
                bulge[first : first + _BAND_LINES, None] * down[:, block] + bulge * right[:, block]
            )
        found.append(points)
    return found[0], found[1]


def _ours(
    maps: _Maps, source: NDArray[Any], mask: NDArray[np.bool_], kernel: str, out: tuple[Any, Any]
) -> Callable[[], None]:
    """All of it: the step, the lattice, a spline's coefficients, the samples, in bands of lines on all cores."""
    shape, window = maps.source.shape, (0, 0, *maps.target.shape)
    values, valid = out

    def run() -> None:
        step = choose_step(maps.exact_map, window, shape, is_gentle=True)
        lattice = build_lattice(maps.exact_map, window, shape, step=step, is_gentle=True, workers=CORES)
        is_whole = bool(mask.all())
        coefficients = spline_coefficients(source, mask) if kernel == "bspline3" else None

        def band(first: int) -> None:
            lines = slice(first, min(first + _BAND_LINES, window[2]))
            warp(
                source,
                mask,
                lattice,
                (first, 0, lines.stop - first, window[3]),
                kernel=kernel,
                dtype=values.dtype.name,
                out=(values[:, lines], valid[lines]),
                coefficients=coefficients,
                is_whole=is_whole,
            )

        in_threads(band, range(0, window[2], _BAND_LINES))

    return run


def _figures(kernel: str, dtype: str, bands: int, maps: _Maps, settings: Settings) -> list[Figure]:
    picture = waves_picture(maps.source.shape) * np.float32(FULL_SCALE[dtype])
    one = (picture if dtype == "float32" else np.rint(picture)).astype(dtype)
    source = np.broadcast_to(one, (bands, *one.shape)).copy()
    mask = np.ones(one.shape, np.bool_)
    side = maps.target.lines
    values, valid = np.empty((bands, side, side), dtype), np.empty((side, side), np.bool_)
    ours = _ours(maps, source, mask, kernel, (values, valid))
    whole = (0, 0, side, side)
    step = choose_step(maps.exact_map, whole, maps.source.shape, is_gentle=True)
    lattice = build_lattice(maps.exact_map, whole, maps.source.shape, step=step, is_gentle=True)
    sample_map, line_map = given_maps(lattice, side)
    interleaved = np.moveaxis(source, 0, -1).copy()
    remapped = np.empty((side, side, bands), dtype)
    reprojected = np.empty_like(values)

    def opencv() -> None:
        cv2.remap(interleaved, sample_map, line_map, _OPENCV[kernel], dst=remapped)

    def gdal() -> None:
        rasterio.warp.reproject(
            source,
            reprojected,
            src_transform=Affine(*maps.source.affine),
            src_crs=maps.source.wkt,
            dst_transform=Affine(*maps.target.affine),
            dst_crs=maps.target.wkt,
            resampling=_GDAL[kernel],
            num_threads=CORES,
        )

    pairs = {
        f"cv2.remap {cv2.__version__}, maps given": paired(ours, opencv, settings.rounds),
        f"rasterio.reproject {_GDAL[kernel].name}": paired(ours, gdal, settings.rounds),
    }
    at = np.arange(0, side, 61)  # between the lattice's nodes and on them
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float64)
    points = maps.exact_map(grid).reshape(len(at), len(at), 2)
    here = np.ix_(at, at)

    def errors_on(spectrum: Spectrum, suffix: str) -> dict[str, float]:
        truth = _waves(points[..., 0], points[..., 1], spectrum) * FULL_SCALE[dtype]
        return {
            name + suffix: float(
                np.sqrt(np.mean((found[here].astype(np.float64) - truth) ** 2)) / truth.std()
            )
            for name, found in (
                ("error", values[0]),
                ("gdal_error", reprojected[0]),
                ("cv2_error", remapped[..., 0]),
            )
        }

    errors = errors_on(EVEN, "")
    if kernel == "bspline3":
        source[0] = waves_picture(maps.source.shape, DETAILED)
        interleaved[..., 0] = source[0]
        ours(), opencv(), gdal()
        errors |= errors_on(DETAILED, "_on_detail")
    places = np.stack([line_map[here], sample_map[here]], axis=-1)
    errors["coordinate_error_px"] = float(np.abs(places - points).max())
    pixels = side * side
    return [
        Figure(
            name=f"map {kernel} {dtype}{' x 3' if bands == 3 else ''}",
            value=pixels / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer=peer,
            ratio=pair.ratio,
            floor=floor_share(pixels * 2 * bands * source.itemsize, pair.ours_s, settings),
            details={**errors, "step": lattice.step, "peer_s": pair.peer_s},
        )
        for peer, pair in pairs.items()
    ]


def run(settings: Settings) -> list[Figure]:
    """Kernels and types of sample; 8192 x 8192 pixels of an oblique stereographic map, in memory, on the CPU."""
    maps = two_maps(192 if settings.small else 8192)
    return [figure for case in _CASES for figure in _figures(*case, maps, settings)]

"""Rasters carried onto windows of a map grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.map_grids import MapGrid, Window, inside
from hinterland.mosaics.orthomosaic_placing import Placement, exact_map
from hinterland.products.georeferenced_reader import MapReader, Samples, read_dtype
from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.lattice import EMPTY, TOLERANCE_PX, Lattice, build_lattice
from hinterland_kernels.pixel.sampling import WIDEST
from hinterland_kernels.pixel.spline import REACH
from hinterland_kernels.warp import SOURCE_DTYPES, warp

if TYPE_CHECKING:
    from hinterland.adjust.levelling import Level

_RADIUS_PX = {"nearest": 1, "bilinear": 2, "bicubic": 3, "lanczos3": 4, "bspline3": 3 + REACH}
"""Samples about a point that a kernel can touch, one more than its half width."""
_COEFFICIENT_BYTES = 4
_SMALLEST_PX = 32
_AT_ONCE_PX = 1 << 16
"""Samples that are levelled at a time: with what is made of them they stay in a core's cache."""
_UNIT = 1 << 16
"""Nodes are whole multiples of 1 / 65536 px: moved by whole samples they interpolate to the very same points, so
that no sample depends on the window in which it was made."""


class Warper:
    """Carries rasters onto one grid, in pieces small enough for the memory it is given.

    Parameters
    ----------
    grid : MapGrid
        The mosaic, or a reduced view of it.
    reader : MapReader
        Reads the rasters.
    bands : int
        Of the mosaic: grey stands in for each colour.
    kernel : str
        Resampling kernel.
    piece_bytes : int
        Largest window of a raster held at a time, where that is possible.
    backend : Backend
        Where the loops run.
    """

    def __init__(
        self,
        grid: MapGrid,
        reader: MapReader,
        *,
        bands: int,
        kernel: str,
        piece_bytes: int,
        backend: Backend = CPU,
    ) -> None:
        self._grid = grid
        self._reader = reader
        self._bands = bands
        self._kernel = kernel
        self._piece_bytes = piece_bytes
        self._backend = backend

    def carry(
        self,
        placement: Placement,
        window: Window,
        dtype: np.dtype[Any],
        level: Level | None = None,
        *,
        stays: bool = False,
    ) -> Samples | None:
        """Samples of a raster on a window.

        Parameters
        ----------
        placement : Placement
            The raster on the grid.
        window : Window
            Of the grid.
        dtype : np.dtype
            Of the result: whole numbers are rounded and stay in the dtype's range.
        level : Level, optional
            Gain and offset per band.
        stays : bool
            Whether the result is of the backend, for other loops there; else it is the host's.

        Returns
        -------
        Samples or None
            On the window, anything where not valid; None where nothing is valid.
        """
        backend = self._backend
        xp, bring = (backend.xp, backend.to_device) if stays else (np, backend.to_host)
        part = placement.part(window)
        if part is None:
            return None
        if placement.shift is not None:
            down, right = placement.shift
            source = part[0] + down, part[1] + right, part[2], part[3]
            found = iter([(part, self._reader.read(placement.raster, source))])
        else:
            # without gains whole numbers stay whole numbers
            is_final = level is None and dtype.name in SOURCE_DTYPES
            found = self._resampled(placement, part, dtype.name if is_final else "float32")
        pieces = [(place, Samples(bring(one.values), bring(one.mask), one.is_whole)) for place, one in found]
        if not pieces:
            return None
        if (
            len(pieces) == 1
            and part == window
            and level is None
            and pieces[0][1].values.shape[0] == self._bands
        ):
            values, mask, is_whole = pieces[0][1]
            return Samples(quantised(values, dtype, xp), mask, is_whole) if is_whole or mask.any() else None
        _, _, lines, samples = window
        if len(pieces) == 1 and part == window and pieces[0][1].is_whole:
            values = xp.empty((self._bands, lines, samples), dtype=dtype)
            _put_values(values, pieces[0][1], level, xp)
            return Samples(values, bring(np.broadcast_to(np.True_, (lines, samples))), is_whole=True)
        out = Samples(
            xp.zeros((self._bands, lines, samples), dtype=dtype), xp.zeros((lines, samples), dtype=np.bool_)
        )
        for place, piece in pieces:
            rows, columns = inside(place, window)
            _put_values(out.values[:, rows, columns], piece, level, xp)
            out.mask[rows, columns] |= piece.mask
        if len(pieces) == 1 and pieces[0][1].is_whole:
            return out
        return out if out.mask.any() else None

    def _resampled(self, placement: Placement, part: Window, dtype: str) -> Iterator[tuple[Window, Samples]]:
        """Yield what is valid of a part, in pieces of a dtype; they are of the backend."""
        source = placement.grid
        lattice = build_lattice(
            exact_map(self._grid, placement),
            part,
            source.shape,
            step=placement.step,
            # nearest is the very sample GDAL's exact mode takes: no sample is interpolated to
            tolerance_px=-1.0 if self._kernel == "nearest" else TOLERANCE_PX,
            is_gentle=True,
        )
        region = _region(lattice, source.shape, _RADIUS_PX[self._kernel])
        if region is None:
            return
        bytes_per_px = placement.raster.bands * read_dtype(placement.raster, placement.factor).itemsize + 1
        if self._kernel == "bspline3":
            bytes_per_px += _COEFFICIENT_BYTES * (placement.raster.bands + 1)
        if region[2] * region[3] * bytes_per_px > self._piece_bytes and max(part[2:]) > _SMALLEST_PX:
            for half in _halves(part, placement.step):
                yield from self._resampled(placement, half, dtype)
            return
        found = self._reader.read(placement.raster, region, placement.factor)
        if not (found.is_whole or found.mask.any()):
            return
        values = found.values if found.values.dtype.name in SOURCE_DTYPES else found.values.astype(np.float32)
        lattice = _moved(lattice, region)
        warped, mask = warp(
            self._backend.to_device(values),
            self._backend.to_device(found.mask),
            lattice,
            part,
            kernel=self._kernel,
            dtype=dtype,
            is_whole=found.is_whole,
            backend=self._backend,
        )
        yield part, Samples(warped, mask)


def quantised(values: NDArray[Any], dtype: np.dtype[Any], xp: Any = np) -> NDArray[Any]:  # noqa: ANN401
    """Round to the nearest sample value; what lies beyond the range stays at its end; `xp` has the arrays."""
    if values.dtype == dtype or dtype.kind == "f" or values.dtype.kind != "f":
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    rounded: NDArray[Any] = xp.clip(xp.rint(values), limits.min, limits.max).astype(dtype)
    return rounded


def _put_values(out: NDArray[Any], found: Samples, level: Level | None, xp: Any) -> None:  # noqa: ANN401
    """Lay what is valid into its place, levelled; grey serves every band. All arrays are of the namespace."""
    lines, samples = found.mask.shape
    high = max(1, _AT_ONCE_PX // samples) if xp is np else lines
    for top in range(0, lines, high):
        rows = slice(top, top + high)
        values: NDArray[Any] = found.values[:, rows]
        if level is not None:
            gain, offset = (xp.asarray(one, np.float32)[:, None, None] for one in (level.gain, level.offset))
            values = values.astype(np.float32) * gain
            values += offset
        values = quantised(values, out.dtype, xp)
        if found.is_whole:
            out[:, rows] = values
        else:
            xp.copyto(out[:, rows], values, where=found.mask[None, rows])


def _halves(window: Window, step: int) -> tuple[Window, Window]:
    """Cut a window across its longer side, where blocks of the lattice meet if it is long enough."""
    line, sample, lines, samples = window
    if lines >= samples:
        cut = _middle(line, lines, step)
        return (line, sample, cut - line, samples), (cut, sample, line + lines - cut, samples)
    cut = _middle(sample, samples, step)
    return (line, sample, lines, cut - sample), (line, cut, lines, sample + samples - cut)


def _middle(first: int, size: int, step: int) -> int:
    at_block = (first + size // 2) // step * step
    return at_block if first < at_block < first + size else first + size // 2


def _region(lattice: Lattice, shape: tuple[int, int], radius: int) -> Window | None:
    """The part of a source that the kernels can touch; None if none."""
    covered = np.argwhere(lattice.blocks != EMPTY)
    if not len(covered):
        return None
    i, j = covered.T
    corners = [lattice.nodes[i + down, j + right] for down in (0, 1) for right in (0, 1)]
    points = np.concatenate([*corners, lattice.exact.reshape(-1, 2)])
    points = points[np.isfinite(points[:, 0])]
    if not len(points):
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    margin = radius * min(max(1.0, _span(lattice)), WIDEST) + 1.0
    first = np.clip(np.floor(low - margin), 0, shape).astype(int)
    last = np.clip(np.ceil(high + margin) + 1, 0, shape).astype(int)
    if (last <= first).any():
        return None
    (line, sample), (lines, samples) = first, last - first
    return int(line), int(sample), int(lines), int(samples)


def _span(lattice: Lattice) -> float:
    """At least the most source samples that one pixel of the grid spans."""
    nodes, exact = lattice.nodes, lattice.exact
    spans = [np.abs(np.diff(nodes, axis=axis)).reshape(-1) / lattice.step for axis in (0, 1)]
    spans += [np.abs(np.diff(exact, axis=axis)).reshape(-1) for axis in (1, 2)]
    every = np.concatenate(spans)
    found = every[np.isfinite(every)]
    return 1.5 * float(found.max(initial=1.0))  # of both axes together: root two, and the blocks' curvature


def _moved(lattice: Lattice, region: Window) -> Lattice:
    """The lattice as it leads into a window of the source."""
    corner = np.array(region[:2], dtype=np.float64)
    nodes = np.rint(lattice.nodes * _UNIT) / _UNIT
    return lattice._replace(nodes=nodes - corner, exact=lattice.exact - corner)

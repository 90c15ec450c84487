"""Warping: one source onto a window of the grid through its lattice."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from hinterland_kernels.backend import CPU, CUDA_NAME, Backend
from hinterland_kernels.lattice import Lattice
from hinterland_kernels.pixel import sampling
from hinterland_kernels.pixel.flat import Flat

KERNELS = {
    "nearest": sampling.NEAREST,
    "bilinear": sampling.BILINEAR,
    "bicubic": sampling.BICUBIC,
    "lanczos3": sampling.LANCZOS3,
}
SOURCE_DTYPES = ("uint8", "uint16", "float32")
NO_FLAT = Flat()


def warp(
    source: Any,  # noqa: ANN401 - an array of the backend
    mask: Any,  # noqa: ANN401
    lattice: Lattice,
    window: tuple[int, int, int, int],
    *,
    kernel: str = "bilinear",
    gain: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    flat: Flat = NO_FLAT,
    backend: Backend = CPU,
) -> tuple[Any, Any]:
    """Resample a source onto a window of the grid.

    Parameters
    ----------
    source : (bands, lines, samples) uint8, uint16 or float32
        Samples of the source, an array of the backend.
    mask : (lines, samples) bool
        True where the source is valid.
    lattice : Lattice
        Map from grid to source; pixels of the window off the lattice have no image. Its arrays may be the
        host's: `backend.to_device(lattice)` moves them once for many windows.
    window : (line, sample, lines, samples)
        Part of the grid to fill, pixels.
    kernel : str
        One of `KERNELS`. It is stretched where the source is finer than the grid (nearest is not), and
        normalised by its valid taps.
    gain, offset : sequence of float, optional
        Per band: the result is `gain * flat * value + offset`; 1 and 0 by default.
    flat : Flat
        The lens's flat field; 1 everywhere by default.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    values : (bands, lines, samples) float32
        0 where not valid.
    mask : (lines, samples) bool
        True where the source pixel nearest to the mapped point is valid.

    Raises
    ------
    ValueError
        If shapes, dtypes or the kernel's name do not fit.
    """
    if source.ndim != 3 or mask.shape != source.shape[1:] or mask.dtype != np.bool_:
        message = f"a source is (bands, lines, samples) with a bool mask, got {source.shape} and {mask.shape}"
        raise ValueError(message)
    if source.dtype.name not in SOURCE_DTYPES:
        message = f"a source is one of {', '.join(SOURCE_DTYPES)}, got {source.dtype}"
        raise ValueError(message)
    if kernel not in KERNELS:
        message = f"a kernel is one of {', '.join(KERNELS)}, got {kernel!r}"
        raise ValueError(message)
    bands = source.shape[0]
    gains, offsets = _per_band(gain, 1.0, bands), _per_band(offset, 0.0, bands)
    line, sample, lines, samples = window
    out = backend.xp.empty((bands, lines, samples), dtype=np.float32)
    out_mask = backend.xp.empty((lines, samples), dtype=np.bool_)
    _loops(backend).warp(
        source,
        mask,
        backend.to_device(lattice),
        line,
        sample,
        KERNELS[kernel],
        backend.to_device(gains),
        backend.to_device(offsets),
        flat,
        out,
        out_mask,
    )
    return out, out_mask


def _loops(backend: Backend) -> ModuleType:
    if backend.name == CUDA_NAME:
        from hinterland_kernels.warp import _cuda  # noqa: PLC0415 - needs numba.cuda

        return _cuda
    from hinterland_kernels.warp import _cpu  # noqa: PLC0415 - the twin

    return _cpu


def _per_band(values: Sequence[float] | None, default: float, bands: int) -> np.ndarray[Any, Any]:
    array = np.full(bands, default) if values is None else np.asarray(values, dtype=np.float64)
    if array.shape != (bands,):
        message = f"expected {bands} values, one a band, got {array.shape}"
        raise ValueError(message)
    return array

"""Warping: one source onto a window of the grid through its lattice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import load_numba
from hinterland_kernels.backend import CPU, CPU_NAME, CUDA_NAME, Backend
from hinterland_kernels.lattice import Lattice
from hinterland_kernels.pixel import sampling, weights
from hinterland_kernels.pixel.flat import Flat

KERNELS = {
    "nearest": weights.NEAREST,
    "bilinear": weights.BILINEAR,
    "bicubic": weights.BICUBIC,
    "lanczos3": weights.LANCZOS3,
    "bspline3": weights.BSPLINE3,
}
SOURCE_DTYPES = ("uint8", "uint16", "float32")
NO_FLAT = Flat()
_LINES_AT_ONCE = 256


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
    dtype: str = "float32",
    out: tuple[Any, Any] | None = None,
    coefficients: Any = None,  # noqa: ANN401
    is_whole: bool = False,
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
    dtype : str
        Of the result, one of `SOURCE_DTYPES`: into whole numbers values are rounded, halves to even, and stay
        at the end of the range that they pass.
    out : (values, mask), optional
        Arrays of the backend to fill, shaped as the result; the samples of a line are side by side in memory.
    coefficients : (bands, lines, samples) float32, optional
        `spline_coefficients` of the source, for many windows with the kernel "bspline3"; made here if not given.
    is_whole : bool
        True promises that the mask is all True, so that nobody looks for holes.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    values : (bands, lines, samples)
        0 where not valid.
    mask : (lines, samples) bool
        True where the source pixel nearest to the mapped point is valid.

    Raises
    ------
    ValueError
        If shapes, dtypes or the kernel's name do not fit.

    Notes
    -----
    A pixel is the same bytes in any window. Backends differ by up to 2**-15 of full scale, and by the rounding of
    the result: the CPU computes most samples in float32, from coordinates in units of 2**-23 px.
    """
    if source.ndim != 3 or mask.shape != source.shape[1:] or mask.dtype != np.bool_:
        message = f"a source is (bands, lines, samples) with a bool mask, got {source.shape} and {mask.shape}"
        raise ValueError(message)
    for name in (source.dtype.name, dtype):
        if name not in SOURCE_DTYPES:
            message = f"samples are one of {', '.join(SOURCE_DTYPES)}, got {name}"
            raise ValueError(message)
    if kernel not in KERNELS:
        message = f"a kernel is one of {', '.join(KERNELS)}, got {kernel!r}"
        raise ValueError(message)
    bands = source.shape[0]
    gains, offsets = _per_band(gain, 1.0, bands), _per_band(offset, 0.0, bands)
    values, valid = _result(out, (bands, *window[2:]), dtype, backend)
    source, mask = backend.xp.ascontiguousarray(source), backend.xp.ascontiguousarray(mask)
    weighed = source
    if kernel == "bspline3":
        weighed = spline_coefficients(source, mask, backend=backend) if coefficients is None else coefficients
    largest = 0.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    choice = KERNELS[kernel]
    arrays, levels, result = (source, weighed, mask), (gains, offsets, flat), (values, valid)
    if backend.name == CPU_NAME and _fill_blocks(
        arrays, is_whole, lattice, window, choice, levels, largest, result
    ):
        return result
    _loops(backend).warp(
        *arrays,
        backend.to_device(lattice),
        window[0],
        window[1],
        choice,
        backend.to_device(gains),
        backend.to_device(offsets),
        flat,
        largest,
        *result,
    )
    return result


def spline_coefficients(source: Any, mask: Any, *, backend: Backend = CPU) -> Any:  # noqa: ANN401
    """Prepare a source for many windows with the kernel "bspline3".

    Parameters
    ----------
    source : (bands, lines, samples) uint8, uint16 or float32
        Samples of the source, an array of the backend.
    mask : (lines, samples) bool
        True where the source is valid.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    (bands, lines, samples) float32
        Coefficients of the cubic B-spline through the samples, of the backend; 0 where not valid.
    """
    out = backend.xp.empty(source.shape, dtype=np.float32)
    source, mask = backend.xp.ascontiguousarray(source), backend.xp.ascontiguousarray(mask)
    if backend.name == CPU_NAME and not load_numba().config.DISABLE_JIT:
        _filter_in_threads(source, mask, out)
        return out
    between = backend.xp.empty(mask.shape, dtype=np.float32)
    for band in range(source.shape[0]):
        _loops(backend).filter_spline(source[band], mask, 0, 1, between)
        _loops(backend).filter_spline(between, mask, 1, 0, out[band])
    return out


def _filter_in_threads(source: NDArray[Any], mask: NDArray[np.bool_], out: NDArray[np.float32]) -> None:
    from hinterland_kernels.warp._spline import filter_spline  # noqa: PLC0415 - as the loops

    lines = mask.shape[0]
    is_whole = bool(mask.all())
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(
                filter_spline,
                samples,
                mask,
                is_whole,
                first,
                min(first + _LINES_AT_ONCE, lines),
                coefficients,
            )
            for samples, coefficients in zip(source, out, strict=True)
            for first in range(0, lines, _LINES_AT_ONCE)
        ]
        for job in jobs:
            job.result()


def _result(
    out: tuple[Any, Any] | None, shape: tuple[int, ...], dtype: str, backend: Backend
) -> tuple[Any, Any]:
    """The arrays to fill."""
    if out is None:
        return backend.xp.empty(shape, dtype=dtype), backend.xp.empty(shape[1:], dtype=np.bool_)
    values, valid = out
    fits = values.shape == shape and values.dtype.name == dtype and values.strides[-1] == values.itemsize
    if not fits or valid.shape != shape[1:] or valid.dtype != np.bool_:
        found = f"{values.dtype} {values.shape} and {valid.shape}"
        message = f"the result is {dtype} {shape} with a bool mask, got {found}"
        raise ValueError(message)
    return values, valid


def _fill_blocks(
    arrays: tuple[Any, Any, Any],
    is_whole: bool,
    lattice: Lattice,
    window: tuple[int, int, int, int],
    kernel: int,
    levels: tuple[Any, Any, Flat],
    largest: float,
    result: tuple[Any, Any],
) -> bool:
    """Fill the result on the CPU by blocks; False where nothing is compiled."""
    if load_numba().config.DISABLE_JIT:
        return False
    from hinterland_kernels.warp._blocks import FILL  # noqa: PLC0415 - as the loops
    from hinterland_kernels.warp._runs import Job  # noqa: PLC0415

    gain, offset, flat = levels
    is_levelled = flat != NO_FLAT or bool((gain != 1.0).any() or (offset != 0.0).any())
    source, weighed, mask = arrays
    source_flat, base = _flat(source)
    weighed_flat = source_flat if weighed is source else _flat(weighed)[0]
    job = Job(
        _read_only(source),
        _read_only(weighed),
        source_flat,
        weighed_flat,
        _flat(mask[None])[0][0],
        base,
        mask,
        is_whole or _is_whole(mask, lattice, window),
        lattice,
        *window[:2],
        kernel,
        gain,
        offset,
        flat,
        largest,
        *result,
    )
    FILL[kernel, is_levelled](job)
    return True


def _flat(array: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """A source as (bands, numbers), and where its first sample is in each.

    Loops read up to `WIDE_SPAN` lines and samples of which some may lie beyond a small source.
    """
    from hinterland_kernels.warp._bilinear import WIDE_SPAN  # noqa: PLC0415 - as the loops

    bands, lines, samples = array.shape
    if min(lines, samples) >= WIDE_SPAN:
        return _read_only(array.reshape(bands, lines * samples)), 0
    base = WIDE_SPAN * (samples + 1)
    flat = np.zeros((bands, lines * samples + 2 * base), array.dtype)
    flat[:, base:-base] = array.reshape(bands, lines * samples)
    return _read_only(flat), base


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory: loops are compiled once, not for arrays that may be written and for those that may not."""
    view = array.view()
    view.flags.writeable = False
    return view


def _is_whole(mask: NDArray[np.bool_], lattice: Lattice, window: tuple[int, int, int, int]) -> bool:
    """True if no sample is missing on any source line that a window's blocks touch: quicker than by blocks."""
    line, _, lines, _ = window
    first = (line - lattice.line) // lattice.step
    last = (line + lines - 1 - lattice.line) // lattice.step + 1
    touched = lattice.nodes[max(first, 0) : max(last, 0) + 1, :, 0]
    touched = touched[np.isfinite(touched)]
    if not touched.size:
        return False
    reach = 4.0 * sampling.WIDEST
    top, bottom = touched.min() - reach, touched.max() + reach
    if bottom - top > 2 * lines + 2 * reach:
        return False  # a source that is turned: its blocks see less
    return bool(mask[int(max(top, 0.0)) : int(min(max(bottom, 0.0), mask.shape[0])) + 1].all())


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

"""Reduction of rasters: halves for their overviews, by means of the valid samples of 2 x 2, or one sample of them
for labels; and means of the valid samples of larger blocks, of one raster or of two that overlap.

A half of a half is not quite the mean over 4 x 4: where some samples are not valid the others weigh more, and
whole numbers are rounded twice. A GPU has nothing to gain: the loops move bytes, and the halves go to a file.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.pyramid import _cpu
from hinterland_kernels.pyramid._pairs import paired_means

DTYPES = ("uint8", "uint16", "int16", "float32")
_MOST_SUMMED = 1 << 16
"""Whole numbers of 16 bits whose sum stays within 32."""


def halve(samples: NDArray[Any], mask: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Halve lines and samples: each result is the mean of the valid ones among its 2 x 2.

    A last odd line or sample stands for itself. Halves of a raster's even-sized pieces are the pieces of its
    half, so a raster may be halved in parts.

    Parameters
    ----------
    samples : (bands, lines, samples) of one of `DTYPES`
        What is not valid has no influence, not even as nan.
    mask : (lines, samples) bool
        True where valid.

    Returns
    -------
    half : (bands, (lines + 1) // 2, (samples + 1) // 2) of the same dtype
        Whole numbers are rounded to the nearest, halves up; 0 where nothing is valid.
    half_mask : bool
        True where any of the 2 x 2 is valid.

    Raises
    ------
    ValueError
        If the dtype or the shapes do not fit.
    """
    half = _empty_half(samples)
    if samples.shape[1:] != mask.shape:
        message = f"{samples.dtype} {samples.shape} with a mask of {mask.shape} is no raster to halve"
        raise ValueError(message)
    if mask.all():
        return halve_full(samples), np.ones(half.shape[1:], np.bool_)
    half_mask = np.empty(half.shape[1:], np.bool_)
    samples, mask = np.ascontiguousarray(samples), np.ascontiguousarray(mask)
    _cpu.halve_valid(samples, mask, samples.dtype.kind != "f", half, half_mask)
    return half, half_mask


def halve_full(samples: NDArray[Any]) -> NDArray[Any]:
    """Halve lines and samples of a raster that is valid everywhere, as `halve` does.

    Parameters
    ----------
    samples : (bands, lines, samples) of one of `DTYPES`
        All valid.

    Returns
    -------
    (bands, (lines + 1) // 2, (samples + 1) // 2) of the same dtype
        Means of 2 x 2.

    Raises
    ------
    ValueError
        If the dtype or the shape does not fit.
    """
    half = _empty_half(samples)
    loop = _cpu.halve_floats if samples.dtype.kind == "f" else _cpu.halve_whole
    loop(np.ascontiguousarray(samples), half)
    return half


def _empty_half(samples: NDArray[Any]) -> NDArray[Any]:
    if samples.dtype.name not in DTYPES or samples.ndim != 3:
        message = f"{samples.dtype} {samples.shape} is no raster to halve"
        raise ValueError(message)
    bands, lines, columns = samples.shape
    return np.empty((bands, (lines + 1) // 2, (columns + 1) // 2), samples.dtype)


def block_means(
    samples: NDArray[Any], mask: NDArray[np.bool_], factor: int | tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Reduce lines and samples to the means of the valid samples of blocks; blocks at the end may be smaller.

    Parameters
    ----------
    samples : (bands, lines, samples) of one of `DTYPES`
        What is not valid has no influence, not even as nan.
    mask : (lines, samples) bool
        True where valid.
    factor : int or (int, int)
        Samples along a block, or its lines and samples.

    Returns
    -------
    means : (bands, ceil(lines / factor), ceil(samples / factor)) float32
        0 where nothing is valid.
    means_mask : bool
        True where any sample of the block is valid.

    Raises
    ------
    ValueError
        If the dtype, the shapes or the factor do not fit.
    """
    high, wide = (factor, factor) if isinstance(factor, int) else factor
    if samples.dtype.name not in DTYPES or samples.shape[1:] != mask.shape or min(high, wide) < 1:
        message = f"{samples.dtype} {samples.shape} with a mask of {mask.shape} has no means by {factor}"
        raise ValueError(message)
    shape = -(-mask.shape[0] // high), -(-mask.shape[1] // wide)
    means = np.empty((len(samples), *shape), np.float32)
    means_mask = np.empty(shape, np.bool_)
    samples, mask = np.ascontiguousarray(samples), np.ascontiguousarray(mask)
    if samples.dtype.kind == "u" and high <= _MOST_SUMMED and mask.all():
        _cpu.whole_block_means(samples, high, wide, means)
        means_mask[:] = True
    else:
        _cpu.block_means(samples, mask, high, wide, means, means_mask)
    return means, means_mask


def paired_block_means(
    values: tuple[NDArray[np.float32], NDArray[np.float32]],
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    size: int,
    *,
    bright: float = math.inf,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Reduce two images of the same place to means over whole blocks, with how steep they are there.

    Parameters
    ----------
    values : pair of (bands, lines, samples) float32
        The images.
    masks : pair of (lines, samples) bool
        True where valid.
    size : int
        Samples along a block; what is left at the ends is in none.
    bright : float
        A block with a sample from here up is not usable.

    Returns
    -------
    means : (2, bands, m, n) float64
        Of the blocks of both images; without meaning where a block is not usable.
    slopes : (2, bands, m, n) float64
        Means of the size of the gradient, a pixel: by central differences, one-sided at the edges.
    is_usable : (m, n) bool
        Blocks whose samples are all valid, above 0 and below `bright`, in every band of both images.

    Raises
    ------
    ValueError
        If the shapes or the size do not fit.
    """
    if len({*(one.shape[1:] for one in values), *(one.shape for one in masks)}) != 1 or size < 1:
        message = f"images {[one.shape for one in values]} share no blocks of {size}"
        raise ValueError(message)
    blocks = [extent // size for extent in masks[0].shape]
    means = np.empty((2, len(values[0]), *blocks))
    slopes, is_usable = np.empty_like(means), np.empty(blocks, np.bool_)
    first, second = (np.ascontiguousarray(one) for one in values)
    first_mask, second_mask = (np.ascontiguousarray(one) for one in masks)
    paired_means((first, second), (first_mask, second_mask), size, bright, means, slopes, is_usable)
    return means, slopes, is_usable


def halve_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """Halve lines and samples of (..., lines, samples) labels: of each 2 x 2 the first, so none is made up."""
    return labels[..., ::2, ::2]

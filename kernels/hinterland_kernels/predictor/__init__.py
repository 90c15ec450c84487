"""TIFF's predictors: samples as differences from those before them, which compress better than samples.

Sources: TIFF Revision 6.0, section 14; Adobe Photoshop TIFF Technical Note 3 for floats. A GPU has nothing to
gain: the differences go to a codec of the CPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.predictor import _cpu

WHOLE_DTYPES = ("uint8", "uint16", "int16")


def differences(pixels: NDArray[Any], bands: int) -> NDArray[Any]:
    """Subtract from each sample the one of its band to the left: predictor 2.

    Parameters
    ----------
    pixels : (lines, samples * bands) of one of `WHOLE_DTYPES`
        Samples by pixel.
    bands : int
        Samples of a pixel.

    Returns
    -------
    (lines, samples * bands) of the same dtype
        Differences that wrap around; the first pixel of a line as it is.

    Raises
    ------
    ValueError
        If the dtype or the shape does not fit.
    """
    if pixels.dtype.name not in WHOLE_DTYPES or _has_no_pixels(pixels, bands):
        message = f"{pixels.dtype} {pixels.shape} with {bands} bands has no differences"
        raise ValueError(message)
    found = np.empty(pixels.shape, pixels.dtype)
    _cpu.differences(np.ascontiguousarray(pixels), bands, found)
    return found


def float_differences(pixels: NDArray[np.float32], bands: int) -> NDArray[np.uint8]:
    """Lay the octets of each line apart, the highest of all samples first, and subtract: predictor 3.

    Parameters
    ----------
    pixels : (lines, samples * bands) float32
        Samples by pixel.
    bands : int
        Samples of a pixel.

    Returns
    -------
    (lines, 4 * samples * bands) uint8
        Each octet less the one `bands` before it; they wrap around.

    Raises
    ------
    ValueError
        If the dtype or the shape does not fit.
    """
    if pixels.dtype != np.float32 or _has_no_pixels(pixels, bands):
        message = f"{pixels.dtype} {pixels.shape} with {bands} bands has no differences of floats"
        raise ValueError(message)
    octets = np.ascontiguousarray(pixels, "<f4").view(np.uint8)
    found = np.empty(octets.shape, np.uint8)
    _cpu.float_differences(octets, bands, found)
    return found


def _has_no_pixels(pixels: NDArray[Any], bands: int) -> bool:
    return pixels.ndim != 2 or bands < 1 or pixels.shape[1] < bands or pixels.shape[1] % bands != 0

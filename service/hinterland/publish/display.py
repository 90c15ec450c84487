"""The panorama as people see it: samples of any type stretched to 8 bits, alike in preview and tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.0
"""Percentiles of the valid samples, all bands taken together, that become black and white."""
NO_DATA = 24
"""Grey of what no frame covers: darker than ground and sky, lighter than their shadows' black."""
JPEG_QUALITY = 88
"""Of preview and tiles."""

_ENOUGH = 250_000  # samples give the percentiles of all to half a DN of 8 bits, in a tenth of the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A linear stretch, the same for all bands, so that hues stay."""

    low: float
    """What becomes 0."""
    high: float
    """What becomes 255; everything is mid grey if this is no more than `low`."""

    @classmethod
    def of(cls, samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> Self:
        """The stretch that suits samples.

        Parameters
        ----------
        samples : (bands, lines, samples)
            Any real dtype; those of the bands that are shown count.
        mask : (lines, samples) bool
            True where valid.

        Returns
        -------
        Stretch
            From `LOW_PERCENT` to `HIGH_PERCENT` of the valid samples.
        """
        valid = _visible(samples)[:, mask].astype(np.float32).reshape(-1)
        if not valid.size:
            return cls(low=0.0, high=0.0)
        low, high = np.percentile(valid[:: max(1, valid.size // _ENOUGH)], [LOW_PERCENT, HIGH_PERCENT])
        return cls(low=float(low), high=float(high))

    def applied(self, samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Stretch samples to 8 bits.

        Parameters
        ----------
        samples : (bands, lines, samples)
            Any real dtype.
        mask : (lines, samples) bool
            True where valid.

        Returns
        -------
        (bands, lines, samples) uint8
            `NO_DATA` where not valid.
        """
        shown = np.full(samples.shape, NO_DATA, np.uint8)
        valid = samples[:, mask].astype(np.float32)
        if self.high > self.low:
            valid -= self.low
            valid *= 255.0 / (self.high - self.low)
        else:
            valid.fill(127.5)  # one value only: mid grey
        shown[:, mask] = np.rint(np.clip(valid, 0.0, 255.0, out=valid), out=valid).astype(np.uint8)
        return shown

    def picture(self, samples: NDArray[np.generic], mask: NDArray[np.bool_]) -> Image.Image:
        """A picture of samples.

        Parameters
        ----------
        samples : (bands, lines, samples)
            Any real dtype. Of three or more bands the first three are red, green and blue; otherwise the first
            is shown in grey.
        mask : (lines, samples) bool
            True where valid.
        """
        shown = self.applied(_visible(samples), mask)
        return Image.fromarray(np.moveaxis(shown, 0, -1) if len(shown) == 3 else shown[0])


def _visible(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    return samples[:3] if len(samples) >= 3 else samples[:1]

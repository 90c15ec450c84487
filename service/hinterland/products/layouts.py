"""Pixels laid out plainly in a file: from bytes to an array (bands, lines, samples)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hinterland.errors import TruncatedError
from hinterland.products.fields import FieldError, printable

SAMPLES_LIMIT = 1 << 29
"""Most samples in one image: a full Mars 2020 frame has 59 million."""

_ORGANISATIONS = ("BSQ", "BIL", "BIP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the samples of an image lie in its file."""

    offset: int
    """Of the first record, bytes from the beginning of the file."""
    bands: int
    """Number of bands."""
    lines: int
    """Number of lines."""
    samples: int
    """Number of samples in a line."""
    dtype: np.dtype[np.generic]
    """Of a sample, byte order included."""
    organisation: str = "BSQ"
    """"BSQ" band by band, "BIL" line by line, "BIP" pixel by pixel."""
    prefix: int = 0
    """Bytes before the samples of each record."""
    suffix: int = 0
    """Bytes after the samples of each record."""

    def __post_init__(self) -> None:
        sizes = (self.bands, self.lines, self.samples)
        if min(sizes) < 1 or min(self.prefix, self.suffix, self.offset) < 0:
            message = f"the label gives impossible sizes: {self.bands} x {self.lines} x {self.samples}"
            raise FieldError(message)
        if self.bands * self.lines * self.samples > SAMPLES_LIMIT:
            message = (
                f"the label claims {self.bands} x {self.lines} x {self.samples} samples, which is absurd"
            )
            raise FieldError(message)
        if self.organisation not in _ORGANISATIONS:
            found = printable(self.organisation, 20)
            message = f"samples are in the order {found}, which is none of {', '.join(_ORGANISATIONS)}"
            raise FieldError(message)

    @property
    def _axes(self) -> tuple[int, int, int]:
        """Slowest, middle and fastest axis."""
        if self.organisation == "BIL":
            return self.lines, self.bands, self.samples
        if self.organisation == "BIP":
            return self.lines, self.samples, self.bands
        return self.bands, self.lines, self.samples

    @property
    def record_bytes(self) -> int:
        """Length of one record: one line of a band, or one pixel of all bands."""
        return self.prefix + self._axes[2] * self.dtype.itemsize + self.suffix

    @property
    def end(self) -> int:
        """First byte after the image."""
        slow, middle, _ = self._axes
        return self.offset + slow * middle * self.record_bytes

    def read(self, data: bytes, product: str) -> NDArray[np.generic]:
        """Take the samples out of a file's bytes.

        Parameters
        ----------
        data : bytes
            The whole file.
        product : str
            Named in the error.

        Returns
        -------
        (bands, lines, samples) array
            In the machine's byte order, C-contiguous.

        Raises
        ------
        TruncatedError
            If the file is shorter than the layout: missing pixels are never made up.
        """
        if len(data) < self.end:
            message = (
                f"{product}: pixels are cut off: the label promises {self.end} bytes, "
                f"the file has {len(data)}; fetch it again"
            )
            raise TruncatedError(message)
        slow, middle, fast = self._axes
        records = np.frombuffer(data, np.uint8, self.end - self.offset, self.offset)
        records = records.reshape(slow, middle, self.record_bytes)
        samples = np.ascontiguousarray(records[:, :, self.prefix : self.record_bytes - self.suffix])
        image = samples.view(self.dtype).reshape(slow, middle, fast)
        if self.organisation == "BIL":
            image = image.transpose(1, 0, 2)
        elif self.organisation == "BIP":
            image = image.transpose(2, 0, 1)
        return np.ascontiguousarray(image, dtype=self.dtype.newbyteorder("="))

"""What is known of one rover image, apart from its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland.model.rotations import Quaternion, matrix_from_quaternion


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a rover stood: images of one stop share one pose."""

    mission: str
    """"M2020", "MSL", "MER1", "MER2"; what the label says for others."""
    site: int
    """Site index of the rover motion counter."""
    drive: int
    """Drive index of the rover motion counter."""

    def __str__(self) -> str:
        return f"{self.mission} site {self.site} drive {self.drive}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One image product: its identity, its camera and the rover's attitude. Pixels live in `Image`."""

    product_id: str
    """The archive's or the feed's own name of the product, as the label gives it."""
    path: Path
    """The image file."""
    sha256: str
    """Of the image file's bytes, hexadecimal."""
    camera: CameraModel
    """In the rover-nav frame (+X forward, +Y right, +Z down), in the pixel grid of the file."""
    attitude: Quaternion
    """(w, x, y, z), rotates rover-nav vectors into the local-level frame (X north, Y east, Z down)."""
    stop: Stop
    """Where the rover stood."""
    exposure: str
    """Key shared by the tiles of one exposure, unique to it: one shutter, one pointing."""
    instrument: str
    """As the label says: "NAVCAM_LEFT", "FRONT_HAZCAM_LEFT_A" ..."""
    sol: int | None
    """Martian day of the mission; None if the label does not say."""
    time_utc: str | None = None
    """Start of the exposure, ISO 8601; None if the label does not say."""
    url: str | None = None
    """Address of the original file; None if the label knows none."""
    page: str | None = None
    """Address of the page that shows the original; None if the label knows none."""
    credit: str | None = None
    """Credit line of the picture."""
    notes: tuple[str, ...] = ()
    """What the reader noticed and the report should say."""

    @property
    def camera_in_local_level(self) -> CameraModel:
        """The label's camera in the local-level frame: X north, Y east, Z down from the rover-nav origin."""
        return self.camera.moved(matrix_from_quaternion(self.attitude))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """A product and its pixels."""

    product: Product
    """What is known of it."""
    samples: NDArray[np.generic]
    """(bands, lines, samples), uint8, uint16 or float32, C-contiguous; the shape is the camera's."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where the sample is valid."""
    largest: float
    """Full scale: the largest value a sample can take (4095 for 12 bits in 16)."""

    def __post_init__(self) -> None:
        if self.samples.ndim != 3 or self.samples.shape[1:] != self.product.camera.shape:
            message = (
                f"{self.product.product_id}: pixels are {self.samples.shape}, "
                f"the camera model is for {self.product.camera.shape} lines x samples"
            )
            raise ValueError(message)
        if self.mask.shape != self.samples.shape[1:] or self.mask.dtype != np.bool_:
            message = f"{self.product.product_id}: the mask does not fit the pixels"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An input that takes no part, and why; the report lists every one."""

    product: str
    """Product id, or the file's name where there is none."""
    path: Path | None
    """The file, where there is one."""
    reason: str
    """One clause for the user: "thumbnail", "no camera model in the feed" ..."""
    sha256: str | None = None
    """Of the file's bytes, hexadecimal; None where it was not read."""
    sol: int | None = None
    """Martian day of the mission; None where nothing tells."""
    url: str | None = None
    """Address of the original file; None where nothing tells."""
    page: str | None = None
    """Address of the page that shows the original; None where nothing tells."""

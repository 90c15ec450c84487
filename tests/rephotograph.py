"""Photograph a known panorama again through real camera models: frames whose truth is known.

The picture lies on the sphere at infinity. Each frame gets a gain, an offset and an error of its pointing;
its label tells of none of them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from navcam_rig import ATTITUDE, STOP
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.products import Image, Product
from hinterland.model.rotations import matrix_from_quaternion, matrix_from_rotation_vector

_DATA = Path(__file__).parent / "data" / "navcam360"
_BLACK = 12
_JPEG_BLOCK = 8
_RAYS_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A cylindrical picture of everything around."""

    samples: NDArray[np.float32]
    """(bands, lines, samples)."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where the picture has data."""
    grid: CylindricalGrid
    """Where each pixel looks; it closes."""

    def seen_by(self, rays: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Samples (bands, n), bilinear, and mask (n,) in directions (n, 3) of the local-level frame."""
        azimuth = np.arctan2(rays[:, 1], rays[:, 0])
        elevation = -np.arcsin(np.clip(rays[:, 2], -1.0, 1.0))
        points = self.grid.points(np.stack([azimuth, elevation], axis=1)).T
        held = (points[0] > 0.0) & (points[0] < self.grid.lines - 1)
        valid = ndimage.map_coordinates(self.mask, points, order=0, mode="grid-wrap") & held
        values = [ndimage.map_coordinates(band, points, order=1, mode="grid-wrap") for band in self.samples]
        return np.stack(values), valid

    def reduced(self, factor: int) -> Picture:
        """The same picture with blocks of `factor` x `factor` pixels averaged; its size is a multiple."""
        grid = self.grid.reduced(factor)
        fine = (grid.lines, factor, grid.samples, factor)
        return Picture(
            samples=self.samples.reshape(-1, *fine).mean(axis=(2, 4)),
            mask=np.asarray(self.mask.reshape(fine).all(axis=(1, 3)), np.bool_),
            grid=grid,
        )

    def on_grid(
        self, grid: CylindricalGrid, turn: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The picture as a panorama on another grid, averaged over each pixel: samples and mask.

        With a rotation matrix `turn` it shows in a direction what the picture has in the turned one.
        """

        def rays(points: NDArray[np.float64]) -> NDArray[np.float64]:
            azimuth, elevation = grid.directions(points).T
            level = np.cos(elevation)
            around = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), -np.sin(elevation)], axis=1)
            return around if turn is None else around @ turn.T

        return _averaged(self, rays, grid.shape, _supersampling(self, grid.pixels_per_degree))

    def through(self, camera: CameraModel) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """What a camera of the local-level frame sees of it, averaged over each pixel: samples and mask."""
        side = _supersampling(self, math.radians(camera.pixels_per_radian))
        return _averaged(self, lambda points: camera.look(points)[1], camera.shape, side)


def _supersampling(picture: Picture, pixels_per_degree: float) -> int:
    """Rays a side so that no pixel of the picture is passed over."""
    return max(2, math.ceil(picture.grid.pixels_per_degree / pixels_per_degree))


def _averaged(
    picture: Picture, rays: Any, shape: tuple[int, int], side: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    lines, samples = shape
    out = np.empty((len(picture.samples), lines, samples), np.float32)
    mask = np.empty(shape, np.bool_)
    across = (np.arange(samples * side) + 0.5) / side - 0.5
    rows = max(1, _RAYS_AT_ONCE // (samples * side * side))
    for first in range(0, lines, rows):
        last = min(lines, first + rows)
        down = (np.arange(first * side, last * side) + 0.5) / side - 0.5
        points = np.stack(np.meshgrid(down, across, indexing="ij"), axis=-1).reshape(-1, 2)
        values, valid = picture.seen_by(rays(points))
        fine = (last - first, side, samples, side)
        out[:, first:last] = values.reshape(-1, *fine).mean(axis=(2, 4))
        mask[first:last] = valid.reshape(fine).all(axis=(1, 3))
    out[:, ~mask] = 0.0
    return out, mask


@functools.cache
def navcam_picture() -> Picture:
    """The picture of tests/data/navcam360."""
    with Pillow.open(_DATA / "navcam360.jpg") as opened:
        samples = np.asarray(opened).transpose(2, 0, 1)
    # black that reaches the top or the bottom is no data, other black is shadow
    black, _ = ndimage.label(samples.max(axis=0) < _BLACK)
    hole = np.isin(black, np.setdiff1d(np.union1d(black[0], black[-1]), [0]))
    # a JPEG block on the edge holds a share of both
    mask = ndimage.minimum_filter(~hole, 2 * _JPEG_BLOCK + 1, mode=("nearest", "wrap"))
    grid = CylindricalGrid(
        azimuth_left_deg=40.0,
        elevation_top_deg=18.0,
        pixels_per_degree=8000.0 / 360.0,
        lines=samples.shape[1],
        samples=samples.shape[2],
    )
    return Picture(samples=samples.astype(np.float32), mask=mask, grid=grid)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photograph:
    """A frame and what its label does not say."""

    image: Image
    """DN = gain * picture + offset, noise on top, rounded; its product's camera errs."""
    true_camera: CameraModel
    """What it was taken through, in the rover frame."""
    gain: float
    """DN per unit of the picture."""
    offset: float
    """DN."""


def pointing_errors(count: int, rms_deg: float, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Rotation matrices about random axes, of exactly this RMS angle."""
    vectors = rng.normal(size=(count, 3))
    vectors *= math.radians(rms_deg) / math.sqrt((vectors**2).sum(axis=1).mean())
    return [matrix_from_rotation_vector(vector) for vector in vectors]


def rephotograph(
    picture: Picture,
    cameras: Sequence[CameraModel],
    *,
    seed: int,
    pointing_error_deg: float = 0.1,
    gains: tuple[float, float] = (0.7, 0.9),
    offsets: tuple[float, float] = (0.0, 10.0),
    noise_dn: float = 0.0,
    bits: int = 8,
) -> list[Photograph]:
    """Photograph a picture of 8 bits through cameras of the rover frame.

    Parameters
    ----------
    picture : Picture
        The truth, at infinity, in the local-level frame.
    cameras : sequence of CameraModel
        Through which it is seen; the labels get them turned by the pointing errors.
    seed : int
        Of all that is random.
    pointing_error_deg : float
        RMS angle of the errors.
    gains, offsets : (least, largest)
        Drawn evenly between the two; offsets and noise in DN of 8 bits.
    noise_dn : float
        Standard deviation of normal noise.
    bits : int
        8 or 16.
    """
    rng = np.random.default_rng(seed)
    errors = pointing_errors(len(cameras), pointing_error_deg, rng)
    to_local_level = matrix_from_quaternion(ATTITUDE)
    unit = {8: 1.0, 16: 257.0}[bits]
    largest = 255.0 * unit
    photographs = []
    for index, (camera, error) in enumerate(zip(cameras, errors, strict=True)):
        gain, offset = rng.uniform(*gains), rng.uniform(*offsets)
        seen, mask = picture.through(camera.moved(to_local_level))
        dn = (
            gain * seen + offset + rng.normal(scale=noise_dn, size=seen.shape)
            if noise_dn
            else gain * seen + offset
        )
        samples = np.clip(np.rint(unit * dn), 0.0, largest).astype(np.uint8 if bits == 8 else np.uint16)
        samples[:, ~mask] = 0
        image = Image(
            product=_product(camera.turned(error), index, samples),
            samples=samples,
            mask=mask,
            largest=largest,
        )
        photographs.append(
            Photograph(image=image, true_camera=camera, gain=unit * gain, offset=unit * offset)
        )
    return photographs


def _product(camera: CameraModel, index: int, samples: NDArray[Any]) -> Product:
    name = f"NLF_0015_06682870{index:02d}_000ECM_N0030386NCAM03001_00_2I4J"
    return Product(
        product_id=name,
        path=Path(f"{name}01.png"),
        sha256=hashlib.sha256(samples.tobytes()).hexdigest(),
        camera=camera,
        attitude=ATTITUDE,
        stop=STOP,
        exposure=name[:19],
        instrument="NAVCAM_LEFT",
        sol=15,
    )


def _component_list(camera: CameraModel) -> str:
    vectors = (
        camera.center,
        camera.axis,
        camera.horizontal,
        camera.vertical,
        camera.optical or camera.axis,
        camera.radial,
        camera.entrance,
    )
    shown = [f"({','.join(f'{value:.9g}' for value in vector)})" for vector in vectors]
    return ";".join([*shown, f"{camera.model_type:.1f}", f"{camera.parameter:.1f}"])


def write_frames(photographs: Sequence[Photograph], folder: Path) -> tuple[list[Path], Path]:
    """Write frames of 8 bits as PNG, transparent where there is no data, and their feed; return the files."""
    files, records = [], []
    for photograph in photographs:
        product, samples = photograph.image.product, photograph.image.samples
        alpha = np.where(photograph.image.mask, 255, 0).astype(np.uint8)
        pixels = np.stack([*np.broadcast_to(samples, (3, *alpha.shape)), alpha], axis=-1).astype(np.uint8)
        file = folder / product.path
        Pillow.fromarray(pixels).save(file, compress_level=1)
        files.append(file)
        lines, width = alpha.shape
        records.append(
            {
                "imageid": product.product_id,
                "sol": product.sol,
                "site": product.stop.site,
                "drive": str(product.stop.drive),
                "attitude": f"({','.join(str(value) for value in product.attitude)})",
                "sample_type": "Full",
                "extended": {"dimension": f"({width},{lines})", "scaleFactor": "4"},
                "camera": {
                    "instrument": product.instrument,
                    "camera_model_type": product.camera.kind,
                    "camera_model_component_list": _component_list(product.camera),
                },
            }
        )
    feed = folder / "feed.json"
    feed.write_text(json.dumps({"images": records}))
    return files, feed

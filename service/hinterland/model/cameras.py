"""Camera models of the CAHV family as values."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hinterland_kernels.lattice import maps
from hinterland_kernels.pixel import camera as formulas
from hinterland_kernels.pixel.vector import Vector

KINDS = {"CAHV": formulas.CAHV, "CAHVOR": formulas.CAHVOR, "CAHVORE": formulas.CAHVORE}

_PERSPECTIVE, _FISHEYE, _GENERAL = 1, 2, 3
_FIELD_MARGIN = math.radians(1.0)
_WIDEST = math.radians(120.0)
_PERIMETER_STEPS = 32
_AXIS_TOLERANCE = 1e-2
_NARROWEST_PX = 1.0


def _finite(vector: Vector) -> bool:
    return all(math.isfinite(value) for value in vector)


def _cross(a: Vector, b: Vector) -> Vector:
    # of single vectors, where NumPy would take fifty times as long
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """A CAHV, CAHVOR or CAHVORE model of one image, in the pixel grid of that image.

    Lines and samples are 0-based with whole numbers at pixel centres.
    """

    kind: str
    """"CAHV", "CAHVOR" or "CAHVORE"."""
    center: Vector
    """C, m."""
    axis: Vector
    """A, unit vector."""
    horizontal: Vector
    """H, pixels."""
    vertical: Vector
    """V, pixels."""
    optical: Vector | None = None
    """O, unit vector; None for CAHV."""
    radial: Vector = (0.0, 0.0, 0.0)
    """R."""
    entrance: Vector = (0.0, 0.0, 0.0)
    """E, m."""
    model_type: int = 0
    """CAHVORE: 1 perspective, 2 fish-eye, 3 general; 0 for the other kinds."""
    parameter: float = 0.0
    """Linearity of a general CAHVORE model."""
    lines: int
    """Height of the image."""
    samples: int
    """Width of the image."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"a camera model is one of {', '.join(KINDS)}, got {self.kind!r}"
            raise ValueError(message)
        if self.lines < 1 or self.samples < 1:
            message = f"an image has at least one pixel, got {self.lines} lines x {self.samples} samples"
            raise ValueError(message)
        if (self.optical is None) != (self.kind == "CAHV"):
            message = f"a {self.kind} model has {'no' if self.kind == 'CAHV' else 'an'} optical axis O"
            raise ValueError(message)
        if (self.model_type in {_PERSPECTIVE, _FISHEYE, _GENERAL}) != (self.kind == "CAHVORE"):
            message = f"type {self.model_type} does not go with a {self.kind} model"
            raise ValueError(message)
        self._check_vectors()

    def _check_vectors(self) -> None:
        vectors = {
            "C": self.center,
            "A": self.axis,
            "H": self.horizontal,
            "V": self.vertical,
            "O": self.optical or self.axis,
            "R": self.radial,
            "E": self.entrance,
            "parameter": (self.parameter, 0.0, 0.0),
        }
        for name, vector in vectors.items():
            if not _finite(vector):
                message = f"{name} of the camera model is not finite: {vector}"
                raise ValueError(message)
        for name in ("A", "O"):
            length = math.hypot(*vectors[name])
            if abs(length - 1.0) > _AXIS_TOLERANCE:
                message = f"{name} of the camera model must be a unit vector, got length {length:.6g}"
                raise ValueError(message)
        across = sum(x * y for x, y in zip(_cross(self.vertical, self.horizontal), self.axis, strict=True))
        if not (
            math.hypot(*_cross(self.axis, self.horizontal)) > _NARROWEST_PX
            and self.pixels_per_radian > _NARROWEST_PX
            and abs(across) > _NARROWEST_PX
        ):
            message = "the camera model is degenerate: A, H and V do not span an image plane"
            raise ValueError(message)

    @property
    def linearity(self) -> float:
        """1 for a perspective lens, 0 for a fish-eye, the parameter for a general one."""
        if self.model_type == _FISHEYE:
            return 0.0
        return self.parameter if self.model_type == _GENERAL else 1.0

    @property
    def pixels_per_radian(self) -> float:
        """Vertical scale at the axis: |A x V|."""
        return math.hypot(*_cross(self.axis, self.vertical))

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and samples."""
        return self.lines, self.samples

    @property
    def numbers(self) -> formulas.Camera:
        """The model as the kernels take it, with O normalised and the field of view bounded."""
        return _numbers(self)

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Project points.

        Parameters
        ----------
        points : (n, 3) float64
            In the frame of the model, m.

        Returns
        -------
        (n, 2) float64
            Line and sample; nan behind the camera or outside its field of view.
        """
        return maps.project_points(self.numbers, np.asarray(points) - np.array(self.center), finite=True)

    def project_directions(self, directions: ArrayLike) -> NDArray[np.float64]:
        """Project points at infinity given by directions (n, 3); returns line and sample as `project` does."""
        return maps.project_points(self.numbers, directions, finite=False)

    def look(self, points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Cast rays through points (n, 2) of line and sample: origins (m), unit directions, (n, 3)."""
        return maps.look_points(self.numbers, points)

    def moved(self, rotation: NDArray[np.float64], translation: ArrayLike = (0.0, 0.0, 0.0)) -> CameraModel:
        """Carry the model into another frame: `p' = rotation @ p + translation`.

        Parameters
        ----------
        rotation : (3, 3) float64
            Rotation matrix.
        translation : (3,) float64
            m, in the new frame.

        Returns
        -------
        CameraModel
            The same camera in the new frame.
        """

        def rotated(vector: Vector) -> Vector:
            x, y, z = (float(value) for value in rotation @ np.array(vector))
            return x, y, z

        x, y, z = (float(value) for value in rotation @ np.array(self.center) + np.asarray(translation))
        return replace(
            self,
            center=(x, y, z),
            axis=rotated(self.axis),
            horizontal=rotated(self.horizontal),
            vertical=rotated(self.vertical),
            optical=None if self.optical is None else rotated(self.optical),
        )

    def turned(self, rotation: NDArray[np.float64]) -> CameraModel:
        """Turn the camera about its own centre by a rotation matrix (3, 3)."""
        center = np.array(self.center)
        return self.moved(rotation, center - rotation @ center)

    def cropped(self, line: float, sample: float, lines: int, samples: int) -> CameraModel:
        """Keep a part of the image that starts at (line, sample) and has lines x samples pixels."""
        axis = np.array(self.axis)
        return self._with_plane(
            np.array(self.horizontal) - sample * axis, np.array(self.vertical) - line * axis, lines, samples
        )

    def scaled(self, factor: float, lines: int, samples: int) -> CameraModel:
        """Resample the image by a factor (2 doubles its pixels a side): `c' = (c + 0.5) factor - 0.5`."""
        axis = np.array(self.axis)
        shift = 0.5 * (factor - 1.0)
        return self._with_plane(
            np.array(self.horizontal) * factor + shift * axis,
            np.array(self.vertical) * factor + shift * axis,
            lines,
            samples,
        )

    def _with_plane(
        self, horizontal: NDArray[np.float64], vertical: NDArray[np.float64], lines: int, samples: int
    ) -> CameraModel:
        hx, hy, hz = (float(value) for value in horizontal)
        vx, vy, vz = (float(value) for value in vertical)
        return replace(self, horizontal=(hx, hy, hz), vertical=(vx, vy, vz), lines=lines, samples=samples)


@functools.lru_cache(maxsize=4096)
def _numbers(model: CameraModel) -> formulas.Camera:
    optical = np.array(model.optical or model.axis)
    # labels print six digits: |O| is off unit by 7e-6, which breaks the round trip by 1e-3 px.
    # A is tied to H and V and stays as it is.
    x, y, z = (float(value) for value in optical / np.linalg.norm(optical))
    camera = formulas.Camera(
        center=model.center,
        axis=model.axis,
        horizontal=model.horizontal,
        vertical=model.vertical,
        optical=(x, y, z),
        radial=model.radial,
        entrance=model.entrance,
        linearity=model.linearity,
        kind=KINDS[model.kind],
        cos_field=-1.0,
    )
    return camera._replace(cos_field=math.cos(_field_of_view(camera, model.lines, model.samples)))


def _field_of_view(camera: formulas.Camera, lines: int, samples: int) -> float:
    """Widest angle (rad) off the optical axis on the image's edge, with a margin."""
    down = np.linspace(-0.5, lines - 0.5, _PERIMETER_STEPS)
    across = np.linspace(-0.5, samples - 0.5, _PERIMETER_STEPS)
    edge = np.concatenate(
        [
            np.stack([down, np.full_like(down, -0.5)], axis=1),
            np.stack([down, np.full_like(down, samples - 0.5)], axis=1),
            np.stack([np.full_like(across, -0.5), across], axis=1),
            np.stack([np.full_like(across, lines - 0.5), across], axis=1),
        ]
    )
    _, rays = maps.look_points(camera, edge)
    cosines = rays @ np.array(camera.optical)
    if np.isnan(cosines).any():
        return _WIDEST  # the frame reaches beyond the lens: the model's own nan bounds it
    return min(_WIDEST, math.acos(max(-1.0, float(cosines.min()))) + _FIELD_MARGIN)

"""Camera models copied from labels, and what JPL's camera library answers for them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland_kernels.pixel import camera as formulas

_FILE = Path(__file__).parent / "data" / "camera_vectors" / "vectors.json"
_KINDS = {"CAHV": formulas.CAHV, "CAHVOR": formulas.CAHVOR, "CAHVORE": formulas.CAHVORE}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCamera:
    """One model with its vectors."""

    name: str
    """Kind and product."""
    model: CameraModel
    """As the service holds it."""
    numbers: formulas.Camera
    """As the formulas take it, without a bound on the field of view."""
    pixels: NDArray[np.float64]
    """(25, 2) line and sample."""
    origins: NDArray[np.float64]
    """(25, 3) where the rays through the pixels start, m."""
    rays: NDArray[np.float64]
    """(25, 3) unit vectors."""
    points: NDArray[np.float64]
    """(75, 3) m."""
    point_pixels: NDArray[np.float64]
    """(75, 2) line and sample of the points."""


def _vector(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _camera(record: dict[str, Any]) -> LabelCamera:
    optical = record.get("O", record["A"])
    model_type, parameter = record.get("type", 0), record.get("parameter", 0.0)
    shared = {
        "center": _vector(record["C"]),
        "axis": _vector(record["A"]),
        "horizontal": _vector(record["H"]),
        "vertical": _vector(record["V"]),
        "radial": _vector(record.get("R", (0, 0, 0))),
        "entrance": _vector(record.get("E", (0, 0, 0))),
    }
    look, project = record["look"], record["project"]
    return LabelCamera(
        name=f"{record['kind']} {record['product']}",
        model=CameraModel(
            kind=record["kind"],
            optical=_vector(optical) if "O" in record else None,
            model_type=model_type,
            parameter=parameter,
            lines=record["lines"],
            samples=record["samples"],
            **shared,
        ),
        numbers=formulas.Camera(
            optical=_vector(np.array(optical) / np.linalg.norm(optical)),
            linearity={0: 1.0, 1: 1.0, 2: 0.0, 3: parameter}[model_type],
            kind=_KINDS[record["kind"]],
            cos_field=-1.0,
            **shared,
        ),
        pixels=np.array([[one["line"], one["sample"]] for one in look]),
        origins=np.array([one["origin"] for one in look]),
        rays=np.array([one["ray"] for one in look]),
        points=np.array([one["point"] for one in project]),
        point_pixels=np.array([[one["line"], one["sample"]] for one in project]),
    )


@functools.cache
def label_cameras() -> tuple[LabelCamera, ...]:
    """All models of the file."""
    return tuple(_camera(record) for record in json.loads(_FILE.read_text()))


def label_camera(name_part: str) -> LabelCamera:
    """The one model whose name holds `name_part`."""
    (found,) = (camera for camera in label_cameras() if name_part in camera.name)
    return found


def frame_net(model: CameraModel, nodes: int = 33) -> NDArray[np.float64]:
    """Line and sample (nodes^2, 2) on a net over the whole frame, its outer edges included."""
    lines = np.linspace(-0.5, model.lines - 0.5, nodes)
    samples = np.linspace(-0.5, model.samples - 0.5, nodes)
    return np.stack(np.meshgrid(lines, samples, indexing="ij"), axis=-1).reshape(-1, 2)

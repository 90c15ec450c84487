"""The left Navcam of Perseverance at the four pointings of its sol 15 panorama."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.model.cameras import CameraModel
from hinterland.model.products import Stop
from hinterland.model.rotations import Quaternion

_RECORDS = Path(__file__).parent / "data" / "navcam360" / "m2020_raw_images_sol0015_drive386.json"
_SENSOR = (3840, 5120)

ATTITUDE: Quaternion = (0.7156, 0.0208675, -0.000370714, 0.698199)
STOP = Stop(mission="M2020", site=3, drive=386)


def _records() -> dict[str, dict[str, Any]]:
    content = json.loads(_RECORDS.read_text())
    return {record["imageid"]: record for record in content["images"]}


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(value) for value in text.strip("()").split(","))


def whole_sensor(name_part: str) -> CameraModel:
    """The model of the whole sensor, in the rover frame, from the record of one of its thumbnails.

    A thumbnail is a binned part of the sensor: `full = (pixel + 0.5) scale - 0.5 + first - 1`.
    """
    (record,) = (record for name, record in _records().items() if name_part in name)
    *vectors, model_type, parameter = record["camera"]["camera_model_component_list"].split(";")
    (c, a, h, v, o, r, e) = ((x, y, z) for x, y, z in map(_numbers, vectors))
    samples, lines = (int(side) for side in _numbers(record["extended"]["dimension"]))
    first_sample, first_line, *_ = _numbers(record["extended"]["subframeRect"])
    scale = float(record["extended"]["scaleFactor"])
    binned = CameraModel(
        kind="CAHVORE",
        center=c,
        axis=a,
        horizontal=h,
        vertical=v,
        optical=o,
        radial=r,
        entrance=e,
        model_type=int(float(model_type)),
        parameter=float(parameter),
        lines=lines,
        samples=samples,
    )
    return binned.scaled(scale, *_SENSOR).cropped(1.0 - first_line, 1.0 - first_sample, *_SENSOR)


def _pose(camera: CameraModel) -> NDArray[np.float64]:
    """Rotation matrix whose columns are right, down and forward of a camera."""
    forward = np.array(camera.axis) / np.linalg.norm(camera.axis)
    right = np.array(camera.horizontal) - (forward @ np.array(camera.horizontal)) * forward
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward], axis=1)


@functools.cache
def navcam_cameras(lines: int, samples: int) -> tuple[CameraModel, ...]:
    """The left Navcam at its four pointings, in the rover frame, as whole frames of the given size."""
    left = [
        whole_sensor(name) for name in ("NLM_0015_0668287694", "NLM_0015_0668288016", "NLF_0015_0668287188")
    ]
    # at azimuth 199 there is only the right eye's thumbnail: the mast carries the left eye as it does this
    before, after = whole_sensor("NRM_0015_0668288016"), whole_sensor("NRF_0015_0668287065")
    turn = _pose(after) @ _pose(before).T
    carried = left[1].moved(turn, np.array(after.center) - turn @ np.array(before.center))
    whole = (left[0], left[1], carried, left[2])
    return tuple(camera.scaled(samples / _SENSOR[1], lines, samples) for camera in whole)

"""Points a second through real camera models, beside OpenCV's pinhole and fish-eye models."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from label_cameras import LabelCamera, label_camera
from numpy.typing import NDArray

from benchmarks.harness import Figure, Settings, paired
from hinterland_kernels.lattice.maps import look_points, project_points

_INTRINSIC = np.array([[1230.0, 0.0, 511.5], [0.0, 1230.0, 511.5], [0.0, 0.0, 1.0]])
_RADIAL = np.array([0.001, -0.002, 0.0, 0.0, 0.018])
_FISHEYE = np.array([0.0495, -0.016, 0.0, 0.0])

Peer = Callable[[NDArray[np.float64]], object]


def _project_pinhole(points: NDArray[np.float64]) -> object:
    return cv2.projectPoints(points[:, None], np.zeros(3), np.zeros(3), _INTRINSIC, _RADIAL)


def _project_fisheye(points: NDArray[np.float64]) -> object:
    return cv2.fisheye.projectPoints(
        points[:, None], np.zeros((3, 1)), np.zeros((3, 1)), _INTRINSIC, _FISHEYE
    )


def _undistort_pinhole(pixels: NDArray[np.float64]) -> object:
    return cv2.undistortPoints(pixels[:, None], _INTRINSIC, _RADIAL)


def _undistort_fisheye(pixels: NDArray[np.float64]) -> object:
    return cv2.fisheye.undistortPoints(pixels[:, None], _INTRINSIC, _FISHEYE)


_PINHOLE = (_project_pinhole, "cv2.projectPoints", _undistort_pinhole, "cv2.undistortPoints")
_FISH = (_project_fisheye, "cv2.fisheye.projectPoints", _undistort_fisheye, "cv2.fisheye.undistortPoints")
_CASES: tuple[tuple[str, str, tuple[Peer, str, Peer, str]], ...] = (
    ("CAHV", "CAHV 1N491020376", _PINHOLE),
    ("CAHVOR", "CAHVOR 1N491020376", _PINHOLE),
    ("CAHVORE", "CAHVORE NLE", _FISH),
)


def _figures(
    kind: str, camera: LabelCamera, peers: tuple[Peer, str, Peer, str], settings: Settings
) -> list[Figure]:
    count = 1_000 if settings.small else 1_000_000
    rng = np.random.default_rng(1)
    pixels = rng.uniform((0.0, 0.0), np.array(camera.model.shape) - 1.0, (count, 2))
    _, rays = look_points(camera.numbers, pixels)
    offsets = rng.uniform(2.0, 50.0, (count, 1)) * rays
    forward = np.ascontiguousarray(offsets @ _turned_forward(camera).T)
    project_peer, project_name, look_peer, look_name = peers
    projecting = paired(
        lambda: project_points(camera.model.numbers, offsets, finite=True),
        lambda: project_peer(forward),
        settings.rounds,
    )
    looking = paired(
        lambda: look_points(camera.model.numbers, pixels),
        lambda: look_peer(pixels[:, ::-1].copy()),
        settings.rounds,
    )
    return [
        Figure(
            name=f"{kind} {verb}",
            value=count / pair.ours_s / 1e6,
            unit="Mpoint/s",
            peer=peer,
            ratio=pair.ratio,
        )
        for verb, pair, peer in (("project", projecting, project_name), ("look", looking, look_name))
    ]


def _turned_forward(camera: LabelCamera) -> NDArray[np.float64]:
    """Rotation from the camera's frame to right, down, forward, in which the peer looks along Z."""
    forward = np.array(camera.numbers.axis) / np.linalg.norm(camera.numbers.axis)
    right = np.array(camera.numbers.horizontal) - (forward @ np.array(camera.numbers.horizontal)) * forward
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def run(settings: Settings) -> list[Figure]:
    """Project and look, for each kind of model; on the CPU, one core."""
    figures = []
    for kind, name, peers in _CASES:
        figures += _figures(kind, label_camera(name), peers, settings)
    return figures

"""How far a panorama is from its truth: displacement of what it shows, and radiometry."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from hinterland.model.grids import CylindricalGrid
from hinterland.model.rotations import matrix_from_rotation_vector

_REACH = 12
_LEAST_GRADIENT = 0.5
_LEAST_CORRELATION = 0.6
_SMOOTHING_PX = 1.0
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Displacement:
    """How far each textured block of a panorama lies from where the truth has it."""

    points: NDArray[np.float64]
    """(n, 2) line and sample of the blocks' centres in the truth."""
    offsets: NDArray[np.float64]
    """(n, 2) panorama minus truth, pixels; inf where a block was not found again."""

    def percentile(self, share: float) -> float:
        """Percentile of the lengths of all offsets, pixels; a block not found counts as infinitely far."""
        return float(np.percentile(np.hypot(*self.offsets.T), share, method="higher"))

    def without_rotation(self, grid: CylindricalGrid) -> tuple[Displacement, NDArray[np.float64]]:
        """Take off the best rotation of the whole: frames alone do not tell where north is.

        Returns
        -------
        Displacement
            What is left.
        (3, 3) float64
            The rotation, from where the truth has things to where the panorama shows them.
        """
        found = np.isfinite(self.offsets).all(axis=1)
        rays = _rays(grid.directions(self.points))

        def carried(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            x, y, z = (rays @ matrix_from_rotation_vector(vector).T).T
            turned = grid.points(np.stack([np.arctan2(y, x), -np.arcsin(np.clip(z, -1.0, 1.0))], axis=1))
            moved: NDArray[np.float64] = turned - self.points
            around = 360.0 * grid.pixels_per_degree
            moved[:, 1] = (moved[:, 1] + around / 2) % around - around / 2
            return moved

        def remaining(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            left: NDArray[np.float64] = (self.offsets - carried(vector))[found].ravel()
            return left

        solved = least_squares(remaining, np.zeros(3), x_scale=1e-3, loss="soft_l1")
        rest = Displacement(points=self.points, offsets=self.offsets - carried(solved.x))
        return rest, matrix_from_rotation_vector(solved.x)


def _rays(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    azimuth, elevation = directions.T
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), -np.sin(elevation)], axis=1)


def displacement(
    panorama: NDArray[np.float32], truth: NDArray[np.float32], mask: NDArray[np.bool_], block: int = 48
) -> Displacement:
    """Measure where a panorama shows each textured block of its truth.

    Parameters
    ----------
    panorama, truth : (bands, lines, samples) float32
        On one grid; gain and offset may differ.
    mask : (lines, samples) bool
        True where both are valid; a block with a hole is left out.
    block : int
        Edge of a block, pixels.

    Returns
    -------
    Displacement
        By maximising the correlation of each block (enhanced correlation coefficient, translation).
    """
    # interpolating what is sampled to its limit errs by 0.04 px; smoothed by a pixel, by 0.02 px
    seen, true = (
        cv2.GaussianBlur(bands.mean(axis=0, dtype=np.float32), (0, 0), _SMOOTHING_PX)
        for bands in (panorama, truth)
    )
    points, offsets = [], []
    lines, samples = true.shape
    for line in range(_REACH, lines - block - _REACH + 1, block):
        for sample in range(_REACH, samples - block - _REACH + 1, block):
            around = np.s_[line - _REACH : line + block + _REACH, sample - _REACH : sample + block + _REACH]
            template = true[line : line + block, sample : sample + block]
            if mask[around].all() and _gradient(template) >= _LEAST_GRADIENT:
                points.append((line + (block - 1) / 2, sample + (block - 1) / 2))
                offsets.append(_offset(template, np.ascontiguousarray(seen[around])))
    return Displacement(points=np.array(points).reshape(-1, 2), offsets=np.array(offsets).reshape(-1, 2))


def _gradient(template: NDArray[np.float32]) -> float:
    """RMS gradient (DN a pixel) across the direction in which a block varies least."""
    down, across = np.gradient(template)
    tensor = np.array([[np.mean(down * down), np.mean(down * across)], [0.0, np.mean(across * across)]])
    return float(np.sqrt(max(0.0, np.linalg.eigvalsh(tensor, UPLO="U")[0])))


def _offset(template: NDArray[np.float32], around: NDArray[np.float32]) -> tuple[float, float]:
    """Line and sample by which a block has moved; inf where nothing like it is within reach."""
    inside = np.ascontiguousarray(around[_REACH:-_REACH, _REACH:-_REACH])
    window = cv2.createHanningWindow(template.shape[::-1], cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(template - template.mean(), inside - inside.mean(), window)
    starts = [(0.0, 0.0)]
    if max(abs(across), abs(down)) < _REACH:
        starts.append((across, down))
    best, correlation = (np.inf, np.inf), _LEAST_CORRELATION
    for start in starts:
        warp = np.array([[1.0, 0.0, _REACH + start[0]], [0.0, 1.0, _REACH + start[1]]], np.float32)
        try:
            reached, warp = cv2.findTransformECC(
                template, around, warp, cv2.MOTION_TRANSLATION, _STOP, None, 1
            )
        except cv2.error:  # no convergence from this start
            continue
        moved = float(warp[1, 2]) - _REACH, float(warp[0, 2]) - _REACH
        if reached > correlation and max(map(abs, moved)) <= _REACH:
            best, correlation = moved, reached
    return best


def radiometric_rms(
    panorama: NDArray[np.float32],
    truth: NDArray[np.float32],
    mask: NDArray[np.bool_],
    smoothing_px: float = 0.0,
) -> float:
    """RMS difference after the best gain and offset of the whole, as a share of the truth's range.

    One gain and offset a band: frames alone do not tell the level of the whole. Arrays as in `displacement`.
    Smoothed over some pixels the difference shows what levels and seams leave, and no longer the edges that
    a share of a pixel of displacement draws.
    """
    squares = []
    weight = _smoothed(mask.astype(np.float32), smoothing_px)
    for band, true_band in zip(panorama, truth, strict=True):
        gain, offset = np.polyfit(band[mask].astype(np.float64), true_band[mask].astype(np.float64), 1)
        difference = np.where(mask, gain * band + offset - true_band, 0.0).astype(np.float32)
        squares.append(
            np.mean((_smoothed(difference, smoothing_px)[mask] / weight[mask]) ** 2, dtype=np.float64)
        )
    values = truth[:, mask]
    return float(np.sqrt(np.mean(squares)) / (values.max() - values.min()))


def _smoothed(band: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    if sigma_px == 0.0:
        return band
    return cv2.GaussianBlur(band, (0, 0), sigma_px)  # type: ignore[no-any-return]

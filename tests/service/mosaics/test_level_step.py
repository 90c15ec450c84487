"""The step between frames where they meet: seen before the blend hides it from neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from hinterland.model.grids import CylindricalGrid
from hinterland.model.previews import LevelPreview
from hinterland.mosaics.level_step import level_step
from hinterland.mosaics.seams import find_seams


def grid(lines: int, samples: int, *, wraps: bool = False) -> CylindricalGrid:
    return CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=10.0,
        pixels_per_degree=samples / 360 if wraps else samples / 40,
        lines=lines,
        samples=samples,
    )


def preview(frame: int, values: NDArray[np.floating], sample: int = 0) -> LevelPreview:
    return LevelPreview(
        frame=frame,
        line=0,
        sample=sample,
        values=np.ascontiguousarray(values, dtype=np.float32),
        mask=np.ones(values.shape[1:], np.bool_),
    )


def ground(lines: int, samples: int) -> NDArray[np.float64]:
    """A stony plain of one band, about 0 to 255 DN."""
    random = np.random.default_rng(5)
    return 128 + 300 * gaussian_filter(random.standard_normal((1, lines, samples)), (0, 2, 2), mode="wrap")


def pair(step: float) -> list[LevelPreview]:
    scene = ground(80, 140)
    noise = np.random.default_rng(6).normal(0.0, 0.5, scene.shape)
    return [preview(3, scene[:, :, :90]), preview(5, (scene + step + noise)[:, :, 50:], sample=50)]


def test_a_step_of_five_per_cent_is_found_and_no_step_is_nearly_none() -> None:
    low, high = np.percentile(ground(80, 140), (1.0, 99.0))
    found = []
    for step in (0.0, 0.05 * (high - low)):
        previews = pair(step)
        labels = find_seams(previews, grid(80, 140))
        found.append(level_step(previews, labels, grid(80, 140)))
    assert found[0] is not None
    assert found[1] is not None
    # the noise alone, median 0.34 of 130 DN; it and the cut's own choice move the step by as much
    assert found[0] < 0.005
    assert found[1] == pytest.approx(0.05, abs=0.005)


def test_a_step_across_the_edge_of_a_closed_view_counts() -> None:
    scene = ground(40, 120)
    turned = scene[:, :, (60 + np.arange(90)) % 120]
    previews = [preview(0, scene[:, :, :90]), preview(1, turned + 10.0, sample=60)]
    labels = np.repeat(np.where(np.arange(120) < 75, 0, 1)[None], 40, axis=0).astype(np.int16)
    closed = level_step(previews, labels, grid(40, 120, wraps=True))
    low, high = np.percentile(np.where(labels == 1, scene[0] + 10.0, scene[0]), (1.0, 99.0))
    assert closed == pytest.approx(10.0 / (high - low), rel=1e-3)  # both cuts, 75 and 0, have this step


def test_frames_that_do_not_overlap_at_the_cut_have_no_step() -> None:
    scene = ground(40, 120)
    previews = [preview(0, scene[:, :, :60]), preview(1, scene[:, :, 60:], sample=60)]
    labels = np.repeat((np.arange(120) >= 60)[None], 40, axis=0).astype(np.int16)
    assert level_step(previews, labels, grid(40, 120)) is None


def test_one_frame_has_no_step() -> None:
    whole = [preview(0, ground(20, 30))]
    assert level_step(whole, np.zeros((20, 30), np.int16), grid(20, 30)) is None

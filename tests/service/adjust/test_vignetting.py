"""The lens's fall-off, found where frames overlap."""

import numpy as np
import pytest

from hinterland.adjust.vignetting import corner_flat, fit_flat
from hinterland.model.cameras import CameraModel
from hinterland.model.previews import LevelPreview

LINES, SAMPLES, SHIFT = 60, 80, 50
CENTER = (29.5, 39.5)


def distance(line: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """t of the flat field at places of a preview."""
    return ((line - CENTER[0]) ** 2 + (sample - CENTER[1]) ** 2) / (CENTER[0] ** 2 + CENTER[1] ** 2)


def frames(k1: float, k2: float, *, noise: float = 0.01, moved: float = 0.0) -> list[LevelPreview]:
    """Three frames of one textured ground through a lens that darkens, each with its own gain."""
    rng = np.random.default_rng(11)
    ground = 1000.0 * np.exp(rng.normal(0, 0.2, (LINES, SAMPLES + 2 * SHIFT)))
    t = distance(*np.mgrid[:LINES, :SAMPLES])
    previews = []
    for index, gain in enumerate((1.0, 0.8, 1.15)):
        seen = ground[:, index * SHIFT : index * SHIFT + SAMPLES] + moved * rng.normal(0, 1000.0, t.shape)
        values = gain * seen * np.exp(-(k1 * t + k2 * t * t)) * np.exp(rng.normal(0, noise, t.shape))
        previews.append(
            LevelPreview(
                frame=index,
                line=0,
                sample=index * SHIFT,
                values=values[None].astype(np.float32),
                mask=np.ones(t.shape, dtype=np.bool_),
            )
        )
    return previews


def fitted(previews: list[LevelPreview]) -> dict[str, tuple[float, float]]:
    return fit_flat(previews, lambda _, *places: distance(*places), ["lens"] * len(previews), 4095.0, 0)


@pytest.mark.parametrize(("k1", "k2"), [(0.5, 0.05), (0.3, 0.3), (0.8, 0.0)])
def test_a_known_fall_off_is_found_whatever_the_gains(k1: float, k2: float) -> None:
    found = fitted(frames(k1, k2))["lens"]
    t = np.linspace(0.0, 1.0, 11)
    # 1 % at the corner: some 3600 samples of 1.4 % noise leave a tenth of it
    np.testing.assert_allclose(
        np.exp(found[0] * t + found[1] * t * t), np.exp(k1 * t + k2 * t * t), rtol=0.01
    )


def test_a_lens_that_does_not_darken_gets_no_flat_field() -> None:
    assert fitted(frames(0.0, 0.0)) == {}


def test_a_lens_that_brightens_to_its_corners_gets_no_flat_field() -> None:
    assert fitted(frames(-0.4, 0.0)) == {}


def test_overlaps_that_disagree_for_other_reasons_get_no_flat_field() -> None:
    assert fitted(frames(0.05, 0.0, noise=0.3)) == {}


def test_frames_that_do_not_overlap_tell_nothing() -> None:
    assert fitted(frames(0.5, 0.0)[::2]) == {}


def test_saturated_samples_are_left_out() -> None:
    previews = frames(0.5, 0.05)
    for preview in previews:
        np.minimum(preview.values, 1000.0, out=preview.values)
    found = fit_flat(previews, lambda _, *places: distance(*places), ["lens"] * 3, 1000.0, 0)["lens"]
    assert np.exp(sum(found)) == pytest.approx(np.exp(0.55), rel=0.03)


def test_the_flat_field_is_one_at_the_optical_axis_and_reaches_one_in_t_at_the_far_corner() -> None:
    camera = CameraModel(
        kind="CAHV",
        center=(0.0, 0.0, 0.0),
        axis=(1.0, 0.0, 0.0),
        horizontal=(30.0, 100.0, 0.0),
        vertical=(20.0, 0.0, 100.0),
        lines=50,
        samples=80,
    )
    flat = corner_flat(camera, 0.5, 0.1)
    assert (flat.line, flat.sample) == pytest.approx((20.0, 30.0))
    assert flat.per_square * (29.0**2 + 49.0**2) == pytest.approx(1.0)

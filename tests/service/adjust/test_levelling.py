from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rephotograph import Picture, navcam_picture

from hinterland.adjust.levelling import GAIN_BOUNDS, Level, level
from hinterland.model.previews import LevelPreview

LARGEST = 255.0
FRAMES = 10


@pytest.fixture(scope="module")
def picture() -> Picture:
    """A real panorama of Mars of 1000 samples, all round."""
    return navcam_picture().reduced(8)


def ring(
    picture: Picture,
    gains: Sequence[float],
    offsets: Sequence[float],
    *,
    misregistration_px: int = 0,
    noise_dn: float = 1.0,
    width: int = 160,
) -> list[LevelPreview]:
    """Frames all round, each overlapping the next; the last runs across the seam. DN = (truth - o) / g."""
    rng = np.random.default_rng(7)
    turn = picture.grid.samples
    step = turn // FRAMES
    previews = []
    for frame in range(FRAMES):
        columns = np.arange(frame * step, frame * step + width) + misregistration_px * (frame % 2)
        truth = picture.samples[:, :, columns % turn].astype(np.float64)
        dn = (truth - offsets[frame]) / gains[frame] + rng.normal(scale=noise_dn, size=truth.shape)
        mask = picture.mask[:, columns % turn] & (dn > 0.0).all(axis=0) & (dn < LARGEST).all(axis=0)
        values = np.where(mask, dn, 0.0).astype(np.float32)
        previews.append(LevelPreview(frame=frame, line=0, sample=frame * step, values=values, mask=mask))
    return previews


def random_gains_and_offsets() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(11)
    return rng.uniform(0.8, 1.2, FRAMES), rng.uniform(-0.05, 0.05, FRAMES) * LARGEST


def worst_error(levels: Sequence[Level], gains: NDArray[np.float64], offsets: NDArray[np.float64]) -> float:
    """Largest error of levelled DN, as a share of full scale, after the one gain and offset that is free.

    A frame that is levelled to `g DN + o` shows `g (truth - o_true) / g_true + o`, a straight line of the
    truth; all frames must show the same line. It is compared over the middle of the range.
    """
    slopes = np.array([one.gain for one in levels]) / gains[:, None]
    shifts = np.array([one.offset for one in levels]) - slopes * offsets[:, None]
    at = np.array([0.2, 0.7]) * LARGEST
    shown = slopes[..., None] * at + shifts[..., None]
    return float(np.abs(shown - shown.mean(axis=0)).max() / LARGEST)


def test_known_gains_and_offsets_are_recovered_round_a_ring(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    levels = level(ring(picture, gains, offsets), FRAMES, LARGEST, picture.grid.samples)
    # half a percent is where a seam in smooth sky begins to show; 1 DN of noise is averaged far below it
    assert worst_error(levels, gains, offsets) < 0.005


def test_misregistered_overlaps_level_nearly_as_well(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets, misregistration_px=1)
    levels = level(previews, FRAMES, LARGEST, picture.grid.samples)
    assert worst_error(levels, gains, offsets) < 0.01  # a pixel here is eight of the frames


def test_the_mean_gain_is_one_and_the_mean_offset_zero(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets)
    levels = level(previews, FRAMES, LARGEST, picture.grid.samples)
    areas = np.array([preview.mask.sum() for preview in previews])
    for band in range(3):
        assert np.average([one.gain[band] for one in levels], weights=areas) == pytest.approx(1.0, abs=1e-9)
        assert np.average([one.offset[band] for one in levels], weights=areas) == pytest.approx(0.0, abs=1e-6)


def test_equal_frames_stay_as_they_are(picture: Picture) -> None:
    levels = level(
        ring(picture, np.ones(FRAMES), np.zeros(FRAMES), noise_dn=0.0), FRAMES, LARGEST, picture.grid.samples
    )
    assert np.array([one.gain for one in levels]) == pytest.approx(1.0, abs=1e-9)
    assert np.array([one.offset for one in levels]) == pytest.approx(0.0, abs=1e-6)


def test_an_open_row_does_not_drift(picture: Picture) -> None:
    # without the overlap across the seam nothing closes the row; errors may add up, gains must not run away
    gains, offsets = random_gains_and_offsets()
    levels = level(ring(picture, gains, offsets), FRAMES, LARGEST, 0)
    assert worst_error(levels, gains, offsets) < 0.015


def test_something_that_moved_between_frames_does_not_tilt_the_levels(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets)
    for preview in previews[::2]:
        preview.values[:, 60:90, :30] *= 0.5  # a shadow on a fifth of the overlap
    levels = level(previews, FRAMES, LARGEST, picture.grid.samples)
    assert worst_error(levels, gains, offsets) < 0.01


def test_saturated_samples_do_not_count(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets)
    for preview in previews:
        preview.values[:, 40:80] = LARGEST  # as a burnt-out sky: the same DN whatever the exposure
    levels = level(previews, FRAMES, LARGEST, picture.grid.samples)
    assert worst_error(levels, gains, offsets) < 0.005


def test_a_frame_that_overlaps_none_is_left_alone(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    first, second, *_ = ring(picture, gains, offsets)
    alone = LevelPreview(frame=2, line=0, sample=700, values=first.values, mask=first.mask)
    levels = level([first, second, alone], 3, LARGEST, 0)
    assert levels[2] == Level(gain=(1.0, 1.0, 1.0), offset=(0.0, 0.0, 0.0))
    assert levels[0].gain != (1.0, 1.0, 1.0)


def test_groups_that_do_not_overlap_keep_their_own_means(picture: Picture) -> None:
    gains, offsets = np.full(FRAMES, 1.0), np.zeros(FRAMES)
    gains[1] = 0.8
    previews = ring(picture, gains, offsets)
    levels = level([previews[i] for i in (0, 1, 5, 6)], FRAMES, LARGEST, 0)
    # the second pair is equally bright: the exposure of the first pair is none of its business
    assert [one.gain[0] for one in (levels[5], levels[6])] == pytest.approx([1.0, 1.0], abs=0.01)


def test_a_frame_of_two_windows_gets_one_gain(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets)
    whole = previews[3]
    halves = [
        LevelPreview(
            frame=3,
            line=0,
            sample=whole.sample + start,
            values=whole.values[:, :, start : start + 80],
            mask=whole.mask[:, start : start + 80],
        )
        for start in (0, 80)
    ]
    split = [*previews[:3], *halves, *previews[4:]]
    levels = level(split, FRAMES, LARGEST, picture.grid.samples)
    assert worst_error(levels, gains, offsets) < 0.005


def test_narrow_overlaps_of_tiles_join_them(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets, width=102)
    levels = level(previews, FRAMES, LARGEST, picture.grid.samples)
    slopes = np.array([one.gain[0] for one in levels]) / gains
    # two columns a side do not average the noise: a percent or two, where the gains differ by fifty
    assert np.ptp(slopes) / slopes.mean() < 0.1


def test_gains_stay_within_bounds_on_absurd_input() -> None:
    rng = np.random.default_rng(3)
    texture = rng.uniform(0.2, 0.8, (1, 40, 40))
    mask = np.ones((40, 40), dtype=bool)
    dim = LevelPreview(frame=0, line=0, sample=0, values=(texture * 2.0).astype(np.float32), mask=mask)
    bright = LevelPreview(frame=1, line=0, sample=0, values=(texture * 200.0).astype(np.float32), mask=mask)
    levels = level([dim, bright], 2, LARGEST, 0)
    for one in levels:
        assert GAIN_BOUNDS[0] <= one.gain[0] <= GAIN_BOUNDS[1]


def test_levels_do_not_depend_on_the_order_of_frames(picture: Picture) -> None:
    gains, offsets = random_gains_and_offsets()
    previews = ring(picture, gains, offsets)
    forward = level(previews, FRAMES, LARGEST, picture.grid.samples)
    backward = level(previews[::-1], FRAMES, LARGEST, picture.grid.samples)
    assert np.array([one.gain for one in forward]) == pytest.approx(
        np.array([one.gain for one in backward]), abs=1e-6
    )


def test_frames_with_different_bands_are_refused(picture: Picture) -> None:
    first, second, *_ = ring(picture, np.ones(FRAMES), np.zeros(FRAMES))
    grey = LevelPreview(frame=1, line=0, sample=100, values=second.values[:1], mask=second.mask)
    with pytest.raises(ValueError, match=r"same number of bands, got \[1, 3\]"):
        level([first, grey], 2, LARGEST, 0)


def test_no_frames_have_no_levels() -> None:
    assert level([], 0, LARGEST, 0) == ()

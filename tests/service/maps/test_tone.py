import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland.maps.tone import AS_IT_IS, level_to

EVERYWHERE = np.ones((240, 240), dtype=np.bool_)


def scene(seed: int = 3) -> NDArray[np.float64]:
    """Rolling ground, 90 to 170, with rubble of 8 spread on it."""
    line, sample = np.mgrid[:240, :240]
    rolling = 130.0 + 25.0 * np.sin(line / 31.0) + 15.0 * np.cos(sample / 23.0)
    return rolling + np.random.default_rng(seed).normal(0.0, 8.0, rolling.shape)


def coarse(picture: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """As samples of `size` x `size` show it."""
    means = picture.reshape(240 // size, size, 240 // size, size).mean(axis=(1, 3))
    return np.kron(means, np.ones((size, size)))


@pytest.mark.parametrize("size", [1, 6, 12])
def test_a_known_gain_and_offset_are_found_whatever_the_coarser_samples_are(size: int) -> None:
    tone = level_to(coarse(scene(), size), (scene() - 20.0) / 1.4, EVERYWHERE, size)
    # block means of the same samples are exact, but for blocks that cut a coarse sample
    assert tone.gain == pytest.approx(1.4, rel=0.02)
    assert tone.gain * 80.0 + tone.offset == pytest.approx(1.4 * 80.0 + 20.0, abs=1.0)


def test_a_shifted_image_and_a_shadow_in_it_change_little() -> None:
    image = np.roll((scene() - 20.0) / 1.4, 3, axis=1)
    image[60:120, 60:120] = 0.0  # a sixteenth of it
    tone = level_to(coarse(scene(), 6), image, EVERYWHERE, 6.0)
    # a sixteenth of outliers moves a median of this scene by a tenth of its spread at most
    assert tone.gain == pytest.approx(1.4, rel=0.1)
    assert tone.gain * 80.0 + tone.offset == pytest.approx(1.4 * 80.0 + 20.0, abs=4.0)


def test_only_where_both_are_valid_counts() -> None:
    both = EVERYWHERE.copy()
    both[:, 120:] = False
    ground, image = scene(), scene() - 30.0
    ground[~both], image[~both] = 0.0, 255.0
    tone = level_to(ground, image, both, 2.0)
    assert tone == pytest.approx((1.0, 30.0), abs=1e-9)


def test_flat_ground_and_few_blocks_give_a_brightness_only() -> None:
    assert level_to(np.full((240, 240), 90.0), scene(), EVERYWHERE, 1.0).gain == 1.0
    corner = np.zeros_like(EVERYWHERE)
    corner[:100, :100] = True  # nine blocks of 30
    assert level_to(1.5 * scene() - 40.0, scene(), corner, 15.0).gain == 1.0


def test_pictures_that_do_not_agree_share_a_brightness_only() -> None:
    line, sample = np.mgrid[:240, :240]
    other = 60.0 + 40.0 * np.sin(sample / 9.0 + line / 11.0)
    tone = level_to(scene(), other, EVERYWHERE, 2.0)
    assert tone.gain == 1.0
    assert tone.offset == pytest.approx(70.0, abs=10.0)  # medians of a few waves


def test_what_does_not_meet_is_left_as_it_is() -> None:
    assert level_to(scene(), scene(4), ~EVERYWHERE, 2.0) == AS_IT_IS


def test_another_scene_is_not_stretched_without_bound() -> None:
    assert level_to(scene(), 130.0 + 0.1 * (scene() - 130.0), EVERYWHERE, 2.0).gain == 2.0

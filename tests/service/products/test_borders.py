"""Lines and samples that the readout has spoiled."""

from pathlib import Path

import numpy as np
import pytest

from hinterland.products import load_images
from hinterland.products.borders import WIDEST_PX, sound_border

PAIR = sorted((Path(__file__).parents[3] / "examples" / "mer_navcam_pair").glob("1N*.IMG"))


def textured(seed: int = 5) -> np.ndarray:
    """Ground that brightens to the right, with texture: (1, 200, 240) uint16."""
    rng = np.random.default_rng(seed)
    return (1000 + 2 * np.arange(240) + rng.normal(0, 60, (1, 200, 240))).astype(np.uint16)


def test_a_sound_frame_keeps_every_sample() -> None:
    samples = textured()
    mask = np.ones(samples.shape[1:], dtype=np.bool_)
    assert sound_border(samples, mask).all()


@pytest.mark.parametrize("count", [1, 2, WIDEST_PX])
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_spoiled_lines_are_given_up_on_their_side_only(side: str, count: int) -> None:
    samples = textured().astype(np.float32)
    spoiled = {
        "top": np.s_[:, :count],
        "bottom": np.s_[:, -count:],
        "left": np.s_[:, :, :count],
        "right": np.s_[:, :, -count:],
    }[side]
    samples[spoiled] *= 1.2
    expected = np.ones(samples.shape[1:], dtype=np.bool_)
    expected[spoiled[1:]] = False
    np.testing.assert_array_equal(sound_border(samples, np.ones_like(expected)), expected)


def test_an_edge_without_data_is_left_alone() -> None:
    samples, mask = textured(), np.ones((200, 240), dtype=np.bool_)
    samples[:, :, :3], mask[:, :3] = 0, False
    np.testing.assert_array_equal(sound_border(samples, mask), mask)


def test_an_image_too_small_to_tell_is_left_alone() -> None:
    samples = textured()[:, :20, :20]
    samples[:, :, 0] = 4095
    assert sound_border(samples, np.ones((20, 20), dtype=np.bool_)).all()


def test_the_bright_first_samples_of_the_opportunity_frames_are_masked() -> None:
    """Their sample 0 is more than twice as bright as the ground beside it, on both sides of the frame."""
    for image in load_images(PAIR).images:
        assert not image.mask[:, [0, 1, -1, -2]].any()
        assert image.mask[WIDEST_PX:-WIDEST_PX, WIDEST_PX:-WIDEST_PX].all()

"""What the seams of a mosaic promise, and what their measure says."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from hinterland.errors import InputError
from hinterland.model.grids import CylindricalGrid
from hinterland.model.previews import LevelPreview
from hinterland.mosaics.seams import MARGIN_PX, SeamMeter, find_seams, seam_visibility

APOLLO = Path(__file__).parents[2] / "data" / "apollo15_overlap"


def grid(lines: int, samples: int, *, wraps: bool = False) -> CylindricalGrid:
    return CylindricalGrid(
        azimuth_left_deg=0.0,
        elevation_top_deg=10.0,
        pixels_per_degree=samples / 360 if wraps else samples / 40,
        lines=lines,
        samples=samples,
    )


def preview(frame: int, values: NDArray[np.floating], *, line: int = 0, sample: int = 0) -> LevelPreview:
    return LevelPreview(
        frame=frame,
        line=line,
        sample=sample,
        values=np.ascontiguousarray(values, dtype=np.float32),
        mask=np.ones(values.shape[1:], bool),
    )


def ground(lines: int, samples: int, seed: int = 3) -> NDArray[np.float64]:
    """A stony plain of three bands, about 0 to 255 DN."""
    random = np.random.default_rng(seed)
    return 128 + 300 * gaussian_filter(random.standard_normal((3, lines, samples)), (0, 2, 2), mode="wrap")


def patches(lines: int, samples: int, seed: int = 7) -> NDArray[np.uint16]:
    """A random partition among four sources, with some of it no one's."""
    fields = gaussian_filter(np.random.default_rng(seed).standard_normal((5, lines, samples)), (0, 25, 25))
    return fields.argmax(axis=0).astype(np.uint16)


def apollo() -> list[NDArray[np.float32]]:
    paths = [APOLLO / "AS15-M-0296.png", APOLLO / "AS15-M-0297.png"]
    return [np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.float32)[None] for path in paths]


def test_labels_are_the_frames_of_the_previews_and_none_where_none_looks() -> None:
    scene = ground(60, 90)
    labels = find_seams(
        [preview(8, scene[:, :, :50]), preview(5, scene[:, :50, 30:], sample=30)], grid(60, 90)
    )
    assert labels.dtype == np.int16
    assert (labels[:, :30] == 8).all()
    assert (labels[:50, 50:] == 5).all()
    assert (labels[50:, 50:] == -1).all()
    assert set(np.unique(labels)) == {-1, 5, 8}


def test_where_images_agree_the_seam_runs_midway_between_their_edges() -> None:
    scene = ground(80, 140)
    labels = find_seams(
        [preview(0, scene[:, :, :90]), preview(1, scene[:, :, 50:], sample=50)], grid(80, 140)
    )
    # the middle of the overlap; near top and bottom the distance to the edge is the same in both
    assert np.abs((labels[20:60] == 0).sum(axis=1) - 70).max() <= 1


def test_the_finer_of_two_images_is_preferred() -> None:
    scene = ground(80, 140)
    pair = [preview(0, scene[:, :, :90]), preview(1, scene[:, :, 50:], sample=50)]
    alike = find_seams(pair, grid(80, 140), sampling=[20.0, 20.0])
    finer = find_seams(pair, grid(80, 140), sampling=[20.0, 40.0])
    assert np.array_equal(alike, find_seams(pair, grid(80, 140)))
    assert np.count_nonzero(finer == 1) > np.count_nonzero(alike == 1) + 80 * 10
    assert (finer[:, :50] == 0).all()


def test_a_rover_that_moved_between_two_images_is_shown_once_or_not_at_all() -> None:
    scene = ground(90, 160)
    first, second = scene[:, :, :110].copy(), scene[:, :, 50:].copy()
    first += np.random.default_rng(1).normal(0, 2, first.shape)
    first[:, 30:60, 74:88] = 250.0
    labels = find_seams([preview(0, first), preview(1, second, sample=50)], grid(90, 160))
    assert len(np.unique(labels[30:60, 74:88])) == 1


def test_seams_do_not_depend_on_the_scale_of_the_samples() -> None:
    first, second = apollo()
    eight = [preview(0, first[:, :, :220]), preview(1, second[:, :, 100:], sample=100)]
    twelve = [preview(0, 16 * first[:, :, :220]), preview(1, 16 * second[:, :, 100:], sample=100)]
    assert np.array_equal(find_seams(eight, grid(240, 320)), find_seams(twelve, grid(240, 320)))


def test_a_panorama_all_round_is_seamed_across_its_edge() -> None:
    scene = ground(60, 180)
    random = np.random.default_rng(4)
    previews = []
    for frame, start in enumerate((0, 60, 120)):
        values = scene[:, :, (start + np.arange(90)) % 180] + random.normal(0, 1, (3, 60, 90))
        previews.append(preview(frame, values, sample=start))
    labels = find_seams(previews, grid(60, 180, wraps=True))
    assert (labels >= 0).all()
    # frame 2 runs over the edge, to sample 29, and meets frame 0 beyond it about midway
    assert (labels[:, 0] == 2).all()
    assert (labels[:, 40] == 0).all()
    edges = [np.count_nonzero(line != np.roll(line, 1)) for line in labels]
    assert np.median(edges) == 3


def test_images_of_unlike_bands_are_refused() -> None:
    with pytest.raises(InputError, match=r"same bands, got \[1, 3\]"):
        find_seams([preview(0, np.zeros((1, 8, 9))), preview(1, np.zeros((3, 8, 9)))], grid(8, 9))


def test_a_cut_seam_shows_less_than_one_midway_on_real_images() -> None:
    first, second = apollo()
    labels = find_seams(
        [preview(0, first[:, :, :220]), preview(1, second[:, :, 100:], sample=100)], grid(240, 320)
    )
    midway = np.broadcast_to(np.arange(320) >= 160, (240, 320)).astype(np.int16)
    whole = np.ones((240, 320), bool)
    shown = []
    for owners in (labels, midway):
        mosaic = np.where(owners == 1, second, first)
        shown.append(seam_visibility(mosaic, whole, (owners + 1).astype(np.uint16)))
    assert shown[0] is not None
    assert shown[1] is not None
    # parallax of the relief: midway the step is 1.37 times that of its surroundings, cut it is 1.00 times
    assert shown[0] < 1.1
    assert shown[1] > 1.25
    assert all(label(labels == owner)[1] <= 5 for owner in (0, 1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("contrast", [1.0, 0.05])
def test_a_partition_of_one_picture_is_invisible(dtype: str, contrast: float) -> None:
    scene = 128 + contrast * (ground(700, 600) - 128)
    samples = np.clip(np.rint(scene), 0, 255).astype(dtype)
    shown = seam_visibility(samples, np.ones((700, 600), bool), patches(700, 600))
    # some 8000 pairs across: their median is known to a few per cent
    assert shown == pytest.approx(1.0, abs=0.06)


def test_a_step_shows_in_proportion() -> None:
    scene, sources = ground(300, 400), patches(300, 400)
    whole = np.ones((300, 400), bool)
    shown = [seam_visibility(scene + step * sources, whole, sources) for step in (0.0, 40.0, 80.0)]
    plain, one, two = (s for s in shown if s is not None)
    usual = np.median(np.abs(np.diff(scene, axis=2)).mean(axis=0))
    assert plain == pytest.approx(1.0, abs=0.06)
    assert one > 40.0 / usual * 0.9
    assert two > 1.8 * one


def test_no_seam_has_no_visibility() -> None:
    scene = ground(30, 40)
    one, nothing = np.ones((30, 40), np.uint16), np.zeros((30, 40), np.uint16)
    whole = np.ones((30, 40), bool)
    assert seam_visibility(scene, whole, one) is None
    assert seam_visibility(scene, whole, nothing) is None
    apart = one.copy()
    apart[:, 18:22], apart[:, 22:] = 0, 2
    assert seam_visibility(scene, whole, apart) is None


def test_what_is_masked_shows_no_seam() -> None:
    scene, sources = ground(60, 80), np.ones((60, 80), np.uint16)
    sources[:, 40:] = 2
    scene[:, 20:, :40] += 90
    mask = np.ones((60, 80), bool)
    mask[20:, 38:42] = False
    assert seam_visibility(scene, mask, sources) == pytest.approx(1.0, abs=0.3)


def test_a_flat_picture_has_an_invisible_seam_and_a_number_for_any_other() -> None:
    sources = np.ones((40, 60), np.uint16)
    sources[:, 30:] = 2
    whole = np.ones((40, 60), bool)
    for dtype in ("uint8", "float32"):
        flat = np.full((3, 40, 60), 77, dtype)
        assert seam_visibility(flat, whole, sources) == 1.0
        flat[:, :, 30:] += 9
        shown = seam_visibility(flat, whole, sources)
        assert shown is not None
        assert shown > 20
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown


@pytest.mark.parametrize("wraps", [False, True])
def test_the_measure_does_not_depend_on_the_tiles(wraps: bool) -> None:
    scene, sources = ground(300, 200) + 9 * patches(300, 200), patches(300, 200)
    at_once = seam_visibility(scene, np.ones((300, 200), bool), sources, wraps=wraps)
    for edge in (MARGIN_PX, 32, 64, 97, 192):
        meter = SeamMeter((300, 200), wraps=wraps)
        for line in range(0, 300, edge):
            for sample in range(0, 200, edge):
                window = np.s_[line : line + edge, sample : sample + edge]
                meter.add(line, sample, scene[:, *window], sources[window])
        # the same steps in another order: the median is the same, its share of ties to rounding
        assert meter.visibility == pytest.approx(at_once, rel=1e-9)


def test_a_seam_between_two_tiles_counts() -> None:
    scene, sources = ground(64, 128), np.ones((64, 128), np.uint16)
    sources[:, 64:] = 2
    scene[:, :, 64:] += 90
    meter = SeamMeter((64, 128))
    for sample in (0, 64):
        meter.add(0, sample, scene[:, :, sample : sample + 64], sources[:, sample : sample + 64])
    assert meter.visibility is not None
    assert meter.visibility > 5


def test_a_seam_at_the_edge_of_a_closed_mosaic_counts() -> None:
    scene = ground(50, 120)
    scene[:, :, 60:] += 80
    sources = np.ones((50, 120), np.uint16)
    sources[:, 60:] = 2
    scene[:, :, 56:60] = scene[:, :, 60:64] = scene[:, :, 59:60]  # the inner seam is smooth
    whole = np.ones((50, 120), bool)
    opened = seam_visibility(scene, whole, sources)
    closed = seam_visibility(scene, whole, sources, wraps=True)
    assert opened is not None
    assert closed is not None
    assert opened < 0.1
    assert closed > 1

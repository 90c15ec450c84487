from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.feather import feather_weights, reach
from hinterland_kernels.feather.average import NOBODY, Average

RANDOM = np.random.default_rng(7)
BANDS, LINES, SAMPLES = SHAPE = (2, 170, 300)
WIDTHS_PX = [12.0, 40.0]  # blocks of one sample, and of two


class Raster(NamedTuple):
    values: NDArray[Any]
    mask: NDArray[np.bool_]
    place: tuple[int, int]


def full_scale(dtype: Any) -> float:
    return 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)


def raster(
    size: tuple[int, int], place: tuple[int, int], dtype: Any = np.float32, *, has_holes: bool = True
) -> Raster:
    """Noise; floats that are not valid are nan."""
    values = (RANDOM.random((BANDS, *size)) * full_scale(dtype)).astype(dtype)
    mask = RANDOM.random(size) < 0.9995 if has_holes else np.ones(size, np.bool_)
    if dtype is np.float32:
        values[:, ~mask] = np.nan
    return Raster(values, mask, place)


def scattered(count: int, dtype: Any = np.float32) -> list[Raster]:
    """Rasters that stick out of the tile on every side."""
    return [
        raster(
            tuple(RANDOM.integers(60, 220, 2).tolist()), tuple(RANDOM.integers(-50, 160, 2).tolist()), dtype
        )
        for _ in range(count)
    ]


def on_canvas(one: Raster, width_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Its values and weights on the tile, float64; 0 where there is nothing."""
    beside = 512  # a multiple of every block, more than any raster sticks out
    assert beside > reach(width_px)
    mask = np.zeros((LINES + 2 * beside, SAMPLES + 2 * beside), np.bool_)
    values = np.zeros((BANDS, *mask.shape))
    top, left = one.place[0] + beside, one.place[1] + beside
    here = slice(top, top + one.mask.shape[0]), slice(left, left + one.mask.shape[1])
    mask[here], values[:, *here] = one.mask, np.nan_to_num(one.values)
    weights = feather_weights(mask, width_px, (beside, beside), (LINES, SAMPLES)).astype(np.float64)
    return values[:, beside : beside + LINES, beside : beside + SAMPLES], weights


def expected_of(
    rasters: list[Raster], width_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means, 0 where there are none; weights of all."""
    values, weights = (
        np.stack(part) for part in zip(*(on_canvas(one, width_px) for one in rasters), strict=True)
    )
    total = weights.sum(axis=0)
    means = (values * weights[:, None]).sum(axis=0) / np.where(total > 0.0, total, 1.0)
    return means, weights, total


def average_of(rasters: list[Raster], width_px: float) -> Average:
    average = Average(*SHAPE, width_px)
    for index, one in enumerate(rasters):
        average.add(one.values, one.mask, 10 * index, one.place)
    return average


def empty(dtype: Any = np.float32) -> tuple[NDArray[Any], NDArray[np.int32]]:
    return np.zeros(SHAPE, dtype), np.full(SHAPE[1:], NOBODY, dtype=np.int32)


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_values_are_averaged_by_their_feathers_and_the_heaviest_owns_them(width_px: float) -> None:
    rasters = scattered(4)
    shown, owners = empty()
    average_of(rasters, width_px).lay_over(shown, owners)
    means, weights, total = expected_of(rasters, width_px)
    # each raster but the first rounds a mean below 1 by 2**-25, and its share of a difference by about that
    np.testing.assert_allclose(shown, means, rtol=0, atol=4 * 2 * 2.0**-24)
    np.testing.assert_array_equal(owners, np.where(total > 0.0, 10 * weights.argmax(axis=0), NOBODY))


@pytest.mark.parametrize("count", [3, 20])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_rasters_that_stick_out_of_the_tile_are_averaged_on_their_parts_of_it(count: int, dtype: Any) -> None:
    rasters = scattered(count, dtype)
    canvas = np.full((BANDS, LINES + 10, SAMPLES + 10), 7, dtype)
    average_of(rasters, 40.0).lay_over(canvas, at=(3, 5))
    here = np.s_[:, 3 : 3 + LINES, 5 : 5 + SAMPLES]
    means, _, total = expected_of(rasters, 40.0)
    covered = total > 0.0
    # sums are float32, as above; whole numbers are rounded
    atol = 2 * count * 2.0**-24 * full_scale(dtype) + (0.0 if dtype is np.float32 else 0.5)
    np.testing.assert_allclose(
        canvas[here][:, covered].astype(np.float64), means[:, covered], rtol=0, atol=atol
    )
    assert (canvas[here][:, ~covered] == 7).all()
    canvas[here] = 7
    assert (canvas == 7).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_where_one_raster_is_alone_its_samples_stay_as_they_are_to_the_bit(dtype: Any) -> None:
    rasters = [raster((170, 200), (0, -20), dtype), raster((100, 190), (30, 160), dtype)]
    shown, owners = empty(dtype)
    average_of(rasters, 40.0).lay_over(shown, owners)
    (_, first), (_, second) = (on_canvas(one, 40.0) for one in rasters)
    alone = (first > 0.0) & (second == 0.0)
    values = np.zeros_like(shown)
    values[:, :, :180] = rasters[0].values[:, :, 20:]
    np.testing.assert_array_equal(shown[:, alone], values[:, alone])
    assert (owners[alone] == 0).all()


def test_a_raster_by_itself_is_copied_and_where_it_has_nothing_nothing_changes() -> None:
    one = raster((100, 90), (-10, 30))
    shown, owners = np.full(SHAPE, 5.0, np.float32), np.full(SHAPE[1:], NOBODY, dtype=np.int32)
    average_of([one], 40.0).lay_over(shown, owners)
    expected, mask = np.full(SHAPE, 5.0, np.float32), np.zeros(SHAPE[1:], np.bool_)
    mask[:90, 30:120] = one.mask[10:]
    expected[:, mask] = one.values[:, 10:][:, one.mask[10:]]
    np.testing.assert_array_equal(shown, expected)
    np.testing.assert_array_equal(owners, np.where(mask, 0, NOBODY))


def test_it_fades_into_what_lies_below_and_owns_what_it_has_half_the_say_in() -> None:
    one = raster((120, 200), (20, 40))
    below = RANDOM.random(SHAPE).astype(np.float32)
    owners = np.where(RANDOM.random(SHAPE[1:]) < 0.8, 1, NOBODY).astype(np.int32)
    average = Average(*SHAPE, 40.0)
    average.add(one.values, one.mask, 3, one.place)
    shown, found = below.copy(), owners.copy()
    average.lay_over(shown, found)
    values, weights = on_canvas(one, 40.0)
    share = np.where(owners == NOBODY, weights > 0.0, weights)
    expected = below + share * (values - below)
    np.testing.assert_allclose(shown, expected, rtol=0, atol=4 * 2.0**-24)  # 1 - w, and the mean, are float32
    np.testing.assert_array_equal(found, np.where((1.0 - share <= 0.5) & (weights > 0.0), 3, owners))


@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_no_sample_depends_on_the_tile(width_px: float) -> None:
    rasters = scattered(5)
    shown, owners = empty()
    average_of(rasters, width_px).lay_over(shown, owners)
    tiled, tiled_owners = empty()
    for top in range(0, LINES, 64):
        for left in range(0, SAMPLES, 96):
            average = Average(BANDS, min(64, LINES - top), min(96, SAMPLES - left), width_px)
            for index, one in enumerate(rasters):
                average.add(one.values, one.mask, 10 * index, (one.place[0] - top, one.place[1] - left))
            average.lay_over(tiled, tiled_owners, at=(top, left))
    np.testing.assert_array_equal(tiled, shown)
    np.testing.assert_array_equal(tiled_owners, owners)


def test_levels_are_applied_before_samples_are_averaged() -> None:
    rasters = [raster((170, 200), (0, 0), np.uint16), raster((170, 190), (0, 110), np.uint16)]
    levels = [(np.float32([0.9, 0.8]), np.float32([7.0, 9.0])), (np.float32([0.7, 0.5]), np.float32([0, 90]))]
    found, _ = empty(np.uint16)
    expected, _ = empty()
    raw, levelled = Average(*SHAPE, 40.0), Average(*SHAPE, 40.0)
    for index, (one, (gain, offset)) in enumerate(zip(rasters, levels, strict=True)):
        raw.add(one.values, one.mask, index, one.place, level=(gain, offset))
        values = one.values.astype(np.float32) * gain[:, None, None] + offset[:, None, None]
        levelled.add(values, one.mask, index, one.place)
    raw.lay_over(found)
    levelled.lay_over(expected)
    np.testing.assert_array_equal(found, np.rint(expected).astype(np.uint16))


def test_rasters_of_other_dtypes_of_which_one_has_levels_are_averaged_as_floats_are() -> None:
    small, large = raster((120, 200), (10, 20), np.uint8), raster((140, 180), (20, 90), np.uint16)
    gain, offset = np.float32([1.5, 2.0]), np.float32([3.0, 4.0])
    (shown, _), (expected, _) = empty(), empty()
    mixed, floats = Average(*SHAPE, 40.0), Average(*SHAPE, 40.0)
    mixed.add(small.values, small.mask, 0, small.place, level=(gain, offset))
    mixed.add(large.values, large.mask, 1, large.place)
    levelled = small.values * gain[:, None, None] + offset[:, None, None]
    floats.add(levelled, small.mask, 0, small.place)
    floats.add(large.values.astype(np.float32), large.mask, 1, large.place)
    mixed.lay_over(shown)
    floats.lay_over(expected)
    assert (shown == expected).all()


def test_rasters_that_go_on_beyond_the_ends_of_the_grid_are_not_faded_there() -> None:
    one, other = (raster(SHAPE[1:], (0, 0), has_holes=False) for _ in range(2))
    average = Average(*SHAPE, 40.0)
    for index, (values, _, place) in enumerate((one, other)):
        average.add(values, None, index, place, ends=(True, index == 0, True, True))
    shown, _ = empty()
    average.lay_over(shown)
    beside = np.concatenate([np.zeros((LINES, 64), np.bool_), np.ones((LINES, SAMPLES), np.bool_)], axis=1)
    weights = feather_weights(beside, 40.0, (0, 64), (LINES, SAMPLES)).astype(np.float64)
    assert weights[:, 0].max() < 0.1
    assert (weights[:, 100:] == 1.0).all()
    expected = (one.values + weights * other.values) / (1.0 + weights)
    np.testing.assert_allclose(shown, expected, rtol=0, atol=4 * 2.0**-24)


def test_a_raster_of_other_bands_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Average(*SHAPE, 40.0).add(np.zeros((3, 9, 11), np.float32), None, 0)


def test_a_width_beyond_the_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="samples wide"):
        Average(*SHAPE, 3.0)


@pytest.mark.parametrize(
    "shown", [np.zeros((*SHAPE[1:], BANDS), np.float32).transpose(2, 0, 1), np.zeros(SHAPE, np.int16)]
)
def test_what_is_shown_must_be_contiguous_and_of_a_known_dtype(shown: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="contiguous"):
        Average(*SHAPE, 40.0).lay_over(shown)

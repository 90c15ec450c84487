"""What a multi-band blend promises, on each backend; the oracle is the textbook's pyramid in float64."""

import numpy as np
import pytest
from kernel_cases import holey, multiband_on, texture
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from hinterland_kernels.backend import Backend
from hinterland_kernels.blend import NOBODY, Layer, halo, multiband, needed_windows

Picture = NDArray[np.float64]
Mask = NDArray[np.bool_]
Layers = list[tuple[NDArray[np.float32], Mask]]

LINES, SAMPLES, SEAM = 64, 192, 93
TAPS = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


def smoothed(values: Picture) -> Picture:
    """Burt and Adelson's generating kernel along both axes; 0 beyond the edge."""
    across = correlate1d(values, TAPS, axis=1, mode="constant")
    return np.asarray(correlate1d(across, TAPS, axis=0, mode="constant"))


def over(total: Picture, weight: Picture) -> Picture:
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def reduced(values: Picture, mask: Mask) -> tuple[Picture, Mask]:
    weight = smoothed(mask.astype(float))[::2, ::2]
    return over(smoothed(np.where(mask, values, 0.0))[::2, ::2], weight), weight > 0


def expanded(values: Picture, mask: Mask, shape: tuple[int, ...]) -> Picture:
    total, weight = np.zeros(shape), np.zeros(shape)
    total[::2, ::2], weight[::2, ::2] = np.where(mask, values, 0.0), mask
    return over(smoothed(total), smoothed(weight))


def burt_adelson(layers: Layers, owners: NDArray[np.int16], levels: int) -> Picture:
    """Full-size Laplacian pyramids of one band, blended by reduced ownership and collapsed."""
    totals: list[Picture] = []
    weights: list[Picture] = []
    for index, (values, mask) in enumerate(layers):
        level, valid, share = values[0].astype(float), mask, (owners == index).astype(float)
        for depth in range(levels + 1):
            coarser, coarser_valid = reduced(level, valid)
            laplacian = level if depth == levels else level - expanded(coarser, coarser_valid, level.shape)
            if index == 0:
                totals.append(np.zeros(level.shape))
                weights.append(np.zeros(level.shape))
            totals[depth] += np.where(valid, share * laplacian, 0.0)
            weights[depth] += np.where(valid, share, 0.0)
            level, valid, share = coarser, coarser_valid, smoothed(share)[::2, ::2]
    blend = over(totals[-1], weights[-1])
    blend_valid = weights[-1] > 0
    for total, weight in zip(totals[-2::-1], weights[-2::-1], strict=True):
        blend = expanded(blend, blend_valid, total.shape) + over(total, weight)
        blend_valid = np.ones(total.shape, dtype=bool)
    return blend


def two_images(bands: int = 1) -> tuple[Layers, NDArray[np.int16]]:
    """Two unlike textures over all of the window, cut along a crooked seam."""
    full = np.ones((LINES, SAMPLES), dtype=np.bool_)
    layers = [(texture((bands, LINES, SAMPLES), seed=seed), full) for seed in (1, 2)]
    lines, samples = np.indices((LINES, SAMPLES))
    owners = (samples >= SEAM + 7 * np.sin(lines / 5.0)).astype(np.int16)
    return layers, owners


@pytest.mark.parametrize("levels", [1, 2, 3, 5])
def test_two_images_blend_as_the_textbook_says(backend: Backend, levels: int) -> None:
    layers, owners = two_images()
    blend = multiband_on(backend, layers, owners, levels)
    # levels are kept as float32 and images lie in 0 to 1: a few roundings of 6e-8 a level
    np.testing.assert_allclose(blend[0], burt_adelson(layers, owners, levels), atol=1e-6)


@pytest.mark.parametrize("levels", [1, 3, 5])
def test_many_images_in_stripes_blend_as_the_textbook_says(backend: Backend, levels: int) -> None:
    """Each image reaches some blocks and not the next: what was not computed of it must have no say there."""
    full = np.ones((LINES, 8 * SAMPLES), dtype=np.bool_)
    layers = [(texture((1, *full.shape), seed=seed), full) for seed in range(5)]
    samples = np.indices(full.shape)[1]
    owners = np.searchsorted([100, 300, 400, 480], samples, side="right").astype(np.int16)
    blend = multiband_on(backend, layers, owners, levels)
    np.testing.assert_allclose(blend[0], burt_adelson(layers, owners, levels), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_whole_numbers_are_the_textbooks_rounded_and_clipped(dtype: str) -> None:
    _, owners = two_images()
    full, most = np.ones(owners.shape, dtype=np.bool_), np.iinfo(dtype).max
    images = [texture((1, *owners.shape), dtype, seed=seed) for seed in (1, 2)]
    blend = multiband([Layer(image, full) for image in images], owners, 4, dtype=np.dtype(dtype))
    textbook = burt_adelson([(image, full) for image in images], owners, 4)
    assert textbook.max() > most
    # half a number of rounding, and float32 sums of so many numbers
    np.testing.assert_allclose(blend[0], np.clip(textbook, 0, most), rtol=0, atol=0.5 + 1e-6 * most)


def test_a_core_of_a_window_in_pieces_by_several_threads_is_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers, owners = two_images(bands=2)
    images = [Layer(values[:, 8:, :170].copy(), mask[8:, :170].copy(), 8, 0) for values, mask in layers]
    owners[:8], owners[:, 170:] = NOBODY, NOBODY
    whole = multiband(images, owners, 3)
    monkeypatch.setattr("hinterland_kernels.blend.PIECE_PX", 32)
    part = multiband(images, owners, 3, core=(16, 40, 41, 150), workers=3)
    assert part.tobytes() == whole[:, 16:57, 40:190].tobytes()


def test_the_windows_that_are_needed_are_enough() -> None:
    layers, owners = two_images()
    core = (0, 128, LINES, 32)
    windows = needed_windows(owners, 2, 2, core=core)
    assert windows[0] is None  # the seam is farther than the blend reaches
    core = (0, 96, LINES, 64)
    parts = []
    for (values, mask), window in zip(layers, needed_windows(owners, 2, 2, core=core), strict=True):
        assert window is not None
        line, sample, lines, samples = window
        rows, columns = slice(line, line + lines), slice(sample, sample + samples)
        parts.append(Layer(values[:, rows, columns].copy(), mask[rows, columns].copy(), line, sample))
    assert parts[0].mask.shape[1] < SAMPLES // 4
    whole = multiband([Layer(*layer) for layer in layers], owners, 2)
    assert multiband(parts, owners, 2, core=core).tobytes() == whole[:, :, 96:160].tobytes()


def test_a_core_that_does_not_begin_on_a_block_is_refused() -> None:
    layers, owners = two_images()
    with pytest.raises(ValueError, match=r"multiples of 8 with 3 levels, got \(0, 12\)"):
        multiband([Layer(*layer) for layer in layers], owners, 3, core=(0, 12, 8, 8))


def test_images_that_overlap_only_in_part_blend_as_the_textbook_says_inside_both(backend: Backend) -> None:
    layers, owners = two_images()
    samples = np.indices((LINES, SAMPLES))[1]
    layers = [(layers[0][0], samples < 150), (layers[1][0], samples >= 40)]
    levels = 2
    blend = multiband_on(backend, layers, owners, levels)
    inside = slice(40 + halo(levels), 150 - halo(levels))
    textbook = burt_adelson(layers, owners, levels)
    np.testing.assert_allclose(blend[0][:, inside], textbook[:, inside], atol=1e-6)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_far_from_the_seam_an_image_is_left_as_it_is(backend: Backend, levels: int) -> None:
    layers, owners = two_images()
    blend = multiband_on(backend, layers, owners, levels)
    reach = halo(levels)
    left, right = slice(0, SEAM - 7 - reach), slice(SEAM + 8 + reach, None)
    # the blended pyramid loses and regains what the coarser level predicts: a rounding of float32 a level
    for index, part in ((0, left), (1, right)):
        np.testing.assert_allclose(blend[..., part], layers[index][0][..., part], rtol=0, atol=levels * 6e-8)
    near = (slice(None), slice(None), slice(SEAM - 8, SEAM + 8))
    assert np.abs(blend[near] - np.where(owners == 0, layers[0][0], layers[1][0])[near]).max() > 0.05


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_a_window_with_its_halo_gives_the_same_bytes_as_any_other(backend: Backend, levels: int) -> None:
    layers, owners = two_images(bands=2)
    layers = [(values, holey((LINES, SAMPLES), seed=seed)) for seed, (values, _) in enumerate(layers)]
    owners = np.where(layers[0][1] & (owners == 0), 0, np.where(layers[1][1], 1, NOBODY)).astype(np.int16)
    whole = multiband_on(backend, layers, owners, levels)
    reach, core = halo(levels), 1 << max(levels, 4)
    for line, sample in ((0, 0), (16, 64), (48, 80), (32, 96), (48, 176)):
        top, left = max(line - reach, 0), max(sample - reach, 0)
        rows, columns = slice(top, line + core + reach), slice(left, sample + core + reach)
        tile = multiband_on(
            backend,
            [(values[:, rows, columns].copy(), mask[rows, columns].copy()) for values, mask in layers],
            owners[rows, columns].copy(),
            levels,
        )
        inner = tile[:, line - top : line - top + core, sample - left : sample - left + core]
        assert inner.tobytes() == whole[:, line : line + core, sample : sample + core].tobytes()


@pytest.mark.parametrize("levels", [1, 3, 5])
def test_equal_images_come_back_whatever_the_owners(backend: Backend, levels: int) -> None:
    values = texture((1, LINES, SAMPLES))
    full = np.ones((LINES, SAMPLES), dtype=np.bool_)
    owners = np.random.default_rng(7).integers(0, 3, (LINES, SAMPLES)).astype(np.int16)
    blend = multiband_on(backend, [(values, full)] * 3, owners, levels)
    # weights that did not add up to 1 would show as brightness; what shows is a rounding or two a level
    np.testing.assert_allclose(blend, values, atol=2 * levels * 6e-8)


def test_two_constants_meet_in_a_slope_that_never_turns(backend: Backend) -> None:
    full = np.ones((LINES, SAMPLES), dtype=np.bool_)
    layers = [(np.full((1, LINES, SAMPLES), value, dtype=np.float32), full) for value in (10.0, 200.0)]
    owners = np.zeros((LINES, SAMPLES), dtype=np.int16)
    owners[:, SEAM:] = 1
    blend = multiband_on(backend, layers, owners, 4)[0]
    steps = np.diff(blend, axis=1)
    # float32 near 200 is in steps of 1.5e-5
    assert steps.min() > -5e-5
    assert steps.max() < 0.1 * 190.0
    np.testing.assert_allclose(blend[:, [0, -1]], [[10.0, 200.0]] * LINES, atol=5e-5)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_images_that_end_at_the_seam_meet_without_a_rim(backend: Backend, levels: int) -> None:
    samples = np.indices((LINES, SAMPLES))[1]
    even = np.full((1, LINES, SAMPLES), 7.0, dtype=np.float32)
    masks = (samples < SEAM, samples >= SEAM - 20)
    layers = [(np.where(mask, even, np.float32(0.0)), mask) for mask in masks]
    owners = (samples >= SEAM).astype(np.int16)
    blend = multiband_on(backend, layers, owners, levels)
    # nothing but roundings of float32 near 7, two a level
    np.testing.assert_allclose(blend, 7.0, atol=2 * levels * 5e-7)


def test_no_levels_are_a_hard_cut(backend: Backend) -> None:
    layers, owners = two_images(bands=3)
    owners[:, :11] = NOBODY
    blend = multiband_on(backend, layers, owners, 0)
    expected = np.where(owners == 0, layers[0][0], layers[1][0])
    expected[..., :11] = 0.0
    np.testing.assert_array_equal(blend, expected)


def test_bands_are_blended_each_by_itself(backend: Backend) -> None:
    layers, owners = two_images(bands=3)
    blend = multiband_on(backend, layers, owners, 3)
    for band in range(3):
        alone = multiband_on(
            backend, [(values[band : band + 1].copy(), mask) for values, mask in layers], owners, 3
        )
        np.testing.assert_array_equal(blend[band], alone[0])


def test_nobodys_pixels_are_zero_and_what_lies_under_a_mask_never_shows(backend: Backend) -> None:
    layers, owners = two_images()
    masks = [holey((LINES, SAMPLES), seed=seed) for seed in (3, 4)]
    owners = np.where(masks[0] & (owners == 0), 0, np.where(masks[1], 1, NOBODY)).astype(np.int16)
    plain = [(values, mask) for (values, _), mask in zip(layers, masks, strict=True)]
    buried = [(np.where(mask, values, np.float32(np.nan)), mask) for values, mask in plain]
    blend = multiband_on(backend, buried, owners, 4)
    np.testing.assert_array_equal(blend, multiband_on(backend, plain, owners, 4))
    assert (owners == NOBODY).any()
    assert not blend[0][owners == NOBODY].any()
    # images lie in 0 to 1 and detail adds at most its own height
    assert blend.min() > -1.0
    assert blend.max() < 2.0


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 1), (17, 33)])
def test_windows_of_any_size_blend(backend: Backend, shape: tuple[int, int]) -> None:
    layers: Layers = [(np.full((1, *shape), 3.0, np.float32), np.ones(shape, np.bool_)) for _ in range(2)]
    owners = (np.indices(shape).sum(axis=0) % 2).astype(np.int16)
    np.testing.assert_allclose(multiband_on(backend, layers, owners, 4), 3.0, rtol=1e-6)


def test_a_layer_whose_values_do_not_fit_its_mask_is_refused() -> None:
    layers, owners = two_images()
    first, (values, mask) = Layer(*layers[0]), layers[1]
    with pytest.raises(ValueError, match=r"layer 1: values \(1, 64, 192\) do not fit the mask \(63, 192\)"):
        multiband([first, Layer(values, mask[1:])], owners, 2)


def test_layers_of_several_dtypes_are_refused() -> None:
    layers, owners = two_images()
    second = Layer(layers[1][0].astype(np.uint8), layers[1][1])
    with pytest.raises(ValueError, match="one dtype and number of bands"):
        multiband([Layer(*layers[0]), second], owners, 2)


def test_no_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="needs layers"):
        multiband([], np.zeros((4, 4), dtype=np.int16), 2)


def test_more_levels_than_a_stretch_holds_are_refused() -> None:
    layers, owners = two_images()
    with pytest.raises(ValueError, match="0 to 8 levels, got 9"):
        multiband([Layer(*layer) for layer in layers], owners, 9)

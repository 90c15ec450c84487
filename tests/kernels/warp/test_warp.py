"""What a warp promises, on each backend; oracles are SciPy and float64 sums written out here."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kernel_cases import IDENTITY, WITHIN, Affine, holey, texture, warp_on
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from hinterland_kernels.backend import CPU, Backend
from hinterland_kernels.lattice import build_lattice
from hinterland_kernels.warp import KERNELS, SOURCE_DTYPES, warp

SHAPE = (41, 53)
WINDOW = (0, 0, 41, 53)
ALL = np.ones(SHAPE, dtype=np.bool_)
SMOOTH_KERNELS = ("bilinear", "bicubic", "lanczos3", "bspline3")
EXACT_AT_SAMPLES = ("nearest", "bilinear", "bicubic", "lanczos3")

Weight = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic convolution, a = -1/2."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1.0, -0.5 * x**3 + 2.5 * x**2 - 4.0 * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1.0 - np.abs(x), 0.0)


def lanczos(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)


def resampled(
    source: NDArray[np.float32], points: NDArray[np.float64], weight: Weight, radius: int
) -> NDArray[np.float64]:
    """Normalised sum over the taps, in float64; nan where a tap is off the source."""
    padded = np.pad(source.astype(np.float64), radius, constant_values=np.nan)
    line, sample = points[..., 0], points[..., 1]
    total, weights = np.zeros(line.shape), np.zeros(line.shape)
    for i in range(1 - radius, radius + 1):
        for j in range(1 - radius, radius + 1):
            a, b = np.floor(line) + i, np.floor(sample) + j
            w = weight(line - a) * weight(sample - b)
            a = np.clip(a, -radius, source.shape[0]) + radius
            b = np.clip(b, -radius, source.shape[1]) + radius
            total += w * padded[a.astype(int), b.astype(int)]
            weights += w
    return total / weights


def nearest_pixels(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Line and sample of the pixel a point lies in, and whether the source has it."""
    pixels = np.rint(points).astype(np.int64)
    inside = np.logical_and(pixels >= 0, pixels < np.array(SHAPE))
    return pixels, np.logical_and(inside[..., 0], inside[..., 1])


@pytest.mark.parametrize("dtype", SOURCE_DTYPES)
@pytest.mark.parametrize("kernel", EXACT_AT_SAMPLES)
def test_the_identity_returns_the_source_to_the_last_bit(backend: Backend, kernel: str, dtype: str) -> None:
    source = texture((2, *SHAPE), dtype)
    lattice = IDENTITY.lattice(WINDOW, SHAPE)
    values, mask = warp_on(backend, source, ALL, lattice, WINDOW, kernel=kernel)
    np.testing.assert_array_equal(values, source.astype(np.float32))
    assert mask.all()


@pytest.mark.parametrize("kernel", EXACT_AT_SAMPLES)
def test_a_whole_shift_moves_samples_and_leaves_nothing_beyond_the_edge(
    backend: Backend, kernel: str
) -> None:
    source = texture((1, *SHAPE))
    shift = Affine(scale=1.0, rotation=0.0, line=7.0, sample=-5.0)
    values, mask = warp_on(backend, source, ALL, shift.lattice(WINDOW, SHAPE), WINDOW, kernel=kernel)
    expected, covered = np.zeros((1, *SHAPE), dtype=np.float32), np.zeros(SHAPE, dtype=np.bool_)
    expected[:, :-7, 5:], covered[:-7, 5:] = source[:, 7:, :-5], True
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(mask, covered)


def test_nearest_takes_the_pixel_whose_square_holds_the_point(backend: Backend) -> None:
    source = texture((1, *SHAPE), "uint16")
    pixels, on = nearest_pixels(Affine().over(WINDOW))
    values, mask = warp_on(backend, source, ALL, Affine().lattice(WINDOW, SHAPE), WINDOW, kernel="nearest")
    np.testing.assert_array_equal(mask, on)
    np.testing.assert_array_equal(values[0][on], source[0, pixels[on, 0], pixels[on, 1]])
    assert 0.5 < on.mean() < 1.0


def test_bilinear_agrees_with_scipy(backend: Backend) -> None:
    source = texture((1, *SHAPE))
    points = Affine().over(WINDOW)
    expected = map_coordinates(source[0].astype(np.float64), points.transpose(2, 0, 1), order=1, cval=np.nan)
    values, mask = warp_on(backend, source, ALL, Affine().lattice(WINDOW, SHAPE), WINDOW, kernel="bilinear")
    known = ~np.isnan(expected)
    assert mask[known].all()
    assert known.mean() > 0.5
    np.testing.assert_allclose(values[0][known], expected[known], rtol=0, atol=WITHIN)


@pytest.mark.parametrize(("kernel", "weight", "radius"), [("bicubic", keys, 2), ("lanczos3", lanczos, 3)])
def test_kernels_with_negative_lobes_agree_with_their_sums(
    backend: Backend, kernel: str, weight: Weight, radius: int
) -> None:
    source = texture((1, *SHAPE))
    expected = resampled(source[0], Affine().over(WINDOW), weight, radius)
    values, mask = warp_on(backend, source, ALL, Affine().lattice(WINDOW, SHAPE), WINDOW, kernel=kernel)
    known = ~np.isnan(expected)
    assert mask[known].all()
    assert known.mean() > 0.5
    np.testing.assert_allclose(values[0][known], expected[known], rtol=0, atol=WITHIN)


@pytest.mark.parametrize(("kernel", "radius"), [("bicubic", 2), ("lanczos3", 3)])
def test_a_kernel_that_misses_a_tap_gives_way_to_the_bilinear_one(
    backend: Backend, kernel: str, radius: int
) -> None:
    source, mask = texture((1, *SHAPE)), ALL.copy()
    mask[20, 30] = False
    shift = Affine(scale=1.0, rotation=0.0, line=0.25, sample=0.4)
    lattice = shift.lattice(WINDOW, SHAPE)
    values, _ = warp_on(backend, source, mask, lattice, WINDOW, kernel=kernel)
    bilinear, _ = warp_on(backend, source, mask, lattice, WINDOW, kernel="bilinear")
    reach = (slice(20 - radius, 20 + radius), slice(30 - radius, 30 + radius))
    np.testing.assert_allclose(values[0][reach], bilinear[0][reach], rtol=0, atol=WITHIN)
    edge = np.ones(SHAPE, dtype=np.bool_)
    edge[radius - 1 : 1 - radius - 1, radius - 1 : 1 - radius - 1] = False
    np.testing.assert_allclose(values[0][edge], bilinear[0][edge], rtol=0, atol=WITHIN)
    near: NDArray[np.bool_] = edge.copy()
    near[reach] = True
    assert (np.abs(values[0][~near] - bilinear[0][~near]) > WITHIN).mean() > 0.99


@pytest.mark.parametrize("scale", [0.97, 2.3])
@pytest.mark.parametrize("kernel", KERNELS)
def test_holes_and_edges_neither_darken_a_constant_nor_spread_what_lies_under_them(
    backend: Backend, kernel: str, scale: float
) -> None:
    mask = holey(SHAPE)
    source = np.where(mask, np.float32(0.7), np.float32(np.nan))[None]
    map_ = Affine(scale=scale, line=-2.1, sample=-3.4)
    values, valid = warp_on(backend, source, mask, map_.lattice(WINDOW, SHAPE), WINDOW, kernel=kernel)
    pixels, on = nearest_pixels(map_.over(WINDOW))
    on[on] = mask[pixels[on, 0], pixels[on, 1]]
    np.testing.assert_array_equal(valid, on)
    # weights of float32 add up to 1 within a few roundings of 2**-24, a spline's within its cut-off
    atol = 1e-6 if kernel == "bspline3" else 2.0**-21
    np.testing.assert_allclose(values[0], np.where(on, 0.7, 0.0), rtol=0, atol=atol)
    np.testing.assert_array_equal(values[0][~on], 0.0)


def checkerboard() -> NDArray[np.uint8]:
    lines, samples = np.indices(SHAPE)
    return np.where((lines + samples) % 2, 255, 0).astype(np.uint8)[None]


@pytest.mark.parametrize("kernel", SMOOTH_KERNELS)
def test_a_coarser_grid_widens_the_kernel_until_a_checkerboard_is_grey(backend: Backend, kernel: str) -> None:
    coarse = Affine(scale=2.0, rotation=0.0, line=0.3, sample=0.2)
    window = (0, 0, 20, 26)
    lattice = coarse.lattice(window, SHAPE)
    values, _ = warp_on(backend, checkerboard(), ALL, lattice, window, kernel=kernel)
    inner = values[0, 4:-4, 4:-4]
    # each kernel stretched by 2 has a zero at the checkerboard's frequency, or nearly so: 1 DN is left
    np.testing.assert_allclose(inner, 127.5, atol=1.0)
    aliased, _ = warp_on(backend, checkerboard(), ALL, lattice, window, kernel="nearest")
    assert set(np.unique(aliased)) <= {0.0, 255.0}


@pytest.mark.parametrize(("scale", "width"), [(1.15, 1.0), (1.3, 1.2), (1.39, 1.38), (1.5, 1.5), (3.1, 3.1)])
@pytest.mark.parametrize(
    ("kernel", "weight", "radius"),
    [("bilinear", triangle, 1), ("bicubic", keys, 2), ("lanczos3", lanczos, 3)],
)
def test_a_kernel_widens_where_aliasing_would_show_and_evenly_up_to_there(
    backend: Backend, kernel: str, weight: Weight, radius: int, scale: float, width: float
) -> None:
    source = texture((1, 130, 140))
    map_ = Affine(scale=scale, rotation=0.2, line=20.3, sample=21.7)
    window = (0, 0, 24, 32)
    values, mask = warp_on(
        backend,
        source,
        np.ones((130, 140), np.bool_),
        map_.lattice(window, source.shape),
        window,
        kernel=kernel,
    )
    expected = resampled(source[0], map_.over(window), lambda x: weight(x / width), math.ceil(radius * width))
    known = ~np.isnan(expected)
    assert mask[known].all()
    assert known.mean() > 0.5
    np.testing.assert_allclose(values[0][known], expected[known], rtol=0, atol=WITHIN)


def test_a_point_without_an_image_is_not_valid(backend: Backend) -> None:
    def half(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(points[:, 1:] < 20.5, points, np.nan)

    source = texture((1, *SHAPE))
    lattice = build_lattice(half, WINDOW, SHAPE, step=8)
    values, mask = warp_on(backend, source, ALL, lattice, WINDOW)
    assert mask[:, :21].all()
    assert not mask[:, 21:].any()
    np.testing.assert_array_equal(values[0, :, :21], source[0, :, :21])
    assert not values[0, :, 21:].any()


def test_pixels_off_the_lattice_have_no_image(backend: Backend) -> None:
    lattice = IDENTITY.lattice((8, 8, 16, 16), SHAPE)
    _, mask = warp_on(backend, texture((1, *SHAPE)), ALL, lattice, WINDOW)
    expected = np.zeros(SHAPE, dtype=np.bool_)
    expected[8:24, 8:24] = True
    np.testing.assert_array_equal(mask, expected)


def test_gain_and_offset_are_each_bands_own_and_leave_the_uncovered_at_zero(backend: Backend) -> None:
    source = texture((3, *SHAPE), "uint8")
    lattice = Affine().lattice(WINDOW, SHAPE)
    plain, mask = warp_on(backend, source, ALL, lattice, WINDOW)
    gain, offset = (0.5, 2.0, 1.25), (-8.0, 3.0, 11.0)
    values, _ = warp_on(backend, source, ALL, lattice, WINDOW, gain=gain, offset=offset)
    for band in range(3):
        expected = np.where(mask, gain[band] * plain[band].astype(np.float64) + offset[band], 0.0)
        # `plain` was rounded to float32 before its gain: half a unit in the last place of 255, times 2
        np.testing.assert_allclose(values[band], expected, atol=4e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [0.97, 1.7])
def test_a_pixel_is_the_same_bytes_whatever_the_window(backend: Backend, kernel: str, scale: float) -> None:
    source, mask = texture((1, *SHAPE), "uint16"), holey(SHAPE)
    map_ = Affine(scale=scale)
    window = (3, -5, 43, 61)
    whole, valid = warp_on(backend, source, mask, map_.lattice(window, SHAPE), window, kernel=kernel)
    for line in range(3, 46, 17):
        for sample in range(-5, 56, 23):
            tile = (line, sample, min(17, 46 - line), min(23, 56 - sample))
            values, part = warp_on(backend, source, mask, map_.lattice(tile, SHAPE), tile, kernel=kernel)
            rows, columns = slice(line - 3, line - 3 + tile[2]), slice(sample + 5, sample + 5 + tile[3])
            assert values.tobytes() == whole[:, rows, columns].tobytes()
            assert part.tobytes() == valid[rows, columns].tobytes()


def test_a_lattice_may_be_moved_once_for_many_windows(backend: Backend) -> None:
    source, lattice = texture((1, *SHAPE)), Affine().lattice(WINDOW, SHAPE)
    moved = backend.to_device(lattice)
    assert isinstance(moved, type(lattice))
    assert isinstance(moved.nodes, backend.xp.ndarray)
    values, _ = warp_on(backend, source, ALL, moved, WINDOW)
    expected, _ = warp_on(backend, source, ALL, lattice, WINDOW)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("source", "mask", "message"),
    [
        (texture(SHAPE), ALL, r"a source is \(bands, lines, samples\) with a bool mask"),
        (texture((1, *SHAPE)), ALL[1:], r"got \(1, 41, 53\) and \(40, 53\)"),
        (texture((1, *SHAPE)), ALL.astype(np.uint8), "bool mask"),
        (texture((1, *SHAPE)).astype(np.float64), ALL, "one of uint8, uint16, float32, got float64"),
    ],
    ids=["no bands", "another mask", "mask of numbers", "float64"],
)
def test_a_source_that_does_not_fit_is_refused(
    source: NDArray[np.float32], mask: NDArray[np.bool_], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        warp(source, mask, IDENTITY.lattice(WINDOW, SHAPE), WINDOW, backend=CPU)


def test_a_kernel_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="nearest, bilinear, bicubic, lanczos3, bspline3, got 'spline'"):
        warp(texture((1, *SHAPE)), ALL, IDENTITY.lattice(WINDOW, SHAPE), WINDOW, kernel="spline")


@pytest.mark.parametrize("option", ["gain", "offset"])
def test_a_gain_or_offset_for_another_number_of_bands_is_refused(option: str) -> None:
    options: dict[str, Any] = {option: [1.0]}
    with pytest.raises(ValueError, match="expected 2 values, one a band"):
        warp(texture((2, *SHAPE)), ALL, IDENTITY.lattice(WINDOW, SHAPE), WINDOW, **options)

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland_kernels.pixel.sampling import all_valid, holds, place_taps, sample_kernel, sample_taps
from hinterland_kernels.pixel.weights import (
    BICUBIC,
    BILINEAR,
    LANCZOS3,
    NEAREST,
    bicubic_weights,
    bilinear_weights,
    kernel_radius,
    kernel_weight,
    lanczos3_weights,
    whole,
)

CLOSED_FORMS = {BILINEAR: bilinear_weights, BICUBIC: bicubic_weights, LANCZOS3: lanczos3_weights}

kernels = st.sampled_from(sorted(CLOSED_FORMS))
fractions = st.one_of(
    st.floats(0.0, 1.0, exclude_max=True),
    st.floats(1e-18, 1e-6),
    st.floats(1e-16, 1e-6).map(lambda rest: 1.0 - rest),
)


@given(kernel=kernels, t=fractions)
def test_closed_forms_are_the_normalised_kernel(kernel: int, t: float) -> None:
    radius = int(kernel_radius(kernel))
    taps = [kernel_weight(kernel, t - k) for k in range(1 - radius, radius + 1)]
    expected = [tap / sum(taps) for tap in taps] + [0.0] * (6 - len(taps))
    # beside a tap both forms divide a small sine by a small square: 1e-9 remains of float64
    assert CLOSED_FORMS[kernel](t) == pytest.approx(expected, abs=1e-9)


@given(kernel=kernels, t=fractions)
def test_weights_add_up_to_one(kernel: int, t: float) -> None:
    # six weights, each rounded by at most 1.1e-16
    assert sum(CLOSED_FORMS[kernel](t)) == pytest.approx(1.0, abs=1e-15)


@given(kernel=kernels, t=st.floats(0.001, 0.999))
def test_weights_of_a_point_mirror_those_of_its_mirror_image(kernel: int, t: float) -> None:
    side = 2 * int(kernel_radius(kernel))
    weights, mirrored = CLOSED_FORMS[kernel](t)[:side], CLOSED_FORMS[kernel](1.0 - t)[:side]
    assert weights == pytest.approx(mirrored[::-1], abs=1e-11)


@pytest.mark.parametrize("kernel", CLOSED_FORMS)
def test_a_kernel_is_one_at_its_own_tap_and_zero_at_the_others(kernel: int) -> None:
    assert [kernel_weight(kernel, x) for x in (0.0, 1.0, -1.0, 2.0, 3.0, 7.0)] == [
        1.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ]


@pytest.mark.parametrize("x", [0.1, 0.5, 0.9, 1.3, 1.5, 1.99, 2.0001, 2.5, 2.999])
def test_lanczos_is_a_sinc_under_a_sinc(x: float) -> None:
    expected = float(np.sinc(x) * np.sinc(x / 3.0))
    assert kernel_weight(LANCZOS3, x) == pytest.approx(expected, abs=1e-15)
    assert kernel_weight(LANCZOS3, -x) == kernel_weight(LANCZOS3, x)


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("t", [0.0, 0.3, 0.85])
def test_cubic_convolution_repeats_a_parabola(t: float, degree: int) -> None:
    # Keys's reason for a = -1/2: third-order accuracy
    taps = [float(k) ** degree for k in (-1, 0, 1, 2)]
    value = sum(w * tap for w, tap in zip(bicubic_weights(t), taps, strict=False))
    assert value == pytest.approx(t**degree, abs=1e-15)


@pytest.mark.parametrize(
    ("line", "sample", "expected"),
    [
        (-0.5, 0.0, True),
        (-0.5001, 0.0, False),
        (1.4999, 2.4999, True),
        (1.5, 0.0, False),
        (0.0, 2.5, False),
        (0.6, 0.6, False),  # pixel (1, 1) is not valid
        (math.nan, 0.0, False),
        (0.0, math.nan, False),
        (math.inf, 0.0, False),
    ],
)
def test_a_point_is_held_by_the_valid_pixel_whose_square_it_lies_in(
    line: float, sample: float, expected: bool
) -> None:
    mask = np.array([[True, True, True], [True, False, True]])
    assert holds(mask, line, sample) == expected


@pytest.mark.parametrize(
    ("line", "sample", "side", "expected"),
    [
        (0, 0, 4, False),
        (1, 1, 2, True),
        (1, 1, 3, True),
        (1, 1, 4, False),
        (-1, 1, 2, False),
        (1, -1, 2, False),
        (0, 1, 2, False),
    ],
)
def test_all_taps_are_valid_only_inside_and_clear_of_holes(
    line: int, sample: int, side: int, expected: bool
) -> None:
    mask = np.ones((4, 4), dtype=np.bool_)
    mask[0, 1] = False
    assert bool(all_valid(mask, line, sample, side)) == expected


@pytest.mark.parametrize("kernel", CLOSED_FORMS)
def test_the_taps_give_what_the_masked_sum_gives(kernel: int) -> None:
    random = np.random.default_rng(11)
    source, mask = random.random((13, 17)), np.ones((13, 17), dtype=np.bool_)
    for line, sample in random.uniform((3.0, 3.0), (9.0, 13.0), (50, 2)):
        taps = place_taps(mask, line, sample, kernel, 1.0, 1.0)
        assert taps.side == 2 * kernel_radius(kernel)
        expected = sample_kernel(source, mask, line, sample, kernel, 1.0, 1.0)
        assert sample_taps(source, taps) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("kernel", "line", "widen"),
    [(NEAREST, 6.2, 1.0), (BILINEAR, 6.2, 1.5), (BICUBIC, 0.9, 1.0), (LANCZOS3, 10.1, 1.0)],
    ids=["nearest", "widened", "top edge", "bottom edge"],
)
def test_there_are_no_taps_where_the_plain_kernel_does_not_do(kernel: int, line: float, widen: float) -> None:
    assert place_taps(np.ones((13, 17), dtype=np.bool_), line, 8.4, kernel, widen, 1.0).side == 0


@pytest.mark.parametrize("kernel", [BICUBIC, LANCZOS3])
def test_a_kernel_with_negative_lobes_that_misses_a_tap_has_no_value(kernel: int) -> None:
    source, mask = np.ones((13, 17)), np.ones((13, 17), dtype=np.bool_)
    mask[6, 9] = False
    assert math.isnan(sample_kernel(source, mask, 6.2, 8.4, kernel, 1.0, 1.0))
    assert sample_kernel(source, mask, 6.2, 8.4, BILINEAR, 1.0, 1.0) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(("x", "expected"), [(2.0, 2), (2.9, 2), (-0.1, -1), (-3.0, -3)])
def test_a_whole_number_lies_at_or_below(x: float, expected: int) -> None:
    assert whole(x) == expected

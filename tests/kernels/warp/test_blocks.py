"""The warp by blocks against the warp pixel by pixel."""

import re

import numba
import numpy as np
import pytest
from kernel_cases import FULL_SCALE, Affine, check_warped, holey, texture
from llvmlite import binding
from numpy.typing import NDArray

from hinterland_kernels._lanes import COUNT, has_permutation
from hinterland_kernels.lattice import EMPTY, SMOOTH, Lattice, build_lattice
from hinterland_kernels.pixel.flat import Flat
from hinterland_kernels.warp import KERNELS, NO_FLAT, _blocks, _cpu, _ways, spline_coefficients, warp

SHAPE = (430, 390)
WINDOW = (96, 64, 200, 311)
LANCZOS3_BYTES = 255.0 * 2.0 * (2.0**-15 + 2.0**-16 + 3.0 * 2.0**-18)
"""By which six whole weights miss a sum at most: one is cut below 1, one rounded to 2**-16, three to 2**-18."""

BICUBIC_BYTES = 255.0 * 2.0 * (2.0**-15 + 3.0 * 2.0**-16)
"""The same of four: three are rounded to 2**-16."""


def lattice_of(scale: float, step: int = 32, *, bent: float = 1.0) -> Lattice:
    """A turned map over the window, partly off the source; where it is much bent its blocks are."""

    def exact_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        line, sample = points.T
        bend = bent * (3.0 * np.sin(line / 290.0) + 2.0 * np.cos(sample / 270.0))
        turned = np.stack([0.9 * line + 0.3 * sample + bend, 0.95 * sample - 0.25 * line - bend], axis=-1)
        return scale * turned - 40.0

    return build_lattice(exact_map, WINDOW, SHAPE, step=step, is_gentle=bent != 1.0)


def pixel_by_pixel(
    source: NDArray[np.uint16], mask: NDArray[np.bool_], lattice: Lattice, kernel: str, flat: Flat
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    values = np.empty((2, *WINDOW[2:]), np.float32)
    valid = np.empty(WINDOW[2:], np.bool_)
    weighed = spline_coefficients(source, mask) if kernel == "bspline3" else source
    gain, offset = np.array([0.8, 1.1]), np.array([3.0, -2.0])
    _cpu.warp(
        source,
        weighed,
        mask,
        lattice,
        *WINDOW[:2],
        KERNELS[kernel],
        gain,
        offset,
        flat,
        0.0,
        values,
        valid,
    )
    return values, valid


@pytest.mark.parametrize("flat", [NO_FLAT, Flat(110.0, 140.0, 1.2e-5, 0.3, 0.1)], ids=["plain", "shaded"])
@pytest.mark.parametrize("holes", [0.0, 0.003])
@pytest.mark.parametrize("scale", [-0.8, 0.4, 1.0, 1.7])
@pytest.mark.parametrize("bent", [1.0, 9.0], ids=["straight", "bent"])
@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_blocks_give_the_samples_that_pixels_give(
    kernel: str, bent: float, scale: float, holes: float, flat: Flat
) -> None:
    source, mask = texture((2, *SHAPE), "uint16"), np.ones(SHAPE, np.bool_)
    if holes:
        mask = holey(SHAPE, holes)
    if scale < 0:
        source, mask = np.ascontiguousarray(source[:, ::-1, ::-1]), np.ascontiguousarray(mask[::-1, ::-1])
    lattice = lattice_of(abs(scale), bent=bent)
    if scale < 0:  # seen in a mirror: points run backwards along lines
        lattice = lattice._replace(
            nodes=np.array(SHAPE) - 1.0 - lattice.nodes,
            exact=np.array(SHAPE) - 1.0 - lattice.exact,
            bends=-lattice.bends,
        )
    assert (lattice.blocks == SMOOTH).mean() > 0.1
    assert bent == 1.0 or lattice.bends.any(axis=(2, 3))[lattice.blocks == SMOOTH].mean() > 0.5
    expected, valid = pixel_by_pixel(source, mask, lattice, kernel, flat)
    values, found = warp(
        source, mask, lattice, WINDOW, kernel=kernel, gain=(0.8, 1.1), offset=(3.0, -2.0), flat=flat
    )
    assert 0.05 < valid.mean() < 1.0
    np.testing.assert_array_equal(found, valid)
    # gain and flat field raise full scale up to threefold
    check_warped(values, expected, 3.0 * FULL_SCALE["uint16"])
    _, covered = warp(source[:0], mask, lattice, WINDOW, kernel="nearest", is_whole=not holes)
    np.testing.assert_array_equal(covered, valid, "what is covered can be asked for alone")


@pytest.mark.parametrize("step", [6, 32, 64, 320])
def test_blocks_of_any_step_are_filled(step: int) -> None:
    source, mask = texture((1, *SHAPE)), np.ones(SHAPE, np.bool_)
    lattice = Affine(scale=0.9, rotation=0.4, line=30.0, sample=-20.0).lattice(
        (0, 0, 200, 311), SHAPE, step=step
    )
    values, found = warp(source, mask, lattice, (0, 0, 200, 311))
    same = Affine(scale=0.9, rotation=0.4, line=30.0, sample=-20.0).lattice((0, 0, 200, 311), SHAPE, step=2)
    expected, valid = warp(source, mask, same, (0, 0, 200, 311))
    np.testing.assert_array_equal(found, valid)
    # the last of a run of 320 is ten times as far from its start as that of 32
    check_warped(values, expected, max(1.0, step / 32))


def test_a_source_narrower_than_the_lanes_is_filled() -> None:
    source, mask = texture((1, 90, 21)), np.ones((90, 21), np.bool_)
    lattice = Affine(rotation=0.02).lattice((0, 0, 80, 20), (90, 21))
    values, _ = warp(source, mask, lattice, (0, 0, 80, 20))
    wide = np.pad(source, ((0, 0), (0, 0), (0, 40)))
    open_mask = np.pad(mask, ((0, 0), (0, 40)))
    expected, _ = warp(wide, open_mask, lattice, (0, 0, 80, 20))
    check_warped(values, expected, 1.0)


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_nothing_under_a_hole_reaches_a_sample(kernel: str) -> None:
    source, mask = texture((1, *SHAPE)), holey(SHAPE, 0.003)
    lattice = lattice_of(0.8)
    expected, valid = warp(source, mask, lattice, WINDOW, kernel=kernel)
    values, found = warp(np.where(mask, source, np.float32("nan")), mask, lattice, WINDOW, kernel=kernel)
    np.testing.assert_array_equal(found, valid)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_without_bands_the_mask_is_the_same(kernel: str) -> None:
    source, mask = texture((1, *SHAPE)), holey(SHAPE, 0.003)
    _, expected = warp(source, mask, lattice_of(0.8), WINDOW, kernel=kernel)
    _, found = warp(source[:0], mask, lattice_of(0.8), WINDOW, kernel=kernel)
    np.testing.assert_array_equal(found, expected)


def test_blocks_without_a_valid_sample_are_empty() -> None:
    mask = np.zeros(SHAPE, np.bool_)
    mask[:, :100] = True
    lattice = lattice_of(1.0)
    ways = [
        _ways.way_with(lattice, i, j, mask, False, KERNELS["bilinear"], 2, 0)
        for i in range(lattice.blocks.shape[0])
        for j in range(lattice.blocks.shape[1])
        if lattice.blocks[i, j] != EMPTY
    ]
    assert {_ways.NOTHING, _ways.PLAIN, _ways.PARTLY} <= set(ways)


@pytest.mark.parametrize(
    ("kernel", "farthest"),
    [
        # three products rounded to a 128th, weights to 2**-15
        ("bilinear", 1.5 / 128.0 + 3.0 * 255.0 * 2.0**-15),
        # weights of a line, of which one has what the others miss; weights down the lines come to so much at most
        ("bicubic", 1.25 * BICUBIC_BYTES),
        ("lanczos3", 1.6 * LANCZOS3_BYTES),
    ],
)
@pytest.mark.parametrize("scale", [-0.8, 0.4, 1.0])
@pytest.mark.parametrize("holes", [0.0, 0.003])
@pytest.mark.parametrize("bent", [1.0, 9.0], ids=["straight", "bent"])
def test_bytes_become_bytes_to_a_small_part_of_a_unit(
    kernel: str, farthest: float, scale: float, holes: float, bent: float
) -> None:
    source, mask = texture((2, *SHAPE), "uint8"), np.ones(SHAPE, np.bool_)
    if holes:
        mask = holey(SHAPE, holes)
    lattice = lattice_of(abs(scale), bent=bent)
    if scale < 0:
        lattice = lattice._replace(
            nodes=np.array(SHAPE) - 1.0 - lattice.nodes,
            exact=np.array(SHAPE) - 1.0 - lattice.exact,
            bends=-lattice.bends,
        )
    expected, valid = warp(source, mask, lattice, WINDOW, kernel=kernel)
    values, found = warp(source, mask, lattice, WINDOW, kernel=kernel, dtype="uint8")
    np.testing.assert_array_equal(found, valid)
    # half a unit to the whole number
    assert np.abs(values - np.clip(expected, 0.0, 255.0)).max() <= 0.5 + farthest


@pytest.mark.parametrize("rotation", [0.1, 1.2])
@pytest.mark.parametrize("shape", [(430, 390), (25, 19), (390, 31)])
def test_levelled_bytes_of_a_window_are_those_of_the_whole(rotation: float, shape: tuple[int, int]) -> None:
    source, mask = texture((2, *shape), "uint8"), np.ones(shape, np.bool_)
    lattice = Affine(scale=0.9, rotation=rotation, line=9.0, sample=-2.0).lattice((0, 0, 150, 150), shape)
    levels = {"gain": (0.8, 1.1), "offset": (3.0, -2.0), "flat": Flat(110.0, 140.0, 1.2e-5, 0.3, 0.1)}
    whole, _ = warp(source, mask, lattice, (0, 0, 150, 150), kernel="lanczos3", dtype="uint8", **levels)  # type: ignore[arg-type]
    expected, valid = warp(source, mask, lattice, (0, 0, 150, 150), kernel="lanczos3", **levels)  # type: ignore[arg-type]
    assert valid.any()
    # gain and flat field, at most twofold here, raise what the weights' rounding leaves
    assert np.abs(whole - np.clip(expected, 0.0, 255.0)).max() <= 0.5 + 2.0 * 1.6 * LANCZOS3_BYTES
    for window in ((0, 0, 41, 77), (13, 21, 97, 88), (77, 3, 5, 147)):
        line, sample, lines, samples = window
        part, _ = warp(source, mask, lattice, window, kernel="lanczos3", dtype="uint8", **levels)  # type: ignore[arg-type]
        np.testing.assert_array_equal(part, whole[:, line : line + lines, sample : sample + samples])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_twisted_block_is_filled_as_its_pixels_say(dtype: str, is_turned: bool) -> None:
    def exact_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        line, sample = points.T
        found = np.stack([line + 5.3, sample * (1.0 + line / 16.0) + 3.7], axis=-1)
        return found[:, ::-1] if is_turned else found

    shape, window = (120, 120), (0, 0, 32, 32)
    lattice = build_lattice(exact_map, window, shape)
    assert (lattice.blocks == SMOOTH).all()
    source, mask = texture((1, *shape), dtype), np.ones(shape, np.bool_)
    values, found = warp(source, mask, lattice, window, dtype=dtype)
    expected, valid = np.empty_like(values), np.empty_like(found)
    one, none = np.ones(1), np.zeros(1)
    largest = 255.0 if dtype == "uint8" else 0.0
    bilinear = KERNELS["bilinear"]
    _cpu.warp(source, source, mask, lattice, 0, 0, bilinear, one, none, NO_FLAT, largest, expected, valid)
    np.testing.assert_array_equal(found, valid)
    check_warped(values, expected, FULL_SCALE[dtype])


@pytest.mark.parametrize("holes", [0.0, 0.003])
@pytest.mark.parametrize("bands", [1, 3])
def test_a_window_of_bytes_is_the_same_in_four_parts(bands: int, holes: float) -> None:
    source, mask = texture((bands, *SHAPE), "uint8"), holey(SHAPE, holes)
    line, sample, lines, samples = WINDOW
    lattice = lattice_of(1.0)
    whole, valid = warp(source, mask, lattice, WINDOW, dtype="uint8")
    parts = [
        [
            warp(source, mask, lattice, (line + top, sample + left, high, wide), dtype="uint8")
            for left, wide in ((0, 53), (53, samples - 53))
        ]
        for top, high in ((0, 71), (71, lines - 71))
    ]
    np.testing.assert_array_equal(np.block([[values for values, _ in row] for row in parts]), whole)
    np.testing.assert_array_equal(np.block([[found for _, found in row] for row in parts]), valid)


@pytest.mark.skipif("x86_64" not in binding.get_process_triple(), reason="reads x86 assembly")
@pytest.mark.parametrize(
    ("dtype", "avx512", "avx2", "any_x86"),
    [
        (
            "uint8",
            (r"vpmulhrsw\s+%zmm", r"vpermb\s+%zmm|vpshufb\s+%[yz]mm"),
            (r"vpmulhrsw\s+.*%ymm", r"vpinsrw\s+\$7, \("),
            (r"pmul[lh]w\s+%[xy]mm|pmaddwd\s+%[xy]mm",),
        ),
        (
            "float32",
            (r"vperm[it]2ps\s+%zmm", r"vmulps\s+%zmm"),
            (r"vmovhps\s+\(.*%xmm", r"vshufps\s+.*%ymm", r"vmulps\s+.*%ymm"),
            (r"mulps\s+%[xy]mm",),
        ),
    ],
)
def test_the_bilinear_loop_is_vector_code(
    dtype: str, avx512: tuple[str, ...], avx2: tuple[str, ...], any_x86: tuple[str, ...]
) -> None:
    source, mask = texture((1, *SHAPE), dtype), np.ones(SHAPE, np.bool_)
    warp(source, mask, lattice_of(1.0), WINDOW, dtype=dtype)
    cached = _blocks.FILL[KERNELS["bilinear"], False]
    kind = numba.typeof(source).copy(readonly=True)
    signature = next(
        signature
        for signature in cached.signatures
        if signature[0].types[0] == kind and signature[0].types[-2].dtype == kind.dtype
    )
    # compiled once more: Numba shows no assembly of code that it took from the disk
    loop = numba.jit(**cached.targetoptions)(cached.py_func)
    loop.compile(signature)
    assembly = loop.inspect_asm(signature)
    by_feature = {"avx512bw": avx512, "avx2": avx2}
    wanted = next((names for feature, names in by_feature.items() if has_permutation(feature)), any_x86)
    for instruction in wanted:
        assert re.search(instruction, assembly), f"no {instruction} in the loop"
    if wanted is avx2:  # 64 answers that stay in a register are not put there one by one
        assert len(re.findall(r"vpinsrb", assembly)) < COUNT

import math

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from label_cameras import LabelCamera, label_camera
from numpy.typing import NDArray

from hinterland_kernels.lattice import (
    EMPTY,
    SMOOTH,
    STEPS,
    TOLERANCE_PX,
    GridToSource,
    Lattice,
    build_lattice,
    choose_step,
)
from hinterland_kernels.lattice.maps import directions_to_image
from hinterland_kernels.pixel.lattice import lattice_to_source
from hinterland_kernels.pixel.surface import Surface

INFINITY = Surface(normal=(0.0, 0.0, -1.0), distance=math.nan)


@numba.njit
def _answers(lattice: Lattice, points: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    for i in range(len(points)):
        out[i, 0], out[i, 1] = lattice_to_source(lattice, points[i, 0], points[i, 1])


def answers(lattice: Lattice, points: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.empty(points.shape)
    _answers(lattice, points, out)
    return out


def panorama_map(
    camera: LabelCamera, surface: Surface, left_deg: float, top_deg: float, pixels_per_degree: float
) -> GridToSource:
    """Cylindrical grid to image, written out here so that the lattice is tested without the service."""
    numbers = camera.model.numbers

    def exact_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        azimuth = np.radians(left_deg + (points[:, 1] + 0.5) / pixels_per_degree)
        elevation = np.radians(top_deg - (points[:, 0] + 0.5) / pixels_per_degree)
        viewpoint = (0.5, -0.05, -1.3)
        return directions_to_image(numbers, surface, viewpoint, np.stack([azimuth, elevation], axis=1))

    return exact_map


def on_source(points: NDArray[np.float64], camera: LabelCamera) -> NDArray[np.bool_]:
    lines, samples = camera.model.shape
    line, sample = points[:, 0], points[:, 1]
    with np.errstate(invalid="ignore"):
        return (line > -0.5) & (sample > -0.5) & (line < lines - 0.5) & (sample < samples - 0.5)


def random_points(window: tuple[int, int, int, int], count: int = 20_000) -> NDArray[np.int64]:
    line, sample, lines, samples = window
    rng = np.random.default_rng(5)
    return np.stack(
        [rng.integers(line, line + lines, count), rng.integers(sample, sample + samples, count)], axis=1
    )


def assert_faithful(
    exact_map: GridToSource, lattice: Lattice, camera: LabelCamera, points: NDArray[np.int64]
) -> int:
    """The lattice finds the source where the exact map does, within tolerance; returns how many points do."""
    exact, found = exact_map(points.astype(np.float64)), answers(lattice, points)
    seen = on_source(exact, camera)
    np.testing.assert_allclose(found[seen], exact[seen], rtol=0, atol=TOLERANCE_PX)
    # where the exact map has no image at all, neither has the lattice
    assert not on_source(found[np.isnan(exact[:, 0])], camera).any()
    return int(seen.sum())


@settings(deadline=None, max_examples=30)
@given(
    name=st.sampled_from(["CAHVOR 1N491020376", "CAHVORE NLM", "CAHVORE NLE", "CAHVORE 1F490747543"]),
    tilt=st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)),
    distance=st.floats(-0.4, 0.4),
    finite=st.booleans(),
    left_deg=st.floats(0.0, 360.0),
    share=st.floats(0.3, 1.5),
    step=st.sampled_from(STEPS),
)
@example(  # the ground's horizon a line from the edge of a block
    name="CAHVOR 1N491020376",
    tilt=(0.0, 0.0),
    distance=0.0,
    finite=True,
    left_deg=0.0,
    share=1.0,
    step=8,
)
@example(  # a block that the map ends in, all its other points beyond the frame, and a pixel of the frame between
    name="CAHVORE 1F490747543",
    tilt=(0.0, 0.2),
    distance=0.2,
    finite=True,
    left_deg=0.0,
    share=0.3,
    step=32,
)
def test_the_lattice_stays_within_its_tolerance_of_a_panoramas_exact_map(
    name: str,
    tilt: tuple[float, float],
    distance: float,
    finite: bool,
    left_deg: float,
    share: float,
    step: int,
) -> None:
    camera = label_camera(name)
    normal = np.array((*tilt, -1.0)) / np.linalg.norm((*tilt, -1.0))
    x, y, z = (float(value) for value in normal)
    surface = Surface(normal=(x, y, z), distance=distance if finite else math.nan)
    scale = max(0.5, min(share * math.radians(camera.model.pixels_per_radian), 20.0))
    # the whole sphere: horizon, edges of the footprint, nadir and the seam at 360 degrees are all in it
    window = (0, 0, math.ceil(180.0 * scale), math.ceil(360.0 * scale))
    exact_map = panorama_map(camera, surface, left_deg, 90.0, scale)
    lattice = build_lattice(exact_map, window, camera.model.shape, step=step)
    assert assert_faithful(exact_map, lattice, camera, random_points(window)) > 0


@pytest.mark.parametrize("surface", [Surface((0.0, 0.0, -1.0), 0.0), INFINITY], ids=["ground", "infinity"])
def test_along_the_horizon_and_the_footprints_edge_the_lattice_stays_within_its_tolerance(
    surface: Surface,
) -> None:
    camera = label_camera("CAHVOR 1N491020376")
    scale = math.radians(camera.model.pixels_per_radian)
    exact_map = panorama_map(camera, surface, 310.0, 40.0, scale)
    window = (0, 0, math.ceil(80.0 * scale), math.ceil(90.0 * scale))
    lattice = build_lattice(exact_map, window, camera.model.shape, step=32)
    horizon = np.array(
        [
            (line, s)
            for s in range(0, window[3], 7)
            for line in range(round(40 * scale) - 9, round(40 * scale) + 9)
        ]
    )
    assert assert_faithful(exact_map, lattice, camera, horizon) > 1000
    every = np.stack(
        np.meshgrid(np.arange(0, window[2], 3), np.arange(0, window[3], 3), indexing="ij"), axis=-1
    )
    points = every.reshape(-1, 2)
    exact = exact_map(points.astype(np.float64))
    lines, samples = camera.model.shape
    with np.errstate(invalid="ignore"):
        near_edge = (np.abs(exact[:, 0] - (lines - 1) / 2) > lines / 2 - 8) | (
            np.abs(exact[:, 1] - (samples - 1) / 2) > samples / 2 - 8
        )
    assert assert_faithful(exact_map, lattice, camera, points[near_edge]) > 1000


def test_the_map_at_a_pixel_does_not_depend_on_the_window() -> None:
    camera = label_camera("CAHVORE NLE")
    exact_map = panorama_map(camera, Surface((0.0, 0.0, -1.0), 0.0), 20.0, 30.0, 12.0)
    whole = (0, 0, 900, 1000)
    part = (131, 257, 307, 401)
    points = random_points(part)
    found = [
        answers(build_lattice(exact_map, window, camera.model.shape, step=32), points)
        for window in (whole, part)
    ]
    assert np.isfinite(found[0]).any()
    np.testing.assert_array_equal(found[0], found[1])


def test_threads_change_nothing_of_a_lattice() -> None:
    camera = label_camera("CAHVORE NLM")
    exact_map = panorama_map(camera, Surface((0.0, 0.0, -1.0), 0.0), 0.0, 90.0, 8.0)
    for is_gentle in (False, True):
        one, many = (
            build_lattice(
                exact_map, (70, 5, 1300, 2800), camera.model.shape, is_gentle=is_gentle, workers=workers
            )
            for workers in (1, 3)
        )
        assert one[:3] == many[:3]
        for expected, found in zip(one[3:], many[3:], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_a_window_that_starts_left_of_the_grid_meets_the_same_map() -> None:
    camera = label_camera("CAHVORE NLE")
    exact_map = panorama_map(camera, INFINITY, 85.0, 30.0, 12.0)
    lattice = build_lattice(exact_map, (0, -200, 600, 400), camera.model.shape, step=16)
    assert (lattice.sample, lattice.line) == (-208, 0)
    assert assert_faithful(exact_map, lattice, camera, random_points((0, -200, 600, 400))) > 1000


@pytest.mark.parametrize("is_gentle", [False, True])
@pytest.mark.parametrize("name", ["CAHVOR 1N491020519", "CAHVORE NLM", "CAHVORE 1F490747543"])
def test_no_pixel_of_an_empty_block_lies_on_the_source(name: str, is_gentle: bool) -> None:
    camera = label_camera(name)
    exact_map = panorama_map(camera, Surface((0.0, 0.0, -1.0), 0.0), 0.0, 90.0, 8.0)
    window = (0, 0, 1440, 2880)
    lattice = build_lattice(exact_map, window, camera.model.shape, step=32, is_gentle=is_gentle)
    empty = np.argwhere(lattice.blocks == EMPTY)
    assert 0.5 * lattice.blocks.size < len(empty) < lattice.blocks.size
    inside = np.stack(np.meshgrid(np.arange(32), np.arange(32), indexing="ij"), axis=-1).reshape(-1, 2)
    points = (empty[:, None, :] * 32 + inside[None]).reshape(-1, 2)
    assert not on_source(exact_map(points.astype(np.float64)), camera).any()


@pytest.mark.parametrize(("name", "left_deg"), [("CAHVOR 1N491020376", 310.0), ("CAHVORE NLE", 60.0)])
def test_with_the_step_it_chooses_a_lattice_saves_most_exact_evaluations(name: str, left_deg: float) -> None:
    camera = label_camera(name)
    scale = math.radians(camera.model.pixels_per_radian)
    exact_map = panorama_map(camera, Surface((0.0, 0.0, -1.0), 0.0), left_deg, 30.0, scale)
    window = (0, 0, math.ceil(60 * scale), math.ceil(60 * scale))
    lattice = build_lattice(
        exact_map, window, camera.model.shape, step=choose_step(exact_map, window, camera.model.shape)
    )
    points = np.stack(np.meshgrid(np.arange(window[2]), np.arange(window[3]), indexing="ij"), axis=-1)
    footprint = on_source(exact_map(points.reshape(-1, 2).astype(np.float64)), camera).sum()
    # four points a block, as neighbours share its corners and edges, and each pixel of a rough block
    evaluated = 4 * (lattice.blocks != EMPTY).sum() + lattice.exact.size // 2
    assert evaluated < 0.25 * footprint


def test_an_affine_map_is_held_by_its_nodes_alone() -> None:
    def affine(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points @ np.array([[0.9, 0.1], [-0.2, 1.1]]) + (3.0, 5.0)

    lattice = build_lattice(affine, (0, 0, 128, 192), (400, 400), step=64)
    assert (lattice.blocks == SMOOTH).all()
    assert lattice.exact.size == 0
    points = random_points((0, 0, 128, 192), 500)
    np.testing.assert_allclose(answers(lattice, points), affine(points.astype(np.float64)), rtol=0, atol=1e-9)


def test_a_flat_map_takes_the_widest_step_and_a_curved_one_a_narrow_step() -> None:
    def flat(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points + 0.25

    def curved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points + 2e-3 * (points - 256.0) ** 2

    window, shape = (0, 0, 512, 512), (1000, 1000)
    assert choose_step(flat, window, shape) == max(STEPS)
    # the sag of a bilinear block is a quarter of 2e-3 step^2: 1/64 px allows 5 pixels; all are exact
    assert choose_step(curved, window, shape) < max(STEPS)


def test_blocks_that_may_bend_are_larger_and_no_worse() -> None:
    def curved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points + 2e-4 * (points - 256.0) ** 2

    window, shape = (0, 0, 512, 512), (1000, 1000)
    # the middle of a block is 2e-4 (step / 2)^2 off the line of its ends along either side: 0.013 px of 8
    step = choose_step(curved, window, shape, is_gentle=True)
    assert step == max(STEPS) > choose_step(curved, window, shape)
    lattice = build_lattice(curved, window, shape, step=step, is_gentle=True)
    assert lattice.bends.all(axis=(2, 3)).sum() == 0  # a line bends down the block alone, a sample along it
    points = random_points(window)
    np.testing.assert_allclose(answers(lattice, points), curved(points.astype(np.float64)), rtol=0, atol=1e-9)


@pytest.mark.parametrize("at", [0.0, 3.0, 8.0, 13.0, 16.0, 27.0, 31.0])
def test_a_kink_does_not_pass_for_a_bend(at: float) -> None:
    def kinked(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points + 0.02 * np.maximum(points - 64.0 - at, 0.0)

    window = (0, 0, 256, 256)
    lattice = build_lattice(kinked, window, (1000, 1000), step=32, is_gentle=True)
    points = random_points(window)
    truth = kinked(points.astype(np.float64))
    np.testing.assert_allclose(answers(lattice, points), truth, rtol=0, atol=TOLERANCE_PX)


@pytest.mark.parametrize(
    ("step", "window"),
    [(7, (0, 0, 8, 8)), (0, (0, 0, 8, 8)), (-2, (0, 0, 8, 8)), (8, (0, 0, 0, 8)), (8, (0, 0, 8, -1))],
)
def test_an_odd_step_or_a_window_without_pixels_is_refused(
    step: int, window: tuple[int, int, int, int]
) -> None:
    with pytest.raises(ValueError, match="even step and a window with pixels"):
        build_lattice(lambda points: points, window, (8, 8), step=step)


def gentle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map of a source of 2000 x 2000 that bends as projections do."""
    line, sample = points.T
    bend = 40.0 * np.sin(line / 700.0) * np.cos(sample / 900.0)
    return np.stack([0.9 * line + 0.2 * sample + bend, sample - 0.1 * line + bend], axis=-1)


def bent(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with a kink, a cut and an end."""
    line, sample = points.T
    found = gentle(points)
    found[:, 0] += 0.3 * np.maximum(line + 0.4 * sample - 900.0, 0.0)
    found[:, 1] -= np.where(sample - 0.3 * line > 1100.0, 600.0, 0.0)
    found[(line - 700.0) ** 2 + (sample - 700.0) ** 2 > 990.0**2] = np.nan
    return found


@pytest.mark.parametrize("step", [8, 16, 32])
def test_a_gentle_map_is_held_within_the_tolerance_wherever_it_kinks_or_ends(step: int) -> None:
    window = (13, 21, 1500, 1600)
    lattice = build_lattice(bent, window, (2000, 2000), step=step, is_gentle=True)
    points = random_points(window)
    truth, found = bent(points.astype(np.float64)), answers(lattice, points)
    on = np.isfinite(truth[:, 0]) & (truth >= 0).all(axis=1) & (truth <= 1999).all(axis=1)
    assert 0.3 < on.mean() < 1.0
    np.testing.assert_allclose(found[on], truth[on], rtol=0, atol=TOLERANCE_PX)
    ended = np.isnan(truth[:, 0])
    assert ended.any()
    assert np.isnan(found[ended]).all()


def test_a_gentle_map_is_asked_at_a_few_points() -> None:
    asked = 0

    def counted(points: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal asked
        asked += len(points)
        return gentle(points)

    window = (13, 21, 1500, 1600)
    lattice = build_lattice(counted, window, (2000, 2000), step=16, is_gentle=True)
    points = random_points(window)
    found = answers(lattice, points)
    on = np.isfinite(found[:, 0])
    assert on.mean() > 0.5
    np.testing.assert_allclose(found[on], gentle(points.astype(np.float64))[on], rtol=0, atol=TOLERANCE_PX)
    # a sixteenth of the points at half the step, and a margin about the window
    assert asked < 0.1 * lattice.nodes[..., 0].size * 4


def test_a_gentle_map_at_a_pixel_does_not_depend_on_the_window() -> None:
    whole, part = (0, 0, 900, 1000), (131, 257, 307, 401)
    points = random_points(part)
    found = [
        answers(build_lattice(bent, window, (2000, 2000), step=16, is_gentle=True), points)
        for window in (whole, part)
    ]
    np.testing.assert_array_equal(found[0], found[1])

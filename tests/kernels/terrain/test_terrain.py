import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels.terrain import Eye, elevation_angles, horizon, viewshed, wedge

MARS = 3396190.0


def rough_ground(size: int, seed: int, relief: float) -> NDArray[np.float32]:
    """Random terrain whose spectrum falls as real ground's does."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    noise = np.fft.rfft2(np.random.default_rng(seed).normal(size=(size, size)))
    ground = np.fft.irfft2(noise * frequency**-1.3, s=(size, size))
    return (relief * ground / ground.std()).astype(np.float32)


def eye_on(
    heights: NDArray[np.float32], line: float, sample: float, mast: float = 2.0, **changes: Any
) -> Eye:
    ground = float(heights[round(line), round(sample)])
    eye = Eye(
        line=line,
        sample=sample,
        height=ground + mast,
        metres_per_line=1.0,
        metres_per_sample=1.0,
        radius=MARS,
    )
    return replace(eye, **changes)


def marched(heights: NDArray[np.float32], mask: NDArray[np.bool_], eye: Eye) -> NDArray[np.bool_]:
    """The definition, cell by cell: no crossing of a grid line stands above the line of sight."""
    lines, samples = heights.shape
    down, across = np.arange(lines) - eye.line, np.arange(samples) - eye.sample
    distance = np.hypot((down * eye.metres_per_line)[:, None], (across * eye.metres_per_sample)[None, :])
    angle, above = distance / eye.radius, heights.astype(np.float64)
    with np.errstate(invalid="ignore"):
        up = (eye.radius + above) * np.cos(angle) - (eye.radius + eye.height)
        seen_at = np.where(
            distance > 0, up * distance / ((eye.radius + above) * np.sin(angle)), above - eye.height
        )
    visible = np.zeros(mask.shape, dtype=np.bool_)
    for line, sample in zip(*np.nonzero(mask), strict=True):
        to = np.array([line - eye.line, sample - eye.sample])
        parts = [(down[i] / to[0], i, None) for i in range(lines) if to[0] and 0 < down[i] / to[0] < 1]
        parts += [(across[j] / to[1], None, j) for j in range(samples) if to[1] and 0 < across[j] / to[1] < 1]
        visible[line, sample] = all(
            crossing(seen_at, mask, eye, to, part, i, j) <= part * seen_at[line, sample] + 1e-9
            for part, i, j in parts
        )
    return visible


def crossing(
    seen_at: NDArray[np.float64],
    mask: NDArray[np.bool_],
    eye: Eye,
    to: NDArray[np.float64],
    part: float,
    i: int | None,
    j: int | None,
) -> float:
    """Apparent height at a crossing with line i or sample j; -inf where a cell beside it has no data."""
    if j is None:
        at = eye.sample + part * to[1]
        ends = [(i, math.floor(at)), (i, math.floor(at) + 1)]
    else:
        at = eye.line + part * to[0]
        ends = [(math.floor(at), j), (math.floor(at) + 1, j)]
    total = 0.0
    for end, weight in zip(ends, (1.0 - at % 1.0, at % 1.0), strict=True):
        if weight > 1e-9:
            total += weight * seen_at[end] if mask[end] else -math.inf
    return total


CASES = {
    "rough ground": (0, 1.0, 0.0, {}),
    "holes": (1, 2.0, 0.15, {}),
    "cells of two sizes": (2, 1.5, 0.02, {"metres_per_line": 1.3, "metres_per_sample": 0.7}),
    "a small planet": (3, 0.6, 0.0, {"radius": 700.0}),
    "an eye on a tower": (4, 3.0, 0.05, {"height": 11.0}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("place", [(23.0, 31.0), (4.37, 40.81), (46.0, 0.25)])
def test_the_viewshed_is_that_of_a_ray_march_to_each_cell(case: str, place: tuple[float, float]) -> None:
    seed, relief, share, changes = CASES[case]
    heights = rough_ground(47, seed, relief)
    mask = np.random.default_rng(seed).random(heights.shape) >= share
    eye = eye_on(heights, *place, **changes)
    expected = marched(heights, mask, eye)
    assert 0.01 < expected.mean() < 0.99  # a case that hides all or nothing would show nothing
    np.testing.assert_array_equal(viewshed(heights, mask, eye), expected)


def test_beams_that_are_passed_over_change_nothing_far_from_the_eye() -> None:
    # a bowl is seen whole but for its bumps, so that every piece of every line of sight counts
    size = 331
    lines, samples = np.mgrid[:size, :size] - size // 2
    heights = (1e-3 * (lines**2 + samples**2) + rough_ground(size, 5, 1.0)).astype(np.float32)
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 165.3, 164.9)
    some = np.zeros(heights.shape, dtype=np.bool_)
    some[3::29, 2::31] = True
    expected = marched(heights, mask & some, eye)  # of the mask, only what is looked at
    seen = viewshed(heights, mask, eye, wanted=some)
    holes = ~(mask & some)
    np.testing.assert_array_equal(viewshed(heights, ~holes, eye), expected)
    np.testing.assert_array_equal(seen, viewshed(heights, mask, eye) & some)
    plain = _without_passing_over(heights, mask, eye, some)
    np.testing.assert_array_equal(seen, plain)


def _without_passing_over(
    heights: NDArray[np.float32], mask: NDArray[np.bool_], eye: Eye, some: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The march for some cells of a large grid, with arrays."""
    full = elevation_slopes(heights, eye)
    visible = np.zeros(mask.shape, dtype=np.bool_)
    for line, sample in zip(*np.nonzero(some), strict=True):
        to = np.array([line - eye.line, sample - eye.sample])
        highest = -math.inf
        for axis in (0, 1):
            start = (eye.line, eye.sample)[axis]
            whole = np.arange(
                math.floor(min(start, start + to[axis])) + 1, math.ceil(max(start, start + to[axis]))
            )
            part = (whole - start) / to[axis]
            other = (eye.sample, eye.line)[axis] + part * to[1 - axis]
            low = np.floor(other).astype(int)
            first = full[whole, low] if axis == 0 else full[low, whole]
            second = full[whole, low + 1] if axis == 0 else full[low + 1, whole]
            heights_there = first + (other - low) * (second - first)
            highest = max(highest, float(np.max(heights_there / part, initial=-math.inf)))
        visible[line, sample] = highest <= full[line, sample]
    return visible


def elevation_slopes(heights: NDArray[np.float32], eye: Eye) -> NDArray[np.float64]:
    """Apparent heights from the angles, which are another way round the same sphere."""
    lines, samples = heights.shape
    distance = np.hypot(
        ((np.arange(lines) - eye.line) * eye.metres_per_line)[:, None],
        ((np.arange(samples) - eye.sample) * eye.metres_per_sample)[None, :],
    )
    above = heights.astype(np.float64)
    angle = distance / eye.radius
    return np.asarray(
        distance
        * ((eye.radius + above) * np.cos(angle) - (eye.radius + eye.height))
        / ((eye.radius + above) * np.sin(angle))
    )


def test_threads_do_not_change_the_viewshed() -> None:
    heights = rough_ground(150, 7, 5.0)
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 71.5, 80.2)
    np.testing.assert_array_equal(
        viewshed(heights, mask, eye, threads=1), viewshed(heights, mask, eye, threads=5)
    )


def test_level_ground_on_a_sphere_is_seen_to_the_horizon() -> None:
    # an eye h above a sphere sees the arc R acos(R / (R + h)); rounded to cells of 10 m
    heights = np.zeros((2, 1001), dtype=np.float32)
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 0.0, 0.0, metres_per_line=10.0, metres_per_sample=10.0)
    seen = viewshed(heights, mask, eye)[0]
    horizon_m = MARS * math.acos(MARS / (MARS + 2.0))
    # the ground bends away between cells by 4 micrometres, so a cell past the horizon may still be seen
    assert abs(10.0 * int(seen.sum()) - horizon_m) <= 20.0
    assert seen[: seen.sum()].all()


def test_what_is_not_valid_is_neither_seen_nor_in_the_way() -> None:
    heights = np.zeros((31, 31), dtype=np.float32)
    heights[15, 10] = 100.0
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 15.0, 25.0)
    assert not viewshed(heights, mask, eye)[15, :10].any()
    mask[15, 10] = False
    seen = viewshed(heights, mask, eye)
    assert seen[15, :10].all()
    assert not seen[15, 10]


@pytest.mark.parametrize("place", [(-0.1, 3.0), (3.0, 9.01)])
def test_an_eye_off_the_grid_is_refused(place: tuple[float, float]) -> None:
    heights = np.zeros((10, 10), dtype=np.float32)
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = replace(eye_on(heights, 0.0, 0.0), line=place[0], sample=place[1])
    with pytest.raises(ValueError, match="off the grid of 10 x 10"):
        viewshed(heights, mask, eye)


def test_an_eye_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="must be somewhere"):
        Eye(line=math.nan, sample=0, height=2, metres_per_line=1, metres_per_sample=1, radius=MARS)
    with pytest.raises(ValueError, match="must be positive"):
        Eye(line=0, sample=0, height=2, metres_per_line=-1, metres_per_sample=1, radius=MARS)


def test_elevation_angles_are_those_of_space() -> None:
    heights = rough_ground(20, 1, 30.0)
    mask = np.ones(heights.shape, dtype=np.bool_)
    mask[3, 4] = False
    eye = eye_on(heights, 7.25, 8.5, radius=2000.0)
    angles = elevation_angles(heights, mask, eye)
    assert np.isnan(angles[3, 4])
    for line, sample in ((0, 0), (7, 19), (19, 3)):
        arc = math.hypot(line - eye.line, sample - eye.sample) / 2000.0
        radius = 2000.0 + float(heights[line, sample])
        rise = radius * math.cos(arc) - (2000.0 + eye.height)
        # float32 keeps 7 digits
        assert angles[line, sample] == pytest.approx(math.atan2(rise, radius * math.sin(arc)), rel=1e-5)


def test_a_horizon_is_the_top_of_a_wall_where_the_ray_meets_it() -> None:
    heights = np.zeros((101, 201), dtype=np.float32)
    heights[20, :] = 10.0
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 50.0, 100.0, mast=1.0, metres_per_line=2.0, radius=1e12)
    azimuths = np.radians([0.0, 20.0, -20.0])
    elevations, distances, reaches = horizon(heights, mask, eye, azimuths)
    expected = 60.0 / np.cos(azimuths)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)
    np.testing.assert_allclose(np.tan(elevations), 9.0 / expected, rtol=1e-6)
    np.testing.assert_allclose(reaches, 100.0 / np.cos(azimuths), atol=3.0)


def test_a_horizon_agrees_with_the_viewshed() -> None:
    # no visible cell stands higher than the horizon beside it, and hidden ones lie below it
    heights = rough_ground(101, 3, 4.0)
    mask = np.ones(heights.shape, dtype=np.bool_)
    eye = eye_on(heights, 50.0, 50.0)
    angles = elevation_angles(heights, mask, eye)
    lines, samples = np.nonzero(viewshed(heights, mask, eye) & (angles < math.radians(80)))
    azimuths = np.arctan2(samples - 50.0, 50.0 - lines)
    elevations, _, _ = horizon(heights, mask, eye, azimuths)
    assert np.all(angles[lines, samples] <= elevations + 1e-6)


def test_there_is_no_horizon_without_data() -> None:
    heights = np.zeros((9, 9), dtype=np.float32)
    mask = np.zeros(heights.shape, dtype=np.bool_)
    elevations, distances, reaches = horizon(heights, mask, eye_on(heights, 4.0, 4.0), np.array([0.3, 4.0]))
    assert np.isnan(elevations).all()
    assert np.isnan(distances).all()
    assert (reaches == 0.0).all()


def test_a_wedge_may_cross_north_and_ends_at_its_range() -> None:
    heights = np.zeros((41, 41), dtype=np.float32)
    eye = eye_on(heights, 20.0, 20.0, metres_per_line=2.0)
    inside = wedge((41, 41), eye, math.radians(350.0), math.radians(10.0), range_m=30.0)
    lines, samples = np.nonzero(inside)
    east, north = samples - 20.0, 2.0 * (20.0 - lines)
    azimuths_deg = np.degrees(np.arctan2(east, north))
    assert inside[10, 20]
    assert np.all(np.abs(azimuths_deg[np.hypot(east, north) > 0]) <= 10.0 + 1e-9)
    assert np.hypot(east, north).max() == 30.0
    assert wedge((41, 41), eye, 0.0, 2.0 * math.pi).all()


def test_a_wedge_with_a_margin_holds_all_cells_that_its_edges_cross() -> None:
    heights = np.zeros((41, 41), dtype=np.float32)
    eye = eye_on(heights, 20.0, 20.0)
    narrow = wedge((41, 41), eye, math.radians(80.0), math.radians(120.0))
    wide = wedge((41, 41), eye, math.radians(80.0), math.radians(120.0), margin_m=0.8)
    assert (wide | ~narrow).all()
    lines, samples = np.nonzero(wide & ~narrow)
    for line, sample in zip(lines, samples, strict=True):
        east, north = sample - 20.0, 20.0 - line
        gaps = [abs(east * math.cos(edge) - north * math.sin(edge)) for edge in np.radians([80.0, 120.0])]
        assert min(*gaps, math.hypot(east, north)) <= 0.8 + 1e-9

"""Plans: what is refused before anything is allocated, and what tiles cover."""

from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import navcam_cameras
from rephotograph import navcam_picture, rephotograph

from hinterland.errors import InputError
from hinterland.model.grids import CylindricalGrid
from hinterland.model.solution import INFINITY, Solution, SolvedFrame
from hinterland.mosaics.panorama_memory import bytes_needed, plan_within
from hinterland.mosaics.plan import Placement, Plan, plan_panorama, with_halo
from hinterland_kernels.blend import halo


@pytest.fixture(scope="module")
def solution() -> Solution:
    photographs = rephotograph(navcam_picture().reduced(8), navcam_cameras(120, 160), seed=1)
    products = [one.image.product for one in photographs]
    frames = tuple(SolvedFrame(product=one, camera=one.camera_in_local_level) for one in products)
    return Solution(frames=frames, surface=INFINITY, viewpoint=(0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def plan(solution: Solution) -> Plan:
    return plan_panorama(solution, tile_px=128)


def test_the_tiles_cover_every_pixel_once(plan: Plan) -> None:
    covered = np.zeros(plan.grid.shape, dtype=int)
    for line, sample, lines, samples in plan.tiles():
        covered[line : line + lines, sample : sample + samples] += 1
    assert (covered == 1).all()
    assert len(list(plan.tiles())) == plan.tile_count


def test_a_tile_starts_on_a_pixel_of_the_coarsest_level(plan: Plan) -> None:
    for tile in plan.tiles():
        line, sample, _, _ = with_halo(plan, tile)
        assert line % 2**plan.levels == sample % 2**plan.levels == 0


def test_the_halo_runs_across_the_seam_of_a_closed_view_and_never_off_its_top(plan: Plan) -> None:
    assert plan.grid.wraps
    line, sample, lines, samples = with_halo(plan, (0, 0, 128, 128))
    assert (line, sample) == (0, -halo(plan.levels))
    assert lines <= plan.grid.lines
    assert samples == 128 + 2 * halo(plan.levels)


def test_every_frame_has_its_place(plan: Plan, solution: Solution) -> None:
    assert {placement.frame for placement in plan.placements} == set(range(len(solution.frames)))


def test_what_touches_a_window_across_the_seam_is_found_a_turn_away(plan: Plan) -> None:
    """The columns on both sides of the seam are touched by the same frames, seen from either side."""
    turn = plan.grid.samples
    east = {(p.frame, part[1] - shift) for p, part, shift in plan.touching((0, -20, plan.grid.lines, 20))}
    west = {
        (p.frame, part[1] - shift - turn)
        for p, part, shift in plan.touching((0, turn - 20, plan.grid.lines, 20))
    }
    assert east == west
    assert east


@pytest.mark.parametrize("scale", [0.0, -1.0, 0.01, float("nan"), float("inf"), 1e6])
def test_an_absurd_scale_is_refused(solution: Solution, scale: float) -> None:
    with pytest.raises(InputError, match="--scale"):
        plan_panorama(solution, pixels_per_degree=scale)


def test_a_panorama_beyond_all_measure_is_refused_with_its_size(solution: Solution) -> None:
    cameras = [frame.camera.scaled(300.0, 36000, 48000) for frame in solution.frames]
    frames = tuple(
        replace(frame, camera=camera) for frame, camera in zip(solution.frames, cameras, strict=True)
    )
    with pytest.raises(InputError, match="lower --scale"):
        plan_panorama(replace(solution, frames=frames))


def test_the_least_scale_is_a_sixty_fourth_of_what_the_frames_resolve(solution: Solution) -> None:
    own = np.radians(max(frame.camera.pixels_per_radian for frame in solution.frames))
    assert plan_panorama(solution, pixels_per_degree=own / 63.9).grid.lines >= 1
    with pytest.raises(InputError, match=f"from {own / 64.0:.4g} to {own * 8.0:.4g}"):
        plan_panorama(solution, pixels_per_degree=own / 64.1)


def two_frames(tile_px: int) -> Plan:
    grid = CylindricalGrid(
        azimuth_left_deg=0.0, elevation_top_deg=5.0, pixels_per_degree=100.0, lines=1009, samples=2003
    )
    placements = (
        Placement(frame=0, window=(0, 0, 503, 701)),
        Placement(frame=1, window=(101, 301, 499, 997)),
    )
    return Plan(grid=grid, placements=placements, levels=5, tile_px=tile_px, label_factor=4)


def test_the_memory_of_tiles_is_that_of_each_of_its_parts() -> None:
    """Sizes are primes, so that a part that is missing shows."""
    bands, workers, held = 3, 2, 7919
    area, wide, layer = 512**2, (512 + 256) ** 2, 13
    frames_and_masks = wide * 2 * (layer + 2)
    piece_and_owners = wide * (layer + 2)
    pyramids_and_change = wide * 2 * (3 * (12 + 4) + 12 + 1) // 5
    blended = area * (12 + 8)
    waiting = 6 * area * (layer + 2)
    written = area * (72 + 48)
    seams = 512 * 2 * (503 + 701 + 499 + 997)
    margins = 2003 * 17 * (layer + 1) + (1009 + 2003) * 16
    labels = 2 * 253 * 501
    assert bytes_needed(two_frames(512), bands, workers, held) == (
        held
        + (96 << 20)
        + labels
        + workers * (frames_and_masks + piece_and_owners + pyramids_and_change + blended)
        + waiting
        + written
        + seams
        + margins
    )


def test_the_memory_of_previews_counts_where_it_is_more_than_that_of_tiles() -> None:
    one, other = 127 * 177, 126 * 251  # windows of 503 x 701 and 499 x 997 on labels of 4 px, a margin of one
    expected = (one + other) * (52 * 3 + 158) + other * (96 * 3 + 100) + 253 * 501 * (4 * 3 + 40)
    assert bytes_needed(two_frames(32), 3, 1, 7919) == 7919 + (96 << 20) + 2 * 253 * 501 + expected


def test_more_frames_on_a_tile_need_more_memory(plan: Plan) -> None:
    doubled = replace(plan, placements=plan.placements * 2)
    deepest = max(len(list(plan.touching(with_halo(plan, tile)))) for tile in plan.tiles())
    wide = (128 + 2 * halo(plan.levels)) ** 2
    assert bytes_needed(doubled, 1, 1, 0) - bytes_needed(plan, 1, 1, 0) >= deepest * wide * 6


def test_a_plan_that_fits_stays_as_it_is() -> None:
    plan = two_frames(512)
    needed = bytes_needed(plan, 1, 2, 1000)
    assert plan_within(plan, needed, bands=1, workers=2, source_bytes=1000) == (plan, 2)


def test_a_plan_that_does_not_fit_gets_smaller_tiles_and_then_fewer_at_a_time() -> None:
    plan = two_frames(1024)
    room = bytes_needed(replace(plan, tile_px=512), 3, 4, 0)
    assert plan_within(plan, room, bands=3, workers=4, source_bytes=0) == (replace(plan, tile_px=512), 4)
    smallest = replace(plan, tile_px=128)
    room = bytes_needed(smallest, 3, 3, 0)
    fitted, workers = plan_within(plan, room, bands=3, workers=4, source_bytes=0)
    assert workers == 3
    assert bytes_needed(fitted, 3, 3, 0) <= room


def test_each_worker_has_a_tile_of_a_plan_that_is_large_enough() -> None:
    plan, workers = plan_within(two_frames(1024), 1 << 40, bands=3, workers=5, source_bytes=0)
    assert (plan.tile_px, plan.tile_count, workers) == (512, 8, 5)
    plan, workers = plan_within(two_frames(1024), 1 << 40, bands=3, workers=64, source_bytes=0)
    assert (plan.tile_px, workers) == (512, 64)


def test_no_tile_is_so_narrow_that_it_is_little_but_halo() -> None:
    """A thirtieth more than a tile's edge makes no tile of its own."""
    plan = two_frames(960)
    assert plan.grid.shape == (1009, 2003)
    assert {tile[2:] for tile in plan.tiles()} == {(1009, 1024), (1009, 2003 - 1024)}


def test_a_panorama_that_no_tile_size_fits_is_refused_with_the_ways_out() -> None:
    with pytest.raises(InputError, match=r"--memory 1000000: .* needs \d+ bytes at least; .* lower --scale"):
        plan_within(two_frames(1024), 1_000_000, bands=3, workers=4, source_bytes=0)

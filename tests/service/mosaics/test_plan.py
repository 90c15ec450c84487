"""Plans: what is refused before anything is allocated, and what tiles cover."""

from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import navcam_cameras
from rephotograph import navcam_picture, rephotograph

from hinterland.errors import InputError
from hinterland.model.solution import INFINITY, Solution, SolvedFrame
from hinterland.mosaics.plan import Plan, plan_panorama, with_halo
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


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e6])
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

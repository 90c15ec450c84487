"""Tiles of a panorama: what is seen does not depend on how the work is cut up."""

from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import navcam_cameras
from numpy.typing import NDArray
from rephotograph import navcam_picture, rephotograph

from hinterland.model.solution import INFINITY, Solution, SolvedFrame
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.plan import plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.warping import build_lattices, place_sources

Rasters = tuple[NDArray[np.generic], NDArray[np.bool_], NDArray[np.uint16]]


def assembled(composition: Composition, workers: int = 1) -> Rasters:
    grid = composition.plan.grid
    samples = np.full((composition.bands, *grid.shape), 77, dtype=composition.dtype)
    mask = np.ones(grid.shape, dtype=np.bool_)
    sources = np.full(grid.shape, 77, dtype=np.uint16)
    for tile in composition.tiles(workers):
        line, sample, lines, width = tile.window
        rows, columns = slice(line, line + lines), slice(sample, sample + width)
        samples[:, rows, columns], mask[rows, columns], sources[rows, columns] = (
            tile.samples,
            tile.mask,
            tile.sources,
        )
    return samples, mask, sources


@pytest.fixture(scope="module")
def composition() -> Composition:
    """Five Navcam frames all round, each with gain and offset, at a third of their resolution."""
    photographs = rephotograph(navcam_picture().reduced(4), navcam_cameras(240, 320), seed=3)
    images = [one.image for one in photographs]
    frames = tuple(
        SolvedFrame(product=image.product, camera=image.product.camera_in_local_level) for image in images
    )
    solution = Solution(frames=frames, surface=INFINITY, viewpoint=(0.0, 0.0, 0.0))
    plan = plan_panorama(solution, tile_px=256)
    sources = place_sources(images, len(images[0].samples))
    previews = Previews(plan, solution, sources)
    solution = previews.levelled()
    return Composition(
        plan=plan,
        solution=solution,
        lattices=build_lattices(plan, solution),
        sources=sources,
        labels=previews.labels(solution)[0],
        dtype=images[0].samples.dtype,
    )


@pytest.mark.parametrize("tile_px", [192, 4096])
def test_the_samples_are_the_same_whatever_the_tile_size(composition: Composition, tile_px: int) -> None:
    whole = assembled(composition)
    cut = assembled(replace(composition, plan=replace(composition.plan, tile_px=tile_px)))
    for ours, theirs in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_samples_are_the_same_whatever_the_number_of_workers(composition: Composition) -> None:
    for ours, theirs in zip(assembled(composition), assembled(composition, workers=3), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_mask_is_where_a_frame_is_named(composition: Composition) -> None:
    samples, mask, sources = assembled(composition)
    np.testing.assert_array_equal(mask, sources > 0)
    assert sources.max() == len(composition.solution.frames)
    assert not samples[:, ~mask].any()


def test_the_panorama_does_not_change_when_it_starts_elsewhere_on_the_circle(
    composition: Composition,
) -> None:
    """The picture closes: cut open in the south instead of the north it is the same picture, turned."""
    plan = composition.plan
    if not plan.grid.wraps:
        pytest.fail("the frames were meant to close the circle")
    half = plan.grid.samples // 2 // 64 * 64
    turned_grid = replace(
        plan.grid,
        azimuth_left_deg=(plan.grid.azimuth_left_deg + half / plan.grid.pixels_per_degree) % 360.0,
    )
    placements = tuple(
        replace(
            placement,
            window=(
                placement.window[0],
                (placement.window[1] - half) % plan.grid.samples,
                *placement.window[2:],
            ),
        )
        for placement in plan.placements
    )
    turned_plan = replace(plan, grid=turned_grid, placements=placements)
    turned = replace(
        composition,
        plan=turned_plan,
        lattices=build_lattices(turned_plan, composition.solution),
        labels=np.ascontiguousarray(np.roll(composition.labels, -half // plan.label_factor, axis=1)),
    )
    straight, around = assembled(composition), assembled(turned)
    np.testing.assert_array_equal(np.roll(straight[2], -half, axis=1), around[2])
    # azimuths are the same to 1e-13 rad only, so a sample on the edge of rounding may differ by one
    difference = np.roll(straight[0], -half, axis=2).astype(int) - around[0].astype(int)
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 1e-3

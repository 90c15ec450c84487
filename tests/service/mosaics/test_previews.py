"""Levelling and seams on constructed frames: unlike depths, an object that moved, a step in brightness."""

from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import navcam_cameras
from panorama_measures import radiometric_rms
from rephotograph import navcam_picture, rephotograph

from hinterland.model.panorama_map import grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY, Solution, SolvedFrame
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.plan import plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.warping import build_lattices, place_sources


def solved(images: list[Image]) -> Solution:
    bands = len(images[0].samples)
    frames = tuple(
        SolvedFrame(
            product=image.product,
            camera=image.product.camera_in_local_level,
            gain=(1.0,) * bands,
            offset=(0.0,) * bands,
        )
        for image in images
    )
    return Solution(frames=frames, surface=INFINITY, viewpoint=(0.0, 0.0, 0.0))


def test_frames_of_eight_and_twelve_bits_come_back_as_one_picture() -> None:
    picture = navcam_picture().reduced(4)
    photographs = rephotograph(picture, navcam_cameras(240, 320), seed=11, pointing_error_deg=0.0, bits=16)
    images, dn = [], []
    for index, one in enumerate(photographs):
        largest, dtype = ((255.0, np.uint8), (4095.0, np.uint16))[index % 2]
        samples = np.rint(one.image.samples * (largest / 65535.0)).astype(dtype)
        images.append(replace(one.image, samples=samples, largest=largest))
        dn.append(one.gain * largest / 65535.0)  # DN per unit of the picture
    plan = plan_panorama(solved(images))
    sources = place_sources(images, len(images[0].samples))
    previews = Previews(plan, solved(images), sources)
    levelled = previews.levelled()
    composition = Composition(
        plan=plan,
        solution=levelled,
        lattices=build_lattices(plan, levelled),
        sources=sources,
        labels=previews.labels(levelled)[0],
        dtype=np.dtype(np.uint16),
    )
    # gain * DN is one level: gains go as 1 / DN per unit, but for what offsets stand in for, a few per cent
    product = np.array([frame.gain[0] for frame in levelled.frames]) * dn
    np.testing.assert_allclose(product / product.mean(), 1.0, atol=0.05)
    tile = composition.tile((0, 0, *plan.grid.shape))
    truth, seen = picture.on_grid(plan.grid)
    assert radiometric_rms(tile.samples.astype(np.float32), truth, tile.mask & seen) <= 0.015


@pytest.fixture(scope="module")
def pair() -> list[Image]:
    """Two frames that overlap, of equal brightness."""
    photographs = rephotograph(
        navcam_picture().reduced(4),
        navcam_cameras(240, 320)[:2],
        seed=5,
        pointing_error_deg=0.0,
        gains=(0.8, 0.8),
        offsets=(5.0, 5.0),
    )
    return [one.image for one in photographs]


def test_an_object_that_moved_is_wholly_in_or_wholly_out(pair: list[Image]) -> None:
    solution = solved(pair)
    plan = plan_panorama(solution)
    grid = plan.label_grid
    points = (
        np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1).reshape(-1, 2).astype(float)
    )
    pixels = [
        grid_to_image(grid, frame.camera, INFINITY, solution.viewpoint)(points).reshape(*grid.shape, 2)
        for frame in solution.frames
    ]
    inside = [((each > 12.0) & (each < [227.0, 307.0])).all(axis=-1) for each in pixels]
    both = np.argwhere(inside[0] & inside[1])
    line, sample = both[np.abs(both - both.mean(axis=0)).sum(axis=1).argmin()]  # amid the overlap
    row, column = np.rint(pixels[0][line, sample]).astype(int)
    samples = pair[0].samples.copy()
    samples[:, row - 9 : row + 10, column - 9 : column + 10] = 255
    changed = [replace(pair[0], samples=samples), pair[1]]
    previews = Previews(plan, solution, place_sources(changed, len(samples)))
    labels, _ = previews.labels(solution)
    shows = (np.abs(pixels[0] - [row, column]) < 9.0).all(axis=-1)
    assert shows.sum() > 30
    assert len(np.unique(labels[shows])) == 1


def test_a_step_of_five_per_cent_raises_the_level_step_and_levelling_takes_it_off(pair: list[Image]) -> None:
    solution = solved(pair)
    plan = plan_panorama(solution)
    previews = Previews(plan, solution, place_sources(pair, len(pair[0].samples)))
    bands = len(pair[0].samples)
    steps = []
    for gain in (1.0, 1.05):
        first, second = solution.frames
        stepped = replace(solution, frames=(replace(first, gain=(gain,) * bands), second))
        steps.append(previews.labels(stepped)[1])
    assert steps[0] is not None
    assert steps[1] is not None
    assert steps[1] > 3.0 * steps[0]
    dimmed = [replace(pair[0], samples=np.rint(0.95 * pair[0].samples).astype(np.uint8)), pair[1]]
    again = Previews(plan, solution, place_sources(dimmed, bands))
    left = again.labels(again.levelled())[1]
    assert left is not None
    assert left < 0.5 * steps[1]

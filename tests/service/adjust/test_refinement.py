from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from stop_of_images import LINES, SAMPLES, blank_image, mast_camera

from hinterland.adjust.refinement import refine
from hinterland.model.products import Image

Map = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def texture(seed: int) -> NDArray[np.float64]:
    """A smooth random picture on a spline grid that can be sampled anywhere."""
    rng = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(rng.normal(size=(LINES, SAMPLES)), 1.5)
    return 2000.0 + 400.0 * rough / rough.std()


def image_of(values: NDArray[np.float64]) -> Image:
    dn = np.clip(np.rint(values), 0, 4095).astype(np.uint16)[None]
    return replace(blank_image(mast_camera(0.0, 0.0), "any"), samples=dn, largest=4095.0)


def pair(shift: tuple[float, float], gain: float = 1.0, offset: float = 0.0) -> tuple[Image, Image]:
    """Two images: what the first shows at p, the second shows at p + shift."""
    picture = texture(4)
    grid = np.stack(np.meshgrid(np.arange(LINES), np.arange(SAMPLES), indexing="ij")).astype(np.float64)
    moved = ndimage.map_coordinates(picture, grid - np.array(shift)[:, None, None], order=3, mode="reflect")
    return image_of(picture), image_of(gain * moved + offset)


def points(count: int = 60) -> NDArray[np.float64]:
    return np.random.default_rng(9).uniform([20.0, 20.0], [LINES - 21.0, SAMPLES - 21.0], (count, 2))


def unmoved(there: NDArray[np.float64]) -> NDArray[np.float64]:
    return there


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.4, -0.3), (-1.3, 0.9)])
def test_rough_matches_move_to_where_the_pictures_agree(shift: tuple[float, float]) -> None:
    first, second = pair(shift)
    here = points()
    rough = here + shift + np.random.default_rng(1).normal(scale=0.5, size=here.shape)
    refined, settled = refine(first, second, here, rough, unmoved, 1.0)
    assert settled.mean() > 0.9
    # interpolation and rounding leave a few hundredths of a pixel of the half that was put in
    error = np.linalg.norm(refined[settled] - here[settled] - shift, axis=1)
    assert np.median(error) < 0.03
    assert error.max() < 0.2


def test_brightness_does_not_matter() -> None:
    first, second = pair((0.4, -0.3), gain=0.6, offset=300.0)
    here = points()
    refined, settled = refine(first, second, here, here, unmoved, 1.0)
    error = np.linalg.norm(refined[settled] - here[settled] - [0.4, -0.3], axis=1)
    assert settled.mean() > 0.9
    assert np.median(error) < 0.03


def test_patches_are_compared_through_the_map() -> None:
    # the second image is the first seen half as large again: without the map the patches would not agree
    picture = texture(4)
    middle = np.array([LINES / 2.0, SAMPLES / 2.0])

    def to_first(there: NDArray[np.float64]) -> NDArray[np.float64]:
        return (there - middle) / 1.5 + middle

    grid = np.stack(np.meshgrid(np.arange(LINES), np.arange(SAMPLES), indexing="ij"), axis=-1)
    seen = ndimage.map_coordinates(picture, np.moveaxis(to_first(grid.astype(np.float64)), -1, 0), order=3)
    there = points()
    rough = there + np.random.default_rng(1).normal(scale=0.4, size=there.shape)
    refined, settled = refine(image_of(picture), image_of(seen), to_first(there), rough, to_first, 1.0)
    error = np.linalg.norm(refined[settled] - there[settled], axis=1)
    assert settled.mean() > 0.8
    assert np.median(error) < 0.05


def test_what_does_not_agree_stays_where_it_was() -> None:
    here = points()
    refined, settled = refine(image_of(texture(4)), image_of(texture(5)), here, here, unmoved, 1.0)
    assert settled.mean() < 0.1
    assert (refined[~settled] == here[~settled]).all()


def test_points_at_the_edge_stay_where_they_were() -> None:
    first, second = pair((0.4, -0.3))
    here = np.array([[2.0, 100.0], [100.0, 3.0], [100.0, 100.0]])
    refined, settled = refine(first, second, here, here, unmoved, 1.0)
    assert settled.tolist() == [False, False, True]
    assert (refined[:2] == here[:2]).all()


def test_flat_ground_settles_nothing_and_raises_no_warning() -> None:
    flat = image_of(np.full((LINES, SAMPLES), 1000.0))
    here = points(5)
    refined, settled = refine(flat, flat, here, here, unmoved, 1.0)
    assert not settled.any()
    assert (refined == here).all()


def test_points_that_the_map_cannot_carry_stay() -> None:
    first, second = pair((0.4, -0.3))
    here = points(5)
    refined, settled = refine(first, second, here, here, lambda there: np.full_like(there, np.nan), 1.0)
    assert not settled.any()
    assert (refined == here).all()

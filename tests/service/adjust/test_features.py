from dataclasses import replace

import numpy as np
import pytest
from navcam_rig import navcam_cameras
from rephotograph import navcam_picture, rephotograph

from hinterland.adjust.features import (
    FEATURES,
    PREVIEW_PIXELS,
    STEEPEST_DEG,
    Features,
    find_features,
    level_grid,
)
from hinterland.model.panorama_map import grid_to_image
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY

VIEWPOINT = (0.0, 0.0, -2.0)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    photographs = rephotograph(
        navcam_picture().reduced(4), navcam_cameras(240, 320), seed=1, pointing_error_deg=0.0
    )
    return [photograph.image for photograph in photographs]


@pytest.fixture(scope="module")
def found(images: list[Image]) -> list[Features]:
    return find_features(images, level_grid(images, INFINITY, VIEWPOINT), INFINITY, VIEWPOINT)


def test_every_image_that_overlaps_has_features(found: list[Features]) -> None:
    for features in found:
        assert 50 < len(features.points) <= FEATURES
        assert features.descriptors.shape == (len(features.points), 128)


def test_descriptors_are_whole_numbers_that_float32_adds_exactly(found: list[Features]) -> None:
    for features in found:
        assert (features.descriptors == np.rint(features.descriptors)).all()
        assert (features.descriptors.astype(np.float64) ** 2).sum(axis=1).max() * 4 < 2**24


def test_features_lie_on_valid_samples_of_their_image(images: list[Image], found: list[Features]) -> None:
    grid = level_grid(images, INFINITY, VIEWPOINT)
    for image, features in zip(images, found, strict=True):
        exact_map = grid_to_image(grid, image.product.camera_in_local_level, INFINITY, VIEWPOINT)
        line, sample = np.rint(exact_map(features.points)).astype(int).T
        assert image.mask[line, sample].all()


def test_an_image_that_overlaps_none_has_no_features(images: list[Image]) -> None:
    # 145 degrees and 0 degrees: the edges of the two images are 50 degrees apart
    apart = [images[0], images[3]]
    grid = level_grid(apart, INFINITY, VIEWPOINT)
    assert [len(one.points) for one in find_features(apart, grid, INFINITY, VIEWPOINT)] == [0, 0]


def test_tiles_of_one_exposure_are_not_matched_with_each_other(images: list[Image]) -> None:
    one = images[0]
    tiles = [one, replace(one, product=replace(one.product, product_id="twin"))]
    grid = level_grid(tiles, INFINITY, VIEWPOINT)
    assert [len(features.points) for features in find_features(tiles, grid, INFINITY, VIEWPOINT)] == [0, 0]


def test_previews_keep_the_scale_of_small_images_and_reduce_large_ones(images: list[Image]) -> None:
    small = level_grid(images, INFINITY, VIEWPOINT)
    scale = np.radians(images[0].product.camera.pixels_per_radian)
    assert small.pixels_per_degree == pytest.approx(scale, rel=0.01)  # raised a little where the view closes
    large = []
    for image in images:
        camera = image.product.camera.scaled(8.0, 1920, 2560)
        blank = np.zeros((1, 1920, 2560), np.uint8)
        product = replace(image.product, camera=camera)
        large.append(Image(product=product, samples=blank, mask=blank[0] == 0, largest=255.0))
    reduced = level_grid(large, INFINITY, VIEWPOINT)
    expected = 8.0 * scale * (PREVIEW_PIXELS / (1920 * 2560)) ** 0.5
    assert reduced.pixels_per_degree == pytest.approx(expected, rel=0.01)


def test_previews_leave_out_the_nadir(images: list[Image]) -> None:
    grid = level_grid(images, INFINITY, VIEWPOINT)
    assert grid.elevation_top_deg <= STEEPEST_DEG
    assert grid.elevation_top_deg - (grid.lines - 1) / grid.pixels_per_degree >= -STEEPEST_DEG

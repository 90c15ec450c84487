"""The public command, judged by a picture of Mars photographed again: it must give the picture back."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import rasterio
from navcam_rig import ATTITUDE, navcam_cameras
from numpy.typing import NDArray
from panorama_measures import Displacement, displacement, radiometric_rms
from rephotograph import Photograph, Picture, navcam_picture, rephotograph, write_frames

from hinterland.model.grids import CylindricalGrid
from hinterland.model.rotations import matrix_from_quaternion

POINTING_ERROR_DEG = 0.2
"""1.3 pixels of these frames: as much as 0.1 degrees are at 1280 x 960."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """A bundle beside the truth on its grid."""

    photographs: list[Photograph]
    report: dict[str, Any]
    grid: CylindricalGrid
    panorama: NDArray[np.float32]
    sources: NDArray[np.uint16]
    truth: NDArray[np.float32]
    mask: NDArray[np.bool_]


@pytest.fixture(scope="module")
def picture() -> Picture:
    return navcam_picture().reduced(2)


@pytest.fixture(scope="module")
def result(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("rephotographed")
    photographs = rephotograph(
        picture, navcam_cameras(480, 640), seed=20210306, pointing_error_deg=POINTING_ERROR_DEG
    )
    files, feed = write_frames(photographs, folder)
    bundle = folder / "bundle"
    command = [sys.executable, "-m", "hinterland.cli", "panorama", *map(str, files), "--metadata", str(feed)]
    options = ["--surface", "infinity", "--backend", "cpu", "--progress", "none", "-o", str(bundle)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((bundle / "panorama.json").read_text())
    view = report["projection"]
    grid = CylindricalGrid(
        azimuth_left_deg=view["azimuth_left_deg"],
        elevation_top_deg=view["elevation_top_deg"],
        pixels_per_degree=view["pixels_per_degree"],
        lines=view["lines"],
        samples=view["samples"],
    )
    with rasterio.open(bundle / "panorama.tif") as opened:
        panorama, mask = opened.read().astype(np.float32), opened.dataset_mask() > 0
    with rasterio.open(bundle / "sources.tif") as opened:
        sources = opened.read(1)
    truth, seen = picture.on_grid(grid)
    return Result(
        photographs=photographs,
        report=report,
        grid=grid,
        panorama=panorama,
        sources=sources,
        truth=truth,
        mask=mask & seen,
    )


def displacement_by_labels(result: Result) -> Displacement:
    """Where the frames' labels alone would put what they show, on the panorama's grid."""
    to_local_level = matrix_from_quaternion(ATTITUDE)
    lines, samples = np.meshgrid(np.arange(0.0, 480.0, 40.0), np.arange(0.0, 640.0, 40.0), indexing="ij")
    pixels = np.stack([lines.ravel(), samples.ravel()], axis=1)
    places = []
    for camera_of in (lambda one: one.true_camera, lambda one: one.image.product.camera):
        rays = np.concatenate(
            [camera_of(one).moved(to_local_level).look(pixels)[1] for one in result.photographs]
        )
        directions = np.stack([np.arctan2(rays[:, 1], rays[:, 0]), -np.arcsin(rays[:, 2])], axis=1)
        places.append(result.grid.points(directions))
    offsets = places[1] - places[0]
    around = 360.0 * result.grid.pixels_per_degree
    offsets[:, 1] = (offsets[:, 1] + around / 2) % around - around / 2
    return Displacement(points=places[0], offsets=offsets).without_rotation(result.grid)


def test_the_labels_alone_would_miss_the_truth(result: Result) -> None:
    prior = displacement_by_labels(result)
    assert prior.percentile(50) > 0.7
    assert prior.percentile(95) > 1.5


def test_the_panorama_shows_everything_where_it_is(result: Result) -> None:
    found = displacement(result.panorama, result.truth, result.mask).without_rotation(result.grid)
    assert len(found.points) > 100
    assert found.percentile(50) <= 0.35
    assert found.percentile(95) <= 1.0


def test_the_panorama_has_the_levels_of_the_picture(result: Result) -> None:
    assert radiometric_rms(result.panorama, result.truth, result.mask) <= 0.015


def test_the_panorama_covers_all_that_the_frames_see_of_the_picture(picture: Picture, result: Result) -> None:
    to_local_level = matrix_from_quaternion(ATTITUDE)
    points = np.stack(np.meshgrid(*map(np.arange, result.grid.shape), indexing="ij"), -1).reshape(-1, 2)
    azimuth, elevation = result.grid.directions(points.astype(np.float64)).T
    level = np.cos(elevation)
    rays = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), -np.sin(elevation)], axis=1)
    seen = np.zeros(len(rays), np.bool_)
    for one in result.photographs:
        pixels = one.true_camera.moved(to_local_level).project_directions(rays)
        # well inside the frame and its data, so that a correction of the pointing does not matter
        inside = ((pixels > 8.0) & (pixels < np.array(one.image.mask.shape) - 9.0)).all(axis=1)
        line, sample = np.rint(pixels[inside]).astype(int).T
        seen[np.flatnonzero(inside)] |= one.image.mask[line, sample]
    _, data = picture.on_grid(result.grid)
    expected = seen.reshape(result.grid.shape) & data
    assert (result.mask & expected).sum() > 0.98 * expected.sum()


def test_every_frame_is_used_and_named_behind_its_pixels(result: Result) -> None:
    frames = result.report["frames"]
    assert [frame["used"] for frame in frames] == [True] * len(result.photographs)
    assert {frame["product"] for frame in frames} == {
        one.image.product.product_id for one in result.photographs
    }
    assert set(np.unique(result.sources[result.mask])) == {frame["index"] for frame in frames}

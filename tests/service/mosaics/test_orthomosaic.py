import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_rasters import JEZERO, NORTH, STEREO, WEST, from_origin, smooth, textured, write_raster
from numpy.typing import NDArray

from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import METHODS, MosaicPlan, plan_mosaic
from hinterland.mosaics.orthomosaic_previews import MosaicPreviews
from hinterland.mosaics.orthomosaic_resolution import RESOLUTION_PX
from hinterland.products.georeferenced import MapRaster, inspect_raster
from hinterland.products.georeferenced_reader import MapReader
from hinterland_kernels.backend import Backend

LARGE = 4 << 30


def three(folder: Path) -> list[MapRaster]:
    """Rasters on two maps, of two resolutions, one with a hole."""
    parallel = math.cos(math.radians(18.4663))
    hole = textured(400, 380)
    hole[0, 100:200, 150:170] = 0
    paths = [
        write_raster(folder / "a.tif", hole, nodata=0),
        write_raster(
            folder / "b.tif",
            textured(420, 400, seed=2),
            crs=JEZERO,
            affine=from_origin(WEST * parallel + 1200, NORTH - 500, 6),
        ),
        write_raster(
            folder / "c.tif", textured(200, 190, seed=3), affine=from_origin(WEST + 900, NORTH - 700, 3)
        ),
    ]
    return [inspect_raster(path) for path in paths]


def planned(rasters: Sequence[MapRaster], memory_bytes: int = LARGE, **options: Any) -> MosaicPlan:
    request = Request(memory_bytes=memory_bytes, **options)
    return plan_mosaic(rasters, request, used_bytes=0, workers=2)


def made(
    plan: MosaicPlan, reader: MapReader, backend: Backend | None = None
) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.float64]]:
    """Samples, mask, and source and resolution maps where there are any, all tiles together."""
    options: dict[str, Any] = {} if backend is None else {"backend": backend}
    if plan.method == "blend":
        previews = MosaicPreviews(plan, reader, **options)
        found = previews.previews()
        if plan.relief:
            options["heights"] = previews.heights(found, "plane", None)
            found = previews.lifted(found, options["heights"])
        else:
            options["levels"] = previews.levels(found, "auto")
        options["labels"] = previews.labels(found, options.get("levels"))
    samples = np.zeros((plan.bands, *plan.grid.shape), dtype=plan.dtype)
    mask = np.zeros(plan.grid.shape, dtype=np.bool_)
    maps = np.zeros((4, *plan.grid.shape))
    for tile in Orthomosaic(plan=plan, reader=reader, **options).tiles():
        line, sample, lines, columns = tile.window
        here = np.s_[line : line + lines, sample : sample + columns]
        samples[:, *here], mask[here] = tile.samples, tile.mask
        if tile.sources is not None and tile.resolution is not None:
            maps[0][here] = tile.sources
            assert tile.shown == set(np.unique(tile.sources).tolist()) - {0}
            spread = tile.resolution.repeat(RESOLUTION_PX, axis=0).repeat(RESOLUTION_PX, axis=1)
            maps[1][here] = spread[:lines, :columns]
        if tile.relief is not None and tile.slope_deg is not None:
            maps[2][here], maps[3][here] = tile.relief, tile.slope_deg
    return samples, mask, maps


@pytest.mark.parametrize(
    ("method", "kernel"),
    [*((method, "bilinear") for method in METHODS), ("blend", "lanczos3"), ("first", "nearest")],
)
def test_no_sample_depends_on_tiles_workers_or_memory(tmp_path: Path, method: str, kernel: str) -> None:
    plan = planned(three(tmp_path), method=method, kernel=kernel, crs=STEREO, resolution=7.0)
    small = replace(plan, tile_px=128, workers=1, cache_bytes=0, worker_bytes=1 << 20)
    with MapReader(plan.cache_bytes) as reader, MapReader(0) as poor:
        for one, other in zip(made(plan, reader), made(small, poor), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("feather_px", [24.0, 150.0])
def test_no_feathered_sample_depends_on_tiles_workers_or_memory(tmp_path: Path, feather_px: float) -> None:
    options = {"join": "feather", "feather_px": feather_px, "crs": STEREO, "resolution": 7.0}
    plan = planned(three(tmp_path), **options)
    small = replace(plan, tile_px=128, workers=1, cache_bytes=0, worker_bytes=1 << 20)
    with MapReader(plan.cache_bytes) as reader, MapReader(0) as poor:
        for one, other in zip(made(plan, reader), made(small, poor), strict=True):
            np.testing.assert_array_equal(one, other)


def terrain_models(folder: Path) -> list[MapRaster]:
    """Two that overlap, at other heights, with holes and a ragged edge."""
    one, other = smooth(420, 330), smooth(420, 330, phase=0.1) + np.float32(7.0)
    random = np.random.default_rng(12)
    for heights in (one, other):
        for line, sample in random.integers(10, 320, (40, 2)):
            heights[line : line + random.integers(2, 30), sample : sample + random.integers(2, 9)] = -1.0
    one[random.random(one.shape) < 0.01] = -1.0
    return [
        inspect_raster(write_raster(folder / "one.tif", one, nodata=-1.0)),
        inspect_raster(
            write_raster(
                folder / "other.tif", other, nodata=-1.0, affine=from_origin(WEST + 1400, NORTH - 301, 6)
            )
        ),
    ]


@pytest.mark.parametrize(
    ("method", "join"), [("blend", "seams"), ("blend", "feather"), ("first", "seams"), ("median", "seams")]
)
def test_no_filled_height_and_no_shade_depends_on_tiles_workers_or_memory(
    tmp_path: Path, method: str, join: str
) -> None:
    options = {"method": method, "join": join, "feather_px": 40.0, "crs": STEREO, "resolution": 6.3}
    plan = planned(terrain_models(tmp_path), **options, fill_m=40.0, relief=True, slope=True)
    small = replace(plan, tile_px=128, workers=1, cache_bytes=0, worker_bytes=1 << 20)
    with MapReader(plan.cache_bytes) as reader, MapReader(0) as poor:
        whole, tiled = made(plan, reader), made(small, poor)
        without = made(replace(plan, holes=None), reader)
    assert whole[1].sum() > without[1].sum() + 3000  # holes were filled
    assert (whole[2][2:] > 0).any(axis=(1, 2)).all()
    for one, other in zip(whole, tiled, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_mosaic_on_a_gpu(tmp_path: Path, backend: Backend) -> None:
    plan = planned(three(tmp_path), crs=STEREO, resolution=7.0)
    with MapReader(plan.cache_bytes) as reader:
        expected, here = made(plan, reader), made(plan, reader, backend)
    np.testing.assert_array_equal(expected[1], here[1])
    assert np.abs(expected[0].astype(int) - here[0]).max() <= 1  # a DN, where sums round otherwise


def test_a_plan_needs_no_more_than_the_memory_it_was_given(tmp_path: Path) -> None:
    rasters = three(tmp_path)
    for memory in (300 << 20, 600 << 20, 2 << 30):
        plan = planned(rasters, memory, crs=STEREO)
        assert plan.cache_bytes + plan.workers * plan.worker_bytes <= memory
        assert plan.cache_bytes > 0


def test_priority_by_resolution_puts_the_finest_first_and_keeps_equals_in_order(tmp_path: Path) -> None:
    names = [
        [placement.raster.path.name for placement in planned(three(tmp_path), priority=priority).placements]
        for priority in ("resolution", "order")
    ]
    assert names == [["c.tif", "a.tif", "b.tif"], ["a.tif", "b.tif", "c.tif"]]


def test_the_index_names_every_raster_that_shows_on_a_tile(tmp_path: Path) -> None:
    plan = planned(three(tmp_path), method="first", crs=STEREO)
    with MapReader(plan.cache_bytes) as reader:
        alone = [
            made(replace(plan, placements=(placement,), windows=plan.windows[None, i]), reader)[1]
            for i, placement in enumerate(plan.placements)
        ]
    for window in replace(plan, tile_px=128).tiles():
        line, sample, lines, samples = window
        shown = {
            i for i, mask in enumerate(alone) if mask[line : line + lines, sample : sample + samples].any()
        }
        assert shown <= set(plan.touching(window))


def test_a_fine_raster_wins_over_a_coarse_one_in_all_its_middle(tmp_path: Path) -> None:
    coarse = write_raster(tmp_path / "coarse.tif", smooth(100, 100), size=24.0)
    fine = write_raster(
        tmp_path / "fine.tif", smooth(200, 200) + 50.0, affine=from_origin(WEST + 600, NORTH - 600, 6)
    )
    plan = planned([inspect_raster(coarse), inspect_raster(fine)])
    with MapReader(plan.cache_bytes) as reader:
        samples, mask, (sources, resolution, _, _) = made(plan, reader)
    assert mask.all()
    # the join lies 32 samples inside the fine raster, and a blend reaches 128 beyond it
    assert (sources[140:260, 140:260] == 2).all()
    assert (sources[:100] == 1).all()
    ground = math.sqrt(math.cos((NORTH - 1200) / 3396190.0))
    assert resolution[200, 200] == pytest.approx(6.0 * ground, rel=1e-3)
    assert resolution[50, 50] == pytest.approx(24.0 * ground, rel=1e-3)
    step = np.abs(np.diff(samples[0, 200, 60:340])).max()
    assert step < 25.0  # the picture rises by up to 15 a sample, and the rasters lie 50 apart
